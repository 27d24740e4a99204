//! What of one connector runs on this worker, and what it takes to have what is wanted.
//!
//! A unit compares what runs with what is wanted, again whenever one of them has changed: so nothing is forgotten
//! that came while something else was under way, and nothing is stopped that is as it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::config::Properties;

use super::Desk;
use crate::herder::RawConfig;
use crate::herder::state::{Action as Local, Failure, Generation, StartTask};
use crate::restart::{Now, Policy, Restart, Restarts, salt};
use crate::status::{State, Status, TargetState};
use crate::task::TaskId;

/// What is wanted of a connector on this worker.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) config: Arc<RawConfig>,
    pub(super) target: TargetState,
    /// Whether the connector itself is to be here.
    pub(super) connector: bool,
    /// The tasks that are to be here.
    pub(super) tasks: BTreeMap<u32, Made>,
}

/// What a task is made of: the configuration of the connector, and its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Made {
    pub(super) connector: Arc<RawConfig>,
    pub(super) task: Arc<RawConfig>,
    /// The generation of the connector's tasks, of a source that writes exactly once: with each new set of tasks all
    /// before are fenced off, those that are as before, too.
    pub(super) set: u64,
}

/// A start of a connector that has not been told to have ended.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) generation: Generation,
    pub(super) phase: Phase,
    pub(super) config: Arc<RawConfig>,
    /// The tasks that it wants to have; none before it was split.
    pub(super) tasks: Option<Vec<RawConfig>>,
}

/// How far an instance has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Starting,
    Started,
    Stopping,
}

/// A start of a task that has not been told to have ended.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) generation: Generation,
    made: Made,
    target: TargetState,
    /// What was told last of it, if it runs or is paused.
    told: Option<State>,
    /// The step that ends it, once there is one.
    pub(super) stopping: Option<Generation>,
}

/// What runs of a connector.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub(super) instance: Option<Instance>,
    /// The configuration with which the connector has failed: with that it is not started again by itself.
    pub(super) failed: Option<Arc<RawConfig>>,
    pub(super) failed_splits: u32,
    pub(super) tasks: BTreeMap<u32, Live>,
    /// The tasks that have ended by themselves, with what they were made of: they are not started again by
    /// themselves.
    ended: BTreeMap<u32, Made>,
    /// What was told last of the connector.
    pub(super) told: Option<State>,
    /// The restarts of the connector by itself.
    pub(super) restarts: Restarts,
    /// The restarts of its tasks by themselves.
    task_restarts: BTreeMap<u32, Restarts>,
}

impl Unit {
    /// Whether nothing runs and nothing is remembered.
    pub(super) fn idle(&self) -> bool {
        self.instance.is_none() && self.tasks.is_empty()
    }

    /// Starts and ends what is not as it is wanted.
    pub(super) fn reconcile(&mut self, name: &Arc<str>, want: Option<&Want>, desk: &mut Desk) {
        self.reconcile_connector(name, want.filter(|want| want.connector), desk);
        self.reconcile_tasks(name, want, desk);
    }

    fn reconcile_connector(&mut self, name: &Arc<str>, want: Option<&Want>, desk: &mut Desk) {
        let Some(want) = want else {
            (self.failed, self.told, self.restarts) = (None, None, Restarts::default());
            return self.stop_connector(name, desk);
        };
        match &self.instance {
            Some(instance) if want.target == TargetState::Started && instance.config == want.config => {}
            Some(_) => self.stop_connector(name, desk),
            None if want.target != TargetState::Started => {
                let state = State::from(want.target);
                if self.told != Some(state) {
                    self.told = Some(state);
                    desk.tell_connector(name, Status::of(state));
                }
            }
            None if self.failed.as_ref() == Some(&want.config) => {}
            None => {
                let instance = desk.generation();
                if self.failed.take().is_some() {
                    // With another configuration than the one that it has failed with.
                    self.restarts = Restarts::default();
                }
                self.instance = Some(Instance {
                    generation: instance,
                    phase: Phase::Starting,
                    config: want.config.clone(),
                    tasks: None,
                });
                let config = properties(&want.config);
                desk.local(Local::StartConnector { name: name.clone(), instance, config });
            }
        }
    }

