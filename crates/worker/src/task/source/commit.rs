//! Commits of what a source task has produced: offsets of what is durable, or whole transactions.

use api::{OrReaction, Result, SourceTask};
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::super::in_flight::Positions;
use super::{Source, transaction};

impl Source<'_> {
    pub(super) fn commit_later(&mut self) {
        let interval = self.boundary.map(|boundary| boundary.interval(self.services));
        self.commit_due = Instant::now() + interval.unwrap_or_else(|| self.services.commit_interval());
    }

    /// Commits what is durable. A failure is logged and tried again at the next interval: nothing is lost by it.
    pub(super) async fn commit(&mut self) {
        if !self.outgoing.writer.producer().may_write() {
            warn!("no source offsets are committed: the group may have gone on without this worker");
            return;
        }
        let durable = self.outgoing.writer.in_flight.take_durable();
        if durable.is_empty() {
            return;
        }
        if let Err(error) = self.write(&durable).await {
            warn!(
                error = format!("{error:#}"),
                "cannot commit source offsets; the next interval tries again"
            );
            self.outgoing.writer.in_flight.give_back(durable);
        }
    }

    async fn write(&mut self, durable: &Positions) -> Result<()> {
        let positions = durable.to_vec();
        let offsets = positions.iter().map(|(partition, offset)| (partition.clone(), Some(offset.clone())));
        let write = self.offsets.write(&self.id.connector, offsets.collect());
        let limit = self.services.commit_timeout();
        timeout(limit, write)
            .await
            .or_retry("the offset store did not answer within `offset.flush.timeout.ms`")??;
        self.life.activity.committed();
        self.told.extend(positions);
        Ok(())
    }

    /// Commits all that was polled, with its positions; does nothing when there is nothing.
    pub(super) async fn commit_transaction(&mut self) -> Result<()> {
        self.outgoing.writer.flush().await?;
        // If they cannot be committed the task ends, and they are polled again.
        let positions = self.outgoing.writer.in_flight.take_all().to_vec();
        if positions.is_empty() && !self.outgoing.writer.producer().in_transaction() {
            return Ok(());
        }
        transaction::commit(self.id, &mut self.outgoing, &self.offsets, &positions).await?;
        self.life.activity.committed();
        self.told.extend(positions);
        Ok(())
    }

    /// Commits what was polled if all went well, and otherwise gives it up.
    pub(super) async fn end_transaction(&mut self, well: bool, task: &mut dyn SourceTask) -> Result<()> {
        let mut committed = Ok(());
        if well && !self.torn {
            committed = self.commit_transaction().await;
        }
        if self.outgoing.writer.producer().in_transaction() {
            transaction::abort(self.outgoing.writer.producer()).await;
        }
        committed?;
        self.tell(task).await
    }

    pub(super) async fn tell(&mut self, task: &mut dyn SourceTask) -> Result<()> {
        let positions = std::mem::take(&mut self.told);
        if positions.is_empty() { Ok(()) } else { task.commit(&positions).await }
    }

    /// Sends what is open and waits for what is under way. What does not arrive comes again.
    pub(super) async fn arrive(&mut self) {
        match timeout(self.services.commit_timeout(), self.outgoing.arrive()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(error = format!("{error:#}"), "records under way were not acknowledged"),
            Err(_) => warn!("records under way were not acknowledged within `offset.flush.timeout.ms`"),
        }
    }

    /// Commits what has arrived.
    pub(super) async fn finish(&mut self, task: &mut dyn SourceTask) -> Result<()> {
        self.commit().await;
        self.tell(task).await
    }
}
