//! Requests between workers: the tasks of a connector go from its worker to the leader, signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use thiserror::Error;

use super::super::HerderError;
use crate::cluster::config::ConfigStore;
use crate::cluster::signature::{Refusal, verify};
use crate::config::Distributed;

/// The way to the leader of the cluster.
#[async_trait]
pub trait Leader: Send + Sync {
    /// Has the leader with this URL write the tasks of a connector, given as JSON, with the signature and the name
    /// of its algorithm.
    ///
    /// # Errors
    /// It did not, or may not have done so.
    async fn put_tasks(
        &self,
        leader: &str,
        connector: &str,
        tasks: Vec<u8>,
        signature: Option<(String, &'static str)>,
    ) -> Result<(), Unsent>;

    /// Has the leader with this URL fence off what former tasks of a source connector still write.
    ///
    /// # Errors
    /// It did not, or may not have done so.
    async fn fence(
        &self,
        leader: &str,
        connector: &str,
        signature: Option<(String, &'static str)>,
    ) -> Result<(), Unsent>;

    /// Asks the worker with this URL for any answer.
    ///
    /// # Errors
    /// It cannot be reached: words.
    async fn reach(&self, worker: &str) -> Result<(), String>;
}

/// Why the leader has not done what it was asked for, or may not have done so.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{words}")]
pub struct Unsent {
    /// What went wrong.
    pub words: String,
    /// Whether the leader has refused the signature.
    pub refused: bool,
}

/// A request as another worker sends it.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// The signature, if the request has one.
    pub signature: Option<&'a str>,
    /// The name of its algorithm, if the request has one.
    pub algorithm: Option<&'a str>,
    /// The body, which is what is signed.
    pub body: &'a [u8],
}

/// Signs and verifies with the key of the cluster.
pub(in crate::herder) struct Signatures {
    config: Arc<Distributed>,
    configs: Arc<ConfigStore>,
    /// Whether the group has agreed to sign.
    signed: Arc<AtomicBool>,
}

impl Signatures {
    pub(super) fn new(config: Arc<Distributed>, configs: Arc<ConfigStore>, signed: Arc<AtomicBool>) -> Self {
        Self { config, configs, signed }
    }

    /// The signature of a body and the name of its algorithm; none while there is no key.
    pub(super) fn sign(&self, body: &[u8]) -> Option<(String, &'static str)> {
        let algorithm = self.config.signing.algorithm;
        let key = self.configs.snapshot().session_key.clone()?;
        Some((key.sign(algorithm, body), algorithm.name()))
    }

    /// Whether a request comes from a worker of the cluster; one whose group has not
    /// agreed to sign believes it.
    pub(in crate::herder) fn verify(&self, request: &SignedRequest<'_>) -> Result<(), HerderError> {
        if !self.signed.load(Ordering::Relaxed) {
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
