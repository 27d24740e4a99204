//! What the herder decides: a pure step from an event to actions.
//!
//! Every connector has a lane: one operation at a time, a bounded queue behind it. An operation is a list of
//! steps; a step that has a plugin do something waits for the event that answers its action. So what users want
//! of one connector is done in order, and a connector that hangs holds up nothing but its own lane, and that
//! only until its time is over.

mod connector;
mod event;
mod operation;
mod request;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use api::config::Properties;

pub(super) use event::{Action, CallId, Event, Failure, Generation, StartTask};
pub(super) use operation::closing;

use super::HerderError;
use super::call::{Outcome, Reply, Request};
use super::view::{Class, ConnectorView};
use crate::status::{State as Shown, Status, TargetState};
use crate::task::{TaskEvent, TaskId};
use connector::{Connector, Instance, Phase};
use operation::{Awaited, Job, Operation, Purpose, Step, conflict};

/// How many requests may wait for one connector.
const WAITING_MAX: usize = 128;

/// One connector, what is being done to it, and what waits.
#[derive(Clone, Debug, Default)]
struct Lane {
    connector: Option<Connector>,
    operation: Option<Operation>,
    waiting: VecDeque<Job>,
}

/// The state of the herder.
#[derive(Clone, Debug)]
pub(super) struct State {
    worker_id: Arc<str>,
    tracks_topics: bool,
    lanes: BTreeMap<Arc<str>, Lane>,
    changed: BTreeSet<Arc<str>>,
    generations: Generation,
    /// The requests to shut down, once there is one.
    closing: Option<Vec<CallId>>,
}

impl State {
    /// A herder without connectors.
    pub(super) fn new(worker_id: impl Into<Arc<str>>, tracks_topics: bool) -> Self {
        Self {
            worker_id: worker_id.into(),
            tracks_topics,
            lanes: BTreeMap::new(),
            changed: BTreeSet::new(),
            generations: 0,
            closing: None,
        }
    }

