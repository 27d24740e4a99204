//! The assignors and the bytes of groups, judged by Kafka's own classes.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use kafka::{
    Assignor, TopicPartition,
    assignor::{Assignment, GroupMember, PartitionCounts, Shares, Subscription},
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use testkit::java::Judge;

const TOPICS: [&str; 3] = ["a", "b", "c"];

fn ask(judge: &RefCell<Judge>, question: &Value) -> Value {
    serde_json::from_str(&judge.borrow_mut().ask(&question.to_string()).unwrap()).unwrap()
}

/// What Java's assignor gives the members.
fn java(
    judge: &RefCell<Judge>,
    strategy: Assignor,
    counts: &PartitionCounts,
    members: &[GroupMember],
) -> Shares {
    let described = members.iter().map(|member| {
        let subscription = hex::encode(member.subscription.encode());
        (
            member.id.to_string(),
            json!({"subscription": subscription, "instance": member.instance_id.as_deref()}),
        )
    });
    let described: serde_json::Map<_, _> = described.collect();
    let topics: BTreeMap<&str, i32> = counts.iter().map(|(topic, count)| (&**topic, *count)).collect();
    let question =
        json!({"op": "assign", "strategy": strategy.name(), "topics": topics, "members": described});
    let answer = ask(judge, &question);
    let share = |member: &GroupMember| {
        let bytes = hex::decode(answer[&*member.id].as_str().unwrap()).unwrap();
        let mut partitions = Assignment::decode(&bytes).unwrap().partitions;
        partitions.sort();
        partitions
    };
    members.iter().map(share).collect()
}

fn sorted(mut shares: Shares) -> Shares {
    shares.iter_mut().for_each(|share| share.sort());
    shares
}

fn any_counts() -> impl Strategy<Value = PartitionCounts> {
    prop::collection::vec(1..12, TOPICS.len())
        .prop_map(|sizes| TOPICS.iter().map(|topic| Arc::from(*topic)).zip(sizes).collect())
}

/// Members with any subscriptions; `None` for topics means all of them.
fn any_members(same: bool) -> impl Strategy<Value = Vec<GroupMember>> {
    let topics = prop::sample::subsequence(TOPICS.to_vec(), if same { 3..=3 } else { 1..=3 });
    prop::collection::vec((topics, any::<bool>()), 1..6).prop_map(|members| {
        let member = |(index, (topics, fixed)): (usize, (Vec<&str>, bool))| GroupMember {
            id: format!("m{index}").into(),
            instance_id: fixed.then(|| format!("i{}", 9 - index).into()),
            subscription: Subscription {
                topics: topics.into_iter().map(Arc::from).collect(),
                generation: Some(-1),
                ..Subscription::default()
            },
        };
        members.into_iter().enumerate().map(member).collect()
    })
}

fn own(members: &mut [GroupMember], shares: &Shares, generation: i32) {
    for (member, share) in members.iter_mut().zip(shares) {
        member.subscription.owned.clone_from(share);
        member.subscription.generation = Some(generation);
    }
}

fn kept(members: &[GroupMember], shares: &Shares) -> usize {
    let kept = |(member, share): (&GroupMember, &Vec<TopicPartition>)| {
        share.iter().filter(|partition| member.subscription.owned.contains(partition)).count()
    };
    members.iter().zip(shares).map(kept).sum()
}

fn sizes(shares: &Shares) -> Vec<usize> {
    let mut sizes: Vec<usize> = shares.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn the_bytes_of_members_are_javas() {
    let judge = RefCell::new(Judge::start("AssignorJudge").unwrap());
    let topic = "[a-z]{1,5}";
    let owned = prop::collection::btree_set((topic, 0..5), 0..6);
    let inputs = (prop::collection::btree_set(topic, 0..4), owned, -1..9, prop::option::of("[a-z]{1,3}"));
    TestRunner::default()
        .run(&inputs, |(topics, owned, generation, rack)| {
            let partitions: Vec<TopicPartition> =
                owned.into_iter().map(|(topic, index)| TopicPartition::new(topic, index)).collect();
            let subscription = Subscription {
                topics: topics.into_iter().map(Arc::from).collect(),
                user_data: Some(bytes::Bytes::from_static(&[0, 0, 0, 1])),
                owned: partitions.clone(),
                generation: Some(generation),
                rack: rack.map(Arc::from),
            };
            // Java keeps partitions of a topic together but has no order of topics: compare what it means.
            let bytes = subscription.encode();
            let again = ask(&judge, &json!({"op": "subscription", "bytes": hex::encode(&bytes)}));
            let again = hex::decode(again.as_str().unwrap()).unwrap();
            prop_assert_eq!(again.len(), bytes.len());
            let mut again = Subscription::decode(&again).unwrap();
            again.owned.sort();
            prop_assert_eq!(again, subscription);
            let assignment = Assignment { partitions, user_data: None };
            let bytes = assignment.encode();
            let again = ask(&judge, &json!({"op": "assignment", "bytes": hex::encode(&bytes)}));
            let again = hex::decode(again.as_str().unwrap()).unwrap();
            prop_assert_eq!(again.len(), bytes.len());
            let mut again = Assignment::decode(&again).unwrap();
            again.partitions.sort();
            prop_assert_eq!(again, assignment);
            Ok(())
        })
        .unwrap();
}

#[test]
fn ranges_are_javas() {
    let judge = RefCell::new(Judge::start("AssignorJudge").unwrap());
    TestRunner::default()
        .run(&(any_counts(), any_members(false)), |(counts, members)| {
            let ours = sorted(Assignor::Range.assign(&counts, &members));
            prop_assert_eq!(ours, java(&judge, Assignor::Range, &counts, &members));
            Ok(())
        })
        .unwrap();
}

/// The shares need not be Java's, but as even, and no partition moves that Java would have left alone.
#[test]
fn sticky_shares_are_as_even_and_as_sticky_as_javas() {
    let judge = RefCell::new(Judge::start("AssignorJudge").unwrap());
    let sticky = Assignor::CooperativeSticky;
    TestRunner::default()
        .run(&(any_counts(), any_members(true), any_members(true)), |(counts, before, mut now)| {
            let first = sorted(sticky.assign(&counts, &before));
            prop_assert_eq!(sizes(&first), sizes(&java(&judge, sticky, &counts, &before)));
            let stays = before.len().min(now.len());
            own(&mut now[..stays], &first[..stays].to_vec(), 1);
            let (ours, javas) = (sorted(sticky.assign(&counts, &now)), java(&judge, sticky, &counts, &now));
            prop_assert!(kept(&now, &ours) >= kept(&now, &javas), "{:?} against {:?}", ours, javas);
            prop_assert_eq!(sizes(&ours).iter().sum::<usize>(), sizes(&javas).iter().sum::<usize>());
            Ok(())
        })
        .unwrap();
}
