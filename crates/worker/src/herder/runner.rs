//! Runs connectors and tasks as a state decides: whatever runs code of a plugin or waits is a task of its own and
//! ends in an event.

mod ending;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::config::Properties;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::HerderError;
use super::call::OffsetChange;
use super::entities::RawConfig;
use super::instance::{Calls, Instance, Name};
use super::state::{Action, Event, Failure, Generation, StartTask};
use super::{configure, offsets};
use crate::config::Distributed;
use crate::provider::Secrets;
use crate::task::{
    Activities, ExactlyOnce, Guard, Report, Services, Task, TaskEvent, TaskId, TaskKind, TaskSpec,
};
use ending::{Held, Shown, end_tasks};

/// How long a connector may take to stop, and how long others wait for one that does not come back; as in Kafka.
pub(super) const CONNECTOR_PATIENCE: Duration = Duration::from_secs(5);
/// What the giving up of hanging tasks may take on top of the time that all have to end.
const GIVE_UP: Duration = Duration::from_millis(200);

/// Takes events to the loop.
///
/// The queue needs no bound of its own: each action is answered by one event, a task reports a change of its
/// state or a topic once, a connector asks for one split at a time.
#[derive(Clone)]
pub(super) struct Events {
    inbox: mpsc::UnboundedSender<Event>,
    secrets: Secrets,
}

impl Events {
    /// Never waits; after the end of the loop nobody listens any more. Every event passes here, so nothing that is
    /// told of it shows what came from a provider (invariant 8).
    pub(super) fn send(&self, event: Event) {
        let _ = self.inbox.send(event.hidden(&self.secrets));
    }
}

/// How sources of a cluster write exactly once.
pub(super) struct Guarded {
    /// The cluster.
    pub(super) guard: Arc<dyn Guard>,
    pub(super) config: Arc<Distributed>,
}

impl Guarded {
    fn of(&self, id: &TaskId, generation: u64) -> ExactlyOnce {
        let transactional_id = self.config.transactional_id(&id.connector, id.task).into();
        ExactlyOnce { guard: self.guard.clone(), transactional_id, generation }
    }
}

/// What makes a task whose start was asked for, or why it cannot be had.
struct Configured {
    generation: Generation,
    set: u64,
    outcome: Result<TaskSpec, Failure>,
}

/// What runs, by the generation of its start.
pub(super) struct Runner {
    services: Arc<Services>,
    /// What the tasks have done last.
    activities: Arc<Activities>,
    instances: BTreeMap<Generation, Instance>,
    tasks: BTreeMap<Generation, Held>,
    events: Events,
    /// What goes on beside the loop; some of it answers what makes a task.
    background: JoinSet<Option<Configured>>,
    patience: Duration,
    /// How sources write exactly once, if they are to.
    exactly_once: Option<Guarded>,
    /// When a worker that shuts down has ended, come what may.
    deadline: Option<Instant>,
}

