//! The client against a real Apache Kafka and Kafka's own clients.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod admin;
mod assignor;
mod cluster;
mod consumer;
mod group;
mod producer;
mod reader;
mod transactions;
mod writer;
