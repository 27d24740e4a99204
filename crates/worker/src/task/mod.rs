//! Tasks: the loops that move records, each in a tokio task of its own.
//!
//! A task shares nothing with another but the connections to Kafka. A panic ends it as FAILED, a task that does
//! not stop in time is given up; neither is felt elsewhere (invariant 5).

mod activity;
mod clients;
mod convert;
mod dead_letter;
mod exactly_once;
mod in_flight;
mod load;
mod offsets;
mod policy;
mod sink;
mod source;
mod transform;
mod writer;

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::config::Properties;
use api::{Registry, Result, SinkPlugin, SourcePlugin};
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span};

pub use activity::{Activities, Activity, ActivityInfo};
pub use clients::Clients;
pub use exactly_once::{ExactlyOnce, Guard};
pub(crate) use offsets::offset_store;

use load::Counted;

use crate::config::Distributed;
use crate::status::TargetState;
use crate::store::OffsetStore;
use crate::{Config, restart};

/// The name of a task: its connector and its number.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId {
    /// The connector.
    pub connector: Arc<str>,
    /// The number, from 0.
    pub task: u32,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.connector, self.task)
    }
}

/// The class that a task belongs to.
#[derive(Clone)]
pub enum TaskKind {
    /// A task of a source connector.
    Source(Arc<dyn SourcePlugin>),
    /// A task of a sink connector.
    Sink(Arc<dyn SinkPlugin>),
}

/// Everything that makes a task.
#[derive(Clone)]
pub struct TaskSpec {
    /// Its name.
    pub id: TaskId,
    /// Its class.
    pub kind: TaskKind,
    /// The configuration of the connector.
    pub connector: Properties,
    /// The configuration of the task, as the connector's `split` answered it.
    pub task: Properties,
    /// Whether it starts running or paused.
    pub target: TargetState,
    /// How it writes exactly once, if it is to.
    pub exactly_once: Option<ExactlyOnce>,
}

/// What all tasks of a worker share.
pub struct Services {
    /// The worker's configuration.
    pub config: Arc<Config>,
    /// The plugins.
    pub registry: Arc<Registry>,
    /// The committed offsets of sources.
    pub offsets: Arc<dyn OffsetStore>,
    /// What the worker's cluster is configured with; `None`: it is in none.
    pub cluster: Option<Arc<Distributed>>,
    /// The connections to Kafka.
    pub clients: Clients,
    /// Where tasks run: not where REST and the herder do.
    pub runtime: Handle,
}

impl Services {
    /// The time between commits of offsets.
    fn commit_interval(&self) -> Duration {
        Duration::from_millis(self.config.offset_flush_interval_ms)
    }

    /// The time that a commit of offsets may take.
    fn commit_timeout(&self) -> Duration {
        Duration::from_millis(self.config.offset_flush_timeout_ms)
    }
}

/// What happened to a task.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaskReport {
    /// The task.
    pub id: TaskId,
    /// What happened.
    pub event: TaskEvent,
}

/// The events of a task's life.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TaskEvent {
    /// It runs.
    Running,
    /// It is paused.
    Paused,
    /// It has ended with an error.
    Failed {
        /// The error and its causes, a line each.
        trace: String,
        /// Whether the error may pass by itself.
        may_pass: bool,
    },
    /// It has ended in good order.
    Stopped,
    /// It moves records to or from this topic; said again from time to time.
    Topic(Arc<str>),
}

/// Receives the reports of tasks; called inside the task, so it must not block.
pub type Report = Arc<dyn Fn(TaskReport) + Send + Sync>;

/// A running task.
pub struct Task {
    stop: CancellationToken,
    muted: Arc<AtomicBool>,
    target: watch::Sender<TargetState>,
    running: JoinHandle<()>,
}

