//! Connections to SQLite, and what its errors call for.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;
use std::{fs, io};

use api::{Error, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::jdbc::dialect::Access;

/// How long a lock is waited for where the URL does not say (that of Java's driver).
const BUSY_TIMEOUT_MS: u64 = 3000;

/// Opens a database. Blocks.
///
/// # Errors
/// There is no such file, or it is none of SQLite.
pub(crate) fn open(access: &Access, create: bool) -> Result<Connection> {
    let settings = &access.url.settings.dialect;
    let file = access.url.database.as_deref().unwrap_or(":memory:");
    let mut flags = OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= match read_only(settings)? {
        true => OpenFlags::SQLITE_OPEN_READ_ONLY,
        false if create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        false => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let words = format!("cannot open `{file}`");
    let connection =
        Connection::open_with_flags(file, flags).map_err(|error| unopened(file, &words, &error))?;
    let busy = settings.get("busy_timeout").map_or(Ok(BUSY_TIMEOUT_MS), |text| text.trim().parse());
    let busy = busy.map_err(|_| wrong("busy_timeout", "milliseconds"))?;
    connection.busy_timeout(Duration::from_millis(busy)).map_err(|error| failure(&words, &error))?;
    check(&connection, &words)?;
    for name in ["journal_mode", "synchronous", "foreign_keys", "cache_size"] {
        if let Some(value) = settings.get(name) {
            pragma(&connection, name, value)?;
        }
    }
    Ok(connection)
}

/// Whether the URL wants a file that is only read: `mode=ro` of SQLite's own, or bit 1 of the driver's `open_mode`.
fn read_only(settings: &BTreeMap<&'static str, String>) -> Result<bool> {
    let bits = settings.get("open_mode").map_or(Ok(0), |text| text.trim().parse::<u32>());
    let bits = bits.map_err(|_| wrong("open_mode", "a number"))?;
    match settings.get("mode").map(String::as_str) {
        None | Some("rw" | "rwc" | "memory") => Ok(bits & 1 == 1),
        Some("ro") => Ok(true),
        Some(_) => Err(wrong("mode", "`ro`, `rw`, `rwc` or `memory`")),
    }
}

/// Says what is the matter with a file that SQLite cannot open, where that is plain.
fn unopened(file: &str, words: &str, error: &rusqlite::Error) -> Error {
    match fs::metadata(file) {
        Ok(data) if data.is_dir() => Error::fail(format_args!("{words}: it is a directory")),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound && !file.starts_with("file:") => {
            Error::retry(format_args!("{words}: there is no such file"))
        }
        _ => failure(words, error),
    }
}

/// Finds out that a file is no database, which SQLite does at the first statement only. A lock is no concern here.
fn check(connection: &Connection, words: &str) -> Result<()> {
    match connection.query_row("PRAGMA schema_version", [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(failure(words, &error))
        }
        _ => Ok(()),
    }
}

fn pragma(connection: &Connection, name: &str, value: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if value.is_empty() || !value.chars().all(plain) {
        return Err(wrong(name, "a word or a number"));
    }
    connection
        .pragma_update(None, name, value)
        .map_err(|error| failure(format_args!("cannot set `{name}` of the database"), &error))
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::fail(format_args!("parameter `{name}` of the database URL: expected {expected}"))
}

/// Turns an error of the driver into one of ours: the reaction by its code, words without data.
pub(crate) fn failure(words: impl Display, error: &rusqlite::Error) -> Error {
    let message = format!("{words}: {}", describe(error));
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SchemaChanged
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed,
        ) => Error::retry(message),
        _ => Error::fail(message),
    }
}

/// What an error says, without data: SQLite quotes the text of statements only, and names of tables and columns.
pub(crate) fn describe(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } if quotes_names(msg) => {
            format!("{msg} (code {})", error.extended_code)
        }
        rusqlite::Error::SqlInputError { error, .. } => {
            format!("SQLite does not understand the SQL (code {})", error.extended_code)
        }
        rusqlite::Error::SqliteFailure(error, Some(message)) if quotes_names(message) => {
            format!("{message} (code {})", error.extended_code)
        }
        rusqlite::Error::SqliteFailure(error, _) => {
            let known = rusqlite::ffi::code_to_str(error.extended_code);
            format!("{known} (code {})", error.extended_code)
        }
        rusqlite::Error::MultipleStatement => "the query is more than one statement".to_owned(),
        _ => "the driver cannot do it".to_owned(),
    }
}

fn quotes_names(message: &str) -> bool {
    [
        "no such table",
        "no such column",
        "NOT NULL constraint",
        "UNIQUE constraint",
        "unable to open",
        "file is not",
        "cannot modify",
    ]
    .iter()
    .any(|start| message.starts_with(start))
}
