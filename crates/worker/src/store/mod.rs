//! The store of source offsets, and the file that holds them in standalone mode.

mod entries;
mod file;
mod format;
mod java;
pub(crate) mod key;
mod lock;

use std::sync::Arc;

use api::{Result, SourceOffset, SourcePartition};
use async_trait::async_trait;

pub use file::FileStore;
pub use lock::FileLock;

/// Committed offsets of source partitions, by connector.
#[async_trait]
pub trait OffsetStore: Send + Sync {
    /// The committed offset of a partition; the order of the partition's keys does not matter.
    async fn read(&self, connector: &str, partition: &SourcePartition) -> Result<Option<SourceOffset>>;

    /// Commits offsets (`None`: forgets the partition); they are durable once this returns.
    async fn write(
        &self,
        connector: &str,
        offsets: Vec<(Arc<SourcePartition>, Option<SourceOffset>)>,
    ) -> Result<()>;

    /// Every committed offset of a connector.
    async fn all(&self, connector: &str) -> Result<Vec<(SourcePartition, SourceOffset)>>;
}
