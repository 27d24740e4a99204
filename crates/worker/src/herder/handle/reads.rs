//! Reads, from the snapshot.

use std::sync::Arc;

use api::config::Properties;

use super::Herder;
use crate::herder::entities::{
    ConnectorInfo, ConnectorOffsets, ConnectorStateInfo, RawConfig, TaskInfo, TaskState,
};
use crate::herder::instance::Calls;
use crate::herder::view::Worker;
use crate::herder::{HerderError, configure, offsets};
use crate::task::TaskId;
use crate::validate::{self, ConfigInfos};

impl Herder {
    /// The names of all connectors, sorted.
    pub fn connectors(&self) -> Vec<String> {
        self.shared.snapshot.names()
    }

    /// A connector with its configuration and tasks.
    pub fn connector_info(&self, name: &str) -> Result<ConnectorInfo, HerderError> {
        Ok(self.shared.snapshot.find(name)?.info(name))
    }

    /// The configuration of a connector.
    pub fn connector_config(&self, name: &str) -> Result<Properties, HerderError> {
        Ok(self.shared.snapshot.find(name)?.config.as_ref().clone())
    }

    /// The state of a connector and its tasks.
    pub fn connector_status(&self, name: &str) -> Result<ConnectorStateInfo, HerderError> {
        let view = self.shared.snapshot.get(name).filter(|view| view.worker != Worker::Nowhere);
        let view =
            view.ok_or_else(|| HerderError::NotFound(format!("No status found for connector {name}")))?;
        Ok(view.state_info(name, self.worker_id()))
    }

    /// The same, with what the tasks of this worker have done last.
    ///
    /// # Errors
    /// As [`Herder::connector_status`].
    pub fn connector_activity(&self, name: &str) -> Result<ConnectorStateInfo, HerderError> {
        let mut state = self.connector_status(name)?;
        let connector: Arc<str> = name.into();
        for task in state.tasks.iter_mut().filter(|task| task.worker_id == self.worker_id()) {
            let id = TaskId { connector: connector.clone(), task: task.id };
            task.activity = self.shared.snapshot.activities().info(&id);
        }
        Ok(state)
    }

    /// The state of a task.
    pub fn task_status(&self, name: &str, task: u32) -> Result<TaskState, HerderError> {
        let view = self.shared.snapshot.get(name);
        let state = view.and_then(|view| view.task_state(task, self.worker_id()));
        state.ok_or_else(|| HerderError::NotFound(format!("No status found for task {name}-{task}")))
    }

    /// The tasks of a connector and their configurations.
    pub fn tasks(&self, name: &str) -> Result<Vec<TaskInfo>, HerderError> {
        Ok(self.shared.snapshot.find(name)?.task_infos(name))
    }

    /// The topics that a connector has used; none for one that is not there, as in Kafka.
    pub fn active_topics(&self, name: &str) -> Result<Vec<String>, HerderError> {
        if !self.shared.services.config.topic_tracking_enable {
            return Err(HerderError::Forbidden("Topic tracking is disabled.".to_owned()));
        }
        let view = self.shared.snapshot.get(name);
        Ok(view.map_or_else(Vec::new, |view| view.topics.iter().map(|topic| topic.to_string()).collect()))
    }

    /// The committed offsets of a connector.
    pub async fn offsets(&self, name: &str) -> Result<ConnectorOffsets, HerderError> {
        let view = self.shared.snapshot.find(name)?;
        let read = offsets::read(&self.shared.services, name, &view).await;
        read.map_err(|error| error.hidden(self.shared.services.config.providers.secrets()))
    }

    /// Everything that is wrong with a configuration.
    ///
    /// # Errors
    /// There is no class to validate it for, or a variable in it cannot be resolved.
    pub async fn validate(&self, config: RawConfig) -> Result<ConfigInfos, validate::Error> {
        let services = self.shared.services.clone();
        let calls = Calls::new(&services.runtime);
        let outcome = calls.run(async move { configure::validate(&services, &config) }).await;
        outcome.unwrap_or_else(|failure| Err(validate::Error::Worker(failure.message)))
    }
}
