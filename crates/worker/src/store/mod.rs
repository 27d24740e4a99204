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
use kafka::{Compression, RecordBatch};

pub use file::FileStore;
pub use lock::FileLock;

/// Committed offsets of source partitions, by connector.
#[async_trait]
pub trait OffsetStore: Send + Sync {
    /// The committed offset of a partition; the order of the partition's keys does not matter.
    async fn read(&self, connector: &str, partition: &SourcePartition) -> Result<Option<SourceOffset>>;

    /// Commits offsets (`None`: forgets the partition); they are durable once this returns.
    async fn write(&self, connector: &str, offsets: Vec<Commit>) -> Result<()>;

    /// The topic that they are in, if they are in one.
    fn topic(&self) -> Option<&Arc<str>> {
        None
    }

    /// Takes note that offsets were committed in a transaction.
    async fn committed(&self, _connector: &str, _offsets: Vec<Commit>) {}

    /// What commits offsets in a transaction of whoever writes it; none where they are not in a topic.
    ///
    /// # Errors
    /// It cannot be compressed.
    fn records(
        &self,
        _connector: &str,
        _offsets: &[Commit],
        _compression: Compression,
    ) -> Result<Option<OffsetRecords>> {
        Ok(None)
    }

    /// Every committed offset of a connector.
    async fn all(&self, connector: &str) -> Result<Vec<(SourcePartition, SourceOffset)>>;
}

/// A partition of a source and the offset that is committed for it; none: it is forgotten.
pub type Commit = (Arc<SourcePartition>, Option<SourceOffset>);

/// Records that commit offsets once they are in their topic.
pub struct OffsetRecords {
    /// The topic.
    pub topic: Arc<str>,
    /// By partition.
    pub batches: Vec<(i32, RecordBatch)>,
}
