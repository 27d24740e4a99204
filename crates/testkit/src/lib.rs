//! Services and faults for tests: a real Apache Kafka, a real Kafka Connect, real databases, a proxy that cuts
//! connections.
//!
//! Everything is synchronous and listens on 127.0.0.1. Whatever is started here ends with the value that holds
//! it, and at the latest with the test process.

pub mod certificates;
pub mod chaos;
pub mod child;
pub mod database;
pub mod directory;
pub mod disk;
pub mod jars;
pub mod java;
pub mod kafka;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod rest;
pub mod wait;
pub mod worker;

mod properties;

pub use certificates::Certificates;
pub use database::{Database, MariaDb, Postgres};
pub use disk::SmallDisk;
pub use kafka::Kafka;
pub use worker::Worker;
