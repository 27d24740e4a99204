//! The loop of a sink task: fetch, convert, transform, put, and commit what the target has made durable.

mod ahead;
mod assignment;
mod commit;
mod context;
mod dead_letters;
mod incoming;
mod originals;
mod progress;
mod topic;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use api::{Error, OrReaction, Reaction, Result, SinkPlugin, SinkTask, TopicPartition};
use kafka::consumer::Event;
use kafka::{Consumer, FetchedBatch};
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::policy::Policy;
use super::{Life, Services, TaskEvent, TaskSpec};
use context::{Context, Requests};
use incoming::Incoming;
use progress::Progress;

const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Runs a sink task until it is to stop.
pub(super) async fn run(
    plugin: &dyn SinkPlugin,
    spec: &TaskSpec,
    services: &Arc<Services>,
    life: &mut Life,
) -> Result<()> {
    let policy = Policy::parse(&spec.connector).or_fail("cannot configure the error policy")?;
    let context = Arc::new(Context::new(spec.id.clone(), policy.clone()));
    let stop = life.stop.clone();
    let incoming = Incoming::open(spec, services, &context, policy, &stop).await?;
    let Some(incoming) = incoming else { return Ok(()) };
    let consumer = tokio::select! {
        consumer = services.clients.consumer(spec) => consumer?,
        () = stop.cancelled() => return Ok(()),
    };
    let mut task = tokio::select! {
        task = plugin.task(&spec.task, context.clone()) => task?,
        () = stop.cancelled() => return Ok(()),
    };
    life.report(TaskEvent::Running);
    let mut sink = Sink::new(services, consumer, incoming, context, life);
    let ended = sink.drive(task.as_mut()).await;
    let finished = match &ended {
        Ok(()) => sink.finish(task.as_mut()).await,
        Err(_) => sink.finish_failed(task.as_mut()).await,
    };
    let stopped = task.stop().await;
    sink.leave().await;
    ended.and(finished).and(stopped)
}

/// What the loop waits for.
enum Next {
    /// None: those that were gathered while others were put.
    Records(Option<FetchedBatch>),
    Due(Due),
    Stop,
}

/// What is to be done beside records.
enum Due {
    Rebalance(Event),
    Commit,
    /// The task itself has refused a record.
    Refused,
    Target,
}

struct Sink<'a> {
    services: &'a Services,
    consumer: Consumer,
    incoming: Incoming,
    context: Arc<Context>,
    life: &'a mut Life,
    progress: Progress,
    /// An event that came while records were gathered.
    held: Option<Event>,
    commit_due: Instant,
    paused: bool,
}

impl<'a> Sink<'a> {
    fn new(
        services: &'a Services,
        consumer: Consumer,
        incoming: Incoming,
        context: Arc<Context>,
        life: &'a mut Life,
    ) -> Self {
        let commit_due = Instant::now() + services.commit_interval();
        let progress = Progress::default();
        Self { services, consumer, incoming, context, life, progress, held: None, commit_due, paused: false }
    }

    async fn drive(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        loop {
            let gathered = !self.paused && !self.incoming.is_empty();
            match self.next(gathered).await? {
                Next::Stop => return Ok(()),
                Next::Records(records) => {
                    self.make_room(task).await?;
                    if self.gather(records).await? {
                        self.deliver(task).await?;
                    }
                }
                Next::Due(due) => {
                    if matches!(due, Due::Commit) {
                        self.incoming.release();
                        remind(task).await?;
                    }
                    self.attend(task, due).await?;
                }
            }
            self.obey(task).await?;
        }
    }

    async fn attend(&mut self, task: &mut dyn SinkTask, due: Due) -> Result<()> {
        match due {
            Due::Rebalance(event) => self.rebalance(task, event).await,
            Due::Commit => {
                self.life.forget_topics();
                self.life.activity.lags(self.consumer.lag());
                self.commit(task).await
            }
            Due::Refused => self.send_dead_letters().await,
            Due::Target => self.follow_target(task).await,
        }
    }

    /// What there is to do next; what is gathered already is the next records, if it is to count.
    async fn next(&mut self, gathered: bool) -> Result<Next> {
        tokio::select! {
            biased;
            () = self.life.stop.cancelled() => Ok(Next::Stop),
            changed = self.life.targets.changed() => {
                changed.or_fail("the worker has dropped the task")?;
                Ok(Next::Due(Due::Target))
            }
            () = sleep_until(self.commit_due) => Ok(Next::Due(Due::Commit)),
            () = self.context.refused() => Ok(Next::Due(Due::Refused)),
            next = next(&mut self.consumer, &mut self.held, gathered) => next,
        }
    }

    /// Keeps the bound of what was read and may still become dead letters: a commit lets most of it go.
    async fn make_room(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        if self.context.full() {
            self.commit(task).await?;
            if self.context.full() {
                self.context.shrink();
            }
        }
        Ok(())
    }

    /// Converts and transforms records, and those that are there already behind them, until a put is full. False: the
    /// task is to stop, and what was gathered is to come again.
    async fn gather(&mut self, records: Option<FetchedBatch>) -> Result<bool> {
        let mut taken = self.take_next(records).await?;
        while taken && !self.incoming.full() && self.held.is_none() {
            let Some(event) = futures_util::FutureExt::now_or_never(self.consumer.next()) else { break };
            match event.or_fail("cannot read from Kafka")? {
                Event::Records(records) => taken = self.take(&records).await?,
                event => self.held = Some(event),
            }
        }
        Ok(taken)
    }