impl Runner {
    /// Nothing runs yet; what happens is told to the receiver.
    pub(super) fn new(
        services: Arc<Services>,
        activities: Arc<Activities>,
        patience: Duration,
        exactly_once: Option<Guarded>,
    ) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (sender, inbox) = mpsc::unbounded_channel();
        let secrets = services.config.providers.secrets().clone();
        let runner = Self {
            services,
            activities,
            instances: BTreeMap::new(),
            tasks: BTreeMap::new(),
            events: Events { inbox: sender, secrets },
            background: JoinSet::new(),
            patience,
            exactly_once,
            deadline: None,
        };
        (runner, inbox)
    }

    /// When a worker that shuts down has ended, come what may.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// From now on all has to end within `task.shutdown.graceful.timeout.ms`.
    pub(super) fn shut_down(&mut self) {
        if self.deadline.is_none() {
            self.deadline = Some(Instant::now() + self.graceful_timeout() + GIVE_UP);
        }
    }

    /// Goes on with what has ended in the background, or answers at once that nothing is there; cancel safe.
    pub(super) async fn tidy(&mut self) -> Option<()> {
        if let Ok(Some(configured)) = self.background.join_next().await? {
            self.configured(configured);
        }
        Some(())
    }

    /// Takes note of an event before the state does.
    pub(super) fn heed(&mut self, event: &Event) {
        if let Event::TaskReported {
            generation, event: TaskEvent::Failed { .. } | TaskEvent::Stopped, ..
        } = event
            && let Some(held) = self.tasks.get_mut(generation)
        {
            held.task = None;
            self.tasks.remove(generation);
        }
    }

    /// Carries out an action; one that does not concern what runs is given back.
    pub(super) fn perform(&mut self, action: Action) -> Option<Action> {
        match action {
            Action::Reply { .. } | Action::Exit => return Some(action),
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
            Action::RestartLater { name, task, token, delay_ms } => {
                let event = Event::RestartDue { name, task, token };
                self.later(Duration::from_millis(delay_ms), event);
            }
            Action::StopConnector { name, instance, patient } => self.stop_connector(name, instance, patient),
            Action::StartTask(start) => self.start_task(start),
            Action::SetTaskTarget { generation, target, .. } => {
                if let Some(held) = self.tasks.get_mut(&generation) {
                    held.set_target(target);
                }
            }
            Action::StopTasks { name, token, tasks } => self.stop_tasks(name, token, &tasks),
            Action::ChangeOffsets { name, token, config, change } => {
                self.change_offsets(name, token, config, change);
            }
            Action::Watch { name, token } => self.later(self.patience, Event::Overdue { name, token }),
        }
        None
    }

    fn later(&mut self, delay: Duration, event: Event) {
        let events = self.events.clone();
        self.background.spawn(async move {
            sleep(delay).await;
            events.send(event);
            None
        });
    }

    fn validate(&mut self, name: Arc<str>, token: Generation, config: RawConfig) {
        let (services, events) = (self.services.clone(), self.events.clone());
        let calls = Calls::new(&services.runtime);
        self.background.spawn(async move {
            let outcome = calls.run(async move { configure::accept(&services, config) }).await;
            let outcome = outcome.unwrap_or_else(|failure| Err(HerderError::Internal(failure.message)));
            events.send(Event::Validated { name, token, outcome });
            None
        });
    }

    fn start_connector(&mut self, name: Arc<str>, generation: Generation, config: Arc<Properties>) {
        let name = Name { connector: name, generation };
        let instance = Instance::start(name, config, self.services.clone(), self.events.clone());
        self.instances.insert(generation, instance);
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
            None
        });
    }

    /// Has what makes a task worked out, which is waited for only if files have to be read for that.
    fn start_task(&mut self, start: StartTask) {
        let (generation, set) = (start.generation, start.set);
        let held = Held { id: start.id.clone(), target: start.target, task: None, shown: None };
        self.tasks.insert(generation, held);
        let services = self.services.clone();
        let providers = &services.config.providers;
        if !providers.concern(&start.connector) && !providers.concern(&start.task) {
            return self.configured(Configured {
                generation,
                set,
                outcome: configure::task(&services, &start),
            });
        }
        let calls = Calls::new(&services.runtime);
        self.background.spawn(async move {
            let outcome = calls.run(async move { configure::task(&services, &start) }).await;
            Some(Configured { generation, set, outcome: outcome.and_then(|spec| spec) })
        });
    }

    /// Starts a task, unless it was ended before it could be.
    fn configured(&mut self, Configured { generation, set, outcome }: Configured) {
        let Some(held) = self.tasks.get_mut(&generation) else { return };
        let (id, events) = (held.id.clone(), self.events.clone());
        match outcome {
            Ok(spec) => {
                let report: Report = Arc::new(move |report| {
                    events.send(Event::TaskReported { id: report.id, generation, event: report.event });
                });
                let source = matches!(spec.kind, TaskKind::Source(_));
                let guarded = self.exactly_once.as_ref().filter(|_| source);
                let exactly_once = guarded.map(|guarded| guarded.of(&spec.id, set));
                let spec = TaskSpec { target: held.target, exactly_once, ..spec };
                let shown = Shown::begin(&spec.id, &self.activities);
                held.task = Some(Task::start(spec, self.services.clone(), shown.activity().clone(), report));
                held.shown = Some(shown);
            }
            Err(failure) => {
                let event = TaskEvent::Failed { trace: failure.trace, may_pass: failure.transient };
                events.send(Event::TaskReported { id, generation, event });
            }
        }
    }

    fn stop_tasks(&mut self, name: Arc<str>, token: Generation, tasks: &[(TaskId, Generation)]) {
        let take = |(_, generation): &(TaskId, Generation)| self.tasks.remove(generation);
        let ending: Vec<Held> = tasks.iter().filter_map(take).collect();
        let deadline = Instant::now() + self.graceful_timeout().min(self.time_left());
        let events = self.events.clone();
        self.background.spawn(async move {
            end_tasks(ending, deadline).await;
            events.send(Event::TasksStopped { name, token });
            None
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
            None
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
}
