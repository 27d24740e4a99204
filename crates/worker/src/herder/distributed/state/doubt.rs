//! What the topics of configurations and of statuses do not agree on.
//!
//! A worker may be behind with either of them: one that was thrown out of its group and believes to lead it, for
//! example, knows of statuses of connectors that it has not read of. So nothing is done about it before the topic of
//! configurations has been read to its end: whoever removes a status of something that is gone does so after that was
//! written, and whoever reads of the removal reads of that, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::desk::Desk;
use super::event::Action;
use super::{State, World, connector_of};
use crate::cluster::config::Configs;
use crate::cluster::status::Key;
use crate::task::TaskId;

/// Connectors of which the topics tell different things.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Those that wait until it is known that all was read.
    waiting: BTreeSet<Arc<str>>,
    /// Those that were there when the topic was last begun to be read to its end, while that goes on.
    looked_at: Option<BTreeSet<Arc<str>>>,
}

impl Doubts {
    pub(super) fn add(&mut self, name: Arc<str>) {
        self.waiting.insert(name);
    }

    /// Has the topic of configurations read to its end if that is waited for, once at a time.
    pub(super) fn look(&mut self, desk: &mut Desk) {
        if self.looked_at.is_none() && !self.waiting.is_empty() {
            self.looked_at = Some(std::mem::take(&mut self.waiting));
            desk.act(Action::Verify);
        }
    }
}

impl State {
    /// Doubts that what runs here is gone because its status is.
    pub(super) fn doubt_removals(&mut self, world: World<'_>, keys: &[Key]) {
        for key in keys {
            let removed = match key {
                Key::Connector(name) => world.statuses.connector(name).is_none(),
                Key::Task(id) => world.statuses.task(id).is_none(),
                Key::Topic { .. } => false,
            };
            let name = connector_of(key);
            if removed && self.units.contains_key(&name) {
                self.doubts.add(name);
            }
        }
    }

    /// Doubts what statuses are told of that is not configured, as the leader.
    pub(super) fn doubt_strangers(&mut self, world: World<'_>) {
        let strange = world.statuses.keys().filter(|key| self.strange(key));
        let names: Vec<Arc<str>> = strange.map(|key| connector_of(&key)).collect();
        names.into_iter().for_each(|name| self.doubts.add(name));
    }

    fn strange(&self, key: &Key) -> bool {
        match key {
            Key::Connector(name) => !self.configs.connectors.contains_key(name),
            Key::Task(id) => !self.configs.connectors.get(&id.connector).is_some_and(|connector| {
                connector.inconsistent() || connector.tasks().any(|(task, _)| task == id.task)
            }),
            Key::Topic { .. } => false,
        }
    }

    /// The topic of configurations was read to its end, if that was possible: what runs here is told of again where
    /// that was removed, and the leader removes what is told of that is gone.
    pub(super) fn verified(&mut self, world: World<'_>, configs: Option<Arc<Configs>>) {
        let names = self.doubts.looked_at.take().unwrap_or_default();
        let Some(configs) = configs else { return self.doubts.waiting.extend(names) };
        self.take_configs(configs);
        for name in names {
            self.tell_again(world, &name);
            if self.group.leads() {
                self.forget_strange(world, &name);
            }
        }
    }

    fn tell_again(&mut self, world: World<'_>, name: &Arc<str>) {
        let mine = &self.group.mine;
        let Some(unit) = self.units.get(name).filter(|_| self.configs.connectors.contains_key(name)) else {
            return;
        };
        let told = world.statuses.connector(name).is_some() || !mine.connectors.contains(name);
        if let Some(status) = unit.connector_status().filter(|_| !told) {
            self.desk.tell_connector(name, status);
        }
        for &task in unit.tasks.keys() {
            let id = TaskId { connector: name.clone(), task };
            let told = world.statuses.task(&id).is_some() || !mine.tasks.contains(&id);
            if let Some(status) = unit.task_status(task).filter(|_| !told) {
                self.desk.tell_task(id, status);
            }
        }
    }

    fn forget_strange(&mut self, world: World<'_>, name: &Arc<str>) {
        let mut keys: Vec<Key> = Vec::new();
        for (task, _) in world.statuses.tasks(name) {
            keys.push(Key::Task(TaskId { connector: name.clone(), task }));
        }
        if world.statuses.connector(name).is_some() {
            keys.push(Key::Connector(name.clone()));
        }
        keys.retain(|key| self.strange(key));
        self.forget(keys);
    }
}

#[cfg(test)]
mod tests;
