//! The loop of a source task: poll, transform, convert, produce, and commit what Kafka has acknowledged.

mod commit;
mod creation;
mod dead_letters;
mod outgoing;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use api::{
    Batch, Error, OffsetReader, OrReaction, Reaction, Result, SourceContext, SourceOffset, SourcePartition,
    SourcePlugin, SourceTask,
};
use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::{Life, Services, TaskEvent, TaskId, TaskSpec, offset_store};
use crate::store::OffsetStore;
use outgoing::Outgoing;
use transaction::Boundary;

/// Runs a source task until it is to stop.
pub(super) async fn run(
    plugin: &dyn SourcePlugin,
    spec: &TaskSpec,
    services: &Arc<Services>,
    life: &mut Life,
) -> Result<()> {
    let stop = life.stop.clone();
    let mut outgoing = Outgoing::open(spec, services, &stop)?;
    let mut boundary = None;
    if let Some(exactly_once) = &spec.exactly_once {
        boundary = Some(Boundary::of(&spec.connector, services)?);
        if !transaction::begin(exactly_once, &spec.id, outgoing.writer.producer(), &stop).await? {
            return Ok(());
        }
    }
    if !outgoing.open_dead_letter_queue(spec, services).await? {
        return Ok(());
    }
    // After that: what was committed last is known from then on.
    let offsets = tokio::select! {
        offsets = offset_store(services, &spec.connector) => offsets?,
        () = stop.cancelled() => return Ok(()),
    };
    let mut task = tokio::select! {
        task = plugin.task(&spec.task, context(&spec.id, offsets.clone())) => task?,
        () = stop.cancelled() => return Ok(()),
    };
    life.report(TaskEvent::Running);
    let mut source = Source::new(&spec.id, services, (outgoing, offsets), life, boundary);
    let ended = source.drive(task.as_mut()).await;
    let committed = match boundary {
        Some(_) => source.end_transaction(ended.is_ok(), task.as_mut()).await,
        None => {
            if ended.is_ok() || source.outgoing.refused() {
                source.arrive().await;
            }
            source.finish(task.as_mut()).await
        }
    };
    let stopped = task.stop().await;
    ended.and(committed).and(stopped)
}

fn context(id: &TaskId, store: Arc<dyn OffsetStore>) -> SourceContext {
    let reader = StoredOffsets { connector: id.connector.clone(), store };
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
    offsets: Arc<dyn OffsetStore>,
    life: &'a mut Life,
    /// When its transactions are committed, if it writes in transactions.
    boundary: Option<Boundary>,
    /// Whether records were written of a batch that was not taken whole: they must not be committed.
    torn: bool,
    commit_due: Instant,
    /// Committed positions that the task has not been told of yet.
    told: Vec<(Arc<SourcePartition>, SourceOffset)>,
    retries: u32,
}

const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(30);

impl<'a> Source<'a> {
    fn new(
        id: &'a TaskId,
        services: &'a Services,
        (outgoing, offsets): (Outgoing, Arc<dyn OffsetStore>),
        life: &'a mut Life,
        boundary: Option<Boundary>,
    ) -> Self {
        let mut source = Self {
            id,
            services,
            outgoing,
            offsets,
            life,
            boundary,
            torn: false,
            commit_due: Instant::now(),
            told: Vec::new(),
            retries: 0,
        };
        source.commit_later();
        source
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
        let (stop, transactional) = (self.life.stop.clone(), self.boundary.is_some());
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
                event = event(&mut self.outgoing, self.commit_due, transactional) => event,
            };
            self.handle(event).await?;
        }
    }

    /// Takes what was polled. Batches that a stop leaves behind are polled again, as their positions are not noted.
    async fn take(&mut self, batches: Vec<Batch>) -> Result<()> {
        self.retries = 0;
        self.life.activity.polled();
        for batch in batches {
            self.torn = true;
            let Some(changed) = self.outgoing.change(batch).await? else { return Ok(()) };
            for batch in changed {
                if !self.add(batch).await? {
                    return Ok(());
                }
            }
            self.torn = false;
        }
        if self.boundary == Some(Boundary::Poll) && self.outgoing.writer.uncommitted() {
            return self.commit_transaction().await;
        }
        self.outgoing.writer.flush_lingered().await
    }

    /// Adds one batch to what is under way; false: the task is to stop.
    async fn add(&mut self, batch: Batch) -> Result<bool> {
        if !batch.records.is_empty() {
            if self.boundary.is_some() && self.offsets.topic() == Some(&batch.topic) {
                // Reading offsets would wait for the end of the transaction that the records are in.
                return Err(Error::fail(
                    "Source tasks may not produce to their own offsets topics when exactly-once support is enabled",
                ));
            }
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
        let transactional = self.boundary.is_some();
        let stop = self.life.stop.clone();
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(false),
            changed = self.life.targets.changed() => {
                changed.or_fail("the worker has dropped the task")?;
                return Ok(false);
            }
            event = event(&mut self.outgoing, self.commit_due, transactional) => event,
        };
        self.handle(event).await?;
        Ok(true)
    }

    async fn handle(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Delivered(outcome) => outcome,
            Event::LingerOver => self.outgoing.writer.flush().await,
            Event::CommitDue => {
                self.commit_later();
                self.life.forget_topics();
                if self.boundary.is_some() {
                    return self.commit_transaction().await;
                }
                self.commit().await;
                Ok(())
            }
        }
    }

    /// Stands still until the task is to run again or to stop; what is under way still arrives and is committed.
    async fn pause(&mut self, task: &mut dyn SourceTask) -> Result<()> {
        match self.boundary {
            // None stays open, which would hold readers back and run out.
            Some(_) => self.commit_transaction().await?,
            None => self.outgoing.writer.flush().await?,
        }
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
        let (stop, transactional) = (self.life.stop.clone(), self.boundary.is_some());
        loop {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                changed = self.life.targets.changed() => {
                    return changed.or_fail("the worker has dropped the task");
                }
                () = sleep_until(until) => return Ok(()),
                event = event(&mut self.outgoing, self.commit_due, transactional) => event,
            };
            self.handle(event).await?;
        }
    }
}

/// Waits for the next thing to do beside polling. Cancel safe.
async fn event(outgoing: &mut Outgoing, commit_due: Instant, transactional: bool) -> Event {
    let linger_over = outgoing.writer.linger_over();
    let writer = &outgoing.writer;
    let commits = match transactional {
        true => writer.uncommitted() || writer.in_flight.any_position(),
        false => writer.in_flight.has_durable(),
    };
    tokio::select! {
        outcome = outgoing.delivered() => Event::Delivered(outcome),
        () = sleep_until(linger_over.unwrap_or(commit_due)), if linger_over.is_some() => Event::LingerOver,
        () = sleep_until(commit_due), if commits => Event::CommitDue,
    }
}
