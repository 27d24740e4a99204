//! The records of Kafka as they were read, kept as long as one of them may become a dead letter.

use std::collections::{HashMap, VecDeque};

use api::{Offsets, TopicPartition};
use kafka::FetchedBatch;

use super::incoming::ours;

/// Batches by partition, in the order of their offsets; their buffers are shared, not copied.
#[derive(Debug, Default)]
pub(super) struct Originals {
    partitions: HashMap<TopicPartition, VecDeque<FetchedBatch>>,
    bytes: usize,
}

impl Originals {
    /// Keeps a batch behind those of its partition.
    pub(super) fn keep(&mut self, fetched: &FetchedBatch) {
        self.bytes += fetched.bytes();
        self.partitions.entry(ours(fetched.partition())).or_default().push_back(fetched.clone());
    }

    /// The batch that an offset is in, if it is kept.
    pub(super) fn find(&self, partition: &TopicPartition, offset: i64) -> Option<&FetchedBatch> {
        let batches = self.partitions.get(partition)?;
        let batch = batches.get(batches.partition_point(|batch| batch.next_offset() <= offset))?;
        // Batches before the first one may be gone.
        let first = batch.records().next()?.offset;
        (first <= offset).then_some(batch)
    }

    /// The bytes of records that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets what is committed.
    pub(super) fn committed(&mut self, offsets: &Offsets) {
        for (partition, offset) in offsets {
            let Some(batches) = self.partitions.get_mut(partition) else { continue };
            let committed = batches.partition_point(|batch| batch.next_offset() <= *offset);
            self.bytes -= batches.drain(..committed).map(|batch| batch.bytes()).sum::<usize>();
        }
    }

    /// Forgets partitions.
    pub(super) fn forget(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            let batches = self.partitions.remove(partition).unwrap_or_default();
            self.bytes -= batches.iter().map(FetchedBatch::bytes).sum::<usize>();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets the oldest batches of the partitions that have most, until no more than so many bytes are kept.
    pub(super) fn shrink(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let most = self.partitions.values_mut().max_by_key(|batches| batches.len());
            let Some(oldest) = most.and_then(VecDeque::pop_front) else { return };
            self.bytes -= oldest.bytes();
        }
    }
}
