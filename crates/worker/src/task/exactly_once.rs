//! What a source task needs that writes exactly once (KIP-618).

use std::sync::Arc;

use api::Result;
use async_trait::async_trait;

use super::TaskId;

/// What a task asks its cluster for, so that no other run of it writes beside it.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Fences off the producers of former tasks of the connector, unless that was done since its tasks were written.
    ///
    /// # Errors
    /// It was not done, or may not have been done.
    async fn fence(&self, connector: &str) -> Result<()>;

    /// Makes sure that the connector has not been given other tasks than those of this generation.
    ///
    /// # Errors
    /// It has, or that is not known.
    async fn verify(&self, id: &TaskId, generation: u64) -> Result<()>;
}

/// Makes a source task write exactly once.
#[derive(Clone)]
pub struct ExactlyOnce {
    /// Its cluster.
    pub guard: Arc<dyn Guard>,
    /// What names its transactions to the brokers.
    pub transactional_id: Arc<str>,
    /// The generation of the connector's tasks that it is one of.
    pub generation: u64,
}