impl Task {
    /// Starts a task; never blocks.
    pub fn start(spec: TaskSpec, services: Arc<Services>, activity: Arc<Activity>, report: Report) -> Self {
        let stop = CancellationToken::new();
        let muted = Arc::new(AtomicBool::new(false));
        let (target, targets) = watch::channel(spec.target);
        let counted = activity.clone();
        let life = Life {
            id: spec.id.clone(),
            stop: stop.clone(),
            targets,
            report,
            muted: muted.clone(),
            topics: HashSet::new(),
            activity,
        };
        let span = info_span!("task", id = %spec.id);
        let runtime = services.runtime.clone();
        let running = runtime.spawn(Counted::new(live(spec, services, life), counted).instrument(span));
        Self { stop, muted, target, running }
    }

    /// Pauses or resumes the task.
    pub fn set_target(&self, target: TargetState) {
        self.target.send_replace(target);
    }

    /// Asks the task to commit and end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the task has ended.
    pub async fn stopped(&mut self) {
        if !self.running.is_finished() {
            // The task catches its own panics and reports them; an abort is our own doing.
            let _ = (&mut self.running).await;
        }
    }

    /// Gives the task up: it is dropped at its next await point and its reports are no longer passed on.
    pub fn cancel(self) {
        self.muted.store(true, Ordering::Release);
        self.running.abort();
    }
}

/// A task's view of what is wanted of it, and its way to tell what it does.
struct Life {
    id: TaskId,
    stop: CancellationToken,
    targets: watch::Receiver<TargetState>,
    report: Report,
    muted: Arc<AtomicBool>,
    topics: HashSet<Arc<str>>,
    activity: Arc<Activity>,
}

impl Life {
    fn report(&self, event: TaskEvent) {
        if !self.muted.load(Ordering::Acquire) {
            (self.report)(TaskReport { id: self.id.clone(), event });
        }
    }

    /// Reports the topic of records, once until [`Life::forget_topics`].
    fn report_topic(&mut self, topic: &Arc<str>) {
        if !self.topics.contains(topic) {
            self.topics.insert(topic.clone());
            self.report(TaskEvent::Topic(topic.clone()));
        }
    }

    /// Lets topics be reported again: a user may have reset those that the worker remembers.
    fn forget_topics(&mut self) {
        self.topics.clear();
    }

    /// Whether the task is to run now, rather than to be paused.
    fn wanted(&mut self) -> bool {
        *self.targets.borrow_and_update() == TargetState::Started
    }

    /// Reports PAUSED and waits until the task is to run or to stop; false: to stop.
    async fn started(&mut self) -> bool {
        if !self.wanted() {
            self.report(TaskEvent::Paused);
        }
        while !self.wanted() {
            tokio::select! {
                () = self.stop.cancelled() => return false,
                changed = self.targets.changed() => if changed.is_err() { return false },
            }
        }
        !self.stop.is_cancelled()
    }
}

async fn live(spec: TaskSpec, services: Arc<Services>, mut life: Life) {
    let outcome = AssertUnwindSafe(run(&spec, &services, &mut life)).catch_unwind().await;
    match outcome {
        Ok(Ok(())) => {
            info!("task stopped");
            life.report(TaskEvent::Stopped);
        }
        Ok(Err(error)) => {
            error!(error = format!("{error:#}"), "task failed");
            life.report(TaskEvent::Failed { trace: trace(&error), may_pass: restart::may_pass(&error) });
        }
        Err(panic) => {
            let words = panic_words(panic.as_ref());
            error!(error = words, "task panicked");
            let trace = format!("the task panicked: {words}");
            life.report(TaskEvent::Failed { trace, may_pass: false });
        }
    }
}

async fn run(spec: &TaskSpec, services: &Arc<Services>, life: &mut Life) -> Result<()> {
    if !life.started().await {
        return Ok(());
    }
    match &spec.kind {
        TaskKind::Source(plugin) => source::run(plugin.as_ref(), spec, services, life).await,
        TaskKind::Sink(plugin) => sink::run(plugin.as_ref(), spec, services, life).await,
    }
}

/// An error and its causes as a trace: the words of the error first, then a line for each cause.
pub(crate) fn trace(error: &api::Error) -> String {
    let mut lines = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        lines.push_str(&format!("\nCaused by: {error}"));
        cause = error.source();
    }
    lines
}

pub(crate) fn panic_words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
