//! What runs here tells of itself.

use std::sync::Arc;

use api::config::Properties;

use super::event::{Action, Write};
use super::unit::{Phase, Restarting, Unit};
use super::{State, World};
use crate::cluster::status::{Key, TopicUse, Value};
use crate::herder::RawConfig;
use crate::herder::state::{Action as Local, Event as News, Failure, Generation, too_many_tasks};
use crate::restart::Policy;
use crate::status::{State as Shown, Status, TargetState};
use crate::task::{TaskEvent, TaskId};

/// How long the first pause between two attempts to split is; each further one is twice as long.
const SPLIT_BACKOFF_MS: u64 = 250;
/// How long a pause between two attempts to split is at most.
const SPLIT_BACKOFF_MAX_MS: u64 = 60_000;

impl State {
    pub(super) fn news(&mut self, world: World<'_>, news: News) {
        match news {
            News::Called { call, name, request } => self.request(world, call, name, request),
            News::ConnectorStarted { name, instance, outcome } => {
                self.started(world, &name, instance, outcome);
            }
            News::ConnectorSplit { name, instance, outcome } => {
                self.was_split(world, &name, instance, outcome);
            }
            News::ConnectorStopped { name, instance } => self.stopped(&name, instance),
            News::ConnectorFailed { name, instance, failure } => {
                self.failed(world, &name, instance, &failure);
            }
            News::RestartDue { name, task, token } => self.restart_due(&name, task, token),
            News::ReconfigurationRequested { name, instance } => self.reconfigure(&name, instance),
            News::ReloadRequested { name, instance } => self.reload(&name, instance),
            News::TasksStopped { name, token } => self.tasks_stopped(&name, token),
            News::TaskReported { id, generation, event } => self.task_reported(world, id, generation, event),
            News::Validated { name, token, outcome } => self.validated(world, &name, token, outcome),
            News::OffsetsChanged { name, token, outcome } => {
                self.offsets_changed(world, &name, token, outcome)
            }
            // Nothing here waits for a plugin, so nothing is overdue.
            _ => {}
        }
    }

    /// The unit of an instance that has not been asked to end.
    fn running(&mut self, name: &Arc<str>, generation: Generation) -> Option<&mut Unit> {
        let unit = self.units.get_mut(name)?;
        let instance = unit.instance.as_ref()?;
        (instance.generation == generation && instance.phase != Phase::Stopping).then_some(unit)
    }

    fn started(
        &mut self,
        world: World<'_>,
        name: &Arc<str>,
        generation: Generation,
        outcome: Result<(), Failure>,
    ) {
        if let Err(failure) = outcome {
            return self.failed(world, name, generation, &failure);
        }
        let Some(unit) = self.running(name, generation) else { return };
        if let Some(instance) = &mut unit.instance {
            instance.phase = Phase::Started;
        }
        (unit.told, unit.failed_splits) = (Some(Shown::Running), 0);
        unit.restarts.runs(world.now());
        let told = unit.restarts.told();
        self.desk.tell_connector(name, Status::of(Shown::Running).with_restart(told));
        self.split(name);
    }

    fn reconfigure(&mut self, name: &Arc<str>, generation: Generation) {
        if self.running(name, generation).is_some() {
            self.split(name);
        }
    }

    /// A value has changed that came from a provider.
    fn reload(&mut self, name: &Arc<str>, generation: Generation) {
        if self.running(name, generation).is_some()
            && let Some(unit) = self.units.get_mut(name)
        {
            unit.restart_connector(name, &mut self.desk);
        }
    }

    /// A connector that has failed is ended, and stays so until it is changed, or started anew by a user or by itself.
    fn failed(&mut self, world: World<'_>, name: &Arc<str>, generation: Generation, failure: &Failure) {
        if self.running(name, generation).is_none() {
            return;
        }
        let (policy, now) = (self.restart_policy(name), world.now());
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.failed = unit.instance.as_ref().map(|instance| instance.config.clone());
        unit.told = Some(Shown::Failed);
        let status = unit.connector_fails(name, failure, Restarting { policy, now, desk: &mut self.desk });
        self.desk.tell_connector(name, status);
        unit.stop_connector(name, &mut self.desk);
    }