    async fn take_next(&mut self, records: Option<FetchedBatch>) -> Result<bool> {
        match records {
            Some(records) => self.take(&records).await,
            None => Ok(true),
        }
    }

    async fn take(&mut self, records: &FetchedBatch) -> Result<bool> {
        self.life.report_topic(records.topic());
        self.life.activity.polled();
        let taken = self.incoming.take(records).await?;
        if !taken {
            self.incoming.clear();
        }
        Ok(taken)
    }

    /// Puts what was gathered. What is to be tried again is kept, and all else goes on meanwhile.
    async fn deliver(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        let mut attempt = 0;
        loop {
            let gathered = self.incoming.take_gathered();
            let (put, ahead) = match attempt {
                0 => self.put(task, &gathered.batches).await,
                // What is tried again grows no more.
                _ => (task.put(&gathered.batches).await, Ok(())),
            };
            let Err(error) = put else {
                self.progress.put(&gathered.behind);
                self.life.activity.put(gathered.count());
                self.life.activity.lags(self.consumer.lag());
                self.incoming.reuse(gathered);
                ahead?;
                break;
            };
            match error.reaction() {
                Reaction::Retry => {}
                Reaction::Fail => return Err(error),
                Reaction::Reject => return Err(refused_as_a_whole(error)),
            }
            ahead?;
            self.incoming.put_back(gathered);
            attempt += 1;
            if !self.back_off(task, &error, attempt).await? {
                return Ok(());
            }
        }
        self.send_dead_letters().await
    }

    /// Sends dead letters, but waits for none to arrive.
    async fn send_dead_letters(&mut self) -> Result<()> {
        // What a stop leaves behind keeps later commits from being made.
        self.incoming.send_dead_letters().await.map(drop)
    }

    /// Waits before the next attempt, for as long as the task is paused; false: it is to stop, and what was gathered is
    /// to come again.
    async fn back_off(&mut self, task: &mut dyn SinkTask, error: &Error, attempt: u32) -> Result<bool> {
        let delay = (RETRY_MIN * 2_u32.saturating_pow(attempt.min(20))).min(RETRY_MAX);
        warn!(
            error = format!("{error:#}"),
            attempt,
            delay_ms = delay.as_millis(),
            "put failed, trying again"
        );
        let until = Instant::now() + delay;
        loop {
            // Invariant 6: nothing more comes, of partitions that are assigned meanwhile neither.
            self.pause(&self.progress.assigned());
            let waits = !self.paused;
            let next = tokio::select! {
                biased;
                next = self.next(false) => next?,
                () = sleep_until(until), if waits => break,
            };
            match next {
                Next::Stop => {
                    self.incoming.clear();
                    return Ok(false);
                }
                Next::Records(records) => {
                    if !self.take_next(records).await? {
                        return Ok(false);
                    }
                }
                Next::Due(due) => self.attend(task, due).await?,
            }
        }
        self.resume();
        Ok(true)
    }

    /// Does what the task has asked for.
    async fn obey(&mut self, task: &mut dyn SinkTask) -> Result<()> {
        let Requests { seek, pause, resume, commit } = self.context.take();
        for (partition, offset) in seek {
            self.progress.seek(&partition, offset);
            self.incoming.drop_partitions(std::slice::from_ref(&partition));
            self.context.forget(std::slice::from_ref(&partition));
            self.consumer.seek(&theirs(&partition), offset);
        }
        self.pause(&pause);
        self.read_again(&pause);
        if !self.paused {
            self.consumer.resume(&resume.iter().map(theirs).collect::<Vec<_>>());
        }
        if commit { self.commit(task).await } else { Ok(()) }
    }

    /// Leaves the group, so that others take over at once.
    async fn leave(self) {
        self.consumer.close(self.services.commit_timeout()).await;
    }
}

/// The error of a put that names no record: Kafka, too, ends a task whose `put` throws, whatever the policy is.
fn refused_as_a_whole(error: Error) -> Error {
    let words = "`put` refused all that it was given; `errors.tolerance` is only for single records";
    Error::fail(format_args!("Exiting WorkerSinkTask due to unrecoverable exception: {words}"))
        .caused_by(error)
}

/// Lets a task that buffers act on time. One that cannot now is reminded again at the next commit.
async fn remind(task: &mut dyn SinkTask) -> Result<()> {
    match task.put(&[]).await {
        Err(error) if error.reaction() == Reaction::Retry => {
            warn!(error = format!("{error:#}"), "the task could not act; the next commit reminds it");
            Ok(())
        }
        outcome => outcome,
    }
}

/// The next event, or that records are gathered and nothing has happened to their partitions.
async fn next(consumer: &mut Consumer, held: &mut Option<Event>, gathered: bool) -> Result<Next> {
    if !gathered || held.is_some() {
        return Ok(match event(consumer, held).await? {
            Event::Records(records) => Next::Records(Some(records)),
            event => Next::Due(Due::Rebalance(event)),
        });
    }
    tokio::select! {
        biased;
        change = consumer.next_change() => Ok(Next::Due(Due::Rebalance(change.or_fail("cannot read from Kafka")?))),
        () = ready(()) => Ok(Next::Records(None)),
    }
}

/// The next event: the one that is held, if one is. Cancel safe.
async fn event(consumer: &mut Consumer, held: &mut Option<Event>) -> Result<Event> {
    match held.take() {
        Some(event) => Ok(event),
        None => consumer.next().await.or_fail("cannot read from Kafka"),
    }
}

/// A partition in the words of the Kafka client.
fn theirs(partition: &TopicPartition) -> kafka::TopicPartition {
    kafka::TopicPartition::new(partition.topic.clone(), partition.partition)
}
