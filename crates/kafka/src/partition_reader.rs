//! Reads given partitions without a group, such as a log that a program keeps its own state in.

use std::sync::Arc;

use crate::{
    Client, ConsumerOptions, Error, TopicPartition,
    fetch::{FetchedBatch, Fetcher},
};

/// Reads the partitions it was given, until it is dropped.
pub struct PartitionReader {
    fetcher: Fetcher,
}

impl PartitionReader {
    /// Starts to read each partition at its offset; of the options, those about fetching count.
    pub fn new(
        client: Client,
        options: ConsumerOptions,
        partitions: &[(TopicPartition, i64)],
    ) -> PartitionReader {
        let fetcher = Fetcher::new(client, Arc::new(options));
        fetcher.assign(partitions);
        PartitionReader { fetcher }
    }

    /// The next batch with records in it; cancel safe.
    ///
    /// # Errors
    /// A partition cannot be read, and is not read any more until it is [given again](Self::read_from); the
    /// others go on.
    pub async fn next(&mut self) -> Result<FetchedBatch, Error> {
        self.fetcher.next().await
    }

    /// Goes on with a partition at this offset, also after an error.
    pub fn read_from(&self, partition: &TopicPartition, offset: i64) {
        self.fetcher.assign(&[(partition.clone(), offset)]);
    }

    /// The offset of the next record to be handed out: past records that are none, such as the marks of
    /// transactions, as soon as they were met.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.fetcher.position(partition)
    }
}