    /// How often and when a connector and its tasks are started anew by themselves.
    fn restart_policy(&self, name: &str) -> Policy {
        let config = self.configs.connectors.get(name).map(|connector| &connector.config);
        self.settings.restart.of(|key| config?.get(key)?.as_deref())
    }

    /// The time has come to start something anew that has failed.
    fn restart_due(&mut self, name: &Arc<str>, task: Option<u32>, token: Generation) {
        let Some(unit) = self.units.get_mut(name) else { return };
        let Some(status) = unit.restart_due(task, token) else { return };
        match task {
            Some(task) => self.desk.tell_task(TaskId { connector: name.clone(), task }, status),
            None => self.desk.tell_connector(name, status),
        }
        self.dirty.insert(name.clone());
    }

    fn stopped(&mut self, name: &Arc<str>, generation: Generation) {
        let Some(unit) = self.units.get_mut(name) else { return };
        if unit.instance.take_if(|instance| instance.generation == generation).is_none() {
            return;
        }
        let failed = unit.failed.is_some();
        self.dirty.insert(name.clone());
        let wanted = self.want(name).is_some_and(|want| want.connector);
        if !wanted && !failed && self.configs.connectors.contains_key(name) {
            self.desk.tell_connector(name, Status::of(Shown::Unassigned));
        }
    }

    /// Asks a connector that runs here for its tasks.
    pub(super) fn split(&mut self, name: &Arc<str>) {
        let instance = self.units.get(name).and_then(|unit| unit.instance.as_ref());
        let Some(instance) = instance.filter(|instance| instance.phase == Phase::Started) else { return };
        let tasks_max = instance.config.get("tasks.max").cloned().flatten();
        let tasks_max = tasks_max.and_then(|max| max.trim().parse().ok()).unwrap_or(1);
        let instance = instance.generation;
        self.desk.local(Local::SplitConnector { name: name.clone(), instance, tasks_max });
    }

    fn was_split(
        &mut self,
        world: World<'_>,
        name: &Arc<str>,
        generation: Generation,
        outcome: Result<Vec<Properties>, Failure>,
    ) {
        if self.running(name, generation).is_none() {
            return;
        }
        match outcome {
            Ok(tasks) => match self.too_many(name, tasks.len()) {
                None => self.publish(name, generation, tasks),
                Some(failure) => {
                    self.failed(world, name, generation, &failure);
                    let known =
                        self.configs.connectors.get(name).map_or(0, |connector| connector.tasks().len());
                    // Tasks of an earlier configuration go on, unless they are more than this one allows.
                    if self.too_many(name, known).is_some() {
                        self.publish(name, generation, Vec::new());
                    }
                }
            },
            Err(failure) if failure.transient => self.split_later(name, generation),
            Err(failure) => self.failed(world, name, generation, &failure),
        }
    }

    /// What is wrong with so many tasks, if that is enforced.
    fn too_many(&self, name: &str, tasks: usize) -> Option<Failure> {
        let config = &self.configs.connectors.get(name)?.config;
        let value = |key: &str| config.get(key).and_then(Option::as_deref).map(str::trim);
        let max = value("tasks.max").and_then(|max| max.parse().ok()).unwrap_or(1);
        let enforced =
            value("tasks.max.enforce").is_none_or(|enforced| !enforced.eq_ignore_ascii_case("false"));
        (enforced && tasks > max).then(|| too_many_tasks(name, tasks, max))
    }

