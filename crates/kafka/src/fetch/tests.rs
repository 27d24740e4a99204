use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::{error::ResponseError, messages::fetch_response::PartitionData};

use super::{
    session::Session,
    state::{Ask, State},
};
use crate::{
    Compression, Error, FetchedBatch, Leader, TopicPartition,
    record::{BatchBuilder, Stamp},
};

fn partition(index: i32) -> TopicPartition {
    TopicPartition::new("t", index)
}

fn leader(broker: i32) -> Leader {
    Leader { broker, epoch: 4 }
}

/// A state that reads `count` partitions of broker 1 from offset 0 and holds up to 100 bytes.
fn state(count: i32) -> State {
    let mut state = State::new(100);
    for index in 0..count {
        state.assign(&partition(index), 0);
        state.set_leader(&partition(index), leader(1));
    }
    state
}

fn set(base_offset: i64, values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new(0);
    values.iter().for_each(|value| builder.append(0, None, Some(value.as_bytes()), &[]));
    let batch = builder.finish(Compression::NONE).unwrap().unwrap();
    let mut bytes = batch.header(Stamp::NONE).to_vec();
    bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
    bytes.extend_from_slice(batch.body());
    bytes.into()
}

fn data(records: Bytes) -> PartitionData {
    PartitionData::default().with_records(Some(records)).with_aborted_transactions(None)
}

fn failed(code: ResponseError) -> PartitionData {
    data(Bytes::new()).with_error_code(code.code())
}

fn ask(state: &State, index: i32) -> Ask {
    state.asks(1).unwrap()[&partition(index)]
}

#[test]
fn the_next_question_goes_on_after_what_was_received() {
    let mut state = state(1);
    let asked = ask(&state, 0);
    assert_eq!((asked.offset, asked.leader_epoch), (0, 4));
    assert!(state.accept(partition(0), asked, data(set(0, &["a", "b"]))).unwrap());
    assert_eq!(ask(&state, 0).offset, 2);
    assert_eq!(state.position(&partition(0)), Some(0), "nothing was handed out yet");
}

#[test]
fn nothing_is_asked_while_too_much_waits_for_the_caller() {
    let mut state = state(1);
    let large = set(0, &["x".repeat(200).as_str()]);
    let asked = ask(&state, 0);
    state.accept(partition(0), asked, data(large)).unwrap();
    assert_eq!(state.asks(1), None);
    let received = state.take().unwrap().unwrap();
    assert_eq!(state.asks(1), None, "what is being handed out counts");
    assert!(state.release(received.bytes));
    assert!(state.asks(1).is_some());
}

#[test]
fn an_answer_to_an_older_turn_is_thrown_away() {
    let mut state = state(1);
    let asked = ask(&state, 0);
    assert!(state.seek(&partition(0), 50));
    assert!(!state.accept(partition(0), asked, data(set(0, &["a"]))).unwrap());
    assert_eq!(ask(&state, 0).offset, 50);
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut state = state(1);
    let asked = ask(&state, 0);
    assert!(state.accept(partition(0), asked, data(set(0, &["a"]))).unwrap());
    assert!(!state.accept(partition(0), asked, data(set(0, &["a"]))).unwrap());
}

#[test]
fn a_pause_drops_what_was_received_and_a_resume_asks_again() {
    let mut state = state(2);
    let asked = ask(&state, 0);
    state.accept(partition(0), asked, data(set(0, &["x".repeat(200).as_str()]))).unwrap();
    state.pause(&partition(0), true);
    assert!(state.take().unwrap().is_none());
    assert_eq!(state.asks(1).unwrap().into_keys().collect::<Vec<_>>(), [partition(1)]);
    state.pause(&partition(0), false);
    assert_eq!(ask(&state, 0).offset, 0);
}

#[test]
fn what_is_revoked_while_it_is_handed_out_moves_no_position() {
    let mut state = state(1);
    let asked = ask(&state, 0);
    state.accept(partition(0), asked, data(set(0, &["a"]))).unwrap();
    let received = state.take().unwrap().unwrap();
    state.unassign(&partition(0));
    state.assign(&partition(0), 10);
    assert!(!state.advance(&received, 1));
    assert_eq!(state.position(&partition(0)), Some(10));
}

#[test]
fn a_leader_that_is_none_any_more_is_looked_up() {
    let mut state = state(2);
    let asked = ask(&state, 0);
    let answer = state.accept(partition(0), asked, failed(ResponseError::NotLeaderOrFollower));
    assert_eq!(answer, Err(ResponseError::NotLeaderOrFollower));
    let unknown = state.unknown();
    assert_eq!((unknown.leaders, unknown.failures), (vec![partition(0)], 1));
    state.set_leader(&partition(0), leader(2));
    assert_eq!(state.asks(2).unwrap()[&partition(0)].offset, 0);
    assert_eq!(state.broker_lost(2), [partition(0)]);
}

