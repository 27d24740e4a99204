//! The loop of the herder: it hands events to the state and carries out what that decides.
//!
//! The loop itself never waits for a plugin, a disk or Kafka: whatever does runs in a task of its own and ends in
//! an event.

mod class;
mod ending;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use api::config::Properties;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::HerderError;
use super::call::{Call, OffsetChange, Outcome, Reply, Request};
use super::entities::RawConfig;
use super::instance::{Calls, Instance, Name};
use super::offsets;
use super::state::{Action, CallId, Event, Generation, StartTask, State, closing};
use super::view::Snapshot;
use crate::plugins::ConnectorPlugin;

use crate::task::{Report, Services, Task, TaskEvent, TaskId, TaskKind, TaskSpec};
use class::{accept, plugin};
use ending::{Held, end_tasks};

/// How long a connector may take to stop, and how long others wait for one that does not come back; as in Kafka.
pub(super) const CONNECTOR_PATIENCE: Duration = Duration::from_secs(5);
/// What the giving up of hanging tasks may take on top of the time that all have to end.
const GIVE_UP: Duration = Duration::from_millis(200);

/// Takes events to the loop.
///
/// The queue needs no bound of its own: each action is answered by one event, a task reports a change of its
/// state or a topic once, a connector asks for one split at a time.
#[derive(Clone)]
pub(super) struct Events(mpsc::UnboundedSender<Event>);

impl Events {
    /// Never waits; after the end of the loop nobody listens any more.
    pub(super) fn send(&self, event: Event) {
        let _ = self.0.send(event);
    }
}

/// What the loop holds.
pub(super) struct Driver {
    state: State,
    services: Arc<Services>,
    snapshot: Arc<Snapshot>,
    instances: BTreeMap<Generation, Instance>,
    tasks: BTreeMap<Generation, Held>,
    replies: BTreeMap<CallId, oneshot::Sender<Outcome>>,
    calls: CallId,
    events: Events,
    inbox: mpsc::UnboundedReceiver<Event>,
    background: JoinSet<()>,
    patience: Duration,
    /// When a worker that shuts down has ended, come what may.
    deadline: Option<Instant>,
}

impl Driver {
    /// A loop without connectors.
    pub(super) fn new(
        services: Arc<Services>,
        snapshot: Arc<Snapshot>,
        worker_id: &str,
        patience: Duration,
    ) -> Self {
        let (events, inbox) = mpsc::unbounded_channel();
        Self {
            state: State::new(worker_id, services.config.topic_tracking_enable),
            services,
            snapshot,
            instances: BTreeMap::new(),
            tasks: BTreeMap::new(),
            replies: BTreeMap::new(),
            calls: 0,
            events: Events(events),
            inbox,
            background: JoinSet::new(),
            patience,
            deadline: None,
        }
    }

