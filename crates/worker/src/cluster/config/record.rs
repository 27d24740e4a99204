//! The records of the topic of configurations, as `KafkaConfigBackingStore` writes and reads them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};
use thiserror::Error;

use crate::cluster::signature::SessionKey;
use crate::cluster::topic::Entry;
use crate::herder::RawConfig;
use crate::status::TargetState;
use crate::task::TaskId;

const CONNECTOR: &str = "connector-";
const TARGET: &str = "target-state-";
const TASK: &str = "task-";
const COMMIT: &str = "commit-";
const FENCING: &str = "tasks-fencing-";
const RESTART: &str = "restart-connector-";
const LOGGER: &str = "logger-cluster-";
const SESSION_KEY: &str = "session-key";

/// A record of the topic of configurations.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The configuration of a connector; `None`: it is deleted.
    Connector {
        /// The connector.
        name: Arc<str>,
        /// Its configuration, as users gave it.
        config: Option<RawConfig>,
    },
    /// What a connector is to do; `None`: what it does by default.
    Target {
        /// The connector.
        name: Arc<str>,
        /// What it is to do.
        target: Option<TargetState>,
    },
    /// The configuration of a task, which counts once it is committed; `None`: the topic has it no more.
    Task {
        /// The task.
        id: TaskId,
        /// Its configuration.
        config: Option<RawConfig>,
    },
    /// All tasks of a connector have been written; `None`: the topic does not say so any more.
    Commit {
        /// The connector.
        name: Arc<str>,
        /// How many tasks it has.
        tasks: Option<u32>,
    },
    /// The producers of so many tasks have been fenced off.
    Fencing {
        /// The connector.
        name: Arc<str>,
        /// How many tasks it had.
        tasks: u32,
    },
    /// The key that requests between workers are signed with.
    SessionKey(SessionKey),
    /// A connector is to start anew.
    Restart {
        /// The connector.
        name: Arc<str>,
        /// Its tasks too.
        include_tasks: bool,
        /// Only what failed.
        only_failed: bool,
    },
    /// What is logged, on all workers.
    LoggerLevel {
        /// The name of the logger.
        namespace: Arc<str>,
        /// The level.
        level: Box<str>,
    },
}

/// Why a record means nothing. No word of its value is told: it may hold secrets.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Unreadable {
    /// Its value is no JSON. Java's workers do not count its offset.
    #[error("its value is no JSON")]
    NoJson,
    /// Its key is none of those that are known.
    #[error("its key is not known")]
    Key,
    /// Its value lacks something, or has something else than what belongs there.
    #[error("its `{0}` is not as it should be")]
    Field(&'static str),
}

impl Record {
    /// The key and the value as they are written.
    pub fn encode(&self) -> Entry {
        let properties = |config: &RawConfig| json!({"properties": config});
        let (key, value) = match self {
            Self::Connector { name, config } => {
                (format!("{CONNECTOR}{name}"), config.as_ref().map(properties))
            }
            Self::Target { name, target } => (format!("{TARGET}{name}"), target.map(target_json)),
            Self::Task { id, config } => (format!("{TASK}{id}"), config.as_ref().map(properties)),
            Self::Commit { name, tasks } => {
                (format!("{COMMIT}{name}"), tasks.map(|tasks| json!({"tasks": tasks})))
            }
            Self::Fencing { name, tasks } => (format!("{FENCING}{name}"), Some(json!({"task-count": tasks}))),
            Self::SessionKey(key) => (SESSION_KEY.to_owned(), Some(key_json(key))),
            Self::Restart { name, include_tasks, only_failed } => {
                let value = json!({"include-tasks": include_tasks, "only-failed": only_failed});
                (format!("{RESTART}{name}"), Some(value))
            }
            Self::LoggerLevel { namespace, level } => {
                (format!("{LOGGER}{namespace}"), Some(json!({"level": level})))
            }
        };
        (key.into_bytes(), value.map(|value| value.to_string().into_bytes()))
    }

