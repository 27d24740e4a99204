//! Tasks on their way to the leader, which may have another key for signatures by then.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, warn};

use super::super::entities::RawConfig;
use super::leader::{Leader, Signatures};
use crate::cluster::config::ConfigStore;

/// How long to wait before a signature that was refused is made anew; each further time is twice as long.
pub(super) const REFUSED_BACKOFF: Duration = Duration::from_millis(250);
/// How often it is made anew at most. Then the connector is split again, by which time another may lead.
pub(super) const REFUSED_MAX: u32 = 4;

/// Sends tasks to the leader.
pub(super) struct Sending {
    pub(super) peers: Arc<dyn Leader>,
    pub(super) signatures: Signatures,
    pub(super) configs: Arc<ConfigStore>,
    /// How long reading the topic of configurations may take.
    pub(super) limit: Duration,
}

impl Sending {
    /// Has the leader write the tasks of a connector.
    ///
    /// # Errors
    /// It has not, or may not have done so: words, which are in the log already.
    pub(super) async fn send(&self, leader: &str, name: &str, tasks: &[RawConfig]) -> Result<(), String> {
        let body = serde_json::to_vec(tasks).expect("texts are JSON");
        let mut refusals = 0;
        loop {
            let signature = self.signatures.sign(&body);
            match self.peers.put_tasks(leader, name, body.clone(), signature).await {
                Ok(()) => return Ok(()),
                // One of the two has not read a new key yet.
                Err(error) if error.refused && refusals < REFUSED_MAX => {
                    debug!(connector = name, leader, %error, "the leader does not know the key; trying again");
                    sleep(REFUSED_BACKOFF * 2_u32.pow(refusals)).await;
                    refusals += 1;
                    if let Err(error) = self.configs.refresh(self.limit).await {
                        warn!(error = format!("{error:#}"), "cannot look for a new key");
                    }
                }
                Err(error) => {
                    warn!(connector = name, leader, %error, "cannot have the leader write tasks");
                    return Err(error.words);
                }
            }
        }
    }
}
