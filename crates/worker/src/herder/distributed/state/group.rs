//! The worker in its group: what is its own, and when it joins.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::desk::Desk;
use super::election::Election;
use super::event::Action;
use super::{State, World};
use crate::cluster::assignor::{Cooperative, Policy};
use crate::cluster::config::Configs;
use crate::cluster::protocol::{Assignment, Metadata, Protocol};
use crate::cluster::status::Key;
use crate::cluster::{Loads, Share, Work};
use crate::herder::HerderError;
use crate::herder::overview::{Sharing, worker_of};
use crate::status::State as Shown;
use crate::task::TaskId;

/// How long after a round in which nobody got anything the next one is asked for: until all know that they have nothing.
const LOWERED_MS: i64 = 1_000;

/// What the worker knows of its group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) assignor: Cooperative,
    pub(super) me: Arc<str>,
    /// The generation that was complete last; -1 before the first.
    pub(super) completed: i32,
    pub(super) protocol: Option<Protocol>,
    /// What the leader has said last, with all that is this worker's.
    pub(super) assignment: Option<Assignment>,
    /// What this worker may run.
    pub(super) mine: Work,
    phase: Phase,
    /// A round that waits until the topic of configurations has been read.
    pub(super) election: Option<Election>,
    /// What was taken away. It is given to others once it has ended and all have joined again; nobody waits for what is
    /// not configured any more.
    follow_up: Share,
    pub(super) rejoin_at_ms: Option<i64>,
    /// Where everything runs, if this worker leads: the URL of each member and what it has.
    pub(super) owners: Vec<(Arc<str>, Work)>,
    /// Whether this worker has given nothing to anybody in a round, so that all give up what they run.
    pub(super) lowered: bool,
    /// What this worker has decided for a round that is not complete yet, with the reasons.
    pub(super) planned: Option<Sharing>,
    /// The same of the present generation, if this worker leads.
    pub(super) sharing: Option<Arc<Sharing>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// In no group, or in a round that goes on.
    Outside,
    /// The group waits for this worker, which waits for what it may not run to end.
    Preparing,
    /// The topic of configurations has to be read first.
    Behind,
    /// All is known.
    Stable,
}

impl Group {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            assignor: Cooperative::new(policy),
            me: "".into(),
            completed: -1,
            protocol: None,
            assignment: None,
            mine: Work::default(),
            phase: Phase::Outside,
            election: None,
            follow_up: Share::default(),
            rejoin_at_ms: None,
            owners: Vec::new(),
            lowered: false,
            planned: None,
            sharing: None,
        }
    }

    /// Whether the group is at rest and this worker knows what is its own.
    pub(super) fn stable(&self) -> bool {
        self.phase == Phase::Stable
    }

    /// Whether this worker leads the group that is at rest.
    pub(super) fn leads(&self) -> bool {
        self.stable() && self.assignment.as_ref().is_some_and(|assignment| assignment.leader == self.me)
    }

    /// Whether the members have agreed to sign the requests among them.
    pub(super) fn signs(&self) -> bool {
        self.agreed_to_sign() == Some(true)
    }

    /// The same; none before the members have agreed for the first time.
    pub(super) fn agreed_to_sign(&self) -> Option<bool> {
        self.protocol.map(|protocol| protocol == Protocol::Sessioned)
    }

    /// Where the workers are that this one, which is at `own`, sends requests to: the leader, or all if it leads.
    pub(super) fn partners(&self, own: &Arc<str>) -> Option<BTreeSet<Arc<str>>> {
        let leader = self.leader_url()?;
        let urls = self.owners.iter().map(|(url, _)| url).chain([leader]);
        Some(urls.filter(|url| *url != own).cloned().collect())
    }

    /// Kafka's words for a request that nobody can do while the group shares out.
    pub(super) fn conflict(&self) -> HerderError {
        let words = match self.assignment {
            Some(_) => {
                "Cannot complete request momentarily due to stale configuration (typically caused by a concurrent \
                 config change)"
            }
            None => {
                "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was \
                 underway."
            }
        };
        HerderError::Conflict(words.to_owned())
    }

    /// Where the leader of the group that is at rest is.
    pub(super) fn leader_url(&self) -> Option<&Arc<str>> {
        self.assignment.as_ref().filter(|_| self.stable()).map(|assignment| &assignment.leader_url)
    }

    /// Where a connector, or one of its tasks, runs, if this worker leads.
    pub(super) fn owner(&self, name: &str, task: Option<u32>) -> Option<&Arc<str>> {
        let has = |work: &Work| match task {
            Some(task) => work.tasks.contains(&TaskId { connector: name.into(), task }),
            None => work.connectors.contains(name),
        };
        self.owners.iter().find(|(_, work)| has(work)).map(|(url, _)| url)
    }

    /// Whether a worker, by its host and port, is a member, if this worker leads.
    pub(super) fn has_worker(&self, worker_id: &str) -> bool {
        self.owners.iter().any(|(url, _)| worker_of(url) == worker_id)
    }

    /// Whether what was shared out last in a group at rest was decided before connectors or their numbers of tasks
    /// changed.
    pub(super) fn behind(&self, configs: &Configs) -> bool {
        let assignment = self.assignment.as_ref().filter(|_| self.stable());
        assignment.is_some_and(|assignment| assignment.config_offset < configs.configured_at)
    }

    pub(super) fn rejoin(&mut self, desk: &mut Desk, reason: &'static str) {
        (self.rejoin_at_ms, self.follow_up) = (None, Share::default());
        desk.act(Action::Rejoin(reason));
    }
}

