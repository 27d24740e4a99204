//! What a value has to be beyond its type.

use std::fmt;
use std::sync::Arc;

use super::Parsed;

type Check = dyn Fn(&str, &Parsed) -> Result<(), String> + Send + Sync;

/// A check of a value, with words for the docs. An error is Kafka's own message.
#[derive(Clone)]
pub struct Validator {
    check: Arc<Check>,
    description: Arc<str>,
}

impl Validator {
    /// A check of one's own: it is given the key and the parsed value.
    pub fn new(
        description: &str,
        check: impl Fn(&str, &Parsed) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { check: Arc::new(check), description: description.into() }
    }

    /// Checks the value of a key.
    pub fn check(&self, key: &str, value: &Parsed) -> Result<(), String> {
        (self.check)(key, value)
    }

    /// What is allowed, in words.
    pub fn description(&self) -> &str {
        &self.description
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}
