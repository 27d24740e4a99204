//! Where a source stands and how far a sink has come.

mod equality;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A part of a source system with an offset of its own, such as `{"filename": "a.txt"}`.
///
/// The order of its keys is kept: it decides the bytes of the key in the offset store, which have to be
/// those that a Java worker wrote. It does not count when two are compared.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct SourcePartition(pub Map<String, Json>);

/// A place in a source partition, such as `{"position": 42}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
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

macro_rules! compared_as_in_java {
    ($($type:ty),*) => {$(
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                equality::same_map(&self.0, &other.0)
            }
        }

        impl Eq for $type {}

        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                equality::hash_map(&self.0, state);
            }
        }
    )*};
}

compared_as_in_java!(SourcePartition, SourceOffset);

#[cfg(test)]
mod tests;
