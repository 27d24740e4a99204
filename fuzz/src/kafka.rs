//! What brokers and other members of a group send.

use bytes::Bytes;
use kafka::assignor::{Assignment, Subscription};
use kafka::{Codec, FetchedBatch, TopicPartition, decompress};
use worker::cluster::protocol;

/// The most that a piece of compressed bytes may become here: less than a target may take.
const DECOMPRESSED_MAX: usize = 64 << 20;

/// Record batches of every format, with wrong checksums, too: a fuzzer rarely finds right ones.
pub fn record_set(data: &[u8]) {
    let partition = TopicPartition::new("t", 0);
    let batches = FetchedBatch::decode_all(&partition, Bytes::copy_from_slice(data), false);
    for batch in batches.into_iter().flatten() {
        let count = batch.records().count();
        assert!(count <= batch.count(), "more records than the batch says");
        for record in batch.records() {
            record.headers().filter_map(|header| header.value).for_each(|value| drop(batch.share(value)));
            drop(record.key.map(|key| batch.share(key)));
            drop(record.value.map(|value| batch.share(value)));
        }
    }
}

/// Compressed bytes: the first byte says of which codec.
pub fn compressed(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    let codec = Codec::ALL[usize::from(*which) % Codec::ALL.len()];
    if let Ok(decompressed) = decompress(codec, bytes, DECOMPRESSED_MAX) {
        assert!(decompressed.len() <= DECOMPRESSED_MAX, "more than is allowed");
    }
}

/// What members of groups tell each other, consumers and workers.
pub fn group_bytes(data: &[u8]) {
    if let Ok(subscription) = Subscription::decode(data) {
        Subscription::decode(&subscription.encode()).expect("what was written");
    }
    if let Ok(assignment) = Assignment::decode(data) {
        Assignment::decode(&assignment.encode()).expect("what was written");
    }
    protocol::Assignment::decode(data).ok();
    protocol::Metadata::decode(data).ok();
}
