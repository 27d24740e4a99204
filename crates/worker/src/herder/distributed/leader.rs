//! Requests between workers: the tasks of a connector go from its worker to the leader, signed.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::HerderError;
use crate::cluster::config::ConfigStore;
use crate::cluster::protocol::Protocol;
use crate::cluster::signature::{Refusal, verify};
use crate::config::Distributed;

/// The way to the leader of the cluster.
#[async_trait]
pub trait Leader: Send + Sync {
    /// Has the leader with this URL write the tasks of a connector, given as JSON, with the signature and the name
    /// of its algorithm.
    ///
    /// # Errors
    /// It did not, or may not have done so: words.
    async fn put_tasks(
        &self,
        leader: &str,
        connector: &str,
        tasks: Vec<u8>,
        signature: Option<(String, &'static str)>,
    ) -> Result<(), String>;
}

/// The tasks of a connector as another worker sends them.
#[derive(Clone, Copy, Debug)]
pub struct SignedTasks<'a> {
    /// The signature, if the request has one.
    pub signature: Option<&'a str>,
    /// The name of its algorithm, if the request has one.
    pub algorithm: Option<&'a str>,
    /// The tasks as JSON.
    pub body: &'a [u8],
}

/// Signs and verifies with the key of the cluster.
pub(in crate::herder) struct Signatures {
    config: Arc<Distributed>,
    configs: Arc<ConfigStore>,
}

impl Signatures {
    pub(super) fn new(config: Arc<Distributed>, configs: Arc<ConfigStore>) -> Self {
        Self { config, configs }
    }

    /// The signature of a body and the name of its algorithm; none while there is no key.
    pub(super) fn sign(&self, body: &[u8]) -> Option<(String, &'static str)> {
        let algorithm = self.config.signing.algorithm;
        let key = self.configs.snapshot().session_key.clone()?;
        Some((key.sign(algorithm, body), algorithm.name()))
    }

    /// Whether a request comes from a worker of the cluster; one whose requests are not signed believes it.
    pub(in crate::herder) fn verify(&self, request: &SignedTasks<'_>) -> Result<(), HerderError> {
        if self.config.protocol != Protocol::Sessioned {
            return Ok(());
        }
        let key = self.configs.snapshot().session_key.clone();
        let accepted = &self.config.signing.accepted;
        let verified = verify(key.as_deref(), accepted, request.signature, request.algorithm, request.body);
        verified.map_err(|refusal| match refusal {
            Refusal::Mismatch => HerderError::Forbidden(refusal.to_string()),
            Refusal::NoKey => HerderError::Unavailable(refusal.to_string()),
            refusal => HerderError::BadRequest(refusal.to_string()),
        })
    }
}
