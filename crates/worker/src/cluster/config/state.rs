//! What the records of the topic of configurations come to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Record, Unreadable};
use crate::cluster::Share;
use crate::cluster::assignor::Configured;
use crate::cluster::signature::SessionKey;
use crate::herder::RawConfig;
use crate::status::TargetState;
use crate::task::TaskId;

/// A connector as the topic has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connector {
    /// Its configuration, as users gave it.
    pub config: Arc<RawConfig>,
    /// The configuration that its tasks were made with; `None` when that is not known.
    pub applied: Option<Arc<RawConfig>>,
    /// Configurations of tasks by number; those from `task_count` on are of no use any more.
    tasks: BTreeMap<u32, Arc<RawConfig>>,
    /// How many tasks it has.
    task_count: u32,
    /// Whether a commit lacked some of its tasks.
    inconsistent: bool,
}

impl Connector {
    /// The tasks that are to run, by number: none while some are missing.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (u32, &Arc<RawConfig>)> {
        let count = if self.inconsistent { 0 } else { self.task_count };
        let range = self.tasks.range(..count);
        let tasks: Vec<_> = range.map(|(&task, config)| (task, config)).collect();
        tasks.into_iter()
    }

    /// Whether some of its tasks are missing: compaction, or a leader that died while it wrote them, has left half
    /// of a set. The connector's own configuration is the truth, so its tasks are to be made and written anew.
    pub fn inconsistent(&self) -> bool {
        self.inconsistent
    }

    /// Whether its tasks are to be written when they come out like this.
    pub fn changes(&self, tasks: &[RawConfig]) -> bool {
        let same = self.tasks().len() == tasks.len()
            && self.tasks().zip(tasks).all(|((_, known), task)| **known == *task);
        self.inconsistent || !same || self.applied.as_ref() != Some(&self.config)
    }
}

/// What the topic has of the tasks of a connector.
#[derive(Clone, Debug, Default, PartialEq)]
struct Written {
    commit: bool,
    tasks: BTreeSet<u32>,
}

/// What came of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// A connector has a configuration, perhaps the one it had.
    Config(Arc<str>),
    /// A connector is gone.
    Removed(Arc<str>),
    /// A connector that is there is to do something else.
    Target(Arc<str>),
    /// A connector has tasks, perhaps those that it had.
    Tasks(Arc<str>),
    /// There is a new key for signatures.
    SessionKey,
    /// A connector is to start anew. Told only to workers that are there when it is asked for.
    Restart {
        /// The connector.
        name: Arc<str>,
        /// Its tasks too.
        include_tasks: bool,
        /// Only what failed.
        only_failed: bool,
    },
    /// Another level is to be logged. Told only to workers that are there when it is asked for.
    LoggerLevel {
        /// The name of the logger.
        namespace: Arc<str>,
        /// The level.
        level: Box<str>,
    },
}

/// The state of the topic of configurations.
#[derive(Clone, Debug, PartialEq)]
pub struct Configs {
    /// The offset behind the last record; -1 before the first. What workers compare with each other.
    pub offset: i64,
    /// [`Configs::offset`] as it was when connectors or their numbers of tasks changed last: what was shared out before
    /// that is to be shared out again.
    pub configured_at: i64,
    /// The connectors by name.
    pub connectors: BTreeMap<Arc<str>, Arc<Connector>>,
    targets: BTreeMap<Arc<str>, TargetState>,
    /// What the topic has of the tasks of connectors, of use or not.
    written: BTreeMap<Arc<str>, Written>,
    /// Tasks that were written and not committed.
    deferred: BTreeMap<Arc<str>, BTreeMap<u32, Arc<RawConfig>>>,
    /// How many tasks of a connector were last fenced off.
    fenced: BTreeMap<Arc<str>, u32>,
    /// Connectors whose tasks were written after those before them were fenced off.
    unfenced: BTreeSet<Arc<str>>,
    /// How often a connector was given tasks, as far as this worker has read; of connectors that are gone, too.
    generations: BTreeMap<Arc<str>, u64>,
    /// The key for signatures.
    pub session_key: Option<Arc<SessionKey>>,
}

impl Default for Configs {
    fn default() -> Self {
        Self {
            offset: -1,
            configured_at: -1,
            connectors: BTreeMap::new(),
            targets: BTreeMap::new(),
            written: BTreeMap::new(),
            deferred: BTreeMap::new(),
            fenced: BTreeMap::new(),
            unfenced: BTreeSet::new(),
            generations: BTreeMap::new(),
            session_key: None,
        }
    }
}

