//! A cluster of workers: the bytes they agree with, and how their leader shares connectors and tasks out.
//!
//! Everything here is what Apache Kafka Connect 4.3.1 does, so that workers of both kinds may be in one group.
//! Nothing here does I/O.

pub mod assignor;
pub mod protocol;
mod share;
pub mod signature;

pub use share::{Share, Work};
