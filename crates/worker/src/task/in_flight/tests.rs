use std::sync::Arc;

use api::{SourceOffset, SourcePartition};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};

use super::{InFlight, Positions};

fn positions(partition: &str, offset: i64) -> Positions {
    let mut positions = Positions::default();
    positions.advance(Arc::new(SourcePartition::of("p", partition)), SourceOffset::of("o", offset));
    positions
}

fn committable(flight: &mut InFlight<()>) -> Option<i64> {
    offset(&flight.take_durable())
}

fn offset(positions: &Positions) -> Option<i64> {
    positions.to_vec().first().map(|(_, offset)| offset.0["o"].as_i64().expect("an integer"))
}

#[test]
fn a_position_counts_only_once_every_chunk_before_it_is_durable() {
    let mut flight = InFlight::new();
    let (first, second) = (flight.open(), flight.open());
    flight.position(positions("x", 1));
    flight.sent(second, (), 10);
    assert!(flight.oldest().is_none(), "the first chunk is still open");
    flight.sent(first, (), 5);
    flight.oldest_is_durable();
    assert_eq!((committable(&mut flight), flight.bytes()), (None, 10));
    flight.oldest_is_durable();
    assert_eq!((committable(&mut flight), flight.bytes()), (Some(1), 0));
    assert!(flight.is_empty());
}

#[test]
fn positions_without_records_do_not_pile_up() {
    let mut flight = InFlight::new();
    let chunk = flight.open();
    for offset in 0..1_000 {
        flight.position(positions("x", offset));
    }
    assert_eq!(flight.waiting.len(), 1);
    flight.sent(chunk, (), 1);
    flight.oldest_is_durable();
    assert_eq!(committable(&mut flight), Some(999));
}

#[test]
fn a_position_without_records_waits_for_the_chunks_before_it() {
    let mut flight = InFlight::new();
    flight.position(positions("x", 1));
    assert_eq!(committable(&mut flight), Some(1));
    let chunk = flight.open();
    flight.position(positions("x", 2));
    assert_eq!(committable(&mut flight), None);
    flight.sent(chunk, (), 1);
    flight.oldest_is_durable();
    assert_eq!(committable(&mut flight), Some(2));
}

#[test]
fn a_position_given_back_never_replaces_a_later_one() {
    let mut flight = InFlight::<()>::new();
    flight.position(positions("x", 1));
    let first = flight.take_durable();
    flight.position(positions("x", 2));
    flight.give_back(first);
    assert_eq!(committable(&mut flight), Some(2));
}

#[test]
fn the_order_of_keys_does_not_make_another_partition() {
    let partition = |json: &str| Arc::new(serde_json::from_str::<SourcePartition>(json).expect("JSON"));
    let mut positions = Positions::default();
    positions.advance(partition(r#"{"a":1,"b":2}"#), SourceOffset::of("o", 1));
    positions.advance(partition(r#"{"b":2,"a":1}"#), SourceOffset::of("o", 2));
    assert_eq!((offset(&positions), positions.to_vec().len()), (Some(2), 1));
}

proptest! {
    #[test]
    fn what_may_be_committed_is_the_longest_durable_prefix(
        groups in prop::collection::vec(0_usize..4, 1..20),
        acknowledged in any::<prop::sample::Index>(),
    ) {
        let total: usize = groups.iter().sum();
        let acknowledged = acknowledged.index(total + 1);
        let mut flight = InFlight::new();
        for (index, chunks) in groups.iter().enumerate() {
            for _ in 0..*chunks {
                let chunk = flight.open();
                flight.sent(chunk, (), 1);
            }
            flight.position(positions("x", index as i64));
        }
        for _ in 0..acknowledged {
            flight.oldest_is_durable();
        }
        let mut sum = 0;
        let expected = groups.iter().take_while(|chunks| { sum += **chunks; sum <= acknowledged }).count();
        prop_assert_eq!(committable(&mut flight), (expected > 0).then(|| expected as i64 - 1));
        prop_assert_eq!(flight.bytes(), total - acknowledged);
    }
}
