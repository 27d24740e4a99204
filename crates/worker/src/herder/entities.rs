//! What REST answers, in Kafka's shapes: the fields stand in the order of Kafka's own answers.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use api::config::Properties;
use api::{SourceOffset, SourcePartition};
use serde::{Deserialize, Serialize};

use crate::restart::Restart;
use crate::status::{State, TargetState};
use crate::task::ActivityInfo;

/// The version of Kafka whose behaviour the worker has, which clients see as its own.
pub const KAFKA_VERSION: &str = "4.3.1";

/// A configuration as a client sends it: a value may be null.
pub type RawConfig = BTreeMap<String, Option<String>>;

/// The answer of `GET /`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ServerInfo {
    /// [`KAFKA_VERSION`].
    pub version: String,
    /// The commit that the worker was built from.
    pub commit: String,
    /// The id of the Kafka cluster; none as long as no broker has answered.
    pub kafka_cluster_id: Option<String>,
}

/// How the worker is, for `GET /health`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Health {
    /// The herder has not answered yet.
    Starting,
    /// The herder answers.
    Healthy,
    /// The herder does not answer in time.
    Unhealthy,
}

/// The kind of a connector.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectorType {
    /// It reads a system and writes to Kafka.
    Source,
    /// It reads Kafka and writes to a system.
    Sink,
    /// Its class is not known.
    Unknown,
}

/// The name of a task.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ConnectorTaskId {
    /// The connector.
    pub connector: String,
    /// The number, from 0.
    pub task: u32,
}

/// A connector, for `GET /connectors/{connector}`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ConnectorInfo {
    /// The name.
    pub name: String,
    /// The configuration.
    pub config: Properties,
    /// The tasks.
    pub tasks: Vec<ConnectorTaskId>,
    /// The kind.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
}

/// A task and its configuration, for `GET /connectors/{connector}/tasks`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TaskInfo {
    /// The name.
    pub id: ConnectorTaskId,
    /// The configuration.
    pub config: Properties,
}

/// The state of a connector without its tasks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ConnectorState {
    /// The state.
    pub state: State,
    /// The worker that it runs on.
    pub worker_id: String,
    /// The version of its plugin.
    pub version: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The restarts that there were by themselves, or are to be; not in Kafka's answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
}

/// The state of a task, for `GET /connectors/{connector}/tasks/{task}/status`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TaskState {
    /// The number, from 0.
    pub id: u32,
    /// The state.
    pub state: State,
    /// The worker that it runs on.
    pub worker_id: String,
    /// The version of its plugin.
    pub version: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The restarts that there were by themselves, or are to be; not in Kafka's answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
    /// What the task has done last, where that is asked for; not in Kafka's answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityInfo>,
}

/// The state of a connector and its tasks, for `GET /connectors/{connector}/status`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ConnectorStateInfo {
    /// The name.
    pub name: String,
    /// The connector.
    pub connector: ConnectorState,
    /// The tasks, by number.
    pub tasks: Vec<TaskState>,
    /// The kind.
    #[serde(rename = "type")]
    pub kind: ConnectorType,
}

impl ConnectorStateInfo {
    /// Without what Kafka's answers do not have: another worker of the cluster that hands the answer on may be one of
    /// Java's, which refuses what it does not know.
    #[must_use]
    pub(super) fn into_kafkas_shape(mut self) -> Self {
        self.connector.restart = None;
        self.tasks.iter_mut().for_each(|task| task.restart = None);
        self
    }

    /// Shows what a restart affects as restarting.
    pub(super) fn mark_restarting(&mut self, include_tasks: bool, only_failed: bool) {
        let affected = |state: State| !only_failed || state == State::Failed;
        if affected(self.connector.state) {
            self.connector.state = State::Restarting;
        }
        for task in self.tasks.iter_mut().filter(|task| include_tasks && affected(task.state)) {
            task.state = State::Restarting;
        }
    }
}

/// An offset of a source or sink connector.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ConnectorOffset {
    /// The partition.
    pub partition: SourcePartition,
    /// The offset; none: it is to be forgotten.
    pub offset: Option<SourceOffset>,
}

/// The offsets of a connector, for `/connectors/{connector}/offsets`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorOffsets {
    /// The offsets.
    #[serde(default)]
    pub offsets: Vec<ConnectorOffset>,
}

/// What a connector does once it is created.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InitialState {
    /// It runs.
    #[default]
    Running,
    /// It is paused.
    Paused,
    /// It is stopped.
    Stopped,
}

impl From<InitialState> for TargetState {
    fn from(initial: InitialState) -> Self {
        match initial {
            InitialState::Running => Self::Started,
            InitialState::Paused => Self::Paused,
            InitialState::Stopped => Self::Stopped,
        }
    }
}

/// The word is none of RUNNING, PAUSED and STOPPED.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownInitialState;

impl fmt::Display for UnknownInitialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected RUNNING, PAUSED or STOPPED")
    }
}

impl std::error::Error for UnknownInitialState {}

impl FromStr for InitialState {
    type Err = UnknownInitialState;

    /// The word in any case.
    fn from_str(word: &str) -> Result<Self, UnknownInitialState> {
        match word.to_ascii_uppercase().as_str() {
            "RUNNING" => Ok(Self::Running),
            "PAUSED" => Ok(Self::Paused),
            "STOPPED" => Ok(Self::Stopped),
            _ => Err(UnknownInitialState),
        }
    }
}
