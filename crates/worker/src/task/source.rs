//! The loop of a source task: poll, transform, convert, produce, and commit what Kafka has acknowledged.

mod creation;
mod dead_letters;
mod outgoing;

use std::sync::Arc;
use std::time::Duration;

use api::{
    Batch, Error, OffsetReader, OrReaction, Reaction, Result, SourceContext, SourceOffset, SourcePartition,
    SourcePlugin, SourceTask,
};
use async_trait::async_trait;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

use super::in_flight::Positions;
use super::{Life, Services, TaskEvent, TaskId, TaskSpec};
use crate::store::OffsetStore;
use outgoing::Outgoing;

/// Runs a source task until it is to stop.
pub(super) async fn run(
    plugin: &dyn SourcePlugin,
    spec: &TaskSpec,
    services: &Arc<Services>,
    life: &mut Life,
) -> Result<()> {
    let stop = life.stop.clone();
    let mut outgoing = Outgoing::open(spec, services, &stop)?;
    if !outgoing.open_dead_letter_queue(spec, services).await? {
        return Ok(());
    }
    let mut task = tokio::select! {
        task = plugin.task(&spec.task, context(&spec.id, services)) => task?,
        () = stop.cancelled() => return Ok(()),
    };
    life.report(TaskEvent::Running);
    let mut source = Source::new(&spec.id, services, outgoing, life);
    let ended = source.drive(task.as_mut()).await;
    if ended.is_ok() || source.outgoing.refused() {
        source.arrive().await;
    }
    let committed = source.finish(task.as_mut()).await;
    let stopped = task.stop().await;
    ended.and(committed).and(stopped)
}

fn context(id: &TaskId, services: &Arc<Services>) -> SourceContext {
    let reader = StoredOffsets { connector: id.connector.clone(), store: services.offsets.clone() };
    SourceContext { offsets: Arc::new(reader) }
}

struct StoredOffsets {
    connector: Arc<str>,
    store: Arc<dyn OffsetStore>,
}

#[async_trait]
impl OffsetReader for StoredOffsets {
    async fn offset(&self, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        self.store.read(&self.connector, partition).await
    }
}

/// Why the loop stopped waiting for a poll.
enum Polled {
    Batches(Vec<Batch>),
    Interrupted,
}

/// What may happen while a poll is under way.
enum Event {
    Delivered(Result<()>),
    CommitDue,
    LingerOver,
}

struct Source<'a> {
    id: &'a TaskId,
    services: &'a Services,
    outgoing: Outgoing,
    life: &'a mut Life,
    commit_due: Instant,
    /// Committed positions that the task has not been told of yet.
    told: Vec<(Arc<SourcePartition>, SourceOffset)>,
    retries: u32,
}

const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(30);

impl<'a> Source<'a> {
    fn new(id: &'a TaskId, services: &'a Services, outgoing: Outgoing, life: &'a mut Life) -> Self {
        let commit_due = Instant::now() + services.commit_interval();
        Self { id, services, outgoing, life, commit_due, told: Vec::new(), retries: 0 }
    }

    async fn drive(&mut self, task: &mut dyn SourceTask) -> Result<()> {
        while !self.life.stop.is_cancelled() {
            if !self.life.wanted() {
                self.pause(task).await?;
                continue;
            }
            match self.poll(task).await {
                Ok(Polled::Batches(batches)) => self.take(batches).await?,
                Ok(Polled::Interrupted) => {}
                Err(error) if error.reaction() == Reaction::Retry => self.back_off(&error).await?,
                Err(error) => return Err(error),
            }
            self.tell(task).await?;
        }
        Ok(())
    }