    /// Takes note of what happened and answers what is to be done about it, in order.
    pub(super) fn step(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Called { call, request: Request::Ping, .. } => {
                actions.push(Action::Reply { call, outcome: Ok(Reply::Done) });
            }
            Event::Called { call, request: Request::Shutdown, .. } => self.shut_down(call, &mut actions),
            Event::Called { call, name, request } => self.called(call, name, request, &mut actions),
            Event::TaskReported { id, generation, event } => self.task_reported(&id, generation, event),
            Event::Validated { name, token, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.validated(token, outcome, work));
            }
            Event::ConnectorStarted { name, instance, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.started(instance, outcome, work));
            }
            Event::ConnectorSplit { name, instance, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.split(instance, outcome, work));
            }
            Event::ConnectorStopped { name, instance } => {
                self.on(&name, &mut actions, |lane, _| lane.stopped(instance));
            }
            Event::ConnectorFailed { name, instance, trace } => {
                self.on(&name, &mut actions, |lane, _| lane.failed(instance, trace));
            }
            Event::ReconfigurationRequested { name, instance } => {
                self.on(&name, &mut actions, |lane, _| lane.reconfiguration_requested(instance));
            }
            Event::TasksStopped { name, token } => {
                self.on(&name, &mut actions, |lane, _| lane.tasks_stopped(token));
            }
            Event::OffsetsChanged { name, token, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.offsets_changed(token, outcome, work));
            }
            Event::Overdue { name, token } => {
                self.on(&name, &mut actions, |lane, work| lane.overdue(token, work));
            }
        }
        self.exit_once_quiet(&mut actions);
        actions
    }

    /// What readers see of the connectors that may have changed; `None`: the connector is gone.
    pub(super) fn take_changed(&mut self) -> Vec<(Arc<str>, Option<ConnectorView>)> {
        let changed = std::mem::take(&mut self.changed);
        let view = |name: Arc<str>| {
            let lane = self.lanes.get(&name);
            let view = lane.and_then(|lane| lane.connector.as_ref()).map(Connector::view);
            (name, view)
        };
        changed.into_iter().map(view).collect()
    }

    fn called(&mut self, call: CallId, name: Arc<str>, request: Request, actions: &mut Vec<Action>) {
        let mut reply = |error| actions.push(Action::Reply { call, outcome: Err(error) });
        if self.closing.is_some() {
            return reply(closing());
        }
        let lane = self.lanes.entry(name.clone()).or_default();
        if lane.waiting.len() >= WAITING_MAX {
            return reply(conflict());
        }
        lane.waiting.push_back(Job::Call { call, request });
        self.on(&name, actions, Lane::watch);
    }

    /// A report of a task does not wait for the operation under way.
    fn task_reported(&mut self, id: &TaskId, generation: Generation, event: TaskEvent) {
        if matches!(event, TaskEvent::Topic(_)) && !self.tracks_topics {
            return;
        }
        let lane = self.lanes.get_mut(&id.connector);
        let Some(connector) = lane.and_then(|lane| lane.connector.as_mut()) else { return };
        if connector.report(id.task, generation, event) {
            self.changed.insert(id.connector.clone());
        }
    }

    /// Does something in a lane, if there is such a lane, and goes on with its operations as far as they get.
    fn on(
        &mut self,
        name: &Arc<str>,
        actions: &mut Vec<Action>,
        deed: impl FnOnce(&mut Lane, &mut Work<'_>),
    ) {
        let Some(lane) = self.lanes.get_mut(name) else { return };
        let mut work = Work { name, worker_id: &self.worker_id, generations: &mut self.generations, actions };
        deed(lane, &mut work);
        lane.advance(&mut work);
        self.changed.insert(name.clone());
        if lane.connector.is_none() && lane.operation.is_none() && lane.waiting.is_empty() {
            self.lanes.remove(name);
        }
    }

    fn shut_down(&mut self, call: CallId, actions: &mut Vec<Action>) {
        if let Some(calls) = &mut self.closing {
            return calls.push(call);
        }
        self.closing = Some(vec![call]);
        let names: Vec<Arc<str>> = self.lanes.keys().cloned().collect();
        for name in names {
            self.on(&name, actions, |lane, work| lane.shut_down(work));
        }
    }

    fn exit_once_quiet(&mut self, actions: &mut Vec<Action>) {
        if self.closing.is_none() || self.lanes.values().any(|lane| lane.operation.is_some()) {
            return;
        }
        for call in self.closing.replace(Vec::new()).unwrap_or_default() {
            actions.push(Action::Reply { call, outcome: Ok(Reply::Done) });
            actions.push(Action::Exit);
        }
    }
}

/// What a lane works with.
struct Work<'a> {
    name: &'a Arc<str>,
    worker_id: &'a str,
    generations: &'a mut Generation,
    actions: &'a mut Vec<Action>,
}

impl Work<'_> {
    fn generation(&mut self) -> Generation {
        *self.generations += 1;
        *self.generations
    }

    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn reply(&mut self, call: Option<CallId>, outcome: Outcome) {
        if let Some(call) = call {
            self.act(Action::Reply { call, outcome });
        }
    }
}

/// What a step came to.
enum Progress {
    /// The next step may follow.
    Done,
    /// An event is awaited.
    Waits(Awaited),
}

/// Doing things.
impl Lane {
    /// Does steps and begins operations until one waits or nothing is left to do.
    fn advance(&mut self, work: &mut Work<'_>) {
        loop {
            let Some(operation) = &mut self.operation else {
                let Some(job) = self.waiting.pop_front() else { return };
                self.begin(job, work);
                continue;
            };
            if operation.awaited.is_some() {
                return;
            }
            let Some(step) = operation.steps.pop_front() else {
                self.operation = None;
                continue;
            };
            if let Progress::Waits(awaited) = self.perform(step, work) {
                if let Some(operation) = &mut self.operation {
                    operation.awaited = Some(awaited);
                }
                self.watch(work);
            }
        }
    }

