//! The REST API of Kafka Connect: its paths, status codes, bodies and words.
//!
//! Reads are answered from the herder's snapshot, changes go through its handle; nothing here waits for a
//! connector (invariant 5).

mod answer;
mod body;
mod config;
mod cors;
mod endpoints;
mod error;
mod headers;
mod listener;
mod loggers;
mod peer;
mod router;
mod server;
mod startup;

pub use config::Config;
pub use error::RestError;
pub use listener::Error;
pub use loggers::{Level, LogLevels};
pub use peer::Peers;
pub use server::{Bound, Server, Serving};
