//! What a worker of a cluster decides: a pure step from an event to actions.
//!
//! The topic of configurations says what there is, the group says what of it is this worker's. Both are compared
//! with what runs here, connector by connector, whenever one of them has changed (`unit`). What users want changed
//! is written to the topic by the leader, one thing after the other for each connector (`lane`), and comes back
//! from there.

mod desk;
mod doubt;
mod election;
mod event;
mod fencing;
mod group;
mod lane;
mod late;
mod news;
mod overview;
mod request;
mod speak;
mod stranger;
mod unit;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub(in crate::herder) use event::{Action, Event, Write};

use super::super::call::{Reply, Request};
use super::super::entities::RawConfig;
use super::super::state::{Action as Local, CallId, Generation};
use super::super::view::Class;
use crate::cluster::assignor::Policy;
use crate::cluster::config::{Change, Configs};
use crate::cluster::status::{Key, Statuses};
use crate::restart::{Now, Policy as RestartPolicy};
use crate::status::{State as Shown, Status};
use crate::task::TaskId;
use desk::Desk;
use doubt::Doubts;
use group::Group;
use lane::Lane;
use unit::{Made, Unit, Want};

/// What a step may look at beside the event.
#[derive(Clone, Copy, Debug)]
pub(in crate::herder) struct World<'a> {
    /// The time in milliseconds, of a clock that does not go back.
    pub(in crate::herder) now_ms: i64,
    /// The time in milliseconds since 1970-01-01 UTC.
    pub(in crate::herder) wall_ms: i64,
    /// How everything is, as the topic of statuses has it.
    pub(in crate::herder) statuses: &'a Statuses,
}

impl World<'_> {
    fn now(&self) -> Now {
        Now { now_ms: self.now_ms, wall_ms: self.wall_ms }
    }
}

/// What is known of a class of connectors; none of one that is not there.
pub(in crate::herder) type Describe = Box<dyn Fn(&str) -> Option<Class> + Send>;

/// Who this worker is and how it decides.
pub(in crate::herder) struct Settings {
    /// The host and port of its REST API, which statuses show.
    pub(in crate::herder) worker_id: Box<str>,
    /// Where its REST API is, for other workers.
    pub(in crate::herder) url: Arc<str>,
    /// How it shares out when it leads.
    pub(in crate::herder) policy: Policy,
    /// Whether a request is refused while the group shares out, and does not wait.
    pub(in crate::herder) rejects_conflicts: bool,
    /// Whether it is noted which topics a connector uses.
    pub(in crate::herder) tracks_topics: bool,
    /// Whether sources write exactly once.
    pub(in crate::herder) exactly_once: bool,
    /// How often and when what has failed is started anew.
    pub(in crate::herder) restart: RestartPolicy,
    /// What is known of classes.
    pub(in crate::herder) describe: Describe,
}

/// The state of a worker's herder.
pub(in crate::herder) struct State {
    settings: Settings,
    desk: Desk,
    configs: Arc<Configs>,
    group: Group,
    units: BTreeMap<Arc<str>, Unit>,
    lanes: BTreeMap<Arc<str>, Lane>,
    /// Requests for the leader while nobody is known to be it.
    waiting: VecDeque<(CallId, Arc<str>, Request)>,
    /// Tasks that are being written, with the instance that wants them.
    publishing: BTreeMap<Generation, (Arc<str>, Generation)>,
    /// Requests that wait until what a connector is to do has been written.
    target_calls: BTreeMap<Generation, CallId>,
    /// Connectors of which something has changed that what runs is compared with.
    dirty: BTreeSet<Arc<str>>,
    /// Connectors of which readers may see something else.
    changed: BTreeSet<Arc<str>>,
    /// Connectors of which the topics tell different things.
    doubts: Doubts,
    /// Workers that are not in the group and were told of.
    strangers: BTreeSet<Box<str>>,
    /// Whether readers may see something else of the group.
    group_changed: bool,
    /// The requests to shut down, once there is one.
    closing: Option<Vec<CallId>>,
    left: bool,
}

impl State {
    /// A worker that is in no group yet, with what it has read.
    pub(in crate::herder) fn new(settings: Settings, configs: Arc<Configs>) -> Self {
        let changed = configs.connectors.keys().cloned().collect();
        Self {
            desk: Desk::new(&settings.worker_id),
            group: Group::new(settings.policy),
            settings,
            configs,
            units: BTreeMap::new(),
            lanes: BTreeMap::new(),
            waiting: VecDeque::new(),
            publishing: BTreeMap::new(),
            target_calls: BTreeMap::new(),
            dirty: BTreeSet::new(),
            changed,
            doubts: Doubts::default(),
            strangers: BTreeSet::new(),
            group_changed: true,
            closing: None,
            left: false,
        }
    }

