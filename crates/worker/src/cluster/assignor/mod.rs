//! How the leader of a group shares connectors and tasks out, as Apache Kafka Connect 4.3.1 does.
//!
//! [`eager`] deals everything anew; [`Cooperative`] moves as little as it can and waits for workers that have gone.
//! It counts connectors and tasks, as Java does, or weighs tasks by what they take ([`Balance`]).

mod backoff;
mod cooperative;
mod eager;
mod load;
mod scales;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use cooperative::{Balance, Cooperative, Moves, Policy, Round};
pub use eager::eager;

use super::{Loads, Share, Work};
use crate::task::TaskId;

/// The connectors that are to run, each with the number of its tasks.
pub type Configured = BTreeMap<Arc<str>, u32>;

/// What each member of the group runs, by its id.
pub type Members = BTreeMap<Arc<str>, Share>;

/// What the leader has decided.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// What each member is told, by its id.
    pub members: BTreeMap<Arc<str>, MemberPlan>,
    /// After how many milliseconds everybody is to join again; 0 for never.
    pub delay_ms: i32,
    /// What is with nobody, as its member is gone and may come back.
    pub held: Work,
    /// What was held back and is given to members that have come since.
    pub returned: Work,
    /// What is given to the members that it was taken from others for, as it weighs too much there.
    pub moved: Work,
}

/// What one member is told.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MemberPlan {
    /// What it starts.
    pub assigned: Share,
    /// What it stops.
    pub revoked: Share,
    /// What it runs once it has done both.
    pub owned: Share,
}

/// The connectors and their tasks.
pub(crate) fn work_of(configured: &Configured) -> Work {
    let tasks = |(connector, &count): (&Arc<str>, &u32)| {
        let connector = connector.clone();
        (0..count).map(move |task| TaskId { connector: connector.clone(), task })
    };
    Work {
        connectors: configured.keys().cloned().collect(),
        tasks: configured.iter().flat_map(tasks).collect(),
    }
}

#[cfg(test)]
mod tests;
