//! The herder as REST and the command line use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::config::Properties;
use kafka::Admin;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::HerderError;
use super::call::{Call, OffsetChange, Outcome, Reply, Request};
use super::distributed::{Group, Signatures};
use super::driver::Driver;
use super::entities::{
    ConnectorInfo, ConnectorOffset, ConnectorOffsets, ConnectorStateInfo, Health, InitialState, RawConfig,
    TaskInfo, TaskState,
};
use super::instance::Calls;
use super::overview::{ClusterInfo, described as described_sharing};
use super::runner::CONNECTOR_PATIENCE;
use super::view::{Snapshot, Worker};
use super::{About, Cluster, Identity, Leader, Levels, SignedRequest, configure, distributed, offsets};
use crate::status::TargetState;
use crate::task::{Services, TaskId};
use crate::validate::{self, ConfigInfos};

/// How many requests may wait for the loop; more of them wait in REST.
const REQUESTS_MAX: usize = 1024;

/// Keeps connectors and tasks as users want them. Clones are handles of the same herder.
///
/// Reads are answered at once from a snapshot. Changes of one connector are done one after the other, in the
/// order in which they came; those of different connectors do not wait for each other.
#[derive(Clone)]
pub struct Herder {
    shared: Arc<Shared>,
}

struct Shared {
    calls: mpsc::Sender<Call>,
    snapshot: Arc<Snapshot>,
    services: Arc<Services>,
    about: Arc<About>,
    /// How requests of other workers are verified, if there are others.
    signatures: Option<Signatures>,
    /// The group of the workers, if there are others.
    group: Option<Group>,
    /// Whether the loop has answered a health check.
    answered: AtomicBool,
}

impl Herder {
    /// How long a request may take, as in Kafka.
    pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
    /// How long the herder may take to answer a health check, as in Kafka.
    pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(10);

    /// How long the coordinator of the group may take to describe it.
    const GROUP_TIMEOUT: Duration = Duration::from_secs(3);

    /// Starts a herder without connectors; has to be called inside a tokio runtime, which then runs its loop.
    pub fn start(services: Arc<Services>, identity: Identity) -> Self {
        Self::start_with(services, identity, CONNECTOR_PATIENCE)
    }

    /// Starts the herder of a worker in a cluster; has to be called inside a tokio runtime, which then runs its
    /// loop.
    pub fn start_in_cluster(
        services: Arc<Services>,
        about: Arc<About>,
        topics: Cluster,
        peers: Arc<dyn Leader>,
        levels: Arc<dyn Levels>,
    ) -> Self {
        let (signatures, group) = (Some(topics.signatures()), Some(topics.group()));
        let (calls, receiver) = mpsc::channel(REQUESTS_MAX);
        let snapshot = Arc::new(Snapshot::default());
        let id = about.worker_id();
        let driver = distributed::Driver::new(
            &services,
            snapshot.clone(),
            id,
            topics,
            peers,
            levels,
            calls.downgrade(),
        );
        tokio::spawn(driver.run(receiver));
        let answered = AtomicBool::new(false);
        Self { shared: Arc::new(Shared { calls, snapshot, services, about, signatures, group, answered }) }
    }

    /// Starts a herder that waits this long for a connector that others wait for.
    fn start_with(services: Arc<Services>, identity: Identity, patience: Duration) -> Self {
        let (calls, receiver) = mpsc::channel(REQUESTS_MAX);
        let snapshot = Arc::new(Snapshot::default());
        let driver = Driver::new(services.clone(), snapshot.clone(), &identity.worker_id, patience);
        tokio::spawn(driver.run(receiver));
        let about = Arc::new(About::watch(identity, &services.clients, &services.runtime));
        let (answered, signatures, group) = (AtomicBool::new(false), None, None);
        Self { shared: Arc::new(Shared { calls, snapshot, services, about, signatures, group, answered }) }
    }

    /// Ends all tasks, with their last commits, and all connectors within `task.shutdown.graceful.timeout.ms`;
    /// what has not ended by then is given up. Requests that come later are refused.
    pub async fn shutdown(&self) {
        // The loop answers when everything has ended; it is gone only if that has happened already.
        let _ = self.send("", Request::Shutdown).await;
    }

    /// What the worker tells of itself.
    pub fn about(&self) -> &Arc<About> {
        &self.shared.about
    }

    /// The advertised host and port of the worker.
    pub fn worker_id(&self) -> &str {
        self.shared.about.worker_id()
    }

    /// Whether the worker is one of a cluster.
    pub fn in_cluster(&self) -> bool {
        self.shared.signatures.is_some()
    }

    /// The workers of the cluster and what they have, as far as this one knows: the leader knows all, others
    /// themselves.
    ///
    /// # Errors
    /// The worker is in no cluster.
    pub fn cluster(&self) -> Result<ClusterInfo, HerderError> {
        let group = self.group()?;
        let mut info =
            self.shared.snapshot.group().info(&group.name, self.worker_id(), &self.shared.snapshot);
        info.kafka_cluster_id = self.shared.about.server_info().kafka_cluster_id;
        Ok(info)
    }

    /// Asks the coordinator of the group who has what, for a leader that does not tell; answers whether it did.
    ///
    /// # Errors
    /// It does not answer, or not what can be read.
    pub async fn ask_group(&self, info: &mut ClusterInfo) -> Result<bool, HerderError> {
        let group = self.group()?;
        let internal = |error: &dyn std::fmt::Display| HerderError::Internal(error.to_string());
        let admin = Admin::new(group.client.clone()).with_timeout(Self::GROUP_TIMEOUT);
        let described = admin.describe_group(&group.name).await.map_err(|error| internal(&error))?;
        let sharing =
            described_sharing(&described, self.shared.snapshot.work()).map_err(|error| internal(&error))?;
        if let Some(sharing) = &sharing {
            self.shared.snapshot.group().show(sharing, info, &self.shared.snapshot);
        }
        Ok(sharing.is_some())
    }

    fn group(&self) -> Result<&Group, HerderError> {
        let words = "this worker is standalone: it is in no cluster";
        self.shared.group.as_ref().ok_or_else(|| HerderError::NotFound(words.to_owned()))
    }

    /// Whether the herder's loop answers.
    pub async fn health(&self) -> Health {
        match timeout(Self::HEALTH_TIMEOUT, self.send("", Request::Ping)).await {
            Ok(Ok(_)) => {
                self.shared.answered.store(true, Ordering::Relaxed);
                Health::Healthy
            }
            Ok(Err(_)) | Err(_) if self.shared.answered.load(Ordering::Relaxed) => Health::Unhealthy,
            Ok(Err(_)) | Err(_) => Health::Starting,
        }
    }
}

/// Reads, from the snapshot.
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

/// Changes, through the loop.
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

    async fn send(&self, name: &str, request: Request) -> Outcome {
        let words = request.words();
        let (reply, answer) = oneshot::channel();
        let call = Call { name: name.into(), request, reply };
        let exchange = async {
            self.shared.calls.send(call).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        };
        let late = |_| Err(HerderError::Internal(format!("Request timed out. The worker is still {words}")));
        timeout(Self::REQUEST_TIMEOUT, exchange).await.unwrap_or_else(late)
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

fn stopped() -> HerderError {
    HerderError::Internal("The worker is shutting down".to_owned())
}

fn unexpected(reply: &Reply) -> HerderError {
    HerderError::Internal(format!("the herder answered something else: {reply:?}"))
}

#[cfg(test)]
mod tests;
