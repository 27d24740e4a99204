//! One batch of records as a consumer hands it over.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Error, TopicPartition,
    record::decode::{AbortedTransactions, DecodeOptions, DecodedBatch, Records, decode_batch, split_batch},
};

/// Records of one partition, in order, as one batch of the log held them; nothing in it is copied.
#[derive(Clone, Debug)]
pub struct FetchedBatch {
    partition: TopicPartition,
    batch: DecodedBatch,
    from_offset: i64,
}

impl FetchedBatch {
    pub(super) fn new(partition: TopicPartition, batch: DecodedBatch, from_offset: i64) -> FetchedBatch {
        FetchedBatch { partition, batch, from_offset }
    }

    /// The batches of a record set, as a segment of a log or an answer of a broker holds it; what transactions
    /// were aborted is not known. A part of a batch at its end is left out.
    ///
    /// # Errors
    /// When a batch is corrupt; checksums are verified if `check_crcs`.
    pub fn decode_all(
        partition: &TopicPartition,
        mut set: Bytes,
        check_crcs: bool,
    ) -> Result<Vec<FetchedBatch>, Error> {
        let corrupt = |error| Error::corrupt(format_args!("record set of {partition}: {error}"));
        let mut aborted = AbortedTransactions::new(Vec::new());
        let mut batches = Vec::new();
        while let Some(raw) = split_batch(&mut set).map_err(corrupt)? {
            let decoded = decode_batch(&raw, DecodeOptions { check_crcs }, &mut aborted).map_err(corrupt)?;
            batches.extend(decoded.map(|batch| {
                let from_offset = batch.base_offset;
                FetchedBatch::new(partition.clone(), batch, from_offset)
            }));
        }
        Ok(batches)
    }

    /// Where the records are from.
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// The topic's name, shared.
    pub fn topic(&self) -> &Arc<str> {
        &self.partition.topic
    }

    /// The records, oldest first.
    pub fn records(&self) -> Records<'_> {
        self.batch.records_from(self.from_offset)
    }

    /// How many records the batch has; a few more than [`records`](Self::records) gives when reading began in
    /// the middle of it.
    pub fn count(&self) -> usize {
        usize::try_from(self.batch.count).unwrap_or(0)
    }

    /// Bytes of the uncompressed records.
    pub fn bytes(&self) -> usize {
        self.batch.records.len()
    }

    /// The offset to commit once all records of this batch are dealt with.
    pub fn next_offset(&self) -> i64 {
        self.batch.last_offset.saturating_add(1)
    }

    /// The epoch of the leader that appended the batch; -1 when it is not known.
    pub fn leader_epoch(&self) -> i32 {
        self.batch.leader_epoch
    }

    /// A share of the batch's buffer for a slice that one of its records gave out; nothing is copied.
    ///
    /// The buffer is freed with the last share of it: what is kept for long is better copied, as one record
    /// may hold a whole answer of the broker (`fetch.max.bytes`).
    ///
    /// # Panics
    /// When the slice is not of this batch.
    pub fn share(&self, slice: &[u8]) -> Bytes {
        self.batch.share(slice)
    }
}