    /// Asks the instance to end, if there is one that was not asked yet.
    pub(super) fn stop_connector(&mut self, name: &Arc<str>, desk: &mut Desk) {
        let running = self.instance.as_mut().filter(|instance| instance.phase != Phase::Stopping);
        if let Some(instance) = running {
            instance.phase = Phase::Stopping;
            let instance = instance.generation;
            desk.local(Local::StopConnector { name: name.clone(), instance, patient: true });
        }
    }

    fn reconcile_tasks(&mut self, name: &Arc<str>, want: Option<&Want>, desk: &mut Desk) {
        let wanted = |task: &u32| want.and_then(|want| want.tasks.get(task));
        self.ended.retain(|task, made| wanted(task) == Some(made));
        let other = |(task, live): (&u32, &Live)| (wanted(task) != Some(&live.made)).then_some(*task);
        let other: BTreeSet<u32> = self.tasks.iter().filter_map(other).collect();
        self.stop_tasks(name, &other, desk);
        self.task_restarts.retain(|task, _| wanted(task).is_some() && !other.contains(task));
        let Some(want) = want else { return };
        self.align(name, want.target, desk);
        if want.target == TargetState::Stopped {
            return;
        }
        for (&task, made) in &want.tasks {
            if !self.tasks.contains_key(&task) && !self.ended.contains_key(&task) {
                self.start_task(name, task, made, want.target, desk);
            }
        }
    }

    /// Asks tasks to end that were not asked yet.
    pub(super) fn stop_tasks(&mut self, name: &Arc<str>, tasks: &BTreeSet<u32>, desk: &mut Desk) {
        let token = desk.generation();
        let mut ending = Vec::new();
        for (&task, live) in self.tasks.iter_mut().filter(|(task, _)| tasks.contains(task)) {
            if live.stopping.is_none() {
                live.stopping = Some(token);
                ending.push((TaskId { connector: name.clone(), task }, live.generation));
            }
        }
        if !ending.is_empty() {
            desk.local(Local::StopTasks { name: name.clone(), token, tasks: ending });
        }
    }

    fn align(&mut self, name: &Arc<str>, target: TargetState, desk: &mut Desk) {
        let stopping: BTreeSet<u32> = match target {
            TargetState::Stopped => self.tasks.keys().copied().collect(),
            TargetState::Started | TargetState::Paused => BTreeSet::new(),
        };
        self.stop_tasks(name, &stopping, desk);
        for (&task, live) in &mut self.tasks {
            if live.stopping.is_none() && live.target != target {
                live.target = target;
                let id = TaskId { connector: name.clone(), task };
                desk.local(Local::SetTaskTarget { id, generation: live.generation, target });
            }
        }
    }

    fn start_task(&mut self, name: &Arc<str>, task: u32, made: &Made, target: TargetState, desk: &mut Desk) {
        let generation = desk.generation();
        self.tasks.insert(task, Live { generation, made: made.clone(), target, told: None, stopping: None });
        desk.local(Local::StartTask(StartTask {
            id: TaskId { connector: name.clone(), task },
            generation,
            set: made.set,
            connector: properties(&made.connector),
            task: properties(&made.task),
            target,
        }));
    }

    /// Has the connector started anew: what runs of it ends first.
    pub(super) fn restart_connector(&mut self, name: &Arc<str>, desk: &mut Desk) {
        (self.failed, self.restarts) = (None, Restarts::default());
        self.stop_connector(name, desk);
    }

    /// Has tasks started anew: what runs of them ends first.
    pub(super) fn restart_tasks(&mut self, name: &Arc<str>, tasks: &BTreeSet<u32>, desk: &mut Desk) {
        self.ended.retain(|task, _| !tasks.contains(task));
        self.task_restarts.retain(|task, _| !tasks.contains(task));
        self.stop_tasks(name, tasks, desk);
    }

    /// Takes note that a start of a task has ended by itself; answers whether it is the present one.
    pub(super) fn task_ended(&mut self, task: u32, generation: Generation) -> bool {
        let Some(live) = self.tasks.get(&task).filter(|live| live.generation == generation) else {
            return false;
        };
        // One that was asked to end is waited for until the step that asked is done.
        if live.stopping.is_none()
            && let Some(live) = self.tasks.remove(&task)
        {
            self.ended.insert(task, live.made);
        }
        true
    }

