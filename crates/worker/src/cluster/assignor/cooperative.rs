//! The assignor of the protocols compatible and sessioned (KIP-415).
//!
//! It remembers what it gave to whom. What a member had that is gone is lost work: it is held back for a while,
//! since the member may come back and take it up again. What is to move for the sake of balance is taken away in
//! one round and given away in the next.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::load::{Load, deal_connectors, deal_tasks};
use super::scales::Scales;
use super::{Configured, Loads, Members, Plan, backoff, work_of};
use crate::cluster::{Share, Work};
use crate::task::TaskId;

/// How the assignor decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// `scheduled.rebalance.max.delay.ms`: how long lost work is held back at most.
    pub max_delay_ms: i32,
    /// When running work moves for the sake of balance.
    pub moves: Moves,
    /// What is balanced.
    pub balance: Balance,
}

/// What members are to have as much of as each other (`assignment.balance`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Balance {
    /// Connectors, and tasks, as in Java.
    Count,
    /// Connectors, and what tasks take of a processor.
    Load,
}

/// When running work moves for the sake of balance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moves {
    /// In every round that finds members with more than their share, as in Java.
    Always,
    /// Only after members have come or gone: a change of configurations stops nothing that it does not name.
    AfterMembership,
}

/// What the leader knows when a round begins.
#[derive(Clone, Copy, Debug)]
pub struct Round<'a> {
    /// The time in milliseconds, of any clock that does not go back.
    pub now_ms: i64,
    /// What is to run.
    pub configured: &'a Configured,
    /// The generation of the last round that this member saw complete; -1 if there was none.
    pub completed_generation: i32,
    /// The generation of this round.
    pub generation: i32,
    /// What the members run, in the order in which they tell it.
    pub members: &'a Members,
    /// Work that is known to have ended in good order, so that nobody comes back for it.
    pub released: &'a Work,
    /// What tasks take, as the members that run them tell; only for [`Balance::Load`].
    pub loads: &'a Loads,
}

/// The assignor, with what it remembers from round to round.
#[derive(Clone, Debug)]
pub struct Cooperative {
    policy: Policy,
    /// What was with some member after the last round, or is held back.
    previous: Work,
    previous_revocation: Work,
    previous_generation: i32,
    previous_members: BTreeSet<Arc<str>>,
    /// Members without work while lost work is held back, in the order in which they came: the one that has gone
    /// is probably among them.
    candidates: Vec<Arc<str>>,
    /// When held back work is given away; 0 when none is.
    scheduled_ms: i64,
    delay_ms: i32,
    /// Whether the last round took work away for the sake of balance.
    revoked_before: bool,
    successive_revocations: u32,
    /// Whether members have come or gone since all had their share.
    unbalanced: bool,
    /// What tasks weigh, for [`Balance::Load`].
    scales: Scales,
}

