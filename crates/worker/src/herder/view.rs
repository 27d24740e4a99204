//! What reads are answered from: a snapshot that the herder's loop renews and nobody waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::config::Properties;
use parking_lot::RwLock;

use super::HerderError;
use super::entities::{
    ConnectorInfo, ConnectorState, ConnectorStateInfo, ConnectorTaskId, ConnectorType, TaskInfo, TaskState,
};
use super::overview::GroupView;
use crate::cluster::Work;
use crate::status::{Status, TargetState};
use crate::task::{Activities, TaskId};

/// A class of connectors, as far as the state of the herder needs it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Class {
    /// Source or sink.
    pub(super) kind: ConnectorType,
    /// The version of the plugin.
    pub(super) version: Arc<str>,
}

/// Where something runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Worker {
    /// On this worker.
    Here,
    /// On the worker with this id.
    At(Arc<str>),
    /// Nobody has said yet how it is.
    Nowhere,
}

impl Worker {
    fn id(&self, here: &str) -> Option<String> {
        match self {
            Self::Here => Some(here.to_owned()),
            Self::At(id) => Some(id.to_string()),
            Self::Nowhere => None,
        }
    }
}

/// A task as readers see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TaskView {
    /// Its configuration.
    pub(super) config: Arc<Properties>,
    /// What it does.
    pub(super) status: Status,
    /// Where.
    pub(super) worker: Worker,
}

/// A connector as readers see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ConnectorView {
    /// Its configuration.
    pub(super) config: Arc<Properties>,
    /// Its class.
    pub(super) class: Class,
    /// What a user wants of it.
    pub(super) target: TargetState,
    /// What it does.
    pub(super) status: Status,
    /// Where.
    pub(super) worker: Worker,
    /// Its tasks by number.
    pub(super) tasks: BTreeMap<u32, TaskView>,
    /// The topics that it has used.
    pub(super) topics: BTreeSet<Arc<str>>,
}

impl ConnectorView {
    /// The answer of `GET /connectors/{connector}`.
    pub(super) fn info(&self, name: &str) -> ConnectorInfo {
        ConnectorInfo {
            name: name.to_owned(),
            config: self.config.as_ref().clone(),
            tasks: self.tasks.keys().map(|&task| task_id(name, task)).collect(),
            kind: self.class.kind,
        }
    }

    /// The answer of `GET /connectors/{connector}/status`.
    pub(super) fn state_info(&self, name: &str, worker_id: &str) -> ConnectorStateInfo {
        ConnectorStateInfo {
            name: name.to_owned(),
            connector: ConnectorState {
                state: self.status.state,
                worker_id: self.worker.id(worker_id).unwrap_or_default(),
                version: Some(self.class.version.to_string()),
                trace: self.status.trace.clone(),
                restart: self.status.restart.clone(),
            },
            tasks: self.tasks.keys().filter_map(|&task| self.task_state(task, worker_id)).collect(),
            kind: self.class.kind,
        }
    }

    /// The state of one task.
    pub(super) fn task_state(&self, task: u32, worker_id: &str) -> Option<TaskState> {
        let view = self.tasks.get(&task)?;
        Some(TaskState {
            id: task,
            state: view.status.state,
            worker_id: view.worker.id(worker_id)?,
            version: Some(self.class.version.to_string()),
            trace: view.status.trace.clone(),
            restart: view.status.restart.clone(),
            activity: None,
        })
    }

    /// The answer of `GET /connectors/{connector}/tasks`.
    pub(super) fn task_infos(&self, name: &str) -> Vec<TaskInfo> {
        let info = |(&task, view): (&u32, &TaskView)| TaskInfo {
            id: task_id(name, task),
            config: (*view.config).clone(),
        };
        self.tasks.iter().map(info).collect()
    }
}

fn task_id(connector: &str, task: u32) -> ConnectorTaskId {
    ConnectorTaskId { connector: connector.to_owned(), task }
}

/// The snapshot of all connectors.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    connectors: RwLock<BTreeMap<Arc<str>, Arc<ConnectorView>>>,
    activities: Arc<Activities>,
    group: RwLock<Arc<GroupView>>,
}

impl Snapshot {
    /// Renews what readers see of a connector; `None`: it is gone.
    pub(super) fn publish(&self, name: Arc<str>, view: Option<ConnectorView>) {
        let mut connectors = self.connectors.write();
        match view {
            Some(view) => connectors.insert(name, Arc::new(view)),
            None => connectors.remove(&name),
        };
    }

    /// Renews what readers see of the group.
    pub(super) fn publish_group(&self, group: GroupView) {
        *self.group.write() = Arc::new(group);
    }

    /// What this worker knows of its group.
    pub(super) fn group(&self) -> Arc<GroupView> {
        self.group.read().clone()
    }

    /// All connectors and tasks.
    pub(super) fn work(&self) -> Work {
        let connectors = self.connectors.read();
        let tasks = connectors.iter().flat_map(|(connector, view)| {
            view.tasks.keys().map(|&task| TaskId { connector: connector.clone(), task })
        });
        Work { connectors: connectors.keys().cloned().collect(), tasks: tasks.collect() }
    }

    /// What the tasks that run here have done last.
    pub(super) fn activities(&self) -> &Arc<Activities> {
        &self.activities
    }

    /// The names of all connectors, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.connectors.read().keys().map(|name| name.to_string()).collect()
    }

    /// A connector.
    pub(super) fn get(&self, name: &str) -> Option<Arc<ConnectorView>> {
        self.connectors.read().get(name).cloned()
    }

    /// A connector, or Kafka's words for one that is not there.
    pub(super) fn find(&self, name: &str) -> Result<Arc<ConnectorView>, HerderError> {
        self.get(name).ok_or_else(|| HerderError::NotFound(format!("Connector {name} not found")))
    }
}
