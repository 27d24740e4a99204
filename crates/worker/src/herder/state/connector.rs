//! One connector as the herder knows it: its configuration, what runs of it, and how that is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::config::Properties;

use super::Work;
use super::event::{Action, Failure, Generation, StartTask};
use crate::herder::view::{Class, ConnectorView, TaskView, Worker};
use crate::restart::{Restarts, salt};
use crate::status::{State, Status, TargetState};
use crate::task::{TaskEvent, TaskId};

/// How long the first pause between two attempts to split is; each further one is twice as long.
const SPLIT_BACKOFF_MS: u64 = 250;
/// How long a pause between two attempts to split is at most.
const SPLIT_BACKOFF_MAX_MS: u64 = 60_000;

/// A start of a connector that has not been told to have ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Instance {
    pub(super) generation: Generation,
    pub(super) phase: Phase,
    /// Whether it has had the time that others wait for it.
    pub(super) overdue: bool,
}

/// How far an instance has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Starting,
    Started,
    Failed,
    Stopping,
}

/// A task of the connector: configured, and perhaps alive.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) config: Arc<Properties>,
    pub(super) status: Status,
    /// The start of it that lives, until it is told to have ended.
    pub(super) live: Option<Generation>,
    pub(super) restarts: Restarts,
}

/// A connector.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) name: Arc<str>,
    pub(super) config: Arc<Properties>,
    pub(super) class: Class,
    pub(super) target: TargetState,
    pub(super) status: Status,
    pub(super) instance: Option<Instance>,
    pub(super) tasks: BTreeMap<u32, Slot>,
    /// The mark of what the variables of the configuration stood for when the connector was started last.
    pub(super) mark: u64,
    /// The configuration that the tasks were made with, and its mark.
    pub(super) applied: Option<(Arc<Properties>, u64)>,
    pub(super) topics: BTreeSet<Arc<str>>,
    pub(super) failed_splits: u32,
    pub(super) restarts: Restarts,
}

impl Connector {
    pub(super) fn new(name: Arc<str>, config: Properties, class: Class, target: TargetState) -> Self {
        Self {
            name,
            config: Arc::new(config),
            class,
            target,
            status: Status::of(State::Unassigned),
            instance: None,
            tasks: BTreeMap::new(),
            mark: 0,
            applied: None,
            topics: BTreeSet::new(),
            failed_splits: 0,
            restarts: Restarts::default(),
        }
    }

    /// The instance of this generation, if it is the present one.
    pub(super) fn instance(&mut self, generation: Generation) -> Option<&mut Instance> {
        self.instance.as_mut().filter(|instance| instance.generation == generation)
    }

    /// Takes note of how the start of an instance ended.
    pub(super) fn take_start(
        &mut self,
        generation: Generation,
        outcome: &Result<(), Failure>,
        work: &mut Work<'_>,
    ) {
        let Some(instance) = self.instance(generation) else { return };
        match outcome {
            Ok(()) => {
                instance.phase = Phase::Started;
                self.failed_splits = 0;
                self.restarts.runs(work.now);
                self.status = Status::of(State::Running).with_restart(self.restarts.told());
            }
            Err(failure) => {
                instance.phase = Phase::Failed;
                self.fail(failure, work);
            }
        }
    }

    /// Takes note that the connector cannot go on, and has it started anew where that may help.
    pub(super) fn fail(&mut self, failure: &Failure, work: &mut Work<'_>) {
        if !failure.transient {
            self.restarts.ends();
        } else {
            let token = work.generation();
            let policy = work.policy.of(|key| self.config.get(key).map(String::as_str));
            let salt = salt(&self.name, None);
            let delay_ms = self.restarts.fails(&policy, work.now, &failure.trace, &salt, token);
            work.restart_later(None, token, delay_ms);
        }
        self.status = Status::failed(failure.trace.clone()).with_restart(self.restarts.told());
    }

    /// Takes note that a task cannot go on, and has it started anew where that may help.
    fn fail_task(&mut self, task: u32, trace: String, may_pass: bool, work: &mut Work<'_>) {
        let Some(slot) = self.tasks.get_mut(&task) else { return };
        slot.live = None;
        if !may_pass {
            slot.restarts.ends();
        } else {
            let token = work.generation();
            let policy = work.policy.of(|key| self.config.get(key).map(String::as_str));
            let salt = salt(&self.name, Some(task));
            let delay_ms = slot.restarts.fails(&policy, work.now, &trace, &salt, token);
            work.restart_later(Some(task), token, delay_ms);
        }
        slot.status = Status::failed(trace).with_restart(slot.restarts.told());
    }

    /// Whether what has failed, a task or the connector, is to be started anew now, as this start was waited for.
    pub(super) fn restart_due(&mut self, task: Option<u32>, token: Generation) -> bool {
        match task {
            None => self.restarts.begins(token),
            Some(task) => self.tasks.get_mut(&task).is_some_and(|slot| slot.restarts.begins(token)),
        }
    }

    /// Shows that what has failed is started anew; false: it has not failed any more.
    pub(super) fn begin_restart(&mut self, task: Option<u32>) -> bool {
        let (status, restarts) = match task {
            None => (&mut self.status, &self.restarts),
            Some(task) => match self.tasks.get_mut(&task) {
                Some(slot) => (&mut slot.status, &slot.restarts),
                None => return false,
            },
        };
        let failed = status.state == State::Failed;
        if failed {
            *status = Status::of(State::Restarting).with_restart(restarts.told());
        }
        failed
    }

    /// Whether the connector can be split now.
    pub(super) fn started(&self) -> Option<Generation> {
        let instance = self.instance.filter(|instance| instance.phase == Phase::Started)?;
        Some(instance.generation)
    }

