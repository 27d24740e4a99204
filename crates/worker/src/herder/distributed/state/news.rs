//! What runs here tells of itself.

use std::sync::Arc;

use api::config::Properties;

use super::event::{Action, Write};
use super::unit::{Phase, Unit};
use super::{State, World};
use crate::cluster::status::{Key, TopicUse, Value};
use crate::herder::RawConfig;
use crate::herder::state::{Action as Local, Event as News, Failure, Generation};
use crate::status::{State as Shown, TargetState};
use crate::task::{TaskEvent, TaskId};

/// How long the first pause between two attempts to split is; each further one is twice as long.
const SPLIT_BACKOFF_MS: u64 = 250;
/// How long a pause between two attempts to split is at most.
const SPLIT_BACKOFF_MAX_MS: u64 = 60_000;

impl State {
    pub(super) fn news(&mut self, world: World<'_>, news: News) {
        match news {
            News::Called { call, name, request } => self.request(world, call, name, request),
            News::ConnectorStarted { name, instance, outcome } => self.started(&name, instance, outcome),
            News::ConnectorSplit { name, instance, outcome } => self.was_split(&name, instance, outcome),
            News::ConnectorStopped { name, instance } => self.stopped(&name, instance),
            News::ConnectorFailed { name, instance, trace } => self.failed(&name, instance, trace),
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

    fn started(&mut self, name: &Arc<str>, generation: Generation, outcome: Result<(), Failure>) {
        if let Err(failure) = outcome {
            return self.failed(name, generation, failure.trace);
        }
        let Some(unit) = self.running(name, generation) else { return };
        if let Some(instance) = &mut unit.instance {
            instance.phase = Phase::Started;
        }
        (unit.told, unit.failed_splits) = (Some(Shown::Running), 0);
        self.desk.tell_connector(name, Shown::Running, None);
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

    /// A connector that has failed is ended, and stays so until it is changed or started anew by a user.
    fn failed(&mut self, name: &Arc<str>, generation: Generation, trace: String) {
        let Some(unit) = self.running(name, generation) else { return };
        unit.failed = unit.instance.as_ref().map(|instance| instance.config.clone());
        unit.told = Some(Shown::Failed);
        self.desk.tell_connector(name, Shown::Failed, Some(trace));
        if let Some(unit) = self.units.get_mut(name) {
            unit.stop_connector(name, &mut self.desk);
        }
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
            self.desk.tell_connector(name, Shown::Unassigned, None);
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
        name: &Arc<str>,
        generation: Generation,
        outcome: Result<Vec<Properties>, Failure>,
    ) {
        if self.running(name, generation).is_none() {
            return;
        }
        match outcome {
            Ok(tasks) => self.publish(name, generation, tasks),
            Err(failure) if failure.transient => self.split_later(name, generation),
            Err(failure) => self.failed(name, generation, failure.trace),
        }
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
                self.desk.tell_task(id, Shown::Unassigned, None);
            }
        }
    }

    fn task_reported(&mut self, world: World<'_>, id: TaskId, generation: Generation, event: TaskEvent) {
        let Some(unit) = self.units.get_mut(&id.connector) else { return };
        let live = unit.tasks.get(&id.task).filter(|live| live.generation == generation);
        let Some(stopping) = live.map(|live| live.stopping.is_some()) else { return };
        let (state, trace) = match event {
            TaskEvent::Topic(topic) => return self.topic_used(world, &id, topic),
            TaskEvent::Running => (Shown::Running, None),
            TaskEvent::Paused => (Shown::Paused, None),
            TaskEvent::Failed { trace } => (Shown::Failed, Some(trace)),
            TaskEvent::Stopped => (Shown::Unassigned, None),
        };
        if matches!(state, Shown::Failed | Shown::Unassigned) {
            unit.task_ended(id.task, generation);
        }
        if !stopping {
            self.desk.tell_task(id, state, trace);
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
