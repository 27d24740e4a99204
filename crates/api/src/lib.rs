//! What a connector sees: the data model of Kafka Connect, configuration, and the traits of plugins.
//!
//! Nothing here knows a transport: no Kafka client, no HTTP, no async runtime.

mod batch;
mod connector;
mod converter;
mod data;
mod error;
mod offset;
mod plugin;
mod transform;

pub mod config;
pub mod java;
pub mod values;

pub use batch::{Batch, Record};
pub use config::Config;
pub use connector::{
    Connector, ConnectorContext, OffsetReader, SinkContext, SinkPlugin, SinkTask, SourceContext,
    SourcePlugin, SourceTask,
};
pub use converter::{
    Converter, ConverterPlugin, Decoder, Encoder, HeaderConverter, HeaderConverterPlugin, Role,
};
pub use data::{
    DataError, Decimal, Field, Header, Headers, Schema, SchemaBuilder, Text, Type, Value, logical,
};
pub use error::{Error, OrReaction, Reaction, Result};
pub use offset::{Offsets, SourceOffset, SourcePartition, TopicPartition};
pub use plugin::{Description, PluginType, Registry};
pub use transform::{
    ConnectorType, Predicate, PredicatePlugin, Rejected, Transform, TransformPlugin, Transformed,
};
