//! The Kafka client: connections, metadata, producer, consumer, group member, admin.
//!
//! Everything of one process that talks to one cluster shares one [`Client`]. The unit of work is the record
//! batch: a producer takes finished batches, a consumer hands over whole ones.

mod backoff;
mod client;
mod compression;
pub mod config;
mod connection;
mod error;
mod metadata;
mod partitioner;
mod pool;
mod record;
mod request;

pub use backoff::Backoff;
pub use client::Client;
pub use compression::{Codec, Compression, decompress};
pub use config::{ClientOptions, ConsumerOptions, ProducerOptions};
pub use error::Error;
pub use kafka_protocol::error::ResponseError;
pub use metadata::{Broker, Leader, Metadata, Partition, Topic};
pub use partitioner::{Partitioner, partition_of_key};
pub use pool::Lane;
pub use record::{BATCH_HEADER_BYTES, BatchBuilder, RecordBatch, RecordHeader};
pub use request::{Request, Segments};