impl Cooperative {
    /// An assignor that has seen no round.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            previous: Work::default(),
            previous_revocation: Work::default(),
            previous_generation: -1,
            previous_members: BTreeSet::new(),
            candidates: Vec::new(),
            scheduled_ms: 0,
            delay_ms: 0,
            revoked_before: false,
            successive_revocations: 0,
            unbalanced: false,
            scales: Scales::default(),
        }
    }

    /// Decides who starts and who stops what.
    pub fn assign(&mut self, round: Round<'_>) -> Plan {
        if self.previous_generation != round.completed_generation {
            // The last plan never reached anybody: what it says means nothing.
            self.previous = Work::default();
        }
        let members: BTreeSet<Arc<str>> = round.members.keys().cloned().collect();
        self.unbalanced |= members != self.previous_members;
        let configured = work_of(round.configured);
        let active = Work::of(round.members.values());
        self.check_revocation(&active);

        let deleted = self.previous.clone().minus(&configured);
        let missing = self.previous.clone().minus(&active).minus(&deleted);
        let released = missing.clone().and(round.released);
        let lost = missing.minus(&released);
        let created = configured.clone().minus(&self.previous).minus(&active).or(released);

        let unwanted = deleted.or(duplicated(round.members));
        let mut loads = Load::of(round.members);
        loads.iter_mut().for_each(|load| load.revoke(&unwanted));

        self.scales.learn(round.loads, &configured);

        let mut new = created.into_share();
        let anew = self.handle_lost(round.now_ms, &lost, &mut loads);
        let returned = Work::of(loads.iter().map(Load::assigned));
        new.extend(anew);
        let moves = self.balance(round.now_ms, &configured, &mut loads, &new.tasks);
        deal_connectors(&mut loads, new.connectors);
        let moved = match self.policy.balance {
            Balance::Count => {
                deal_tasks(&mut loads, new.tasks);
                Work::default()
            }
            Balance::Load => self.scales.deal(&mut loads, new.tasks),
        };
        self.scales.intend(moves);
        let held = lost.clone().minus(&Work::of(loads.iter().map(Load::assigned)));
        self.remember(&round, members, &loads, lost);
        let members = loads.into_iter().map(Load::into_plan).collect();
        Plan { members, delay_ms: self.delay_ms, held, returned, moved }
    }

    /// As if members had come or gone.
    #[cfg(test)]
    pub(super) fn unbalance(&mut self) {
        self.unbalanced = true;
    }

    /// A member that still has what was taken from it has not heard of it: it is counted as what it has.
    fn check_revocation(&mut self, active: &Work) {
        let revoked = std::mem::take(&mut self.previous_revocation);
        if revoked.meets(active) {
            self.previous = active.clone();
        }
    }

    /// Decides about lost work: what is answered is given away like new work.
    fn handle_lost(&mut self, now_ms: i64, lost: &Work, loads: &mut [Load]) -> Share {
        if lost.is_empty() && !self.revoked_before {
            self.reset_delay();
            return Share::default();
        }
        let present = |member: &Arc<str>| loads.iter().any(|load| load.id == *member);
        let nobody_left = self.previous_members.iter().all(present);
        if (self.scheduled_ms <= 0 && nobody_left) || self.policy.max_delay_ms == 0 {
            return lost.clone().into_share();
        }
        if self.scheduled_ms > 0 && now_ms >= self.scheduled_ms {
            let rest = give_to_candidates(&self.candidates, lost.clone().into_share(), loads);
            self.reset_delay();
            self.revoked_before = false;
            return rest;
        }
        self.hold_back(now_ms, loads);
        Share::default()
    }

    fn hold_back(&mut self, now_ms: i64, loads: &[Load]) {
        for load in loads.iter().filter(|load| load.share.is_empty()) {
            if !self.candidates.contains(&load.id) {
                self.candidates.push(load.id.clone());
            }
        }
        self.delay_ms = match self.scheduled_ms - now_ms {
            // Not above `max_delay_ms`, which is an i32.
            left @ 1.. => left.min(i64::from(self.policy.max_delay_ms)) as i32,
            _ => self.policy.max_delay_ms,
        };
        self.scheduled_ms = now_ms + i64::from(self.delay_ms);
    }

    fn reset_delay(&mut self) {
        self.candidates.clear();
        self.scheduled_ms = 0;
        self.delay_ms = 0;
    }

    /// Takes work from members that have more than their share, unless lost work is waited for or the last
    /// round did so already; answers whom tasks are meant for that are taken because of what they weigh.
    fn balance(
        &mut self,
        now_ms: i64,
        configured: &Work,
        loads: &mut [Load],
        new: &[TaskId],
    ) -> Vec<(TaskId, Arc<str>)> {
        if self.delay_ms != 0 {
            self.revoked_before = false;
            return Vec::new();
        }
        let wanted = self.policy.moves == Moves::Always || self.unbalanced;
        let (surplus, moves) =
            if wanted { self.surplus(configured, loads, new) } else { (Work::default(), Vec::new()) };
        if surplus.is_empty() {
            if std::mem::take(&mut self.revoked_before) {
                self.successive_revocations = 0;
            }
            self.unbalanced = false;
            return Vec::new();
        }
        if self.revoked_before {
            self.successive_revocations = self.successive_revocations.saturating_add(1);
            self.delay_ms = backoff::delay_ms(self.successive_revocations, self.policy.max_delay_ms);
            if self.delay_ms != 0 {
                self.scheduled_ms = now_ms + i64::from(self.delay_ms);
                return Vec::new();
            }
        }
        loads.iter_mut().for_each(|load| load.revoke(&surplus));
        self.revoked_before = true;
        moves
    }

    /// What is to be taken away: never more than Java would take, but for a single task that weighs too much.
    fn surplus(&self, configured: &Work, loads: &[Load], new: &[TaskId]) -> (Work, Vec<(TaskId, Arc<str>)>) {
        let by_count = surplus(configured, loads);
        match self.policy.balance {
            Balance::Count => (by_count, Vec::new()),
            Balance::Load => {
                let moves = self.scales.moves(loads, new, by_count.tasks.len());
                let tasks = moves.iter().map(|(task, _)| task.clone()).collect();
                (Work { tasks, ..by_count }, moves)
            }
        }
    }

    fn remember(&mut self, round: &Round<'_>, members: BTreeSet<Arc<str>>, loads: &[Load], lost: Work) {
        let revoked = Work::of(loads.iter().map(|load| &load.revoked));
        let given = Work::of(loads.iter().map(|load| &load.share));
        self.previous = given.minus(&revoked).or(lost);
        self.previous_revocation = revoked;
        self.previous_generation = round.generation;
        self.previous_members = members;
    }
}