    /// Takes note of what happened and answers what is to be done about it, in order.
    pub(in crate::herder) fn step(&mut self, world: World<'_>, event: Event) -> Vec<Action> {
        self.group_changed |= !matches!(event, Event::News(_) | Event::Statuses(_) | Event::Written { .. });
        match event {
            Event::News(news) => self.news(world, news),
            Event::Configs { configs, changes } => {
                self.take_configs(configs);
                changes.into_iter().for_each(|change| self.config_changed(world, change));
            }
            Event::Refreshed { configs } => self.refreshed(world, configs),
            Event::Verified { configs } => self.verified(world, configs),
            Event::Statuses(keys) => {
                self.changed.extend(keys.iter().map(connector_of));
                self.watch_out(world, &keys);
                self.meet_strangers(world, &keys);
                self.speak_up(world, &keys);
                self.doubt_removals(world, &keys);
            }
            Event::Prepare => self.prepare(),
            Event::Elected { me, generation, protocol, members } => {
                self.elected(world, election::Election { me, generation, protocol, members });
            }
            Event::Assigned { me, generation, protocol, assignment } => {
                self.assigned(world, me, generation, protocol, assignment);
            }
            Event::Lost => self.lost(),
            Event::Written { token, outcome } => self.written(world, token, outcome),
            Event::Tick => {}
        }
        self.settle(world);
        std::mem::take(&mut self.desk.actions)
    }

    /// When a `Tick` is wanted.
    pub(in crate::herder) fn wake_at_ms(&self) -> Option<i64> {
        self.group.rejoin_at_ms
    }