    /// Runs until a shutdown is done, or until there is no handle left.
    pub(super) async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        loop {
            let deadline = self.deadline;
            let event = tokio::select! {
                Some(event) = self.inbox.recv() => event,
                call = calls.recv() => match call {
                    Some(call) => self.admit(call),
                    None => break,
                },
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    warn!("not everything ended within `task.shutdown.graceful.timeout.ms`; the rest is given up");
                    break;
                }
                Some(_) = self.background.join_next() => continue,
            };
            if self.handle(event).is_break() {
                break;
            }
        }
        self.give_up();
    }

    fn admit(&mut self, call: Call) -> Event {
        self.calls += 1;
        self.replies.insert(self.calls, call.reply);
        if call.request == Request::Shutdown && self.deadline.is_none() {
            self.deadline = Some(Instant::now() + self.graceful_timeout() + GIVE_UP);
        }
        Event::Called { call: self.calls, name: call.name, request: call.request }
    }

    fn handle(&mut self, event: Event) -> ControlFlow<()> {
        if let Event::TaskReported {
            generation, event: TaskEvent::Failed { .. } | TaskEvent::Stopped, ..
        } = event
            && let Some(held) = self.tasks.get_mut(&generation)
        {
            held.task = None;
            self.tasks.remove(&generation);
        }
        let actions = self.state.step(event);
        // Readers see what was done before whoever asked for it is answered.
        for (name, view) in self.state.take_changed() {
            self.snapshot.publish(name, view);
        }
        actions.into_iter().try_for_each(|action| self.perform(action))
    }

    fn perform(&mut self, action: Action) -> ControlFlow<()> {
        match action {
            Action::Reply { call, outcome } => self.reply(call, outcome),
            Action::Validate { name, token, config } => self.validate(name, token, config),
            Action::StartConnector { name, instance, config } => self.start_connector(name, instance, config),
            Action::SplitConnector { instance, tasks_max, .. } => {
                if let Some(instance) = self.instances.get(&instance) {
                    instance.split(tasks_max);
                }
            }
            Action::SplitLater { name, instance, delay_ms } => {
                let event = Event::ReconfigurationRequested { name, instance };
                self.later(Duration::from_millis(delay_ms), event);
            }
            Action::StopConnector { name, instance, patient } => self.stop_connector(name, instance, patient),
            Action::StartTask(start) => self.start_task(start),
            Action::SetTaskTarget { generation, target, .. } => {
                if let Some(task) = self.tasks.get(&generation).and_then(|held| held.task.as_ref()) {
                    task.set_target(target);
                }
            }
            Action::StopTasks { name, token, tasks } => self.stop_tasks(name, token, &tasks),
            Action::ChangeOffsets { name, token, config, change } => {
                self.change_offsets(name, token, config, change);
            }
            Action::Watch { name, token } => self.later(self.patience, Event::Overdue { name, token }),
            Action::Exit => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn reply(&mut self, call: CallId, outcome: Outcome) {
        if let Some(reply) = self.replies.remove(&call) {
            // Whoever asked may have gone away.
            let _ = reply.send(outcome);
        }
    }

    fn later(&mut self, delay: Duration, event: Event) {
        let events = self.events.clone();
        self.background.spawn(async move {
            sleep(delay).await;
            events.send(event);
        });
    }

    fn validate(&mut self, name: Arc<str>, token: Generation, config: RawConfig) {
        let (services, events) = (self.services.clone(), self.events.clone());
        let calls = Calls::new(&services.runtime);
        self.background.spawn(async move {
            let outcome = calls.run(async move { accept(&services, config) }).await;
            let outcome = outcome.unwrap_or_else(|failure| Err(HerderError::Internal(failure.message)));
            events.send(Event::Validated { name, token, outcome });
        });
    }

    fn start_connector(&mut self, name: Arc<str>, generation: Generation, config: Arc<Properties>) {
        let (runtime, events) = (&self.services.runtime, self.events.clone());
        match plugin(&self.services, &config) {
            Ok(plugin) => {
                let name = Name { connector: name, generation };
                self.instances.insert(generation, Instance::start(name, plugin, config, runtime, events));
            }
            Err(failure) => {
                let outcome = Err(failure);
                events.send(Event::ConnectorStarted { name, instance: generation, outcome });
            }
        }
    }

    fn stop_connector(&mut self, name: Arc<str>, generation: Generation, patient: bool) {
        let instance = self.instances.remove(&generation);
        let patience = if patient { self.patience } else { Duration::ZERO };
        let patience = patience.min(self.time_left());
        let events = self.events.clone();
        self.background.spawn(async move {
            if let Some(instance) = instance {
                instance.stop(patience).await;
            }
            events.send(Event::ConnectorStopped { name, instance: generation });
        });
    }

    fn start_task(&mut self, start: StartTask) {
        let StartTask { id, generation, connector, task, target } = start;
        let events = self.events.clone();
        let report: Report = Arc::new(move |report| {
            events.send(Event::TaskReported { id: report.id, generation, event: report.event });
        });
        let kind = match plugin(&self.services, &connector) {
            Ok(ConnectorPlugin::Source(plugin)) => TaskKind::Source(plugin),
            Ok(ConnectorPlugin::Sink(plugin)) => TaskKind::Sink(plugin),
            Err(failure) => {
                let event = TaskEvent::Failed { trace: failure.trace };
                return self.events.send(Event::TaskReported { id, generation, event });
            }
        };
        let (connector, task) = (connector.as_ref().clone(), task.as_ref().clone());
        let spec = TaskSpec { id: id.clone(), kind, connector, task, target };
        let task = Some(Task::start(spec, self.services.clone(), report));
        self.tasks.insert(generation, Held { id, task });
    }

    fn stop_tasks(&mut self, name: Arc<str>, token: Generation, tasks: &[(TaskId, Generation)]) {
        let take = |(_, generation): &(TaskId, Generation)| self.tasks.remove(generation);
        let ending: Vec<Held> = tasks.iter().filter_map(take).collect();
        let deadline = Instant::now() + self.graceful_timeout().min(self.time_left());
        let events = self.events.clone();
        self.background.spawn(async move {
            end_tasks(ending, deadline).await;
            events.send(Event::TasksStopped { name, token });
        });
    }

    fn change_offsets(
        &mut self,
        name: Arc<str>,
        token: Generation,
        config: Arc<Properties>,
        change: OffsetChange,
    ) {
        let (services, events) = (self.services.clone(), self.events.clone());
        self.background.spawn(async move {
            let outcome = offsets::change(&services, &name, &config, change).await;
            events.send(Event::OffsetsChanged { name, token, outcome });
        });
    }

    fn graceful_timeout(&self) -> Duration {
        Duration::from_millis(self.services.config.task_shutdown_graceful_timeout_ms)
    }

    /// How long something may take to end, if the worker shuts down.
    fn time_left(&self) -> Duration {
        let left =
            |deadline: Instant| deadline.saturating_duration_since(Instant::now()).saturating_sub(GIVE_UP);
        self.deadline.map_or(Duration::MAX, left)
    }

    /// Answers whoever still waits; what still runs is given up as it is dropped.
    fn give_up(mut self) {
        let shutting_down = self.deadline.is_some();
        for reply in std::mem::take(&mut self.replies).into_values() {
            let _ = reply.send(if shutting_down { Ok(Reply::Done) } else { Err(closing()) });
        }
    }
}
