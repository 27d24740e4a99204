//! What an error of SQLite means for the rows that were written.

use api::Reaction;
use rusqlite::{Error, ErrorCode};

use crate::jdbc::dialect::sqlite::connect::{describe, failure};
use crate::jdbc::sink::writer::{Reason, Refusal};

/// What SQLite says of tables and columns that are not there, or there already.
const STRUCTURE: [&str; 5] =
    ["no such table", "no such column", "has no column named", "already exists", "duplicate column name"];

/// The refusal that an error of the driver is.
pub(super) fn refusal(error: &Error) -> Refusal {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => Reason::Row,
        Some(ErrorCode::DiskFull) => Reason::Lasting,
        _ if STRUCTURE.iter().any(|words| message(error).contains(words)) => Reason::Structure,
        _ if failure("", error).reaction() == Reaction::Retry => Reason::Passing,
        _ => Reason::Lasting,
    };
    let hint = if message(error).contains("ON CONFLICT clause does not match") {
        "the primary key of the configuration has no unique constraint or primary key in the table: "
    } else {
        ""
    };
    Refusal::new(reason, format_args!("{hint}{}", describe(error)))
}

fn message(error: &Error) -> &str {
    match error {
        Error::SqlInputError { msg, .. } => msg,
        Error::SqliteFailure(_, Some(message)) => message,
        _ => "",
    }
}
