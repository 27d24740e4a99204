//! What an error of MySQL or MariaDB means for the rows that were written.

use api::Reaction;
use mysql_async::{Error, ServerError};

use crate::jdbc::dialect::mysql::connect::{describe, failure};
use crate::jdbc::sink::writer::{Reason, Refusal};

/// The refusal that an error of the driver is.
pub(super) fn refusal(error: &Error) -> Refusal {
    let reason = match error {
        Error::Server(answer) => reason(answer),
        _ => None,
    };
    let reason = reason.unwrap_or_else(|| match failure("", error).reaction() {
        Reaction::Retry => Reason::Passing,
        _ => Reason::Lasting,
    });
    match error {
        Error::Server(answer) => Refusal::new(reason, words(answer.code, &describe(error))),
        _ => Refusal::new(reason, describe(error)),
    }
}

/// What the number of an error says; `None`: nothing of its own.
fn reason(error: &ServerError) -> Option<Reason> {
    match error.code {
        // A table or column that is not there, or there already; a definition that has changed; a statement that
        // has to be prepared again.
        1050 | 1051 | 1054 | 1060 | 1146 | 1412 | 1615 => Some(Reason::Structure),
        // MariaDB 11.4 where a table has changed since a statement was prepared that is executed in bulk: other versions
        // prepare it again by themselves.
        0 => Some(Reason::Structure),
        // A full disk or table.
        1021 | 1114 => Some(Reason::Lasting),
        // Values that are no JSON, larger than a packet, out of the range of an expression; a column without a
        // default; checks; signals of triggers.
        1153 | 1301 | 1364 | 1366 | 1411 | 1425 | 1439 | 1525 | 1644 | 1690 | 3140 | 3156 | 3819 | 4025 => {
            Some(Reason::Row)
        }
        _ => matches!(error.state.get(..2), Some("22" | "23" | "44" | "45")).then_some(Reason::Row),
    }
}

fn words(code: u16, described: &str) -> String {
    let meaning = match code {
        1021 => "the disk of the database is full",
        1048 | 1364 => "null in a column that must not be null",
        1062 => return described.to_owned(),
        1114 => "the table, or the disk of the database, is full",
        1216 | 1452 => "it refers to a row that is not there",
        1264 => "a number is out of the range of its column",
        1265 | 1292 | 1366 => "a value is none of the type of its column",
        1406 => "a value is longer than its column",
        3140 => "text is no JSON",
        3819 | 4025 => "a check of the table refuses it",
        _ => return described.to_owned(),
    };
    format!("{meaning}: {described}")
}
