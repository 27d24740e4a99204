//! The error of the data path, whose kind is the reaction it calls for.

use std::error::Error as StdError;
use std::fmt;

/// What the worker does about an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reaction {
    /// The same call may succeed later: the worker backs off and calls again with the same input.
    Retry,
    /// One record is bad: the error policy of the connector decides about it, the others go on.
    Reject,
    /// The task cannot go on and ends as FAILED.
    Fail,
}

/// An error of a plugin: a reaction, a message without data or secrets, and what caused it.
///
/// `Display` prints its own message, `{:#}` the whole chain.
pub struct Error {
    reaction: Reaction,
    message: Box<str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error after which the same call may be tried again.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self::new(Reaction::Retry, message)
    }

    /// An error of one record.
    pub fn reject(message: impl fmt::Display) -> Self {
        Self::new(Reaction::Reject, message)
    }

    /// An error that ends the task.
    pub fn fail(message: impl fmt::Display) -> Self {
        Self::new(Reaction::Fail, message)
    }

    fn new(reaction: Reaction, message: impl fmt::Display) -> Self {
        Self { reaction, message: message.to_string().into(), source: None }
    }

    /// Adds what caused the error.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the worker does about it.
    pub fn reaction(&self) -> Reaction {
        self.reaction
    }

    /// The error's own words, without its causes.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if f.alternate() {
            let mut cause = self.source();
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self:#}", self.reaction)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Turns any error into one of ours, with a reaction and words of what could not be done.
pub trait OrReaction<T> {
    /// The task cannot go on.
    fn or_fail(self, message: impl fmt::Display) -> Result<T>;
    /// The call may be tried again.
    fn or_retry(self, message: impl fmt::Display) -> Result<T>;
    /// The record at hand is bad.
    fn or_reject(self, message: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> OrReaction<T> for Result<T, E> {
    #[inline]
    fn or_fail(self, message: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error::fail(message).caused_by(error))
    }

    #[inline]
    fn or_retry(self, message: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error::retry(message).caused_by(error))
    }

    #[inline]
    fn or_reject(self, message: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error::reject(message).caused_by(error))
    }
}
