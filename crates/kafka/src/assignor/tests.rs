use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

fn member(id: &str, topics: &[&str], owned: &[(&str, i32)], generation: i32) -> GroupMember {
    let subscription = Subscription {
        topics: topics.iter().map(|topic| Arc::from(*topic)).collect(),
        owned: owned.iter().map(|(topic, index)| TopicPartition::new(*topic, *index)).collect(),
        generation: Some(generation),
        ..Subscription::default()
    };
    GroupMember { id: id.into(), instance_id: None, subscription }
}

fn counts(topics: &[(&str, i32)]) -> PartitionCounts {
    topics.iter().map(|(topic, count)| (Arc::from(*topic), *count)).collect()
}

fn words(shares: &Shares) -> Vec<String> {
    let share = |share: &Vec<TopicPartition>| {
        let words: Vec<String> = share.iter().map(TopicPartition::to_string).collect();
        words.join(" ")
    };
    shares.iter().map(share).collect()
}

#[test]
fn ranges_are_contiguous_and_the_first_members_get_the_remainder() {
    let members = [member("b", &["t", "u"], &[], -1), member("a", &["t", "u"], &[], -1)];
    let shares = Assignor::Range.assign(&counts(&[("t", 3), ("u", 2)]), &members);
    assert_eq!(words(&shares), ["t-2 u-1", "t-0 t-1 u-0"]);
}

#[test]
fn static_members_come_first_in_a_range() {
    let mut fixed = member("z", &["t"], &[], -1);
    fixed.instance_id = Some("z".into());
    let members = [member("a", &["t"], &[], -1), fixed];
    assert_eq!(words(&Assignor::Range.assign(&counts(&[("t", 1)]), &members)), ["", "t-0"]);
}

#[test]
fn a_new_member_gets_its_share_only_after_it_was_given_up() {
    let topics = counts(&[("t", 4)]);
    let old = member("a", &["t"], &[("t", 0), ("t", 1), ("t", 2), ("t", 3)], 1);
    let shares = Assignor::CooperativeSticky.assign(&topics, &[old, member("b", &["t"], &[], -1)]);
    assert_eq!(words(&shares), ["t-0 t-1", ""]);
    let old = member("a", &["t"], &[("t", 0), ("t", 1)], 2);
    let shares = Assignor::CooperativeSticky.assign(&topics, &[old, member("b", &["t"], &[], 2)]);
    assert_eq!(words(&shares), ["t-0 t-1", "t-2 t-3"]);
}

#[test]
fn the_claim_of_the_later_generation_counts() {
    let topics = counts(&[("t", 2)]);
    let zombie = member("a", &["t"], &[("t", 0), ("t", 1)], 1);
    let owner = member("b", &["t"], &[("t", 0)], 2);
    let shares = Assignor::CooperativeSticky.assign(&topics, &[zombie, owner]);
    assert_eq!(words(&shares), ["t-1", "t-0"]);
}

#[test]
fn of_two_claims_of_one_generation_only_one_stands() {
    let topics = counts(&[("t", 1)]);
    let members = [member("a", &["t"], &[("t", 0)], 1), member("b", &["t"], &[("t", 0)], 1)];
    assert_eq!(words(&Assignor::CooperativeSticky.assign(&topics, &members)), ["t-0", ""]);
}

#[test]
fn the_generation_may_stand_in_the_user_data() {
    let mut old = member("a", &["t"], &[("t", 0)], 0);
    old.subscription.generation = None;
    old.subscription.user_data = Assignor::CooperativeSticky.user_data(7);
    let shares = sticky::assign(&counts(&[("t", 1)]), &[member("b", &["t"], &[("t", 0)], 6), old]);
    assert_eq!(words(&shares), ["", "t-0"]);
}

#[test]
fn names_are_kafkas() {
    for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
        assert_eq!(Assignor::from_name(assignor.name()), Some(assignor));
    }
    let class = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
    assert_eq!(Assignor::from_name(class), Some(Assignor::CooperativeSticky));
    assert_eq!(Assignor::from_name("roundrobin"), None);
}

#[test]
fn members_keep_their_partitions_only_if_every_strategy_can() {
    assert!(cooperative(&[Assignor::CooperativeSticky]));
    assert!(!cooperative(&[Assignor::Range, Assignor::CooperativeSticky]));
}

const TOPICS: [&str; 4] = ["a", "b", "c", "d"];

fn any_counts() -> impl Strategy<Value = PartitionCounts> {
    prop::collection::vec(0..12, TOPICS.len())
        .prop_map(|sizes| TOPICS.iter().map(|topic| Arc::from(*topic)).zip(sizes).collect())
}

fn any_member() -> impl Strategy<Value = GroupMember> {
    let topics = prop::sample::subsequence(TOPICS.to_vec(), 1..=TOPICS.len());
    let owned = prop::collection::vec((prop::sample::select(TOPICS.to_vec()), 0..14), 0..10);
    (topics, owned, -1..3).prop_map(|(topics, owned, generation)| member("", &topics, &owned, generation))
}

/// Members of any subscriptions and any claims, true or not.
fn any_members() -> impl Strategy<Value = Vec<GroupMember>> {
    prop::collection::vec(any_member(), 1..7).prop_map(|mut members| {
        for (index, member) in members.iter_mut().enumerate() {
            member.id = format!("m{index}").into();
        }
        members
    })
}

