//! Parsed configurations and what is wrong with them.

use std::collections::BTreeMap;
use std::fmt;

use super::Parsed;

/// One thing that is wrong with a configuration, in Kafka's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The key.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The parsed value of each key of a definition.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Parsed>);

/// A type that a field of a `#[derive(Config)]` struct may have.
pub trait FromParsed: Sized {
    /// The type of the key.
    const KIND: super::Type;
    /// Whether null is one of its values.
    const NULLABLE: bool = false;
    /// The value of the field; `None`: the parsed value is of another type.
    fn from_parsed(value: &Parsed) -> Option<Self>;
}
