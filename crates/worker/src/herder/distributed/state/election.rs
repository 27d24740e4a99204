//! A round that this worker leads: who gets what.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::Action;
use super::{State, World, overview};
use crate::cluster::assignor::{Configured, MemberPlan, Members, Plan, Round, eager, work_of};
use crate::cluster::protocol::{Assignment, CONFIG_MISMATCH, Metadata, Protocol};
use crate::cluster::status::{Key, Statuses};
use crate::cluster::{Loads, Share, Work};
use crate::status::State as Shown;

/// A round that this worker leads.
#[derive(Clone, Debug)]
pub(super) struct Election {
    pub(super) me: Arc<str>,
    pub(super) generation: i32,
    pub(super) protocol: Protocol,
    pub(super) members: Vec<(Arc<str>, Metadata)>,
}

impl State {
    pub(super) fn elected(&mut self, world: World<'_>, election: Election) {
        if self.configs.offset < config_offset(&election) {
            self.group.election = Some(election);
            return self.desk.act(Action::Refresh);
        }
        self.share_out(world, &election);
    }

    pub(super) fn share_out(&mut self, world: World<'_>, election: &Election) {
        let needed = config_offset(election);
        let leader_url = election.members.iter().find(|(id, _)| *id == election.me);
        let template = Assignment {
            error: 0,
            leader: election.me.clone(),
            leader_url: leader_url.map_or_else(|| self.settings.url.clone(), |(_, me)| me.url.clone()),
            config_offset: needed,
            assigned: Share::default(),
            revoked: Share::default(),
            delay_ms: 0,
        };
        let assignments = if self.configs.offset < needed {
            let mismatch = Assignment { error: CONFIG_MISMATCH, ..template };
            election.members.iter().map(|(id, _)| (id.clone(), mismatch.clone())).collect()
        } else {
            let plan = self.plan(world, election);
            self.remember_owners(election, &plan);
            let config_offset = self.configs.offset;
            let told = |(id, member): (&Arc<str>, &MemberPlan)| {
                let (assigned, revoked) = (member.assigned.clone(), member.revoked.clone());
                let delay_ms = plan.delay_ms;
                (id.clone(), Assignment { config_offset, assigned, revoked, delay_ms, ..template.clone() })
            };
            plan.members.iter().map(told).collect()
        };
        self.desk.act(Action::Assign { protocol: election.protocol, assignments });
    }

    fn plan(&mut self, world: World<'_>, election: &Election) -> Plan {
        let configured = self.configs.configured();
        let plan = self.plan_for(world, election, &configured);
        let (before, balance) = (self.group.sharing.as_deref(), self.settings.policy.balance);
        let planned = overview::sharing(before, election, &plan, balance, &work_of(&configured));
        self.group.planned = Some(planned);
        plan
    }

    fn plan_for(&mut self, world: World<'_>, election: &Election, configured: &Configured) -> Plan {
        if election.protocol == Protocol::Eager {
            // Members that kept what they run until now have not given it up, and do not tell of it.
            self.group.lowered = self.group.protocol.is_some_and(|before| before != Protocol::Eager);
            let nothing = Configured::default();
            let configured = if self.group.lowered { &nothing } else { configured };
            return eager(configured, election.members.iter().map(|(id, _)| id.clone()));
        }
        let held = |metadata: &Metadata| metadata.current.as_ref().map(|current| current.assigned.clone());
        let members: Members = election
            .members
            .iter()
            .map(|(id, metadata)| (id.clone(), held(metadata).unwrap_or_default()))
            .collect();
        let loads: Loads = election.members.iter().flat_map(|(_, metadata)| metadata.loads.clone()).collect();
        self.group.assignor.assign(Round {
            now_ms: world.now_ms,
            configured,
            completed_generation: self.group.completed,
            generation: election.generation,
            members: &members,
            released: &released(world.statuses),
            loads: &loads,
        })
    }

    fn remember_owners(&mut self, election: &Election, plan: &Plan) {
        let urls: BTreeMap<&Arc<str>, &Arc<str>> =
            election.members.iter().map(|(id, metadata)| (id, &metadata.url)).collect();
        let owner = |(id, member): (&Arc<str>, &MemberPlan)| {
            Some(((*urls.get(id)?).clone(), Work::of([&member.owned])))
        };
        self.group.owners = plan.members.iter().filter_map(owner).collect();
    }
}

/// How far the members have read the topic of configurations, the furthest of them.
fn config_offset(election: &Election) -> i64 {
    election.members.iter().map(|(_, metadata)| metadata.config_offset).max().unwrap_or(-1)
}

/// What its worker has given up in good order and nobody has taken since.
fn released(statuses: &Statuses) -> Work {
    let mut released = Work::default();
    for key in statuses.keys() {
        match key {
            Key::Connector(name) => {
                if statuses.connector(&name).is_some_and(|report| report.state == Shown::Unassigned) {
                    released.connectors.insert(name);
                }
            }
            Key::Task(id) => {
                if statuses.task(&id).is_some_and(|report| report.state == Shown::Unassigned) {
                    released.tasks.insert(id);
                }
            }
            Key::Topic { .. } => {}
        }
    }
    released
}
