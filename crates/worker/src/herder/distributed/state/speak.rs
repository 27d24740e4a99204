//! Who runs something has the last word on how it is.

use super::unit::Unit;
use super::{State, World};
use crate::cluster::status::{Key, Report};

impl State {
    /// Tells again how things are that run here where a worker has spoken over that which had them before: what it had
    /// to say may be written late, for example when it could not reach the brokers, and would be shown for good.
    pub(super) fn speak_up(&mut self, world: World<'_>, keys: &[Key]) {
        let mine = &self.group.mine;
        for key in keys {
            match key {
                Key::Connector(name) if mine.connectors.contains(name) => {
                    let late = world.statuses.connector(name).is_some_and(|report| self.late(report));
                    let status = self.units.get(name).filter(|_| late).and_then(Unit::connector_status);
                    if let Some(status) = status {
                        self.desk.tell_connector(name, status);
                    }
                }
                Key::Task(id) if mine.tasks.contains(id) => {
                    let late = world.statuses.overruled(id)
                        || world.statuses.task(id).is_some_and(|report| self.late(report));
                    let unit = self.units.get(&id.connector).filter(|_| late);
                    if let Some(status) = unit.and_then(|unit| unit.task_status(id.task)) {
                        self.desk.tell_task(id.clone(), status);
                    }
                }
                Key::Connector(_) | Key::Task(_) | Key::Topic { .. } => {}
            }
        }
    }

    /// Whether another worker says so which does not know of the present generation. Of two that believe to run
    /// something, only one tells it again.
    fn late(&self, report: &Report) -> bool {
        report.worker_id != self.settings.worker_id && report.generation < self.desk.group
    }
}