    /// Reads a record; `None` for one that deletes what has no meaning without a value.
    ///
    /// # Errors
    /// It means nothing, and is passed over.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self>, Unreadable> {
        let value: Option<Json> =
            value.map(serde_json::from_slice).transpose().map_err(|_| Unreadable::NoJson)?;
        // A value that is null is as good as none.
        let value = value.filter(|value| !value.is_null());
        let key = std::str::from_utf8(key).map_err(|_| Unreadable::Key)?;
        if let Some(name) = key.strip_prefix(TARGET) {
            return target(name, value.as_ref()).map(Some);
        }
        if let Some(name) = key.strip_prefix(CONNECTOR) {
            let config = value.as_ref().map(properties).transpose()?;
            return Ok(Some(Self::Connector { name: name.into(), config }));
        }
        // `tasks-fencing-` does not begin with `task-`.
        if key.starts_with(TASK) {
            let id = task_id(key).ok_or(Unreadable::Key)?;
            return Ok(Some(Self::Task { id, config: value.as_ref().map(properties).transpose()? }));
        }
        if let Some(name) = key.strip_prefix(COMMIT) {
            let tasks = value.as_ref().map(|value| count(value, "tasks")).transpose()?;
            return Ok(Some(Self::Commit { name: name.into(), tasks }));
        }
        let Some(value) = value else { return Ok(None) };
        if let Some(name) = key.strip_prefix(RESTART) {
            return restart(name, &value).map(Some);
        }
        if let Some(name) = key.strip_prefix(FENCING) {
            return Ok(Some(Self::Fencing { name: name.into(), tasks: count(&value, "task-count")? }));
        }
        if key == SESSION_KEY {
            return session_key(&value).map(|key| Some(Self::SessionKey(key)));
        }
        if let Some(namespace) = key.strip_prefix(LOGGER) {
            let level = text(&value, "level")?.into();
            return Ok(Some(Self::LoggerLevel { namespace: namespace.into(), level }));
        }
        Err(Unreadable::Key)
    }
}

fn target_json(target: TargetState) -> Json {
    // Workers before 3.5 do not know STOPPED.
    let older = if target == TargetState::Stopped { TargetState::Paused } else { target };
    json!({"state": older, "state.v2": target})
}

fn key_json(key: &SessionKey) -> Json {
    json!({
        "key": BASE64.encode(key.bytes()),
        "algorithm": key.algorithm.name(),
        "creation-timestamp": key.created_ms,
    })
}

fn object(value: &Json) -> Result<&Map<String, Json>, Unreadable> {
    value.as_object().ok_or(Unreadable::Field("value"))
}

fn text<'a>(value: &'a Json, field: &'static str) -> Result<&'a str, Unreadable> {
    object(value)?.get(field).and_then(Json::as_str).ok_or(Unreadable::Field(field))
}

fn count(value: &Json, field: &'static str) -> Result<u32, Unreadable> {
    let count = object(value)?.get(field).and_then(Json::as_u64);
    count.and_then(|count| u32::try_from(count).ok()).ok_or(Unreadable::Field(field))
}

/// Values are texts or null; numbers and booleans of other programs are taken as texts.
fn properties(value: &Json) -> Result<RawConfig, Unreadable> {
    let wrong = Unreadable::Field("properties");
    let properties = object(value)?.get("properties").and_then(Json::as_object).ok_or(wrong.clone())?;
    let entry = |(key, value): (&String, &Json)| match value {
        Json::Null => Ok((key.clone(), None)),
        Json::String(text) => Ok((key.clone(), Some(text.clone()))),
        Json::Bool(_) | Json::Number(_) => Ok((key.clone(), Some(value.to_string()))),
        Json::Array(_) | Json::Object(_) => Err(wrong.clone()),
    };
    properties.iter().map(entry).collect()
}

fn target(name: &str, value: Option<&Json>) -> Result<Record, Unreadable> {
    let Some(value) = value else { return Ok(Record::Target { name: name.into(), target: None }) };
    let fields = object(value)?;
    let newer = fields.get("state.v2").filter(|state| state.is_string());
    let state = newer.or_else(|| fields.get("state")).ok_or(Unreadable::Field("state"))?;
    let target = serde_json::from_value(state.clone()).map_err(|_| Unreadable::Field("state"))?;
    Ok(Record::Target { name: name.into(), target: Some(target) })
}

/// The name of a connector may have dashes; the number is behind the last one.
fn task_id(key: &str) -> Option<TaskId> {
    let (connector, task) = key.strip_prefix(TASK)?.rsplit_once('-')?;
    Some(TaskId { connector: connector.into(), task: task.parse().ok()? })
}

fn restart(name: &str, value: &Json) -> Result<Record, Unreadable> {
    let fields = object(value)?;
    let flag = |field: &str| fields.get(field).and_then(Json::as_bool).unwrap_or(false);
    let (include_tasks, only_failed) = (flag("include-tasks"), flag("only-failed"));
    Ok(Record::Restart { name: name.into(), include_tasks, only_failed })
}

fn session_key(value: &Json) -> Result<SessionKey, Unreadable> {
    let bytes = BASE64.decode(text(value, "key")?).map_err(|_| Unreadable::Field("key"))?;
    let algorithm = text(value, "algorithm")?.parse().map_err(|_| Unreadable::Field("algorithm"))?;
    let created_ms = object(value)?.get("creation-timestamp").and_then(Json::as_i64);
    Ok(SessionKey::new(algorithm, bytes, created_ms.ok_or(Unreadable::Field("creation-timestamp"))?))
}