    /// Whether the tasks are those of an earlier configuration.
    pub(super) fn stale(&self) -> bool {
        self.applied.as_ref().is_none_or(|(config, mark)| (config, *mark) != (&self.config, self.mark))
    }

    /// The greatest number of tasks that the connector may have, and whether that is enforced.
    pub(super) fn tasks_max(&self) -> (usize, bool) {
        let max = self.config.get("tasks.max").and_then(|value| value.trim().parse().ok());
        let enforced = self.config.get("tasks.max.enforce").is_none_or(|value| value.trim() != "false");
        (max.unwrap_or(1), enforced)
    }

    /// The greatest number of tasks that the connector may have, if these are more and that is enforced.
    pub(super) fn exceeded(&self, tasks: usize) -> Option<usize> {
        let (max, enforced) = self.tasks_max();
        (enforced && tasks > max).then_some(max)
    }

    /// The tasks that are not as these configurations want them; all if the connector's own has changed.
    pub(super) fn changed(&self, configs: &[Properties]) -> Vec<u32> {
        let stale = self.stale();
        let differs = |(&task, slot): (&u32, &Slot)| {
            let wanted = configs.get(task as usize);
            (stale || wanted != Some(slot.config.as_ref())).then_some(task)
        };
        self.tasks.iter().filter_map(differs).collect()
    }

    /// Takes over new configurations of tasks and names those that have to be started.
    pub(super) fn replace_tasks(&mut self, configs: Vec<Properties>, changed: &[u32]) -> Vec<u32> {
        for task in changed {
            self.tasks.remove(task);
        }
        let mut new = Vec::new();
        for (task, config) in (0..).zip(configs) {
            self.tasks.entry(task).or_insert_with(|| {
                new.push(task);
                Slot {
                    config: Arc::new(config),
                    status: Status::of(State::Unassigned),
                    live: None,
                    restarts: Restarts::default(),
                }
            });
        }
        self.applied = Some((self.config.clone(), self.mark));
        new
    }

    /// Starts a task that does not live; none if there is no such task.
    pub(super) fn start_task(&mut self, task: u32, generation: Generation) -> Option<Action> {
        let slot = self.tasks.get_mut(&task)?;
        assert!(slot.live.is_none(), "a task lives once at a time");
        slot.live = Some(generation);
        if slot.status.state != State::Restarting {
            slot.status = Status::of(State::Unassigned);
        }
        // A changed configuration that was not split yet is not theirs.
        let connector = self.applied.as_ref().map_or(&self.config, |(config, _)| config).clone();
        Some(Action::StartTask(StartTask {
            id: TaskId { connector: self.name.clone(), task },
            generation,
            connector,
            set: 0,
            task: slot.config.clone(),
            target: self.target,
        }))
    }

    /// The tasks among these that live.
    pub(super) fn live(&self, tasks: &[u32]) -> Vec<(TaskId, Generation)> {
        let id = |task| TaskId { connector: self.name.clone(), task };
        let live = |&task| Some((id(task), self.tasks.get(&task)?.live?));
        tasks.iter().filter_map(live).collect()
    }

    /// Takes note that these tasks have ended.
    pub(super) fn tasks_ended(&mut self, tasks: &[u32]) {
        for task in tasks {
            if let Some(slot) = self.tasks.get_mut(task)
                && slot.live.take().is_some()
                && slot.status.state != State::Restarting
            {
                slot.status = Status::of(State::Unassigned);
            }
        }
    }

    /// Tells the living tasks what is wanted of them.
    pub(super) fn align_tasks(&self) -> Vec<Action> {
        let all: Vec<u32> = self.tasks.keys().copied().collect();
        let target = self.target;
        let tell = |(id, generation)| Action::SetTaskTarget { id, generation, target };
        self.live(&all).into_iter().map(tell).collect()
    }

    /// Takes note of what a task tells; what an earlier start of it tells is ignored.
    pub(super) fn report(
        &mut self,
        task: u32,
        generation: Generation,
        event: TaskEvent,
        work: &mut Work<'_>,
    ) -> bool {
        let Some(slot) = self.tasks.get_mut(&task).filter(|slot| slot.live == Some(generation)) else {
            return false;
        };
        match event {
            TaskEvent::Running => {
                slot.restarts.runs(work.now);
                slot.status = Status::of(State::Running).with_restart(slot.restarts.told());
            }
            TaskEvent::Paused => slot.status = Status::of(State::Paused),
            TaskEvent::Failed { trace, may_pass } => self.fail_task(task, trace, may_pass, work),
            TaskEvent::Stopped => {
                slot.live = None;
                if slot.status.state != State::Restarting {
                    slot.status = Status::of(State::Unassigned);
                }
            }
            TaskEvent::Topic(topic) => return self.topics.insert(topic),
        }
        true
    }

    /// How long to wait before the next attempt to split.
    pub(super) fn split_backoff_ms(&mut self) -> u64 {
        let doublings = self.failed_splits.min(16);
        self.failed_splits = self.failed_splits.saturating_add(1);
        (SPLIT_BACKOFF_MS << doublings).min(SPLIT_BACKOFF_MAX_MS)
    }

    /// What readers see.
    pub(super) fn view(&self) -> ConnectorView {
        let task = |(&task, slot): (&u32, &Slot)| {
            (
                task,
                TaskView { config: slot.config.clone(), status: slot.status.clone(), worker: Worker::Here },
            )
        };
        ConnectorView {
            config: self.config.clone(),
            class: self.class.clone(),
            target: self.target,
            status: self.status.clone(),
            worker: Worker::Here,
            tasks: self.tasks.iter().map(task).collect(),
            topics: self.topics.clone(),
        }
    }
}