    fn begin(&mut self, job: Job, work: &mut Work<'_>) {
        let Job::Call { call, request } = job else {
            self.operation = Some(Operation::new(None, [Step::Split]));
            return;
        };
        let planned =
            request::plan(self.connector.as_mut(), work.name, work.worker_id, call, request, work.actions);
        match planned {
            Ok(operation) => self.operation = Some(operation),
            Err(error) => work.reply(Some(call), Err(error)),
        }
    }

    fn perform(&mut self, step: Step, work: &mut Work<'_>) -> Progress {
        let name = work.name.clone();
        if let Step::Validate { config, purpose } = step {
            let token = work.generation();
            work.act(Action::Validate { name, token, config });
            return Progress::Waits(Awaited::Validation { token, purpose });
        }
        let Some(connector) = &mut self.connector else {
            if let Step::ReplyDone = step {
                self.answer(Ok(Reply::Done), work);
            }
            return Progress::Done;
        };
        match step {
            Step::Validate { .. } => {}
            Step::BeginStop => begin_stop(connector, work),
            Step::StopConnector => {
                begin_stop(connector, work);
                if let Some(instance) = connector.instance {
                    return Progress::Waits(Awaited::Stop { instance: instance.generation });
                }
            }
            Step::StartConnector => return start(connector, work),
            Step::Split => {
                if let Some(instance) = connector.started() {
                    let (tasks_max, _) = connector.tasks_max();
                    work.act(Action::SplitConnector { name, instance, tasks_max });
                    return Progress::Waits(Awaited::Split { instance });
                }
            }
            Step::StopTasks(tasks) => return stop_tasks(connector, tasks, work),
            Step::ReplaceTasks { configs, changed } => {
                let new = connector.replace_tasks(configs, &changed);
                start_tasks(connector, &new, work);
            }
            Step::StartTasks(tasks) => start_tasks(connector, &tasks, work),
            Step::AlignTasks => work.actions.extend(connector.align_tasks()),
            Step::RemoveTasks => {
                connector.tasks.clear();
                connector.applied = None;
            }
            Step::Show(state) => connector.status = Status::of(state),
            Step::ShowUnlessFailed(state) => {
                if connector.status.state != Shown::Failed {
                    connector.status = Status::of(state);
                }
            }
            Step::ChangeOffsets(change) => {
                let token = work.generation();
                let config = connector.config.clone();
                work.act(Action::ChangeOffsets { name, token, config, change });
                return Progress::Waits(Awaited::Offsets { token });
            }
            Step::Remove => self.connector = None,
            Step::ReplyInfo { created } => {
                let info = connector.view().info(&connector.name);
                self.answer(Ok(Reply::Put(created, info)), work);
            }
            Step::ReplyDone => self.answer(Ok(Reply::Done), work),
        }
        Progress::Done
    }

    /// Answers the request of the operation under way, once.
    fn answer(&mut self, outcome: Outcome, work: &mut Work<'_>) {
        let call = self.operation.as_mut().and_then(|operation| operation.call.take());
        work.reply(call, outcome);
    }

    /// Has a step watched that others wait for but that may be abandoned.
    fn watch(&mut self, work: &mut Work<'_>) {
        let awaited = self.operation.as_ref().and_then(|operation| operation.awaited.as_ref());
        let Some(token) = awaited.and_then(Awaited::abandonable) else { return };
        if self.waiting.iter().any(Job::ends_instance) {
            work.act(Action::Watch { name: work.name.clone(), token });
        }
    }

    /// Gives up what is left of the operation under way.
    fn give_up(&mut self, error: HerderError, work: &mut Work<'_>) {
        self.answer(Err(error), work);
        self.operation = None;
    }

    fn shut_down(&mut self, work: &mut Work<'_>) {
        for job in self.waiting.drain(..) {
            if let Job::Call { call, .. } = job {
                work.reply(Some(call), Err(closing()));
            }
        }
        self.answer(Err(closing()), work);
        let steps = self.connector.as_ref().map(request::shut_down).unwrap_or_default();
        let operation = self.operation.get_or_insert_with(|| Operation::new(None, []));
        operation.closing = true;
        operation.steps = steps.into();
        // A step that ends something is waited for; the others are overtaken.
        if !matches!(operation.awaited, Some(Awaited::Stop { .. } | Awaited::Tasks { .. })) {
            operation.awaited = None;
        }
    }
}