#[test]
fn an_offset_out_of_range_is_reset_unless_the_caller_moved_on() {
    let mut state = state(1);
    let asked = ask(&state, 0);
    state.accept(partition(0), asked, failed(ResponseError::OffsetOutOfRange)).unwrap_err();
    let resets = state.unknown().resets;
    assert_eq!(resets, [(partition(0), asked.turn)]);
    assert_eq!(state.asks(1), None);
    state.reset(&partition(0), asked.turn, 30);
    assert_eq!(ask(&state, 0).offset, 30);
    state.reset(&partition(0), asked.turn, 40);
    assert_eq!(ask(&state, 0).offset, 30, "an old answer");
}

#[test]
fn an_error_that_does_not_pass_is_reported_once_and_stops_the_partition() {
    let mut state = state(1);
    let asked = ask(&state, 0);
    let refused = failed(ResponseError::TopicAuthorizationFailed);
    assert!(state.accept(partition(0), asked, refused).unwrap());
    let error = state.take().unwrap_err();
    assert_eq!(error.to_string(), "cannot read t-0: TOPIC_AUTHORIZATION_FAILED");
    assert!(state.take().unwrap().is_none());
    assert_eq!(state.asks(1), None);
    state.seek(&partition(0), 0);
    assert!(state.asks(1).is_some());
}

#[test]
fn records_without_a_whole_batch_are_corrupt() {
    let mut state = state(1);
    let asked = ask(&state, 0);
    assert!(state.accept(partition(0), asked, data(Bytes::from_static(&[0; 20]))).unwrap());
    assert!(state.take().is_err());
}

#[test]
fn a_record_set_from_elsewhere_is_read_whole() {
    let whole = [set(7, &["a", "b"]), set(9, &["c"])].concat();
    let read = |bytes: &[u8]| {
        let batches = FetchedBatch::decode_all(&partition(0), Bytes::copy_from_slice(bytes), true)?;
        let offsets = batches.iter().flat_map(|batch| batch.records().map(|record| record.offset));
        Ok::<_, Error>(offsets.collect::<Vec<_>>())
    };
    assert_eq!(read(&whole).unwrap(), [7, 8, 9]);
    assert_eq!(read(&whole[..whole.len() - 1]).unwrap(), [7, 8], "what is cut off is left out");
    let mut wrong = whole;
    *wrong.last_mut().unwrap() ^= 1;
    let error = read(&wrong).unwrap_err().to_string();
    assert!(error.contains("record set of t-0: a batch whose checksum is wrong"), "{error}");
}

fn asks(offsets: &[(i32, i64)]) -> BTreeMap<TopicPartition, Ask> {
    let ask =
        |(index, offset): &(i32, i64)| (partition(*index), Ask { offset: *offset, leader_epoch: 1, turn: 1 });
    offsets.iter().map(ask).collect()
}

/// (session, epoch, [(partition, offset)], forgotten partitions) of the next request.
fn next(session: &mut Session, offsets: &[(i32, i64)]) -> (i32, i32, Vec<(i32, i64)>, Vec<i32>) {
    let request = session.request(&asks(offsets), 1);
    let changed = request.topics.iter().flat_map(|topic| &topic.partitions);
    let changed = changed.map(|partition| (partition.partition, partition.fetch_offset)).collect();
    let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| topic.partitions.clone()).collect();
    (request.session_id, request.session_epoch, changed, forgotten)
}

#[test]
fn a_session_sends_only_what_changed() {
    let mut session = Session::default();
    assert_eq!(next(&mut session, &[(0, 0), (1, 0)]), (0, 0, vec![(0, 0), (1, 0)], vec![]));
    session.answered(9);
    assert_eq!(next(&mut session, &[(0, 0), (1, 5)]), (9, 1, vec![(1, 5)], vec![]));
    session.answered(9);
    assert_eq!(next(&mut session, &[(1, 5)]), (9, 2, vec![], vec![0]));
    session.answered(9);
    assert_eq!(next(&mut session, &[(1, 5)]), (9, 3, vec![], vec![]));
}

#[test]
fn a_session_begins_anew_after_a_failure_or_a_refusal() {
    let mut session = Session::default();
    next(&mut session, &[(0, 0)]);
    session.answered(9);
    session.reset();
    assert_eq!(next(&mut session, &[(0, 3)]), (0, 0, vec![(0, 3)], vec![]));
    session.answered(0);
    assert_eq!(next(&mut session, &[(0, 3)]), (0, 0, vec![(0, 3)], vec![]));
}
