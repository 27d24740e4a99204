//! The task that reads a log on and on.

use std::sync::Arc;
use std::time::Duration;

use kafka::{PartitionReader, TopicPartition};
use tokio::time::sleep;
use tracing::warn;

use super::{Apply, Progress};

/// How often positions are looked at while somebody waits for them: the last offsets of a partition may belong to
/// no record.
const LOOK: Duration = Duration::from_millis(20);
/// How long to wait before a partition that could not be read is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Reads until it is dropped.
pub(super) async fn run(
    mut reader: PartitionReader,
    partitions: Vec<TopicPartition>,
    progress: Arc<Progress>,
    mut apply: Apply,
) {
    let mut handed: Vec<i64> = progress.positions.borrow().clone();
    loop {
        let waited_for = progress.positions.receiver_count() > 0;
        tokio::select! {
            batch = reader.next() => match batch {
                Ok(batch) => {
                    apply(&batch);
                    if let Some(handed) = index(&batch).and_then(|index| handed.get_mut(index)) {
                        *handed = batch.next_offset();
                    }
                }
                Err(error) => {
                    let topic = partitions.first().map_or("", |partition| &*partition.topic);
                    warn!(topic, %error, "cannot read a topic of the cluster; trying again");
                    sleep(RETRY).await;
                    for (partition, offset) in partitions.iter().zip(&handed) {
                        reader.read_from(partition, *offset);
                    }
                }
            },
            () = progress.wanted.notified() => {}
            () = sleep(LOOK), if waited_for => {}
        }
        publish(&reader, &partitions, &handed, &progress);
    }
}

fn index(batch: &kafka::FetchedBatch) -> Option<usize> {
    usize::try_from(batch.partition().partition).ok()
}

/// A position may be past what was handed out, never before it.
fn publish(reader: &PartitionReader, partitions: &[TopicPartition], handed: &[i64], progress: &Progress) {
    let position = |(partition, handed): (&TopicPartition, &i64)| {
        reader.position(partition).map_or(*handed, |position| position.max(*handed))
    };
    let positions: Vec<i64> = partitions.iter().zip(handed).map(position).collect();
    progress.positions.send_if_modified(|known| {
        let moved = *known != positions;
        *known = positions;
        moved
    });
}
