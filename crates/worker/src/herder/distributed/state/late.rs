//! Tasks that were written late: what was sent to a leader that could not be reached may arrive when it can be again,
//! behind what was written since.

use std::sync::Arc;

use super::State;
use super::event::{Action, Write};
use crate::status::TargetState;

impl State {
    /// Has tasks made good that are not those that the connector is to have.
    pub(super) fn look_for_late_tasks(&mut self, name: &Arc<str>) {
        match self.configs.target(name) {
            TargetState::Started => self.split_if_others_were_written(name),
            TargetState::Paused => {}
            TargetState::Stopped => self.empty_if_stopped(name),
        }
    }

    /// Splits a connector that runs here again if other tasks were written than it wants to have. Not at once, as what
    /// is wanted may be on its way.
    fn split_if_others_were_written(&mut self, name: &Arc<str>) {
        let (Some(connector), Some(unit)) = (self.configs.connectors.get(name), self.units.get_mut(name))
        else {
            return;
        };
        let Some(instance) = &unit.instance else { return };
        let wanted = instance.tasks.as_ref().filter(|_| instance.config == connector.config);
        match wanted.map(|tasks| connector.changes(tasks)) {
            Some(true) => {
                let instance = instance.generation;
                self.split_later(name, instance);
            }
            Some(false) => unit.failed_splits = 0,
            None => {}
        }
    }

    /// Has the leader write that a stopped connector has no tasks: its offsets cannot be changed while it has.
    fn empty_if_stopped(&mut self, name: &Arc<str>) {
        let some = self.configs.connectors.get(name).is_some_and(|connector| connector.tasks().len() > 0);
        if some && self.group.leads() {
            // Nobody waits for it.
            let token = self.desk.generation();
            self.desk.act(Action::Write { token, name: name.clone(), write: Write::Tasks(Vec::new()) });
        }
    }

    /// The same of all connectors, when this worker has become the leader.
    pub(super) fn empty_stopped(&mut self) {
        let stopped = |name: &&Arc<str>| self.configs.target(name) == TargetState::Stopped;
        let names: Vec<Arc<str>> = self.configs.connectors.keys().filter(stopped).cloned().collect();
        names.iter().for_each(|name| self.empty_if_stopped(name));
    }
}

#[cfg(test)]
mod tests;
