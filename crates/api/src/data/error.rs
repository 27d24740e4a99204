//! What is wrong with a schema, a value, or the text of a number.

use std::fmt;

/// Kafka's `DataException`: names types, fields and counts, never data (invariant 8).
///
/// It has no reaction of its own: the same error rejects a record in a converter and fails a task that made the
/// schema itself; see [`crate::OrReaction`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DataError(Box<str>);

impl DataError {
    /// An error with a message.
    pub fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DataError {}
