//! How the leader of a consumer group shares partitions among the members, compatible with Java's clients.

mod protocol;
mod range;
mod sticky;

use std::{collections::BTreeMap, sync::Arc};

pub use self::protocol::{Assignment, Subscription};

/// A partition of a topic.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        TopicPartition { topic: topic.into(), partition }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// How many partitions each topic has; a topic that is not there does not exist.
pub type PartitionCounts = BTreeMap<Arc<str>, i32>;

/// A member as its leader sees it.
#[derive(Clone, Debug)]
pub struct GroupMember {
    /// The id the coordinator gave it.
    pub id: Arc<str>,
    /// `group.instance.id`, when it has one.
    pub instance_id: Option<Arc<str>>,
    /// What it subscribed to and owns.
    pub subscription: Subscription,
}

/// The partitions of each member, in the order of the members given.
pub type Shares = Vec<Vec<TopicPartition>>;

/// A strategy of `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Assignor {
    /// Contiguous ranges of each topic; members give up everything before they join again.
    Range,
    /// Balanced with as few moves as possible; members keep what does not move.
    CooperativeSticky,
}

impl Assignor {
    /// Reads the name of the strategy, or Kafka's class of that strategy.
    pub fn from_name(name: &str) -> Option<Assignor> {
        match name.strip_prefix("org.apache.kafka.clients.consumer.").unwrap_or(name) {
            "RangeAssignor" | "range" => Some(Assignor::Range),
            "CooperativeStickyAssignor" | "cooperative-sticky" => Some(Assignor::CooperativeSticky),
            _ => None,
        }
    }

    /// The name members agree on.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The bytes that go with a subscription under this strategy.
    pub(crate) fn user_data(self, generation: i32) -> Option<bytes::Bytes> {
        match self {
            Assignor::Range => None,
            Assignor::CooperativeSticky => Some(sticky::user_data(generation)),
        }
    }

    /// Shares the partitions of `counts` among the members.
    pub fn assign(self, counts: &PartitionCounts, members: &[GroupMember]) -> Shares {
        match self {
            Assignor::Range => range::assign(counts, members),
            Assignor::CooperativeSticky => sticky::assign_cooperatively(counts, members),
        }
    }
}

/// Whether members that offer these strategies keep their partitions while they join again.
///
/// As in Java only when every strategy can do it: with `range` in the list the group may end up with it.
pub(crate) fn cooperative(strategies: &[Assignor]) -> bool {
    strategies.iter().all(|strategy| *strategy == Assignor::CooperativeSticky)
}

#[cfg(test)]
mod tests;