    /// Polls the task, and meanwhile does what is due.
    async fn poll(&mut self, task: &mut dyn SourceTask) -> Result<Polled> {
        while self.outgoing.writer.full() {
            if !self.attend_unless_interrupted().await? {
                return Ok(Polled::Interrupted);
            }
        }
        let stop = self.life.stop.clone();
        let mut poll = task.poll();
        loop {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(Polled::Interrupted),
                changed = self.life.targets.changed() => {
                    changed.or_fail("the worker has dropped the task")?;
                    return Ok(Polled::Interrupted);
                }
                batches = &mut poll => return Ok(Polled::Batches(batches?)),
                event = event(&mut self.outgoing, self.commit_due) => event,
            };
            self.handle(event).await?;
        }
    }

    /// Takes what was polled. Batches that a stop leaves behind are polled again, as their positions are not noted.
    async fn take(&mut self, batches: Vec<Batch>) -> Result<()> {
        self.retries = 0;
        self.life.activity.polled();
        for batch in batches {
            let Some(changed) = self.outgoing.change(batch).await? else { return Ok(()) };
            for batch in changed {
                if !self.add(batch).await? {
                    return Ok(());
                }
            }
        }
        self.outgoing.writer.flush_lingered().await
    }

    /// Adds one batch to what is under way; false: the task is to stop.
    async fn add(&mut self, batch: Batch) -> Result<bool> {
        if !batch.records.is_empty() {
            let stop = self.life.stop.clone();
            tokio::select! {
                learned = self.outgoing.learn(&batch.topic) => learned?,
                () = stop.cancelled() => return Ok(false),
            }
            self.life.report_topic(&batch.topic);
        }
        let records = batch.records.len();
        let added = self.outgoing.add(batch).await?;
        if added && records > 0 {
            self.life.activity.put(records);
        }
        Ok(added)
    }

    /// Waits for one event and handles it; false: the task is to stop or its target has changed.
    async fn attend_unless_interrupted(&mut self) -> Result<bool> {
        let stop = self.life.stop.clone();
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(false),
            changed = self.life.targets.changed() => {
                changed.or_fail("the worker has dropped the task")?;
                return Ok(false);
            }
            event = event(&mut self.outgoing, self.commit_due) => event,
        };
        self.handle(event).await?;
        Ok(true)
    }

    async fn handle(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Delivered(outcome) => outcome,
            Event::LingerOver => self.outgoing.writer.flush().await,
            Event::CommitDue => {
                self.commit_due = Instant::now() + self.services.commit_interval();
                self.life.forget_topics();
                self.commit().await;
                Ok(())
            }
        }
    }

    /// Commits what is durable. A failure is logged and tried again at the next interval: nothing is lost by it.
    async fn commit(&mut self) {
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
        let write = self.services.offsets.write(&self.id.connector, offsets.collect());
        let limit = self.services.commit_timeout();
        timeout(limit, write)
            .await
            .or_retry("the offset store did not answer within `offset.flush.timeout.ms`")??;
        self.life.activity.committed();
        self.told.extend(positions);
        Ok(())
    }

    async fn tell(&mut self, task: &mut dyn SourceTask) -> Result<()> {
        let positions = std::mem::take(&mut self.told);
        if positions.is_empty() { Ok(()) } else { task.commit(&positions).await }
    }

    /// Stands still until the task is to run again or to stop; what is under way still arrives and is committed.
    async fn pause(&mut self, task: &mut dyn SourceTask) -> Result<()> {
        self.outgoing.writer.flush().await?;
        self.life.report(TaskEvent::Paused);
        while !self.life.wanted() && !self.life.stop.is_cancelled() {
            self.attend_unless_interrupted().await?;
            self.tell(task).await?;
        }
        if !self.life.stop.is_cancelled() {
            self.life.report(TaskEvent::Running);
        }
        Ok(())
    }

    async fn back_off(&mut self, error: &Error) -> Result<()> {
        let delay = (RETRY_MIN * 2_u32.saturating_pow(self.retries.min(20))).min(RETRY_MAX);
        self.retries += 1;
        warn!(
            error = format!("{error:#}"),
            attempt = self.retries,
            delay_ms = delay.as_millis(),
            "poll failed, trying again"
        );
        let until = Instant::now() + delay;
        let stop = self.life.stop.clone();
        loop {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                changed = self.life.targets.changed() => {
                    return changed.or_fail("the worker has dropped the task");
                }
                () = sleep_until(until) => return Ok(()),
                event = event(&mut self.outgoing, self.commit_due) => event,
            };
            self.handle(event).await?;
        }
    }

    /// Sends what is open and waits for what is under way. What does not arrive comes again.
    async fn arrive(&mut self) {
        match timeout(self.services.commit_timeout(), self.outgoing.arrive()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(error = format!("{error:#}"), "records under way were not acknowledged"),
            Err(_) => warn!("records under way were not acknowledged within `offset.flush.timeout.ms`"),
        }
    }

    /// Commits what has arrived.
    async fn finish(&mut self, task: &mut dyn SourceTask) -> Result<()> {
        self.commit().await;
        self.tell(task).await
    }
}

/// Waits for the next thing to do beside polling. Cancel safe.
async fn event(outgoing: &mut Outgoing, commit_due: Instant) -> Event {
    let linger_over = outgoing.writer.linger_over();
    let commits = outgoing.writer.in_flight.has_durable();
    tokio::select! {
        outcome = outgoing.delivered() => Event::Delivered(outcome),
        () = sleep_until(linger_over.unwrap_or(commit_due)), if linger_over.is_some() => Event::LingerOver,
        () = sleep_until(commit_due), if commits => Event::CommitDue,
    }
}
