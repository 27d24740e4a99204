//! The topic of offsets as it is in Kafka.

use std::sync::Arc;

use api::{Result, SourceOffset, SourcePartition};
use async_trait::async_trait;
use kafka::config::ProducerOptions;
use kafka::{Client, Compression, ConsumerOptions};
use parking_lot::RwLock;
use tracing::warn;

use super::index::Index;
use crate::cluster::topic::{Apply, Entry, Log, Spec};
use crate::store::{Commit, OffsetRecords, OffsetStore};

/// Committed offsets in a topic that all workers of a cluster share.
pub struct TopicStore {
    log: Log,
    index: Arc<RwLock<Index>>,
}

impl TopicStore {
    /// Opens the topic; it has been read to its end when this returns, but for what open transactions hold back.
    ///
    /// # Errors
    /// The topic cannot be made or read, or is not what it has to be.
    pub async fn open(
        client: &Client,
        consumer: ConsumerOptions,
        producer: ProducerOptions,
        spec: Spec,
    ) -> Result<Self> {
        let index: Arc<RwLock<Index>> = Arc::default();
        let log = Log::open(client, consumer, producer, spec, apply(index.clone())).await?;
        log.read_what_can_be().await?;
        Ok(Self { log, index })
    }

    fn entries(&self, connector: &str, offsets: &[Commit]) -> Vec<Entry> {
        let index = self.index.read();
        let entry = |(partition, offset): &Commit| index.entries(connector, partition, offset.as_ref());
        offsets.iter().flat_map(entry).collect()
    }

    /// Gives up commits that are not acknowledged: what they tell of may be another worker's by now, whose commits
    /// they would undo when the brokers can be reached again.
    pub(crate) fn abandon(&self) {
        self.log.abandon();
    }
}

#[async_trait]
impl OffsetStore for TopicStore {
    /// Reads to the end first: another worker may have committed the offset.
    async fn read(&self, connector: &str, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        self.log.read_to_end().await?;
        Ok(self.index.read().get(connector, partition))
    }

    /// Offsets that nobody has read back yet are not in the index: it has what the topic has, in its order.
    async fn write(&self, connector: &str, offsets: Vec<Commit>) -> Result<()> {
        self.log.append(&self.entries(connector, &offsets)).await
    }

    fn topic(&self) -> Option<&Arc<str>> {
        Some(self.log.topic())
    }

    fn records(
        &self,
        connector: &str,
        offsets: &[Commit],
        compression: Compression,
    ) -> Result<Option<OffsetRecords>> {
        let batches = self.log.batches(&self.entries(connector, offsets), compression)?;
        Ok(Some(OffsetRecords { topic: self.log.topic().clone(), batches }))
    }

    async fn all(&self, connector: &str) -> Result<Vec<(SourcePartition, SourceOffset)>> {
        self.log.read_to_end().await?;
        Ok(self.index.read().of(connector))
    }
}

fn apply(index: Arc<RwLock<Index>>) -> Apply {
    Box::new(move |batch| {
        let mut index = index.write();
        for record in batch.records() {
            if !record.key.is_some_and(|key| index.take(key, record.value)) {
                warn!(
                    topic = %batch.topic(),
                    partition = batch.partition().partition,
                    offset = record.offset,
                    "passed over a record that is no offset"
                );
            }
        }
    })
}
