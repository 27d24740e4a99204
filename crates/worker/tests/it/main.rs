//! The cluster's parts, judged by a real Apache Kafka and by Connect's own classes.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod cluster;
mod group;
mod log;
mod properties;
mod sink;
mod stores;
