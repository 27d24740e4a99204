//! The parameters of sqlite-jdbc 3.

use super::{Meaning, PASSWORD, Table, USER};
use Meaning::{Dialect, Ignored, Only, Refused};

/// All that are known.
pub(super) const PARAMETERS: Table = &[
    ("busy_timeout", Dialect),
    ("journal_mode", Dialect),
    ("synchronous", Dialect),
    ("foreign_keys", Dialect),
    ("cache_size", Dialect),
    ("date_class", Dialect),
    ("date_precision", Dialect),
    ("date_string_format", Only(&["yyyy-MM-dd HH:mm:ss.SSS"])),
    ("transaction_mode", Ignored),
    ("open_mode", Dialect),
    ("mode", Dialect),
    ("cache", Ignored),
    ("shared_cache", Ignored),
    ("encoding", Ignored),
    ("locking_mode", Ignored),
    ("page_size", Ignored),
    ("temp_store", Ignored),
    ("jdbc.explicit_readonly", Ignored),
    (USER, Ignored),
    (PASSWORD, Refused("SQLite encrypts nothing here")),
    ("key", Refused("SQLite encrypts nothing here")),
    ("enable_load_extension", Refused("it loads native code")),
];
