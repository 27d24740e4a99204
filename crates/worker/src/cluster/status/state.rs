//! What the records of the topic of statuses come to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Key, Report, TopicUse, Value};
use crate::status::State;
use crate::task::TaskId;

/// How everything is, as the topic has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statuses {
    connectors: BTreeMap<Arc<str>, Report>,
    tasks: BTreeMap<TaskId, Report>,
    /// Tasks of which the last record says what is not so.
    overruled: BTreeSet<TaskId>,
    topics: BTreeMap<Arc<str>, BTreeMap<Arc<str>, TopicUse>>,
}

impl Statuses {
    /// Takes a record; answers its key if it has a meaning.
    pub fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Option<Key> {
        let key = Key::decode(key)?;
        let Some(value) = value else {
            self.remove(&key);
            return Some(key);
        };
        match (&key, key.value(value)?) {
            (Key::Connector(name), Value::Report(report)) => {
                self.connectors.insert(name.clone(), report);
            }
            (Key::Task(id), Value::Report(report)) => {
                if self.outdated(id, &report) {
                    self.overruled.insert(id.clone());
                } else {
                    self.overruled.remove(id);
                    self.tasks.insert(id.clone(), report);
                }
            }
            (Key::Topic { topic, connector }, Value::TopicUse(used)) => {
                self.topics.entry(connector.clone()).or_default().insert(topic.clone(), used);
            }
            // A value is read by its key.
            _ => return None,
        }
        Some(key)
    }

    /// A worker that gave a task up may say so after another one has started it. What a worker says of what it ran
    /// itself comes in the order in which it happened.
    fn outdated(&self, id: &TaskId, report: &Report) -> bool {
        let known = self.tasks.get(id);
        report.state == State::Unassigned
            && known.is_some_and(|known| {
                known.state == State::Running
                    && known.worker_id != report.worker_id
                    && known.generation >= report.generation
            })
    }

    fn remove(&mut self, key: &Key) {
        match key {
            Key::Connector(name) => {
                self.connectors.remove(name);
                self.tasks.retain(|id, _| id.connector != *name);
                self.overruled.retain(|id| id.connector != *name);
            }
            Key::Task(id) => {
                self.tasks.remove(id);
                self.overruled.remove(id);
            }
            Key::Topic { topic, connector } => {
                if let Some(topics) = self.topics.get_mut(connector) {
                    topics.remove(topic);
                }
            }
        }
    }

    /// How a connector is.
    pub fn connector(&self, name: &str) -> Option<&Report> {
        self.connectors.get(name)
    }

    /// How a task is.
    pub fn task(&self, id: &TaskId) -> Option<&Report> {
        self.tasks.get(id)
    }

    /// Whether the topic says of a task, last, what is not so: whoever reads it later is misled.
    pub fn overruled(&self, id: &TaskId) -> bool {
        self.overruled.contains(id)
    }

    /// How the tasks of a connector are, by number.
    pub fn tasks(&self, name: &str) -> impl Iterator<Item = (u32, &Report)> {
        let first = TaskId { connector: name.into(), task: 0 };
        let all = self.tasks.range(first..);
        all.take_while(move |(id, _)| *id.connector == *name).map(|(id, report)| (id.task, report))
    }

    /// The topics that a connector uses.
    pub fn topics(&self, name: &str) -> impl Iterator<Item = &TopicUse> {
        self.topics.get(name).into_iter().flat_map(BTreeMap::values)
    }

    /// The keys of all that has a status.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        let connectors = self.connectors.keys().cloned().map(Key::Connector);
        connectors.chain(self.tasks.keys().cloned().map(Key::Task))
    }

    /// Whether a worker may say this without speaking over one that knows better: nothing is known, or the worker
    /// itself said it, or it was said in an older generation or the same one.
    pub fn safe(&self, key: &Key, report: &Report) -> bool {
        let known = match key {
            Key::Connector(name) => self.connectors.get(name),
            Key::Task(id) => self.tasks.get(id),
            Key::Topic { .. } => None,
        };
        known.is_none_or(|known| known.worker_id == report.worker_id || known.generation <= report.generation)
    }
}
