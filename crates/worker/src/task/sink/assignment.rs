//! Partitions of a sink task: those that it is given, that go, and that stand still.

use api::{Error, Result, SinkTask, TopicPartition};
use kafka::consumer::Event;

use super::super::TaskEvent;
use super::incoming::ours;
use super::{Sink, theirs};

impl Sink<'_> {
    pub(super) async fn rebalance(&mut self, task: &mut dyn SinkTask, event: Event) -> Result<()> {
        match event {
            Event::Assigned(positions) => {
                let positions = positions.iter().map(|(partition, position)| (ours(partition), *position));
                let positions: Vec<(TopicPartition, i64)> = positions.collect();
                let partitions = positions.iter().map(|(partition, _)| partition.clone()).collect::<Vec<_>>();
                self.progress.assign(&positions);
                if self.paused {
                    self.pause(&partitions);
                }
                task.open(&partitions).await
            }
            Event::Revoked(partitions) => {
                let partitions: Vec<TopicPartition> = partitions.iter().map(ours).collect();
                self.commit_of(task, &partitions).await?;
                self.give_up(task, &partitions).await?;
                self.consumer.acknowledge_revoked().await;
                Ok(())
            }
            Event::Lost(partitions) => {
                let partitions: Vec<TopicPartition> = partitions.iter().map(ours).collect();
                self.give_up(task, &partitions).await
            }
            other => Err(Error::fail(format_args!("the consumer reports what is not known here: {other:?}"))),
        }
    }

    async fn give_up(&mut self, task: &mut dyn SinkTask, partitions: &[TopicPartition]) -> Result<()> {
        self.incoming.drop_partitions(partitions);
        self.context.forget(partitions);
        self.progress.revoke(partitions);
        task.close(partitions).await
    }

    pub(super) async fn follow_target(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        let wanted = self.life.wanted();
        if wanted != self.paused {
            return Ok(());
        }
        self.paused = !wanted;
        if self.paused {
            self.pause(&self.progress.assigned());
            self.commit(task).await?;
            self.life.report(TaskEvent::Paused);
        } else {
            self.resume();
            self.life.report(TaskEvent::Running);
        }
        Ok(())
    }

    /// Resumes what neither the user nor the task has paused.
    pub(super) fn resume(&mut self) {
        if !self.paused {
            let paused = self.context.paused();
            let partitions = self.progress.assigned();
            let partitions: Vec<_> =
                partitions.into_iter().filter(|partition| !paused.contains(partition)).collect();
            self.consumer.resume(&partitions.iter().map(theirs).collect::<Vec<_>>());
        }
    }

    pub(super) fn pause(&self, partitions: &[TopicPartition]) {
        self.consumer.pause(&partitions.iter().map(theirs).collect::<Vec<_>>());
    }

    /// Gives up what was gathered of partitions while others were put; it comes again.
    pub(super) fn read_again(&mut self, partitions: &[TopicPartition]) {
        self.incoming.drop_partitions(partitions);
        for (partition, offset) in self.progress.reached(partitions) {
            self.consumer.seek(&theirs(&partition), offset);
        }
    }
}