impl Configs {
    /// Takes a record; answers what came of it.
    ///
    /// # Errors
    /// It means nothing; nothing but [`Configs::offset`] has changed.
    pub fn take(
        &mut self,
        offset: i64,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<Option<Change>, Unreadable> {
        let record = Record::decode(key, value);
        if record != Err(Unreadable::NoJson) {
            self.offset = offset.saturating_add(1);
        }
        Ok(record?.and_then(|record| self.apply(record)))
    }

    fn apply(&mut self, record: Record) -> Option<Change> {
        match record {
            Record::Connector { name, config: None } => {
                if self.connectors.remove(&name).is_some() {
                    self.configured_at = self.offset;
                }
                self.deferred.remove(&name);
                Some(Change::Removed(name))
            }
            Record::Connector { name, config: Some(config) } => {
                if !self.connectors.contains_key(&name) {
                    self.configured_at = self.offset;
                }
                Arc::make_mut(self.connectors.entry(name.clone()).or_default()).config = Arc::new(config);
                Some(Change::Config(name))
            }
            Record::Target { name, target } => {
                let before = self.target(&name);
                match target {
                    Some(target) => self.targets.insert(name.clone(), target),
                    None => self.targets.remove(&name),
                };
                let changed = self.connectors.contains_key(&name) && self.target(&name) != before;
                changed.then_some(Change::Target(name))
            }
            Record::Task { id, config: Some(config) } => {
                self.written.entry(id.connector.clone()).or_default().tasks.insert(id.task);
                self.deferred.entry(id.connector).or_default().insert(id.task, Arc::new(config));
                None
            }
            Record::Task { id, config: None } => {
                self.is_gone(&id.connector, |written| {
                    written.tasks.remove(&id.task);
                });
                None
            }
            Record::Commit { name, tasks: Some(tasks) } => {
                self.written.entry(name.clone()).or_default().commit = true;
                self.commit(name, tasks)
            }
            Record::Commit { name, tasks: None } => {
                self.is_gone(&name, |written| written.commit = false);
                None
            }
            Record::Fencing { name, tasks } => {
                self.unfenced.remove(&name);
                self.fenced.insert(name, tasks);
                None
            }
            Record::SessionKey(key) => {
                self.session_key = Some(Arc::new(key));
                Some(Change::SessionKey)
            }
            Record::Restart { name, include_tasks, only_failed } => {
                Some(Change::Restart { name, include_tasks, only_failed })
            }
            Record::LoggerLevel { namespace, level } => Some(Change::LoggerLevel { namespace, level }),
        }
    }

    /// The tasks that were written become those of the connector, if none is missing.
    fn commit(&mut self, name: Arc<str>, count: u32) -> Option<Change> {
        let deferred = self.deferred.remove(&name).unwrap_or_default();
        // Compaction may leave the tasks of a connector that was deleted.
        let connector = Arc::make_mut(self.connectors.get_mut(&name)?);
        let before = connector.tasks().len();
        connector.task_count = count;
        // The numbers are distinct: with as many below `count`, none is missing.
        connector.inconsistent = deferred.range(..count).count() != count as usize;
        if !connector.inconsistent {
            if !deferred.is_empty() {
                *self.generations.entry(name.clone()).or_default() += 1;
            }
            connector.tasks.extend(deferred);
            connector.applied = Some(connector.config.clone());
        }
        if connector.tasks().len() != before {
            self.configured_at = self.offset;
        }
        self.unfenced.insert(name.clone());
        Some(Change::Tasks(name))
    }

    /// Takes note of what the topic has no more of a connector.
    fn is_gone(&mut self, name: &Arc<str>, take: impl FnOnce(&mut Written)) {
        let Some(written) = self.written.get_mut(name) else { return };
        take(written);
        if *written == Written::default() {
            self.written.remove(name);
        }
    }

    /// What deletes all that the topic has of the tasks of a connector, so that compaction takes it, too.
    pub(super) fn deleted_tasks(&self, name: &Arc<str>) -> Vec<Record> {
        let Some(written) = self.written.get(name) else { return Vec::new() };
        let commit = written.commit.then(|| Record::Commit { name: name.clone(), tasks: None });
        let id = |task| TaskId { connector: name.clone(), task };
        let tasks = written.tasks.iter().map(|task| Record::Task { id: id(*task), config: None });
        commit.into_iter().chain(tasks).collect()
    }

    /// The connectors that are gone of which the topic still has tasks.
    pub fn strangers(&self) -> impl Iterator<Item = &Arc<str>> {
        self.written.keys().filter(|name| !self.connectors.contains_key(*name))
    }

    /// What a connector is to do.
    pub fn target(&self, name: &str) -> TargetState {
        self.targets.get(name).copied().unwrap_or_default()
    }

    /// The connectors that are to run, each with the number of its tasks.
    pub fn configured(&self) -> Configured {
        let count = |connector: &Connector| u32::try_from(connector.tasks().len()).unwrap_or(u32::MAX);
        self.connectors.iter().map(|(name, connector)| (name.clone(), count(connector))).collect()
    }

    /// Whether some of these connectors and tasks are to run.
    pub fn has_any(&self, share: &Share) -> bool {
        let tasks =
            |id: &TaskId| self.connectors.get(&id.connector).map_or(0, |connector| connector.tasks().len());
        share.connectors.iter().any(|name| self.connectors.contains_key(name))
            || share.tasks.iter().any(|id| (id.task as usize) < tasks(id))
    }

    /// The generation of a connector's tasks: a larger number with each set of them.
    pub fn generation(&self, name: &str) -> u64 {
        self.generations.get(name).copied().unwrap_or_default()
    }

    /// Whether former tasks of a connector may still write.
    pub fn unfenced(&self, name: &str) -> bool {
        self.unfenced.contains(name)
    }

    /// How many tasks of a connector were last fenced off.
    pub fn fenced(&self, name: &str) -> Option<u32> {
        self.fenced.get(name).copied()
    }
}
