//! Connectors and tasks that are with a worker, as a list and as a set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::task::TaskId;

/// What tasks take, in thousandths of a processor.
pub type Loads = BTreeMap<TaskId, u32>;

/// Connectors and tasks in the order in which a worker was given them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Share {
    /// The connectors, without their tasks.
    pub connectors: Vec<Arc<str>>,
    /// The tasks.
    pub tasks: Vec<TaskId>,
}

impl Share {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.connectors.is_empty() && self.tasks.is_empty()
    }

    /// Adds everything of another share, behind what is there.
    pub fn extend(&mut self, other: Share) {
        self.connectors.extend(other.connectors);
        self.tasks.extend(other.tasks);
    }

    /// Takes out what is in the set, and answers it.
    pub fn take(&mut self, work: &Work) -> Share {
        let taken = self.intersection(work);
        self.connectors.retain(|connector| !work.connectors.contains(connector));
        self.tasks.retain(|task| !work.tasks.contains(task));
        taken
    }

    /// What is in the set too, in the order of this share.
    #[must_use]
    pub fn intersection(&self, work: &Work) -> Share {
        let connectors = self.connectors.iter().filter(|connector| work.connectors.contains(*connector));
        let tasks = self.tasks.iter().filter(|task| work.tasks.contains(*task));
        Share { connectors: connectors.cloned().collect(), tasks: tasks.cloned().collect() }
    }
}

/// A set of connectors and tasks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Work {
    /// The connectors, without their tasks.
    pub connectors: BTreeSet<Arc<str>>,
    /// The tasks.
    pub tasks: BTreeSet<TaskId>,
}

impl Work {
    /// Everything in these shares.
    pub fn of<'a>(shares: impl IntoIterator<Item = &'a Share>) -> Self {
        let mut work = Self::default();
        for share in shares {
            work.add(share);
        }
        work
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.connectors.is_empty() && self.tasks.is_empty()
    }

    /// Adds a share.
    pub fn add(&mut self, share: &Share) {
        self.connectors.extend(share.connectors.iter().cloned());
        self.tasks.extend(share.tasks.iter().cloned());
    }

    /// Takes a share out.
    pub fn remove(&mut self, share: &Share) {
        for connector in &share.connectors {
            self.connectors.remove(connector);
        }
        for task in &share.tasks {
            self.tasks.remove(task);
        }
    }

    /// What is here and not there.
    #[must_use]
    pub fn minus(mut self, other: &Work) -> Self {
        self.connectors.retain(|connector| !other.connectors.contains(connector));
        self.tasks.retain(|task| !other.tasks.contains(task));
        self
    }

    /// What is here and there.
    #[must_use]
    pub fn and(mut self, other: &Work) -> Self {
        self.connectors.retain(|connector| other.connectors.contains(connector));
        self.tasks.retain(|task| other.tasks.contains(task));
        self
    }

    /// What is here or there.
    #[must_use]
    pub fn or(mut self, other: Work) -> Self {
        self.connectors.extend(other.connectors);
        self.tasks.extend(other.tasks);
        self
    }

    /// Whether they have something in common.
    pub fn meets(&self, other: &Work) -> bool {
        !self.connectors.is_disjoint(&other.connectors) || !self.tasks.is_disjoint(&other.tasks)
    }

    /// The same as a list, sorted.
    pub fn into_share(self) -> Share {
        Share { connectors: self.connectors.into_iter().collect(), tasks: self.tasks.into_iter().collect() }
    }
}
