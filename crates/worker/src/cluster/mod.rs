//! A cluster of workers: the bytes they agree with, how their leader shares connectors and tasks out, and the
//! topics that they keep their state in.
//!
//! Everything here is what Apache Kafka Connect 4.3.1 does, so that workers of both kinds may be in one group.

pub mod assignor;
pub mod config;
pub mod offset;
pub mod protocol;
mod share;
pub mod signature;
pub mod status;
pub mod topic;

pub use share::{Loads, Share, Work};
