//! What is wrong with a configuration, in Kafka's words.

use std::fmt;

/// One thing that is wrong with a configuration, in Kafka's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The key.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    /// A value is not what it has to be.
    pub fn invalid(key: &str, value: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self { key: key.to_owned(), message: invalid(key, value, reason) }
    }

    /// A key that has to be there is not.
    pub fn missing(key: &str) -> Self {
        let message = format!("Missing required configuration \"{key}\" which has no default value.");
        Self { key: key.to_owned(), message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The words of Kafka's `ConfigException(name, value, message)`.
pub(super) fn invalid(key: &str, value: impl fmt::Display, reason: impl fmt::Display) -> String {
    format!("Invalid value {value} for configuration {key}: {reason}")
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

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}
