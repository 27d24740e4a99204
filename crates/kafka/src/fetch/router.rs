//! Finds the leader of every partition, and another offset where the log does not have the one asked for.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::Arc,
};

use tokio::{task::JoinSet, time::sleep};
use tracing::{info, warn};

use super::{Shared, broker, list_offsets, state::Unknown};
use crate::{Error, TopicPartition, config::OffsetReset};

/// Runs as long as the fetcher; the tasks of the brokers end with it.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut router =
        Router { shared: shared.clone(), brokers: HashSet::new(), tasks: JoinSet::new(), failures: 0 };
    loop {
        let mut changed = pin!(shared.changed.notified());
        changed.as_mut().enable();
        let unknown = shared.state.lock().unknown();
        if unknown == Unknown::default() {
            router.failures = 0;
            changed.await;
        } else if let Err(error) = router.find(&unknown).await {
            router.wait(&error).await;
        } else if unknown.failures > 0 {
            // The same leader may have been named again: do not ask it in a tight loop.
            sleep(shared.client.options().retry_backoff.delay(unknown.failures)).await;
        }
    }
}

struct Router {
    shared: Arc<Shared>,
    /// Those with a task.
    brokers: HashSet<i32>,
    tasks: JoinSet<()>,
    failures: u32,
}

impl Router {
    async fn find(&mut self, unknown: &Unknown) -> Result<(), Error> {
        let mut failure = None;
        for partition in &unknown.leaders {
            if let Err(error) = self.find_leader(partition).await {
                failure = Some(error);
            }
        }
        if !unknown.resets.is_empty()
            && let Err(error) = self.reset(&unknown.resets).await
        {
            failure = Some(error);
        }
        self.shared.changed.notify_waiters();
        failure.map_or(Ok(()), Err)
    }

    async fn find_leader(&mut self, partition: &TopicPartition) -> Result<(), Error> {
        let leader = self.shared.client.leader(&partition.topic, partition.partition).await?;
        self.shared.state.lock().set_leader(partition, leader);
        if self.brokers.insert(leader.broker) {
            self.tasks.spawn(broker::run(self.shared.clone(), leader.broker));
        }
        Ok(())
    }

    async fn reset(&self, resets: &[(TopicPartition, u64)]) -> Result<(), Error> {
        let policy = self.shared.options.auto_offset_reset;
        if policy == OffsetReset::None {
            let mut state = self.shared.state.lock();
            for (partition, turn) in resets {
                let position = state.position(partition).unwrap_or_default();
                state.fail(partition, *turn, out_of_range(partition, position));
            }
            drop(state);
            self.shared.ready.notify_one();
            return Ok(());
        }
        let partitions: Vec<TopicPartition> = resets.iter().map(|(partition, _)| partition.clone()).collect();
        let offsets: HashMap<_, _> =
            list_offsets(&self.shared.client, &partitions, policy, self.shared.options.isolation_level)
                .await?;
        let mut state = self.shared.state.lock();
        for (partition, turn) in resets {
            if let Some(offset) = offsets.get(partition) {
                let position = state.position(partition);
                warn!(%partition, position, offset, "the log does not have the position; going on elsewhere");
                state.reset(partition, *turn, *offset);
            }
        }
        Ok(())
    }

    async fn wait(&mut self, error: &Error) {
        if self.failures == 0 {
            info!(%error, "cannot find where to read; trying again");
        }
        self.failures += 1;
        sleep(self.shared.client.options().retry_backoff.delay(self.failures)).await;
    }
}

fn out_of_range(partition: &TopicPartition, position: i64) -> Error {
    Error::broker_with(
        kafka_protocol::error::ResponseError::OffsetOutOfRange,
        format_args!("read {partition} at offset {position}"),
        Some("`auto.offset.reset` is `none`"),
    )
}
