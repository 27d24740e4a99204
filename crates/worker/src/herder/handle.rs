//! The herder as REST and the command line use it.

mod changes;
mod reads;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kafka::Admin;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::HerderError;
use super::call::{Call, Outcome, Request};
use super::distributed::{Group, Signatures};
use super::driver::Driver;
use super::entities::Health;
use super::overview::{ClusterInfo, described as described_sharing};
use super::runner::CONNECTOR_PATIENCE;
use super::view::Snapshot;
use super::{About, Cluster, Identity, Leader, Levels, distributed};
use crate::task::Services;

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

fn stopped() -> HerderError {
    HerderError::Internal("The worker is shutting down".to_owned())
}

#[cfg(test)]
mod tests;
