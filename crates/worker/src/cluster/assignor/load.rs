//! What the members have while a plan is made, and how work is dealt to those that have least.

use std::sync::Arc;

use super::super::{Share, Work};
use super::{MemberPlan, Members};
use crate::task::TaskId;

/// A member while a plan is made.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) id: Arc<str>,
    /// What it keeps and gets.
    pub(super) share: Share,
    /// What it gets.
    assigned: Share,
    /// What is taken from it.
    pub(super) revoked: Share,
}

impl Load {
    pub(super) fn of(members: &Members) -> Vec<Self> {
        let load = |(id, share): (&Arc<str>, &Share)| Self {
            id: id.clone(),
            share: share.clone(),
            assigned: Share::default(),
            revoked: Share::default(),
        };
        members.iter().map(load).collect()
    }

    /// Takes work away, also what it was to get in this round.
    pub(super) fn revoke(&mut self, work: &Work) {
        self.assigned.take(work);
        self.revoked.extend(self.share.take(work));
    }

    /// What it gets.
    pub(super) fn assigned(&self) -> &Share {
        &self.assigned
    }

    pub(super) fn give_connector(&mut self, connector: Arc<str>) {
        self.share.connectors.push(connector.clone());
        self.assigned.connectors.push(connector);
    }

    pub(super) fn give_task(&mut self, task: TaskId) {
        self.share.tasks.push(task.clone());
        self.assigned.tasks.push(task);
    }

    pub(super) fn into_plan(self) -> (Arc<str>, MemberPlan) {
        (self.id, MemberPlan { assigned: self.assigned, revoked: self.revoked, owned: self.share })
    }
}

/// Gives each connector to one of those that have fewest connectors.
pub(super) fn deal_connectors(loads: &mut [Load], connectors: Vec<Arc<str>>) {
    deal_items(loads, connectors, |load| load.share.connectors.len(), Load::give_connector);
}

/// Gives each task to one of those that have fewest tasks.
pub(super) fn deal_tasks(loads: &mut [Load], tasks: Vec<TaskId>) {
    deal_items(loads, tasks, |load| load.share.tasks.len(), Load::give_task);
}

/// The members stand in the order of their counts, then of their ids. Those that have as few as the first get one
/// each, over and over: whom they catch up with joins them.
fn deal_items<T>(
    loads: &mut [Load],
    items: Vec<T>,
    count: impl Fn(&Load) -> usize,
    give: impl Fn(&mut Load, T),
) {
    loads.sort_by(|left, right| (count(left), &left.id).cmp(&(count(right), &right.id)));
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        let Some(first) = loads.first() else { return };
        let least = count(first);
        let fewest = loads.iter().position(|load| count(load) > least).unwrap_or(loads.len());
        for (load, item) in loads[..fewest].iter_mut().zip(items.by_ref()) {
            give(load, item);
        }
    }
}