impl State {
    /// The group wants to know what this worker joins with, which it tells once nothing runs that is not its own.
    pub(super) fn prepare(&mut self) {
        self.group.phase = Phase::Preparing;
        self.group.owners.clear();
        self.group.election = None;
        if self.group.protocol == Some(Protocol::Eager) {
            self.group.mine = Work::default();
            self.group.assignment = None;
            self.group.sharing = None;
            self.touch_all();
        }
    }

    /// Others may have what this worker had, so it ends all of it.
    pub(super) fn lost(&mut self) {
        self.desk.act(Action::Abandon);
        self.group.mine = Work::default();
        self.group.assignment = None;
        self.group.election = None;
        self.group.sharing = None;
        self.group.rejoin_at_ms = None;
        self.group.follow_up = Share::default();
        if self.group.phase != Phase::Preparing {
            self.group.phase = Phase::Outside;
        }
        self.touch_all();
    }

    /// A worker that gives up what it runs in good order leaves next: the others take it over as soon as they know
    /// of the round, which they would hear of with their next heartbeat only.
    pub(super) fn watch_out(&mut self, world: World<'_>, keys: &[Key]) {
        let report = |key: &Key| match key {
            Key::Connector(name) => world.statuses.connector(name),
            Key::Task(id) => world.statuses.task(id),
            Key::Topic { .. } => None,
        };
        let given_up = |key: &Key| {
            report(key).is_some_and(|report| {
                report.state == Shown::Unassigned && report.worker_id != self.settings.worker_id
            })
        };
        if self.group.stable() && keys.iter().any(given_up) {
            self.desk.act(Action::WatchOut);
        }
    }

    /// The topic of configurations was read to its end, as far as that was possible.
    pub(super) fn refreshed(&mut self, world: World<'_>, configs: Option<Arc<Configs>>) {
        let read = configs.is_some();
        if let Some(configs) = configs {
            self.take_configs(configs);
        }
        if let Some(election) = self.group.election.take() {
            return self.share_out(world, &election);
        }
        if self.group.phase != Phase::Behind {
            return;
        }
        let Some(assignment) = &self.group.assignment else { return };
        if assignment.failed() || (read && self.configs.offset < assignment.config_offset) {
            self.group.rejoin(&mut self.desk, "the configurations were behind those of others");
        } else if read {
            self.take_up(world);
        } else {
            self.desk.act(Action::Refresh);
        }
    }

