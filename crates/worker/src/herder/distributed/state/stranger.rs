//! Workers of another cluster on the same topics.
//!
//! Nothing in the topics names the group, so two clusters with one set of topics take each other's writes for their
//! own, and each runs all connectors. What gives them away is that each tells the status of what the other runs.

use super::event::Action;
use super::{State, World};
use crate::cluster::status::Key;
use crate::status::State as Shown;

/// How many are told of: each is told once (invariant 6).
const STRANGERS_MAX: usize = 64;

impl State {
    /// The leader, which knows all members, looks who says that it runs what runs on this worker.
    pub(super) fn meet_strangers(&mut self, world: World<'_>, keys: &[Key]) {
        if !self.group.leads() {
            return;
        }
        for key in keys {
            let (mine, report) = match key {
                Key::Connector(name) => {
                    (self.group.mine.connectors.contains(name), world.statuses.connector(name))
                }
                Key::Task(id) => (self.group.mine.tasks.contains(id), world.statuses.task(id)),
                Key::Topic { .. } => continue,
            };
            let Some(report) = report.filter(|report| mine && report.state == Shown::Running) else {
                continue;
            };
            let worker = &report.worker_id;
            let known = *worker == self.settings.worker_id || self.group.has_worker(worker);
            if !known && self.strangers.len() < STRANGERS_MAX && self.strangers.insert(worker.clone()) {
                self.desk.act(Action::TellStranger(worker.clone()));
            }
        }
    }
}
