//! Balanced shares that move as little as possible, and the two-step hand-over of Java's
//! `CooperativeStickyAssignor`: a partition goes to its new owner only after the old one gave it up.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;

use super::{GroupMember, PartitionCounts, Shares, TopicPartition};
use crate::record::reader::Reader;

/// The generation of a member that does not say which.
const NO_GENERATION: i32 = -1;

/// The generation as the strategy's user data, for leaders older than version 2 of the subscription.
pub(super) fn user_data(generation: i32) -> Bytes {
    Bytes::copy_from_slice(&generation.to_be_bytes())
}

/// Balanced shares, without the partitions that somebody else still has to give up.
pub(super) fn assign_cooperatively(counts: &PartitionCounts, members: &[GroupMember]) -> Shares {
    let mut shares = assign(counts, members);
    let claims: Vec<HashSet<&TopicPartition>> =
        members.iter().map(|member| member.subscription.owned.iter().collect()).collect();
    let given_up: HashSet<TopicPartition> = claims
        .iter()
        .zip(&shares)
        .flat_map(|(claims, share)| {
            let share: HashSet<_> = share.iter().collect();
            claims.iter().filter(move |claim| !share.contains(*claim)).map(|claim| (*claim).clone())
        })
        .collect();
    for (share, claims) in shares.iter_mut().zip(&claims) {
        share.retain(|partition| claims.contains(partition) || !given_up.contains(partition));
    }
    shares
}

/// Balanced shares: no partition could move to a member that has two fewer.
pub(super) fn assign(counts: &PartitionCounts, members: &[GroupMember]) -> Shares {
    let mut balance = Balance::new(members, valid_claims(counts, members));
    let owned: HashSet<TopicPartition> = balance.shares.iter().flatten().cloned().collect();
    for (topic, count) in counts {
        for partition in 0..*count {
            let partition = TopicPartition { topic: topic.clone(), partition };
            if !owned.contains(&partition) {
                balance.give(partition);
            }
        }
    }
    while balance.improve() {}
    let mut shares: Shares = balance.shares;
    shares.iter_mut().for_each(|share| share.sort());
    shares
}

/// What each member owns rightly: wanted, existing, and claimed by nobody of a later generation.
///
/// Of two claims of one generation neither counts, as one of them must be wrong.
fn valid_claims(counts: &PartitionCounts, members: &[GroupMember]) -> Shares {
    let mut best: HashMap<&TopicPartition, (i32, Option<usize>)> = HashMap::new();
    for (index, member) in members.iter().enumerate() {
        let generation = generation(member);
        let wanted: HashSet<&Arc<str>> = member.subscription.topics.iter().collect();
        let mut seen = HashSet::new();
        for partition in &member.subscription.owned {
            let exists =
                counts.get(&partition.topic).is_some_and(|count| (0..*count).contains(&partition.partition));
            if !exists || !wanted.contains(&partition.topic) || !seen.insert(partition) {
                continue;
            }
            let claim = best.entry(partition).or_insert((i32::MIN, None));
            match generation.cmp(&claim.0) {
                std::cmp::Ordering::Greater => *claim = (generation, Some(index)),
                std::cmp::Ordering::Equal => claim.1 = None,
                std::cmp::Ordering::Less => {}
            }
        }
    }
    let mut shares = vec![Vec::new(); members.len()];
    for (partition, (_, owner)) in best {
        if let Some(owner) = owner {
            shares[owner].push(partition.clone());
        }
    }
    shares.iter_mut().for_each(|share: &mut Vec<TopicPartition>| share.sort());
    shares
}

fn generation(member: &GroupMember) -> i32 {
    let subscription = &member.subscription;
    let from_user_data = || subscription.user_data.as_deref().and_then(|data| Reader::new(data).i32());
    subscription.generation.or_else(from_user_data).unwrap_or(NO_GENERATION)
}

/// The shares while they are being balanced.
struct Balance {
    shares: Shares,
    wants: Vec<HashSet<Arc<str>>>,
    takers: BTreeMap<Arc<str>, Vec<usize>>,
    claims: Vec<HashSet<TopicPartition>>,
    /// (number of partitions, member), the least loaded first.
    loads: BTreeSet<(usize, usize)>,
}

impl Balance {
    fn new(members: &[GroupMember], shares: Shares) -> Balance {
        let wants: Vec<HashSet<Arc<str>>> =
            members.iter().map(|member| member.subscription.topics.iter().cloned().collect()).collect();
        let mut takers: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (index, topics) in wants.iter().enumerate() {
            for topic in topics {
                takers.entry(topic.clone()).or_default().push(index);
            }
        }
        let claims =
            members.iter().map(|member| member.subscription.owned.iter().cloned().collect()).collect();
        let loads = shares.iter().enumerate().map(|(index, share)| (share.len(), index)).collect();
        Balance { shares, wants, takers, claims, loads }
    }

    /// Gives a partition nobody has to the least loaded member that wants it.
    fn give(&mut self, partition: TopicPartition) {
        let Some(takers) = self.takers.get(&partition.topic) else { return };
        let least = if takers.len() == self.wants.len() {
            self.loads.first().map(|(_, index)| *index)
        } else {
            takers.iter().copied().min_by_key(|index| (self.shares[*index].len(), *index))
        };
        if let Some(index) = least {
            self.change_load(index, |share| share.push(partition));
        }
    }

    /// Moves one partition from a member to one that has at least two fewer; false when there is none.
    ///
    /// Each move lowers the sum of the squares of the loads, so the moves come to an end.
    fn improve(&mut self) -> bool {
        let Some((giver, taker, position)) = self.find_move() else { return false };
        let mut moved = None;
        self.change_load(giver, |share| moved = Some(share.remove(position)));
        self.change_load(taker, |share| share.extend(moved));
        true
    }

    fn find_move(&self) -> Option<(usize, usize, usize)> {
        for (low, taker) in &self.loads {
            for (high, giver) in self.loads.iter().rev() {
                if *high < low + 2 {
                    break;
                }
                if let Some(position) = self.movable(*giver, *taker) {
                    return Some((*giver, *taker, position));
                }
            }
        }
        None
    }

    /// The partition of the giver that hurts least to move: one it does not own yet, then the last.
    fn movable(&self, giver: usize, taker: usize) -> Option<usize> {
        let wanted = |partition: &TopicPartition| self.wants[taker].contains(&partition.topic);
        let share = &self.shares[giver];
        let fresh = |partition: &TopicPartition| !self.claims[giver].contains(partition);
        share
            .iter()
            .rposition(|partition| wanted(partition) && fresh(partition))
            .or_else(|| share.iter().rposition(wanted))
    }

    fn change_load(&mut self, index: usize, change: impl FnOnce(&mut Vec<TopicPartition>)) {
        self.loads.remove(&(self.shares[index].len(), index));
        change(&mut self.shares[index]);
        self.loads.insert((self.shares[index].len(), index));
    }
}
