//! The errors that a client of the herder sees.

use std::sync::Arc;

use thiserror::Error;

/// Why a request was not done, in words for the client: Kafka's own where Kafka has some.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum HerderError {
    /// There is no such connector or task (404).
    #[error("{0}")]
    NotFound(String),
    /// There is such a connector already (409).
    #[error("{0}")]
    AlreadyExists(String),
    /// The request cannot be done as it is (400).
    #[error("{0}")]
    BadRequest(String),
    /// The request is not allowed by the worker's configuration (403).
    #[error("{0}")]
    Forbidden(String),
    /// Another worker has to do it: the one with this URL.
    #[error("the request has to be done by the worker `{0}`")]
    Elsewhere(Arc<str>),
    /// The worker cannot do it yet (503).
    #[error("{0}")]
    Unavailable(String),
    /// The request collides with another one (409).
    #[error("{0}")]
    Conflict(String),
    /// The request was sound and failed (500).
    #[error("{0}")]
    Internal(String),
}
