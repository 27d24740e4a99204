//! Where a source stands and how far a sink has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A part of a source system with an offset of its own, such as `{"filename": "a.txt"}`.
///
/// The order of its keys is kept: it decides the bytes of the key in the offset store, which have to be
/// those that a Java worker wrote.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SourcePartition(pub Map<String, Json>);

/// A place in a source partition, such as `{"position": 42}`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SourceOffset(pub Map<String, Json>);

/// A partition of a topic of Kafka.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The number of the partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition of a topic.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

/// The next offset to read of each partition: one beyond the last record that counts.
pub type Offsets = BTreeMap<TopicPartition, i64>;

impl SourcePartition {
    /// A partition with one key.
    pub fn of(key: &str, value: impl Into<Json>) -> Self {
        Self(Map::from_iter([(key.to_owned(), value.into())]))
    }
}

impl SourceOffset {
    /// An offset with one key.
    pub fn of(key: &str, value: impl Into<Json>) -> Self {
        Self(Map::from_iter([(key.to_owned(), value.into())]))
    }
}
