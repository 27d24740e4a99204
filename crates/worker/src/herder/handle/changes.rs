//! Changes, through the loop.

use super::Herder;
use crate::herder::call::{OffsetChange, Reply, Request};
use crate::herder::entities::{ConnectorInfo, ConnectorOffset, ConnectorStateInfo, InitialState, RawConfig};
use crate::herder::{HerderError, SignedRequest};
use crate::status::TargetState;

impl Herder {
    /// Makes a connector. Returns once it has started and its tasks are on their way.
    pub async fn create(
        &self,
        name: &str,
        config: RawConfig,
        initial: InitialState,
    ) -> Result<ConnectorInfo, HerderError> {
        let config = named(name, config)?;
        let request = Request::Create { config, target: initial.into() };
        match self.send(name, request).await? {
            Reply::Put(_, info) => Ok(info),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes a connector or gives it another configuration; answers whether it is new.
    pub async fn put_config(
        &self,
        name: &str,
        config: RawConfig,
    ) -> Result<(bool, ConnectorInfo), HerderError> {
        let config = named(name, config)?;
        match self.send(name, Request::Put { config }).await? {
            Reply::Put(created, info) => Ok((created, info)),
            other => Err(unexpected(&other)),
        }
    }

    /// Changes some keys of a connector's configuration; null removes a key.
    pub async fn patch_config(&self, name: &str, patch: RawConfig) -> Result<ConnectorInfo, HerderError> {
        match self.send(name, Request::Patch { patch }).await? {
            Reply::Put(_, info) => Ok(info),
            other => Err(unexpected(&other)),
        }
    }

    /// Writes the tasks of a connector that runs on another worker, which has signed the request.
    ///
    /// # Errors
    /// Words and kinds are Kafka's: the signature is not the right one, there is no such connector, or this worker
    /// does not lead.
    pub async fn put_tasks(&self, name: &str, request: SignedRequest<'_>) -> Result<(), HerderError> {
        let Some(signatures) = &self.shared.signatures else {
            return self.change(name, Request::PutTasks(Vec::new())).await;
        };
        signatures.verify(&request)?;
        let tasks = serde_json::from_slice(request.body)
            .map_err(|error| HerderError::BadRequest(format!("the body is no list of tasks: {error}")))?;
        self.change(name, Request::PutTasks(tasks)).await
    }

    /// Ends what former tasks of a source connector still do, for another worker, which has signed the request.
    ///
    /// # Errors
    /// As [`Self::put_tasks`].
    pub async fn fence(&self, name: &str, request: SignedRequest<'_>) -> Result<(), HerderError> {
        let Some(signatures) = &self.shared.signatures else {
            let words = "Kafka Connect in standalone mode does not support exactly-once source connectors.";
            return Err(HerderError::Internal(words.to_owned()));
        };
        signatures.verify(&request)?;
        self.change(name, Request::Fence).await
    }

    /// Sets the level of a logger on all workers of the cluster; returns once it has been set here.
    ///
    /// # Errors
    /// It may or may not be set.
    pub async fn set_cluster_level(&self, logger: &str, level: &str) -> Result<(), HerderError> {
        self.change(logger, Request::SetLevel(level.into())).await
    }

    /// Ends a connector and its tasks and forgets it.
    pub async fn delete(&self, name: &str) -> Result<(), HerderError> {
        self.change(name, Request::Delete).await
    }

    /// Starts the connector anew and leaves its tasks alone.
    pub async fn restart_connector(&self, name: &str) -> Result<(), HerderError> {
        self.change(name, Request::RestartConnector).await
    }

    /// Starts the connector and, where asked, its tasks anew, or only those that have failed; answers, before
    /// that is done, what is going to restart.
    pub async fn restart_connector_and_tasks(
        &self,
        name: &str,
        include_tasks: bool,
        only_failed: bool,
    ) -> Result<ConnectorStateInfo, HerderError> {
        match self.send(name, Request::Restart { include_tasks, only_failed }).await? {
            Reply::State(state) => Ok(state),
            other => Err(unexpected(&other)),
        }
    }

    /// Starts a task anew.
    pub async fn restart_task(&self, name: &str, task: u32) -> Result<(), HerderError> {
        self.change(name, Request::RestartTask(task)).await
    }

    /// Pauses a connector and its tasks; returns once that is accepted.
    pub async fn pause(&self, name: &str) -> Result<(), HerderError> {
        self.change(name, Request::SetTarget(TargetState::Paused)).await
    }

    /// Runs a paused or stopped connector; returns once that is accepted.
    pub async fn resume(&self, name: &str) -> Result<(), HerderError> {
        self.change(name, Request::SetTarget(TargetState::Started)).await
    }

    /// Ends a connector and its tasks and keeps its configuration; returns once that is done.
    pub async fn stop(&self, name: &str) -> Result<(), HerderError> {
        self.change(name, Request::Stop).await
    }

    /// Forgets the topics that a connector has used.
    pub async fn reset_topics(&self, name: &str) -> Result<(), HerderError> {
        let config = &self.shared.services.config;
        if !config.topic_tracking_enable {
            return Err(HerderError::Forbidden("Topic tracking is disabled.".to_owned()));
        }
        if !config.topic_tracking_allow_reset {
            return Err(HerderError::Forbidden("Topic tracking reset is disabled.".to_owned()));
        }
        self.change(name, Request::ResetTopics).await
    }

    /// Sets committed offsets of a stopped connector, or forgets those whose offset is null; answers words for
    /// the user.
    pub async fn alter_offsets(
        &self,
        name: &str,
        offsets: Vec<ConnectorOffset>,
    ) -> Result<String, HerderError> {
        if offsets.is_empty() {
            let words = "Partitions / offsets need to be provided for an alter offsets request";
            return Err(HerderError::BadRequest(words.to_owned()));
        }
        self.message(name, Request::ChangeOffsets(OffsetChange::Alter(offsets))).await
    }

    /// Forgets all committed offsets of a stopped connector; answers words for the user.
    pub async fn reset_offsets(&self, name: &str) -> Result<String, HerderError> {
        self.message(name, Request::ChangeOffsets(OffsetChange::Reset)).await
    }

    async fn change(&self, name: &str, request: Request) -> Result<(), HerderError> {
        self.send(name, request).await.map(|_| ())
    }

    async fn message(&self, name: &str, request: Request) -> Result<String, HerderError> {
        match self.send(name, request).await? {
            Reply::Message(words) => Ok(words),
            other => Err(unexpected(&other)),
        }
    }
}

/// The configuration with its name in it, which has to be the name of the request.
fn named(name: &str, mut config: RawConfig) -> Result<RawConfig, HerderError> {
    match config.get("name") {
        Some(Some(other)) if other != name => Err(HerderError::BadRequest(format!(
            "Connector name configuration ({other}) doesn't match connector name in the URL ({name})"
        ))),
        Some(Some(_)) => Ok(config),
        Some(None) | None => {
            config.insert("name".to_owned(), Some(name.to_owned()));
            Ok(config)
        }
    }
}

fn unexpected(reply: &Reply) -> HerderError {
    HerderError::Internal(format!("the herder answered something else: {reply:?}"))
}
