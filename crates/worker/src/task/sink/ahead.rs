//! What is done while the target works on a put: the records of the next one are read and converted.

use std::time::Duration;

use api::{Batch, OrReaction, Result, SinkTask};
use tokio::join;
use tokio::task::yield_now;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Sink;

/// A target that takes a put in less time leaves none to use: the next one is gathered when it is done.
const PATIENCE: Duration = Duration::from_millis(1);

impl Sink<'_> {
    /// Puts batches and gathers the next ones meanwhile. The outcomes of both: what was put counts even if what comes
    /// behind it is bad.
    pub(super) async fn put(
        &mut self,
        task: &mut dyn SinkTask,
        batches: &[Batch],
    ) -> (Result<()>, Result<()>) {
        let done = CancellationToken::new();
        let put = async {
            let outcome = task.put(batches).await;
            done.cancel();
            outcome
        };
        let ahead = async {
            tokio::select! {
                biased;
                () = done.cancelled() => Ok(()),
                () = sleep(PATIENCE) => self.gather_until(&done).await,
            }
        };
        join!(put, ahead)
    }

    /// Gathers records until a put is full or it is `done`. A rebalance waits for the put, and drops what was gathered of
    /// partitions that go.
    async fn gather_until(&mut self, done: &CancellationToken) -> Result<()> {
        while !self.incoming.full() {
            let records = tokio::select! {
                biased;
                () = done.cancelled() => break,
                records = self.consumer.next_records() => records.or_fail("cannot read from Kafka")?,
            };
            if !self.take(&records).await? {
                break;
            }
            // Where there is always more, the put goes on between two batches.
            yield_now().await;
        }
        Ok(())
    }
}
