//! What the worker shows of its group.

use std::sync::Arc;

use super::election::Election;
use super::{State, World};
use crate::cluster::Work;
use crate::cluster::assignor::{Balance, MemberPlan, Plan};
use crate::cluster::protocol::{Metadata, Protocol};
use crate::herder::overview::{GroupView, Member, Placement, Reason, Sharing};
use crate::task::TaskId;

impl State {
    /// What readers see of the group, if that may be something else than before.
    pub(in crate::herder) fn take_group_view(&mut self, world: World<'_>) -> Option<GroupView> {
        std::mem::take(&mut self.group_changed).then(|| self.group_view(world))
    }

    pub(super) fn group_view(&self, world: World<'_>) -> GroupView {
        let group = &self.group;
        let wall = |at_ms: i64| world.wall_ms.saturating_add(at_ms.saturating_sub(world.now_ms));
        let leader = group.assignment.as_ref().filter(|assignment| !assignment.leader.is_empty());
        GroupView {
            stable: group.stable(),
            generation: group.completed,
            protocol: group.protocol,
            me: group.me.clone(),
            leader: leader.map(|assignment| (assignment.leader.clone(), assignment.leader_url.clone())),
            mine: group.mine.clone(),
            rejoin_at_ms: group.rejoin_at_ms.map(wall),
            sharing: group.sharing.clone(),
        }
    }
}

/// Who has what by a plan, and why; `before`: who had what in the last generation that this worker led.
pub(super) fn sharing(
    before: Option<&Sharing>,
    election: &Election,
    plan: &Plan,
    balance: Balance,
    configured: &Work,
) -> Sharing {
    let mut sharing = Sharing { held: plan.held.clone(), ..Sharing::default() };
    let why = Why { before, election, plan, balance };
    for (id, told) in &election.members {
        let Some(planned) = plan.members.get(id) else { continue };
        sharing.members.push(why.member(id, told, planned));
        let taken = Work::of([&planned.revoked]).and(configured);
        if !taken.is_empty() {
            sharing.taken.push((told.url.clone(), taken));
        }
    }
    sharing
}

/// What tells why something is where a plan has it.
struct Why<'a> {
    before: Option<&'a Sharing>,
    election: &'a Election,
    plan: &'a Plan,
    balance: Balance,
}

impl Why<'_> {
    fn member(&self, id: &Arc<str>, told: &Metadata, planned: &MemberPlan) -> Member {
        let assigned = Work::of([&planned.assigned]);
        let before = self.before.and_then(|before| before.members.iter().find(|member| member.id == *id));
        let connector = |name: &Arc<str>| {
            let known = before.and_then(|before| *before.connectors.get(name)?);
            let given = assigned.connectors.contains(name).then(|| self.of_connector(name));
            (name.clone(), Some(self.placement(given, known)))
        };
        let task = |task: &TaskId| {
            let known = before.and_then(|before| *before.tasks.get(task)?);
            let given = assigned.tasks.contains(task).then(|| self.of_task(task));
            (task.clone(), Some(self.placement(given, known)))
        };
        Member {
            id: id.clone(),
            url: told.url.clone(),
            connectors: planned.owned.connectors.iter().map(connector).collect(),
            tasks: planned.owned.tasks.iter().map(task).collect(),
            loads: told.loads.clone(),
        }
    }

    /// What is kept is there for the reason that it was given for.
    fn placement(&self, given: Option<Reason>, known: Option<Placement>) -> Placement {
        let generation = self.election.generation;
        match (given, known) {
            (Some(reason), _) => Placement { reason, generation },
            (None, Some(known)) => known,
            (None, None) => Placement { reason: Reason::Found, generation },
        }
    }

    fn of_connector(&self, name: &Arc<str>) -> Reason {
        match self.election.protocol {
            Protocol::Eager => Reason::Dealt,
            _ if self.plan.returned.connectors.contains(name) => Reason::Returned,
            _ => Reason::Fewest,
        }
    }

    fn of_task(&self, task: &TaskId) -> Reason {
        match (self.election.protocol, self.balance) {
            (Protocol::Eager, _) => Reason::Dealt,
            _ if self.plan.returned.tasks.contains(task) => Reason::Returned,
            _ if self.plan.moved.tasks.contains(task) => Reason::Moved,
            (_, Balance::Load) => Reason::Lightest,
            (_, Balance::Count) => Reason::Fewest,
        }
    }
}
