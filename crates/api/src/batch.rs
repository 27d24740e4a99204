//! The unit of work of the data plane.

use std::sync::Arc;

use crate::{Headers, Schema, SourceOffset, SourcePartition, Value};

/// Records of one topic, one key schema and one value schema, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The topic that the records go to or come from.
    pub topic: Arc<str>,
    /// Sinks: the topic that the records were read from, which stays when a transform changes `topic`. Committed
    /// offsets and rejected records are counted by it. `None` in sources.
    pub origin: Option<Arc<str>>,
    /// The schema of every key that is there; `None`: schemaless.
    pub key_schema: Option<Arc<Schema>>,
    /// The schema of every value that is there; `None`: schemaless.
    pub value_schema: Option<Arc<Schema>>,
    /// The records in order.
    pub records: Vec<Record>,
    /// Sources: where the source stands once this whole batch is in Kafka.
    pub positions: Vec<(Arc<SourcePartition>, SourceOffset)>,
}

/// One record of a [`Batch`].
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The key; `None`: no key at all (no schema, null in Kafka), which is not a [`Value::Null`] of a schema.
    pub key: Option<Value>,
    /// The value; `None`: a tombstone (no schema, null in Kafka), which is not a [`Value::Null`] of a schema.
    pub value: Option<Value>,
    /// The headers in order.
    pub headers: Headers,
    /// Milliseconds since 1970-01-01 UTC; `None`: a source leaves it to the producer, a sink's record has none.
    pub timestamp_ms: Option<i64>,
    /// Sources: the partition that is wanted, if one is. Sinks: the partition it comes from.
    pub partition: Option<i32>,
    /// Sinks: the offset in the partition it comes from.
    pub offset: i64,
}

impl Batch {
    /// An empty batch for a topic, schemaless.
    pub fn new(topic: Arc<str>) -> Self {
        Self {
            topic,
            origin: None,
            key_schema: None,
            value_schema: None,
            records: Vec::new(),
            positions: Vec::new(),
        }
    }

    /// The topic that offsets of its records are counted by: the one they were read from.
    pub fn offset_topic(&self) -> &Arc<str> {
        self.origin.as_ref().unwrap_or(&self.topic)
    }
}