/// Taking note of what happened.
impl Lane {
    /// Ends the waiting of the step under way if it waits for this.
    fn arrived(&mut self, matches: impl FnOnce(&Awaited) -> bool) -> Option<Awaited> {
        let operation = self.operation.as_mut()?;
        operation.awaited.take_if(|awaited| matches(awaited))
    }

    fn instance(&mut self, generation: Generation) -> Option<&mut Instance> {
        self.connector.as_mut()?.instance(generation)
    }

    fn validated(
        &mut self,
        token: Generation,
        outcome: Result<(Properties, Class), HerderError>,
        work: &mut Work<'_>,
    ) {
        let expected =
            |awaited: &Awaited| matches!(awaited, Awaited::Validation { token: t, .. } if *t == token);
        let Some(Awaited::Validation { purpose, .. }) = self.arrived(expected) else { return };
        let created = self.connector.is_none();
        let (config, class) = match outcome {
            Ok(validated) => validated,
            Err(error) => return self.give_up(error, work),
        };
        match (&mut self.connector, purpose) {
            (Some(_), Purpose::Create(_)) => {
                let words = format!("Connector {} already exists", work.name);
                return self.give_up(HerderError::AlreadyExists(words), work);
            }
            (Some(connector), Purpose::Put | Purpose::Patch) => {
                connector.config = Arc::new(config);
                connector.class = class;
            }
            (none, purpose) => {
                let target = match purpose {
                    Purpose::Create(target) => target,
                    Purpose::Put | Purpose::Patch => TargetState::Started,
                };
                *none = Some(Connector::new(work.name.clone(), config, class, target));
            }
        }
        if let Some(operation) = &mut self.operation {
            operation.prepend(request::reconfigure(created));
        }
    }

    fn started(&mut self, generation: Generation, outcome: Result<(), Failure>, work: &mut Work<'_>) {
        let Some(connector) = &mut self.connector else { return };
        let Some(phase) = connector.instance(generation).map(|instance| instance.phase) else { return };
        // What the connector has raised while it started counts for more than how its start ended.
        let outcome = match (&connector.status.trace, phase) {
            (Some(trace), Phase::Failed) => {
                Err(Failure { message: first_line(trace), trace: trace.clone(), transient: false })
            }
            _ => outcome,
        };
        if phase != Phase::Stopping {
            connector.take_start(generation, &outcome);
        }
        if self.arrived(|awaited| *awaited == Awaited::Start { instance: generation }).is_some()
            && let Err(failure) = outcome
        {
            self.give_up(HerderError::Internal(failure.message), work);
        }
    }

    fn split(
        &mut self,
        generation: Generation,
        outcome: Result<Vec<Properties>, Failure>,
        work: &mut Work<'_>,
    ) {
        let expected = |awaited: &Awaited| *awaited == Awaited::Split { instance: generation };
        if self.arrived(expected).is_none() {
            return;
        }
        let Some(connector) = &mut self.connector else { return };
        match outcome.and_then(|configs| request::apply_split(connector, configs)) {
            Ok(steps) => {
                connector.failed_splits = 0;
                if let Some(operation) = &mut self.operation {
                    operation.prepend(steps);
                }
            }
            Err(failure) if failure.transient => {
                let delay_ms = connector.split_backoff_ms();
                work.act(Action::SplitLater { name: work.name.clone(), instance: generation, delay_ms });
            }
            Err(failure) => {
                connector.status = Status::failed(failure.trace);
                if let Some(instance) = connector.instance(generation) {
                    instance.phase = Phase::Failed;
                }
                self.give_up(HerderError::Internal(failure.message), work);
            }
        }
    }

    fn stopped(&mut self, generation: Generation) {
        if self.instance(generation).is_none() {
            return;
        }
        if let Some(connector) = &mut self.connector {
            connector.instance = None;
        }
        // What waited for the instance goes on without it.
        self.arrived(|awaited| match awaited {
            Awaited::Stop { instance } | Awaited::Start { instance } | Awaited::Split { instance } => {
                *instance == generation
            }
            _ => false,
        });
    }