fn owners(shares: &Shares) -> HashMap<&TopicPartition, usize> {
    let owned =
        shares.iter().enumerate().flat_map(|(index, share)| share.iter().map(move |each| (each, index)));
    let mut owners = HashMap::new();
    for (partition, owner) in owned {
        assert_eq!(owners.insert(partition, owner), None, "{partition} has two owners");
    }
    owners
}

fn all_wanted(counts: &PartitionCounts, members: &[GroupMember]) -> HashSet<TopicPartition> {
    let wanted = counts.iter().filter(|(topic, _)| members.iter().any(|member| wants(member, topic)));
    wanted
        .flat_map(|(topic, count)| (0..*count).map(|index| TopicPartition::new(topic.clone(), index)))
        .collect()
}

fn wants(member: &GroupMember, topic: &str) -> bool {
    member.subscription.topics.iter().any(|wanted| **wanted == *topic)
}

fn check_complete(counts: &PartitionCounts, members: &[GroupMember], shares: &Shares) {
    let owners = owners(shares);
    assert_eq!(
        owners.keys().map(|each| (*each).clone()).collect::<HashSet<_>>(),
        all_wanted(counts, members)
    );
    for (partition, owner) in owners {
        assert!(wants(&members[owner], &partition.topic));
    }
}

fn check_balanced(members: &[GroupMember], shares: &Shares) {
    for (giver, share) in shares.iter().enumerate() {
        for (taker, other) in shares.iter().enumerate() {
            let movable = share.iter().any(|partition| wants(&members[taker], &partition.topic));
            assert!(!movable || share.len() < other.len() + 2, "{giver} could give to {taker}");
        }
    }
}

/// The members after they got their shares.
fn after(members: &[GroupMember], shares: Shares, generation: i32) -> Vec<GroupMember> {
    let mut members = members.to_vec();
    for (member, share) in members.iter_mut().zip(shares) {
        member.subscription.owned = share;
        member.subscription.generation = Some(generation);
    }
    members
}

proptest! {
    #[test]
    fn every_partition_has_one_owner_that_wants_it(counts in any_counts(), members in any_members()) {
        check_complete(&counts, &members, &Assignor::Range.assign(&counts, &members));
        let shares = sticky::assign(&counts, &members);
        check_complete(&counts, &members, &shares);
        check_balanced(&members, &shares);
    }

    #[test]
    fn nothing_goes_to_a_new_owner_before_the_old_one_gave_it_up(
        counts in any_counts(),
        members in any_members(),
    ) {
        let shares = Assignor::CooperativeSticky.assign(&counts, &members);
        for (partition, owner) in owners(&shares) {
            for (index, member) in members.iter().enumerate() {
                let gives_it_up = index != owner && member.subscription.owned.contains(partition);
                prop_assert!(!gives_it_up || members[owner].subscription.owned.contains(partition));
            }
        }
    }

    /// However it starts, the group comes to rest with everything shared out.
    #[test]
    fn a_group_comes_to_rest(counts in any_counts(), members in any_members()) {
        let mut members = members;
        for generation in 10..13 {
            let shares = Assignor::CooperativeSticky.assign(&counts, &members);
            members = after(&members, shares, generation);
        }
        let shares = Assignor::CooperativeSticky.assign(&counts, &members);
        let before: Shares = members.iter().map(|member| member.subscription.owned.clone()).collect();
        prop_assert_eq!(&shares, &before);
        check_complete(&counts, &members, &shares);
        check_balanced(&members, &shares);
    }

    /// With one subscription for all, members that stay keep what the new balance allows them.
    #[test]
    fn members_that_stay_keep_their_share(size in 1..40, before in 1usize..8, now in 1usize..8) {
        let topics = counts(&[("t", size)]);
        let join = |count: usize| (0..count).map(|index| member(&format!("m{index}"), &["t"], &[], -1));
        let old: Vec<GroupMember> = join(before).collect();
        let old = after(&old, sticky::assign(&topics, &old), 1);
        let members: Vec<GroupMember> = old.into_iter().take(now).chain(join(now).skip(before)).collect();
        let shares = sticky::assign(&topics, &members);
        for (member, share) in members.iter().zip(&shares) {
            let owned = &member.subscription.owned;
            let kept = owned.iter().filter(|partition| share.contains(partition)).count();
            prop_assert!(kept == owned.len() || kept == share.len(), "moved more than it had to");
        }
    }

    #[test]
    fn any_bytes_of_another_member_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Subscription::decode(&bytes);
        let _ = Assignment::decode(&bytes);
    }

    #[test]
    fn what_was_encoded_comes_back(
        topics in prop::collection::btree_set("[a-z]{1,6}", 0..5),
        owned in prop::collection::btree_set(("[a-z]{1,3}", 0..9), 0..8),
        generation in -1..9,
        user_data in prop::option::of(prop::collection::vec(any::<u8>(), 0..9)),
        rack in prop::option::of("[a-z]{1,3}"),
    ) {
        let partitions: Vec<TopicPartition> =
            owned.into_iter().map(|(topic, index)| TopicPartition::new(topic, index)).collect();
        let user_data = user_data.map(bytes::Bytes::from);
        let subscription = Subscription {
            topics: topics.into_iter().map(Arc::from).collect(),
            user_data: user_data.clone(),
            owned: partitions.clone(),
            generation: Some(generation),
            rack: rack.map(Arc::from),
        };
        prop_assert_eq!(Subscription::decode(&subscription.encode()).unwrap(), subscription);
        let assignment = Assignment { partitions, user_data };
        prop_assert_eq!(Assignment::decode(&assignment.encode()).unwrap(), assignment);
    }
}
