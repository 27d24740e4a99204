//! The answer of `GET /cluster`.

use serde::{Deserialize, Serialize};

use crate::cluster::Loads;
use crate::status::State;
use crate::task::TaskId;

/// The workers of a cluster and what they have.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ClusterInfo {
    /// The name of the group that the workers are in.
    pub group_id: String,
    /// The id of the Kafka cluster; none as long as no broker has answered.
    pub kafka_cluster_id: Option<String>,
    /// Whether the group is at rest.
    pub state: GroupState,
    /// How often it has shared out, as its coordinator counts; none before the first time.
    pub generation: Option<i32>,
    /// How the workers agree; none before they have.
    pub protocol: Option<String>,
    /// The worker that decides; none while the group shares out and nobody knows.
    pub leader: Option<LeaderInfo>,
    /// When the workers join again, if that is known beforehand.
    pub delay: Option<DelayInfo>,
    /// The workers, by name.
    pub workers: Vec<WorkerInfo>,
    /// What is with no worker.
    pub unassigned: Vec<UnassignedInfo>,
    /// What is missing in the answer and why, in words.
    pub notes: Vec<String>,
}

/// Whether a group is at rest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// Who has what is being decided.
    Rebalancing,
    /// Each worker knows what is its own.
    Stable,
}

/// The worker that decides.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LeaderInfo {
    /// Host and port, as statuses have them.
    pub worker_id: String,
    /// Where its REST API is, for other workers.
    pub url: String,
    /// The name that the coordinator of the group has for it.
    pub member_id: String,
}

/// When all workers join again, and what for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DelayInfo {
    /// As ISO 8601 has it.
    pub until: String,
    /// In words.
    pub reason: String,
}

/// What a worker is made of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerKind {
    /// One of ours.
    Ferroduct,
    /// One of Apache Kafka.
    KafkaConnect,
}

/// A worker and what it has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct WorkerInfo {
    /// Host and port, as statuses have them.
    pub worker_id: String,
    /// Where its REST API is, for other workers.
    pub url: String,
    /// The name that the coordinator of the group has for it.
    pub member_id: String,
    /// Whether it decides.
    pub leader: bool,
    /// Whether it has answered.
    pub reachable: bool,
    /// What it is, if it has answered.
    pub kind: Option<WorkerKind>,
    /// Its own version, if it has answered.
    pub version: Option<String>,
    /// What its tasks take, in processors; none where that is not known.
    pub load: Option<f64>,
    /// The connectors that it has.
    pub connectors: Vec<PlacedConnector>,
    /// The tasks that it has.
    pub tasks: Vec<PlacedTask>,
}

/// A connector with a worker.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlacedConnector {
    /// Its name.
    pub name: String,
    /// What it does; none before anybody has said.
    pub state: Option<State>,
    /// The generation in which it came to this worker, if the leader tells.
    pub since_generation: Option<i32>,
    /// Why it is there, if the leader tells.
    pub reason: Option<String>,
}

/// A task with a worker.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlacedTask {
    /// Its connector.
    pub connector: String,
    /// Its number.
    pub task: u32,
    /// What it does; none before anybody has said.
    pub state: Option<State>,
    /// What it takes, in processors; none where that is not known.
    pub load: Option<f64>,
    /// The generation in which it came to this worker, if the leader tells.
    pub since_generation: Option<i32>,
    /// Why it is there, if the leader tells.
    pub reason: Option<String>,
}

/// A connector, or a task of it, that is with no worker.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UnassignedInfo {
    /// The connector.
    pub connector: String,
    /// The number of the task; none for the connector itself.
    pub task: Option<u32>,
    /// Why, in words.
    pub reason: String,
}

impl ClusterInfo {
    /// Takes who has what and why from the answer of the leader, and what it knows of the group.
    pub fn heed(&mut self, leader: ClusterInfo) {
        let ClusterInfo { kafka_cluster_id, notes, .. } = std::mem::replace(self, leader);
        self.kafka_cluster_id = kafka_cluster_id;
        self.notes.splice(0..0, notes);
    }

    /// Takes what a worker tells of itself.
    pub fn hear(&mut self, told: &WorkerInfo) {
        let worker = self.workers.iter_mut().find(|worker| worker.worker_id == told.worker_id);
        let Some(worker) = worker else { return };
        (worker.reachable, worker.kind, worker.version) = (true, told.kind, told.version.clone());
        worker.load = told.load;
        for task in &mut worker.tasks {
            let same = |other: &&PlacedTask| other.connector == task.connector && other.task == task.task;
            task.load = told.tasks.iter().find(same).and_then(|told| told.load);
        }
    }
}

impl WorkerInfo {
    /// Shows what its tasks take, in thousandths of a processor.
    pub(super) fn set_loads(&mut self, loads: &Loads) {
        let shown = |thousandths: u32| f64::from(thousandths) / 1000.0;
        let mut sum = None;
        for task in &mut self.tasks {
            let id = TaskId { connector: task.connector.as_str().into(), task: task.task };
            let load = loads.get(&id).copied();
            task.load = load.map(shown);
            sum = load.map_or(sum, |load| Some(sum.unwrap_or(0) + load));
        }
        self.load = sum.map(shown);
    }
}