    fn failed(&mut self, generation: Generation, trace: String) {
        let running = |instance: &&mut Instance| matches!(instance.phase, Phase::Starting | Phase::Started);
        let Some(instance) = self.instance(generation).filter(running) else { return };
        instance.phase = Phase::Failed;
        if let Some(connector) = &mut self.connector {
            connector.status = Status::failed(trace);
        }
    }

    fn reconfiguration_requested(&mut self, generation: Generation) {
        let started = self.instance(generation).is_some_and(|instance| instance.phase == Phase::Started);
        let closing = self.operation.as_ref().is_some_and(|operation| operation.closing);
        if started && !closing && !self.waiting.contains(&Job::Reconfigure) {
            self.waiting.push_back(Job::Reconfigure);
        }
    }

    fn tasks_stopped(&mut self, token: Generation) {
        let expected = |awaited: &Awaited| matches!(awaited, Awaited::Tasks { token: t, .. } if *t == token);
        if let Some(Awaited::Tasks { tasks, .. }) = self.arrived(expected)
            && let Some(connector) = &mut self.connector
        {
            connector.tasks_ended(&tasks);
        }
    }

    fn offsets_changed(
        &mut self,
        token: Generation,
        outcome: Result<String, HerderError>,
        work: &mut Work<'_>,
    ) {
        if self.arrived(|awaited| *awaited == Awaited::Offsets { token }).is_some() {
            self.answer(outcome.map(Reply::Message), work);
        }
    }

    fn overdue(&mut self, token: Generation, work: &mut Work<'_>) {
        let awaited = self.operation.as_ref().and_then(|operation| operation.awaited.as_ref());
        let overdue = awaited.and_then(Awaited::abandonable) == Some(token);
        if overdue && self.waiting.iter().any(Job::ends_instance) {
            if let Some(instance) = self.instance(token) {
                instance.overdue = true;
            }
            self.give_up(conflict(), work);
        }
    }
}

fn first_line(trace: &str) -> String {
    trace.lines().next().unwrap_or_default().to_owned()
}

/// Asks the instance to end, if there is one that was not asked yet.
fn begin_stop(connector: &mut Connector, work: &mut Work<'_>) {
    if let Some(instance) = connector.instance.as_mut().filter(|instance| instance.phase != Phase::Stopping) {
        instance.phase = Phase::Stopping;
        work.act(Action::StopConnector {
            name: work.name.clone(),
            instance: instance.generation,
            patient: !instance.overdue,
        });
    }
}

/// Starts the connector if it is to run, or shows what it does instead.
fn start(connector: &mut Connector, work: &mut Work<'_>) -> Progress {
    if connector.target != TargetState::Started {
        connector.status = Status::of(connector.target.into());
        return Progress::Done;
    }
    assert!(connector.instance.is_none(), "a connector runs once at a time");
    let generation = work.generation();
    connector.instance = Some(Instance { generation, phase: Phase::Starting, overdue: false });
    let config = connector.config.clone();
    work.act(Action::StartConnector { name: work.name.clone(), instance: generation, config });
    Progress::Waits(Awaited::Start { instance: generation })
}

/// Ends tasks; those that do not live need no wait.
fn stop_tasks(connector: &mut Connector, tasks: Vec<u32>, work: &mut Work<'_>) -> Progress {
    let live = connector.live(&tasks);
    if live.is_empty() {
        return Progress::Done;
    }
    let token = work.generation();
    work.act(Action::StopTasks { name: work.name.clone(), token, tasks: live });
    Progress::Waits(Awaited::Tasks { token, tasks })
}

fn start_tasks(connector: &mut Connector, tasks: &[u32], work: &mut Work<'_>) {
    for &task in tasks {
        let generation = work.generation();
        work.actions.extend(connector.start_task(task, generation));
    }
}

#[cfg(test)]
mod tests;