    /// Connectors of which readers may see something else.
    pub(in crate::herder) fn take_changed(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.changed)
    }

    /// Whether the members of the group have agreed to sign the requests among them; none before the first time.
    pub(in crate::herder) fn agreed_to_sign(&self) -> Option<bool> {
        self.group.agreed_to_sign()
    }

    /// The workers that this one sends requests to, as long as the group is at rest.
    pub(in crate::herder) fn partners(&self) -> Option<BTreeSet<Arc<str>>> {
        self.group.partners(&self.settings.url)
    }

    /// Whether this worker leads the group.
    pub(in crate::herder) fn leads(&self) -> bool {
        self.group.leads()
    }

    /// Whether this worker leads a group whose requests are signed.
    pub(in crate::herder) fn signs(&self) -> bool {
        self.group.leads() && self.group.signs()
    }

    /// What has been read of the topic of configurations.
    pub(in crate::herder) fn configs(&self) -> &Arc<Configs> {
        &self.configs
    }

    /// Brings what runs in line, and goes on with what waited for that.
    fn settle(&mut self, world: World<'_>) {
        for name in std::mem::take(&mut self.dirty) {
            self.reconcile(&name);
        }
        self.doubts.look(&mut self.desk);
        self.go_on_with_group(world);
        if self.group.stable() {
            for (call, name, request) in std::mem::take(&mut self.waiting) {
                self.request(world, call, name, request);
            }
        }
        self.exit_once_quiet();
    }

    fn reconcile(&mut self, name: &Arc<str>) {
        let want = self.want(name);
        if want.is_none() && !self.units.contains_key(name) {
            return;
        }
        let unit = self.units.entry(name.clone()).or_default();
        unit.reconcile(name, want.as_ref(), &mut self.desk);
        if want.is_none() && unit.idle() {
            self.units.remove(name);
        }
    }

    /// What is wanted of a connector on this worker.
    fn want(&self, name: &Arc<str>) -> Option<Want> {
        let connector = self.configs.connectors.get(name).filter(|_| self.closing.is_none())?;
        let mine = &self.group.mine;
        let exactly_once = self.settings.exactly_once && self.is_source(name);
        let set = if exactly_once { self.configs.generation(name) } else { 0 };
        let made = |(task, config): (u32, &Arc<RawConfig>)| {
            let connector = connector.applied.as_ref().unwrap_or(&connector.config).clone();
            let id = TaskId { connector: name.clone(), task };
            mine.tasks.contains(&id).then(|| (task, Made { connector, task: config.clone(), set }))
        };
        let want = Want {
            config: connector.config.clone(),
            target: self.configs.target(name),
            connector: mine.connectors.contains(name),
            tasks: connector.tasks().filter_map(made).collect(),
        };
        (want.connector || !want.tasks.is_empty()).then_some(want)
    }

    /// All is to be compared with what is wanted.
    fn touch_all(&mut self) {
        let mine =
            self.group.mine.connectors.iter().chain(self.group.mine.tasks.iter().map(|id| &id.connector));
        self.dirty.extend(mine.chain(self.units.keys()).cloned());
    }

    /// Takes configurations that are not older than those that are known.
    fn take_configs(&mut self, configs: Arc<Configs>) {
        if configs.offset >= self.configs.offset {
            let before = std::mem::replace(&mut self.configs, configs);
            if before.configured_at != self.configs.configured_at {
                self.ask_if_behind();
            }
        }
    }

    fn config_changed(&mut self, world: World<'_>, change: Change) {
        match change {
            Change::Config(name) | Change::Target(name) | Change::Tasks(name) => {
                if self.configs.connectors.get(&name).is_some_and(|connector| connector.inconsistent()) {
                    self.split(&name);
                } else {
                    self.look_for_late_tasks(&name);
                }
                self.changed.insert(name.clone());
                self.dirty.insert(name);
            }
            Change::Removed(name) => {
                if self.group.leads() {
                    self.forget_topics(world, &name);
                    self.doubts.add(name.clone());
                }
                self.changed.insert(name.clone());
                self.dirty.insert(name);
            }
            Change::Restart { name, include_tasks, only_failed } => {
                self.restart(world, &name, include_tasks, only_failed);
            }
            Change::LoggerLevel { namespace, level } => self.desk.act(Action::SetLevel { namespace, level }),
            Change::SessionKey => {}
        }
    }

    /// Nothing is to be told of the topics that a connector has used.
    fn forget_topics(&mut self, world: World<'_>, name: &Arc<str>) {
        let key = |topic: &str| Key::Topic { topic: topic.into(), connector: name.clone() };
        self.forget(world.statuses.topics(name).map(|used| key(&used.name)).collect());
    }

    /// Removes what was told.
    fn forget(&mut self, keys: Vec<Key>) {
        if !keys.is_empty() {
            let values = keys.into_iter().map(|key| (key, None)).collect();
            self.desk.act(Action::Tell { safe: false, values });
        }
    }

    /// What is affected by a restart that a user has asked for, as far as it is here, starts anew.
    fn restart(&mut self, world: World<'_>, name: &Arc<str>, include_tasks: bool, only_failed: bool) {
        let Some(unit) = self.units.get_mut(name) else { return };
        let affected = |state: Option<Shown>| match state {
            Some(state) => !only_failed || state == Shown::Failed,
            None => false,
        };
        let shown = world.statuses.connector(name).map(|report| report.state);
        if self.group.mine.connectors.contains(name) && affected(shown) {
            self.desk.tell_connector(name, Status::of(Shown::Restarting));
            unit.restart_connector(name, &mut self.desk);
        }
        let tasks =
            world.statuses.tasks(name).filter(|(_, report)| include_tasks && affected(Some(report.state)));
        let id = |task| TaskId { connector: name.clone(), task };
        let mine = |task: &u32| self.group.mine.tasks.contains(&id(*task));
        let tasks: BTreeSet<u32> = tasks.map(|(task, _)| task).filter(mine).collect();
        for &task in &tasks {
            self.desk.tell_task(id(task), Status::of(Shown::Restarting));
        }
        unit.restart_tasks(name, &tasks, &mut self.desk);
        self.dirty.insert(name.clone());
    }

    fn shut_down(&mut self, call: CallId) {
        if let Some(calls) = &mut self.closing {
            return calls.push(call);
        }
        self.closing = Some(vec![call]);
        for (call, _, _) in std::mem::take(&mut self.waiting) {
            self.desk.refuse(call, super::super::state::closing());
        }
        for lane in std::mem::take(&mut self.lanes).into_values() {
            lane.refuse_all(&mut self.desk);
        }
        self.touch_all();
    }

    /// A worker leaves once nothing runs any more, so that others can take all of it at once.
    fn exit_once_quiet(&mut self) {
        if self.closing.is_none() || !self.units.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.left, true) {
            self.desk.act(Action::Leave);
        }
        for call in self.closing.replace(Vec::new()).unwrap_or_default() {
            self.desk.reply(call, Ok(Reply::Done));
            self.desk.local(Local::Exit);
        }
    }
}

fn connector_of(key: &Key) -> Arc<str> {
    match key {
        Key::Connector(connector) | Key::Topic { connector, .. } => connector.clone(),
        Key::Task(id) => id.connector.clone(),
    }
}

#[cfg(test)]
mod tests;
