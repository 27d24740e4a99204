//! When a sink commits: what the target and the dead letter queue have made durable, and nothing else.

use api::{Reaction, Result, SinkTask, TopicPartition};
use kafka::OffsetAndMetadata;
use kafka::consumer::Event;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{Sink, theirs};

impl Sink<'_> {
    /// Commits everything that is assigned.
    pub(super) async fn commit(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        self.commit_due = Instant::now() + self.services.commit_interval();
        let assigned = self.progress.assigned();
        self.commit_of(task, &assigned).await
    }

    /// Commits what the target has made durable. When it could not, the same records come again; when Kafka did
    /// not take the commit, the next one carries it.
    pub(super) async fn commit_of(
        &mut self,
        task: &mut dyn SinkTask,
        partitions: &[TopicPartition],
    ) -> Result<()> {
        let put = self.progress.uncommitted(partitions);
        // Invariant 3: after a loss that is still to be dealt with, others may have committed more than we know.
        if put.is_empty() || matches!(self.held, Some(Event::Lost(_))) {
            return Ok(());
        }
        let safe = match task.pre_commit(&put).await {
            Ok(safe) => safe,
            Err(error) if error.reaction() == Reaction::Retry => {
                warn!(error = format!("{error:#}"), "the target did not take the records; they come again");
                self.rewind();
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let offsets = self.progress.committable(&safe);
        if offsets.is_empty() || !self.dead_letters_arrived().await? {
            return Ok(());
        }
        let limit = self.services.commit_timeout();
        let commits =
            offsets.iter().map(|(partition, offset)| (theirs(partition), OffsetAndMetadata::new(*offset)));
        let commits: Vec<_> = commits.collect();
        match timeout(limit, self.consumer.commit(&commits)).await {
            Ok(Ok(())) => {
                self.progress.committed(&offsets);
                self.context.committed(&offsets);
                self.life.activity.committed();
            }
            Ok(Err(error)) => warn!(error = %error, "cannot commit offsets; the next commit tries again"),
            Err(_) => warn!(
                "offsets were not committed within `offset.flush.timeout.ms`; the next commit tries again"
            ),
        }
        Ok(())
    }

    // Invariant 2: a refused record is safe once its dead letter is.
    /// Whether Kafka has every dead letter of what was put.
    async fn dead_letters_arrived(&mut self) -> Result<bool> {
        if !self.incoming.send_dead_letters().await? {
            return Ok(false);
        }
        let limit = self.services.commit_timeout();
        let Some(dead_letters) = &mut self.incoming.dead_letters else { return Ok(true) };
        let arrived = dead_letters.arrive(limit).await?;
        if !arrived {
            warn!(
                "dead letters were not acknowledged within `offset.flush.timeout.ms`; the next commit tries again"
            );
        }
        Ok(arrived)
    }

    /// Reads again from what was committed.
    fn rewind(&mut self) {
        self.incoming.clear();
        self.context.clear();
        for (partition, offset) in self.progress.rewind() {
            self.consumer.seek(&theirs(&partition), offset);
        }
    }

    /// Commits and closes everything that is assigned.
    pub(super) async fn finish(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        let assigned = self.progress.assigned();
        self.commit_of(task, &assigned).await?;
        self.dead_letters_arrived().await?;
        task.close(&assigned).await
    }

    /// Ends in as good order as can be: dead letters of what ended the task are written. What was put before is
    /// committed when the policy ended it, but not when the task itself failed.
    pub(super) async fn finish_failed(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        let limit = self.services.commit_timeout();
        let sent = timeout(limit, self.incoming.send_dead_letters()).await;
        if !matches!(sent, Ok(Ok(true))) {
            warn!("dead letters could not be sent before the task ended; their records come again");
            return Ok(());
        }
        self.dead_letters_arrived().await?;
        if self.incoming.refused() { self.finish(task).await } else { Ok(()) }
    }
}
