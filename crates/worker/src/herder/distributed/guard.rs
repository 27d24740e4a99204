//! What keeps tasks that write exactly once apart: the leader fences former ones off, the topic of configurations
//! says which are the present ones.

use std::sync::Arc;
use std::time::Duration;

use api::{Error, OrReaction, Result};
use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tracing::{debug, warn};

use super::super::HerderError;
use super::super::call::{Call, Outcome, Request};
use super::leader::{Leader, Signatures};
use super::sending::{REFUSED_BACKOFF, REFUSED_MAX};
use crate::cluster::config::ConfigStore;
use crate::task::{Guard, TaskId};

/// The guard of a worker's tasks.
pub(super) struct ClusterGuard {
    /// The way to the herder of this worker, as long as it is there.
    pub(super) calls: mpsc::WeakSender<Call>,
    pub(super) peers: Arc<dyn Leader>,
    pub(super) signatures: Signatures,
    pub(super) configs: Arc<ConfigStore>,
    /// How long reading the topic of configurations may take.
    pub(super) limit: Duration,
}

#[async_trait]
impl Guard for ClusterGuard {
    async fn fence(&self, connector: &str) -> Result<()> {
        match self.ask_herder(connector).await? {
            Ok(_) => Ok(()),
            Err(HerderError::Elsewhere(leader)) => self.ask_leader(&leader, connector).await,
            Err(error) => Err(Error::retry(error.to_string())),
        }
    }

    async fn verify(&self, id: &TaskId, generation: u64) -> Result<()> {
        let read = self.configs.refresh_all(self.limit).await;
        read.or_retry("Failed to read to end of config topic before starting a source task")?;
        if self.configs.snapshot().generation(&id.connector) == generation {
            return Ok(());
        }
        Err(Error::retry(format_args!(
            "Cannot start source task {id} with exactly-once support as the connector has already generated a new set \
             of task configs"
        )))
    }
}

impl ClusterGuard {
    /// Asks the herder of this worker, which does it if it leads.
    async fn ask_herder(&self, connector: &str) -> Result<Outcome> {
        let gone = || Error::retry("the worker is shutting down");
        let calls = self.calls.upgrade().ok_or_else(gone)?;
        let (reply, answer) = oneshot::channel();
        let call = Call { name: connector.into(), request: Request::Fence, reply };
        calls.send(call).await.map_err(|_| gone())?;
        drop(calls);
        answer.await.map_err(|_| gone())
    }

    async fn ask_leader(&self, leader: &str, connector: &str) -> Result<()> {
        let mut refusals = 0;
        loop {
            let signature = self.signatures.sign(&[]);
            let error = match self.peers.fence(leader, connector, signature).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if !error.refused || refusals >= REFUSED_MAX {
                return Err(Error::retry(error.words));
            }
            // One of the two has not read a new key yet.
            debug!(connector, leader, %error, "the leader does not know the key; trying again");
            sleep(REFUSED_BACKOFF * 2_u32.pow(refusals)).await;
            refusals += 1;
            if let Err(error) = self.configs.refresh(self.limit).await {
                warn!(error = format!("{error:#}"), "cannot look for a new key");
            }
        }
    }
}