/// What more than one member runs: all of them stop it.
fn duplicated(members: &Members) -> Work {
    let (mut seen, mut twice) = (Work::default(), Work::default());
    for share in members.values() {
        let share = Work::of([share]);
        twice = twice.or(share.clone().and(&seen));
        seen = seen.or(share);
    }
    twice
}

/// Deals lost work to those of the candidates that are there; what is answered is still to be given away.
fn give_to_candidates(candidates: &[Arc<str>], lost: Share, loads: &mut [Load]) -> Share {
    let place = |candidate: &Arc<str>| loads.iter().position(|load| load.id == *candidate);
    let places: Vec<usize> = candidates.iter().filter_map(place).collect();
    if places.is_empty() {
        return lost;
    }
    for (connector, &place) in lost.connectors.into_iter().zip(places.iter().cycle()) {
        loads[place].give_connector(connector);
    }
    for (task, &place) in lost.tasks.into_iter().zip(places.iter().cycle()) {
        loads[place].give_task(task);
    }
    Share::default()
}

/// What members have above their share, connectors and tasks apart.
fn surplus(configured: &Work, loads: &[Load]) -> Work {
    if loads.iter().all(|load| load.share.is_empty()) {
        return Work::default();
    }
    let connectors: Vec<&[Arc<str>]> = loads.iter().map(|load| &*load.share.connectors).collect();
    let tasks: Vec<_> = loads.iter().map(|load| &*load.share.tasks).collect();
    Work {
        connectors: surplus_items(configured.connectors.len(), &connectors).into_iter().collect(),
        tasks: surplus_items(configured.tasks.len(), &tasks).into_iter().collect(),
    }
}

/// Everybody may have `total / members`, and as many as the division leaves over one more: whoever stands first.
fn surplus_items<T: Clone>(total: usize, shares: &[&[T]]) -> Vec<T> {
    let (least, extras) = (total / shares.len(), total % shares.len());
    let with = |size: usize| shares.iter().filter(|share| share.len() == size).count();
    if with(least + 1) == extras && with(least) + extras == shares.len() {
        return Vec::new();
    }
    let (mut surplus, mut extras_left) = (Vec::new(), extras);
    for share in shares.iter().filter(|share| share.len() > least) {
        let allowed = if extras_left > 0 {
            extras_left -= 1;
            least + 1
        } else {
            least
        };
        surplus.extend_from_slice(&share[..share.len() - allowed]);
    }
    surplus
}