    /// A generation has begun: what was taken away ends, and what was given starts once the configurations are
    /// known that the leader had.
    pub(super) fn assigned(
        &mut self,
        world: World<'_>,
        me: Arc<str>,
        generation: i32,
        protocol: Protocol,
        mut assignment: Assignment,
    ) {
        self.desk.group = generation;
        (self.group.me, self.group.completed, self.group.protocol) = (me, generation, Some(protocol));
        let planned = self.group.planned.take().filter(|_| assignment.leader == self.group.me);
        self.group.sharing = planned.map(Arc::new);
        let revoked = std::mem::take(&mut assignment.revoked);
        self.group.mine.remove(&revoked);
        if let Some(mut before) = self.group.assignment.take().filter(|_| protocol != Protocol::Eager) {
            before.assigned.take(&Work::of([&revoked, &assignment.assigned]));
            assignment.assigned.extend(before.assigned);
        }
        self.group.follow_up = revoked;
        self.group.rejoin_at_ms =
            (assignment.delay_ms > 0).then(|| world.now_ms.saturating_add(assignment.delay_ms.into()));
        let behind = assignment.failed() || self.configs.offset < assignment.config_offset;
        self.group.assignment = Some(assignment);
        self.touch_all();
        if behind {
            self.group.phase = Phase::Behind;
            self.desk.act(Action::Refresh);
        } else {
            self.take_up(world);
        }
    }

    fn take_up(&mut self, world: World<'_>) {
        self.group.phase = Phase::Stable;
        self.group.mine = Work::of(self.group.assignment.iter().map(|assignment| &assignment.assigned));
        self.touch_all();
        let lowered = std::mem::take(&mut self.group.lowered);
        if self.group.leads() {
            if lowered {
                self.group.rejoin_at_ms = Some(world.now_ms.saturating_add(LOWERED_MS));
            }
            self.doubt_strangers(world);
            self.empty_stopped();
            if self.configs.strangers().next().is_some() {
                self.desk.act(Action::RemoveStrangers);
            }
        }
        self.ask_if_behind();
    }

    /// Every member asks for another round as soon as it knows that there is something else to share out, be it before
    /// the round was over: a round begins once all have joined, and who waits to be told learns of it with the next
    /// heartbeat only.
    pub(super) fn ask_if_behind(&mut self) {
        if self.group.behind(&self.configs) {
            self.group.rejoin(&mut self.desk, "connectors or their numbers of tasks have changed");
        }
    }

    /// Joins, or joins again, once that may be.
    pub(super) fn go_on_with_group(&mut self, world: World<'_>) {
        if self.closing.is_some() {
            return;
        }
        if self.group.phase == Phase::Preparing && self.quiet() {
            self.group.phase = Phase::Outside;
            let (url, config_offset) = (self.settings.url.clone(), self.configs.offset);
            let current = self.group.assignment.clone();
            return self.desk.act(Action::Join(Metadata {
                url,
                config_offset,
                current,
                loads: Loads::new(),
            }));
        }
        if self.group.stable() && !self.group.follow_up.is_empty() && self.quiet() {
            let taken = std::mem::take(&mut self.group.follow_up);
            if self.configs.has_any(&taken) {
                self.group.rejoin(&mut self.desk, "what was taken away has ended");
            }
        }
        if self.group.rejoin_at_ms.is_some_and(|at_ms| at_ms <= world.now_ms) {
            self.group.rejoin(&mut self.desk, "the time that the leader has named has come");
        }
    }

    /// Whether nothing runs that is not this worker's.
    fn quiet(&self) -> bool {
        let mine = &self.group.mine;
        self.units.iter().all(|(name, unit)| {
            let id = |task| TaskId { connector: name.clone(), task };
            (unit.instance.is_none() || mine.connectors.contains(name))
                && unit.tasks.keys().all(|&task| mine.tasks.contains(&id(task)))
        })
    }
}

#[cfg(test)]
mod tests;
