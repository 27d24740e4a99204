//! Java's `RangeAssignor`: each topic is cut into contiguous ranges, in the order of the members.

use super::{GroupMember, PartitionCounts, Shares, TopicPartition};

/// Shares every topic among the members that want it; the first ones get the remainder.
pub(super) fn assign(counts: &PartitionCounts, members: &[GroupMember]) -> Shares {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| rank(&members[*index]));
    let mut shares = vec![Vec::new(); members.len()];
    for (topic, count) in counts {
        let takers =
            order.iter().copied().filter(|index| members[*index].subscription.topics.contains(topic));
        let takers: Vec<usize> = takers.collect();
        let mut next = 0;
        for (position, taker) in takers.iter().enumerate() {
            let end = next + share(*count, takers.len() as i32, position as i32);
            let range = (next..end).map(|partition| TopicPartition { topic: topic.clone(), partition });
            shares[*taker].extend(range);
            next = end;
        }
    }
    shares
}

fn share(count: i32, takers: i32, position: i32) -> i32 {
    count / takers + i32::from(position < count % takers)
}

/// Members with an instance id come first, ordered by it, so that a restart does not shuffle them.
fn rank(member: &GroupMember) -> (bool, &str) {
    match &member.instance_id {
        Some(instance_id) => (false, instance_id),
        None => (true, &member.id),
    }
}
