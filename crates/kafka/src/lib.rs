//! The Kafka client: connections, metadata, producer, consumer, group member, admin.
//!
//! Everything of one process that talks to one cluster shares one [`Client`]. The unit of work is the record
//! batch: a producer takes finished batches, a consumer hands over whole ones.

mod admin;
pub mod assignor;
mod backoff;
mod client;
mod compression;
pub mod config;
mod connection;
pub mod consumer;
mod error;
mod fetch;
pub mod group;
mod metadata;
mod partition_reader;
mod partitioner;
mod pool;
mod producer;
mod record;
mod request;

pub use admin::{Admin, ConfigEntry, GroupDescription, GroupMember, ListedOffset, NewTopic, OffsetSpec};
pub use assignor::{Assignor, TopicPartition};
pub use backoff::Backoff;
pub use client::{Client, WeakClient};
pub use compression::{Codec, Compression, decompress};
pub use config::{ClientOptions, ConsumerOptions, IsolationLevel, OffsetReset, ProducerOptions};
pub use consumer::{Consumer, OffsetAndMetadata, Subscription};
pub use error::Error;
pub use fetch::FetchedBatch;
pub use kafka_protocol::error::ResponseError;
pub use metadata::{Broker, Leader, Metadata, Partition, Topic};
pub use partition_reader::PartitionReader;
pub use partitioner::{Partitioner, partition_of_key};
pub use pool::Lane;
pub use producer::{Delivery, Producer};
pub use record::{
    BATCH_HEADER_BYTES, BatchBuilder, HeaderView, Headers, RecordBatch, RecordHeader, RecordView, Records,
};
pub use request::{Request, Segments};
