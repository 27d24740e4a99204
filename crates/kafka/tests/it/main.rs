//! The client against a real Apache Kafka and Kafka's own clients.

mod assignor;
mod consumer;
mod group;
mod reader;
