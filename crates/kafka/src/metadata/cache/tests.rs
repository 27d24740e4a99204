use uuid::Uuid;

use super::*;
use crate::metadata::Partition;

const AGE: Duration = Duration::from_secs(300);

fn topic(id: u128, leader: Option<(i32, i32)>) -> Metadata {
    let leader = leader.map(|(broker, epoch)| Leader { broker, epoch });
    let partition = Partition { index: 0, leader, replicas: vec![], in_sync: vec![], error: None };
    let topic = Topic { id: Uuid::from_u128(id), internal: false, error: None, partitions: vec![partition] };
    Metadata { topics: [("t".into(), Arc::new(topic))].into(), ..Metadata::default() }
}

fn leader_in(cache: &Cache, now: Instant) -> Option<i32> {
    let topic = cache.get("t", AGE, now)?;
    leader(&topic, "t", 0).ok().map(|leader| leader.broker)
}

#[test]
fn a_leader_of_an_earlier_epoch_is_not_taken() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.update(&topic(1, Some((7, 5))), now);
    cache.update(&topic(1, Some((8, 4))), now);
    assert_eq!(leader_in(&cache, now), Some(7));
    cache.update(&topic(1, Some((8, 6))), now);
    assert_eq!(leader_in(&cache, now), Some(8));
}

#[test]
fn a_topic_created_again_starts_over() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.update(&topic(1, Some((7, 5))), now);
    cache.update(&topic(2, Some((8, 0))), now);
    assert_eq!(leader_in(&cache, now), Some(8));
}

#[test]
fn what_is_wrong_or_old_is_asked_for_again() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.update(&topic(1, Some((7, 5))), now);
    assert_eq!(leader_in(&cache, now + AGE), None);
    cache.invalidate("t");
    assert_eq!(leader_in(&cache, now), None);
}

#[test]
fn a_partition_without_leader_is_a_retriable_error() {
    let metadata = topic(1, None);
    let error = leader(&metadata.topics["t"], "t", 0).expect_err("no leader");
    assert!(error.retriable());
    assert!(leader(&metadata.topics["t"], "t", 1).expect_err("no such partition").retriable());
}