    pub(super) fn split_later(&mut self, name: &Arc<str>, generation: Generation) {
        let Some(unit) = self.running(name, generation) else { return };
        let doublings = unit.failed_splits.min(16);
        unit.failed_splits = unit.failed_splits.saturating_add(1);
        let delay_ms = (SPLIT_BACKOFF_MS << doublings).min(SPLIT_BACKOFF_MAX_MS);
        self.desk.local(Local::SplitLater { name: name.clone(), instance: generation, delay_ms });
    }

    /// Has the tasks written that a connector has answered, unless they are what they were.
    fn publish(&mut self, name: &Arc<str>, generation: Generation, tasks: Vec<Properties>) {
        let raw = |task: Properties| task.into_iter().map(|(key, value)| (key, Some(value))).collect();
        let tasks: Vec<RawConfig> = tasks.into_iter().map(raw).collect();
        let unit = self.running(name, generation);
        if let Some(instance) = unit.and_then(|unit| unit.instance.as_mut()) {
            instance.tasks = Some(tasks.clone());
        }
        let Some(connector) = self.configs.connectors.get(name) else { return };
        if !connector.changes(&tasks) || self.configs.target(name) != TargetState::Started {
            return;
        }
        if !self.group.stable() {
            // Nobody is known to lead.
            return self.split_later(name, generation);
        }
        let token = self.desk.generation();
        self.publishing.insert(token, (name.clone(), generation));
        let leader = self.group.leader_url().cloned().unwrap_or_default();
        let name = name.clone();
        self.desk.act(if self.group.leads() {
            Action::Write { token, name, write: Write::Tasks(tasks) }
        } else {
            Action::Send { token, name, leader, tasks }
        });
    }

    fn tasks_stopped(&mut self, name: &Arc<str>, token: Generation) {
        let Some(unit) = self.units.get_mut(name) else { return };
        let stopped = unit.tasks_stopped(token);
        self.dirty.insert(name.clone());
        let configured = self.configs.connectors.contains_key(name);
        let want = self.want(name);
        for task in stopped {
            let wanted = want.as_ref().is_some_and(|want| want.tasks.contains_key(&task));
            if configured && !wanted {
                let id = TaskId { connector: name.clone(), task };
                self.desk.tell_task(id, Status::of(Shown::Unassigned));
            }
        }
    }

    fn task_reported(&mut self, world: World<'_>, id: TaskId, generation: Generation, event: TaskEvent) {
        let policy = self.restart_policy(&id.connector);
        let Some(unit) = self.units.get_mut(&id.connector) else { return };
        let live = unit.tasks.get(&id.task).filter(|live| live.generation == generation);
        let Some(stopping) = live.map(|live| live.stopping.is_some()) else { return };
        let status = match event {
            TaskEvent::Topic(topic) => return self.topic_used(world, &id, topic),
            TaskEvent::Running => unit.task_runs(id.task, world.now()),
            TaskEvent::Paused => unit.task_pauses(id.task),
            TaskEvent::Failed { trace, may_pass } => {
                unit.task_ended(id.task, generation);
                if stopping {
                    return;
                }
                let at = Restarting { policy, now: world.now(), desk: &mut self.desk };
                unit.task_fails(&id, trace, may_pass, at)
            }
            TaskEvent::Stopped => {
                unit.task_ended(id.task, generation);
                Status::of(Shown::Unassigned)
            }
        };
        if !stopping {
            self.desk.tell_task(id, status);
        }
    }

    fn topic_used(&mut self, world: World<'_>, id: &TaskId, topic: Arc<str>) {
        let connector = &id.connector;
        let known = world.statuses.topics(connector).any(|used| *used.name == *topic);
        if known || !self.settings.tracks_topics {
            return;
        }
        let used = TopicUse {
            name: (&*topic).into(),
            connector: (&**connector).into(),
            task: id.task,
            discovered_ms: world.wall_ms,
        };
        let key = Key::Topic { topic, connector: connector.clone() };
        self.desk.act(Action::Tell { safe: false, values: vec![(key, Some(Value::TopicUse(used)))] });
    }
}