    /// Takes note that the connector, which has failed, has done so with an error that may pass: what is told of that,
    /// and the wait for its start anew.
    pub(super) fn connector_fails(
        &mut self,
        name: &Arc<str>,
        failure: &Failure,
        at: Restarting<'_>,
    ) -> Status {
        let status = Status::failed(failure.trace.clone());
        status.with_restart(fails(&mut self.restarts, (name, None), &failure.trace, failure.transient, at))
    }

    /// The same of a task.
    pub(super) fn task_fails(
        &mut self,
        id: &TaskId,
        trace: String,
        may_pass: bool,
        at: Restarting<'_>,
    ) -> Status {
        let restarts = self.task_restarts.entry(id.task).or_default();
        let told = fails(restarts, (&id.connector, Some(id.task)), &trace, may_pass, at);
        Status::failed(trace).with_restart(told)
    }

    /// A task runs; what is told of that.
    pub(super) fn task_runs(&mut self, task: u32, now: Now) -> Status {
        let restarts = self.task_restarts.entry(task).or_default();
        restarts.runs(now);
        let status = Status::of(State::Running).with_restart(restarts.told());
        self.task_is(task, State::Running);
        status
    }

    /// A task is paused; what is told of that.
    pub(super) fn task_pauses(&mut self, task: u32) -> Status {
        self.task_is(task, State::Paused);
        Status::of(State::Paused)
    }

    fn task_is(&mut self, task: u32, state: State) {
        if let Some(live) = self.tasks.get_mut(&task) {
            live.told = Some(state);
        }
    }

    /// How a task is that runs here, or is paused, and was not asked to end.
    pub(super) fn task_status(&self, task: u32) -> Option<Status> {
        let live = self.tasks.get(&task).filter(|live| live.stopping.is_none())?;
        let told = self.task_restarts.get(&task).and_then(Restarts::told);
        match live.told? {
            State::Running => Some(Status::of(State::Running).with_restart(told)),
            state => Some(Status::of(state)),
        }
    }

    /// How the connector is, if it runs here or is not to run.
    pub(super) fn connector_status(&self) -> Option<Status> {
        match (&self.instance, self.told?) {
            (Some(instance), State::Running) if instance.phase == Phase::Started => {
                Some(Status::of(State::Running).with_restart(self.restarts.told()))
            }
            (None, state @ (State::Paused | State::Stopped)) => Some(Status::of(state)),
            _ => None,
        }
    }

    /// Lets what has failed, a task or the connector, start again, if this start was waited for: what is told of that.
    pub(super) fn restart_due(&mut self, task: Option<u32>, token: Generation) -> Option<Status> {
        let restarts = match task {
            Some(task) => self.task_restarts.get_mut(&task)?,
            None => &mut self.restarts,
        };
        if !restarts.begins(token) {
            return None;
        }
        let told = restarts.told();
        match task {
            Some(task) => drop(self.ended.remove(&task)?),
            None => drop(self.failed.take()?),
        }
        Some(Status::of(State::Restarting).with_restart(told))
    }

    /// Takes note that a step has ended tasks, and answers which.
    pub(super) fn tasks_stopped(&mut self, token: Generation) -> Vec<u32> {
        let stopped = |(&task, live): (&u32, &Live)| (live.stopping == Some(token)).then_some(task);
        let stopped: Vec<u32> = self.tasks.iter().filter_map(stopped).collect();
        for task in &stopped {
            self.tasks.remove(task);
        }
        stopped
    }
}

/// What a failure is judged with.
pub(super) struct Restarting<'a> {
    pub(super) policy: Policy,
    pub(super) now: Now,
    pub(super) desk: &'a mut Desk,
}

/// Has something that has failed started anew after a wait, where that may help; what is told of it.
fn fails(
    restarts: &mut Restarts,
    (name, task): (&Arc<str>, Option<u32>),
    trace: &str,
    may_pass: bool,
    Restarting { policy, now, desk }: Restarting<'_>,
) -> Option<Restart> {
    if !may_pass {
        restarts.ends();
        return None;
    }
    let token = desk.generation();
    if let Some(delay_ms) = restarts.fails(&policy, now, trace, &salt(name, task), token) {
        desk.local(Local::RestartLater { name: name.clone(), task, token, delay_ms });
    }
    restarts.told()
}

/// A value of null is as good as none to a plugin.
pub(super) fn properties(config: &RawConfig) -> Arc<Properties> {
    let entry = |(key, value): (&String, &Option<String>)| Some((key.clone(), value.clone()?));
    Arc::new(config.iter().filter_map(entry).collect())
}
