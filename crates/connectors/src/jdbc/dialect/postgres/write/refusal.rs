//! What an error of PostgreSQL means for the rows that were written.

use tokio_postgres::error::{DbError, SqlState};

use crate::jdbc::dialect::postgres::connect::{describe, passing};
use crate::jdbc::sink::writer::{Reason, Refusal};

/// The refusal that an error of the driver is.
pub(super) fn refusal(error: &tokio_postgres::Error) -> Refusal {
    match error.as_db_error() {
        Some(answer) => Refusal::new(reason(answer.code()), words(answer, error)),
        // Without an answer of the server: the connection.
        None => Refusal::new(Reason::Passing, describe(error)),
    }
}

fn reason(state: &SqlState) -> Reason {
    match *state {
        SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_COLUMN
        | SqlState::DUPLICATE_TABLE
        | SqlState::DUPLICATE_COLUMN
        | SqlState::UNDEFINED_OBJECT
        // A cached plan whose result type has changed, and a catalog row that another task has just written.
        | SqlState::FEATURE_NOT_SUPPORTED
        | SqlState::DATATYPE_MISMATCH => Reason::Structure,
        // Two tasks that create the same table meet in the catalog.
        SqlState::DISK_FULL => Reason::Lasting,
        // A key that is there twice for the database, but not by its bytes.
        SqlState::CARDINALITY_VIOLATION => Reason::Row,
        _ if of_data(state) => Reason::Row,
        _ if passing(state) => Reason::Passing,
        _ => Reason::Lasting,
    }
}

/// Data, constraints, views with a check, and what functions and procedures raise.
fn of_data(state: &SqlState) -> bool {
    matches!(state.code().get(..2), Some("22" | "23" | "44" | "P0" | "38"))
}

fn words(answer: &DbError, error: &tokio_postgres::Error) -> String {
    let meaning = match *answer.code() {
        SqlState::UNIQUE_VIOLATION => "its key is there already",
        SqlState::NOT_NULL_VIOLATION => "null in a column that must not be null",
        SqlState::FOREIGN_KEY_VIOLATION => "it refers to a row that is not there",
        SqlState::CHECK_VIOLATION => "a check of the table refuses it",
        SqlState::STRING_DATA_RIGHT_TRUNCATION => "text is longer than its column",
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE => "a number is out of the range of its column",
        SqlState::INVALID_TEXT_REPRESENTATION => "text is none of the type of its column",
        SqlState::INVALID_DATETIME_FORMAT | SqlState::DATETIME_FIELD_OVERFLOW => {
            "text is no date or time that its column takes"
        }
        SqlState::CHARACTER_NOT_IN_REPERTOIRE => "text holds a character that the database cannot store",
        SqlState::INVALID_COLUMN_REFERENCE => {
            "the primary key of the configuration has no unique constraint or primary key in the table"
        }
        SqlState::DISK_FULL => "the disk of the database is full",
        _ => return describe(error),
    };
    format!("{meaning}: {}", describe(error))
}
