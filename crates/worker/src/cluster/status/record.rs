//! The records of the topic of statuses, as `KafkaStatusBackingStore` writes and reads them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cluster::topic::Entry;
use crate::restart::Restart;
use crate::status::State;
use crate::task::TaskId;

const CONNECTOR: &str = "status-connector-";
const TASK: &str = "status-task-";
const TOPIC: &str = "status-topic-";
const TOPIC_CONNECTOR: &str = ":connector-";

/// What a record is about.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Key {
    /// A connector.
    Connector(Arc<str>),
    /// A task.
    Task(TaskId),
    /// A topic that a connector uses.
    Topic {
        /// The topic.
        topic: Arc<str>,
        /// The connector.
        connector: Arc<str>,
    },
}

/// How a connector or a task is, and who says so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Report {
    /// The state.
    pub state: State,
    /// What went wrong.
    #[serde(default)]
    pub trace: Option<String>,
    /// The worker: the address of its REST API, without the scheme.
    pub worker_id: Box<str>,
    /// The generation of the group in which the worker said so.
    pub generation: i32,
    /// The version of the plugin.
    #[serde(default)]
    pub version: Option<String>,
    /// The restarts that there were by themselves, or are to be; Java's workers pass over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
}

/// That a connector uses a topic.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TopicUse {
    /// The topic.
    pub name: Box<str>,
    /// The connector.
    pub connector: Box<str>,
    /// The task that used it first.
    pub task: u32,
    /// When it did, in milliseconds since 1970-01-01 UTC.
    #[serde(rename = "discoverTimestamp")]
    pub discovered_ms: i64,
}

/// The value of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// Of a connector or a task.
    Report(Report),
    /// Of a topic.
    TopicUse(TopicUse),
}

#[derive(Deserialize, Serialize)]
struct TopicValue<T> {
    topic: T,
}

impl Key {
    /// The bytes as they are written.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Connector(name) => format!("{CONNECTOR}{name}"),
            Self::Task(id) => format!("{TASK}{id}"),
            Self::Topic { topic, connector } => format!("{TOPIC}{topic}{TOPIC_CONNECTOR}{connector}"),
        }
        .into_bytes()
    }

    /// Reads a key; `None` for one that is not known.
    pub fn decode(key: &[u8]) -> Option<Self> {
        let key = std::str::from_utf8(key).ok()?;
        let named = |name: &str| (!name.is_empty()).then(|| Arc::<str>::from(name));
        if let Some(name) = key.strip_prefix(CONNECTOR) {
            return named(name).map(Self::Connector);
        }
        if let Some(rest) = key.strip_prefix(TASK) {
            // The name of a connector may have dashes; the number is behind the last one.
            let (connector, task) = rest.rsplit_once('-')?;
            return Some(Self::Task(TaskId { connector: connector.into(), task: task.parse().ok()? }));
        }
        // The name of a topic has no colon.
        let (topic, rest) = key.strip_prefix(TOPIC)?.split_once(':')?;
        let connector = rest.strip_prefix(&TOPIC_CONNECTOR[1..])?;
        Some(Self::Topic { topic: named(topic)?, connector: named(connector)? })
    }

    /// Reads the value that belongs to the key; `None` when it is not as it should be.
    pub fn value(&self, value: &[u8]) -> Option<Value> {
        match self {
            Self::Connector(_) | Self::Task(_) => serde_json::from_slice(value).ok().map(Value::Report),
            Self::Topic { .. } => {
                let value: TopicValue<TopicUse> = serde_json::from_slice(value).ok()?;
                Some(Value::TopicUse(value.topic))
            }
        }
    }
}

impl Value {
    /// The record of a key with this value.
    pub fn entry(&self, key: &Key) -> Entry {
        let json = match self {
            Self::Report(report) => serde_json::to_vec(report),
            Self::TopicUse(topic) => serde_json::to_vec(&TopicValue { topic }),
        };
        (key.encode(), Some(json.expect("texts and numbers are JSON")))
    }
}
