use std::time::Duration;

use proptest::prelude::*;

use super::outcome::joined;
use super::*;
use crate::{compression::Compression, record::BatchBuilder};

const IDENTITY: Identity = Identity { producer_id: 7, epoch: 0 };

fn rules(idempotent: bool) -> Rules {
    let backoff = Backoff { initial: Duration::from_millis(10), max: Duration::from_millis(10) };
    let max_in_flight = if idempotent { 5 } else { 1 };
    Rules { idempotent, transactional: false, max_in_flight, retries: u32::MAX, backoff }
}

fn queue(idempotent: bool) -> Queue<u32> {
    Queue::new(("t".into(), 0), rules(idempotent))
}

fn batch(records: usize) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    (0..records).for_each(|_| builder.append(0, None, Some(b"value"), &[]));
    builder.finish(Compression::NONE).unwrap().unwrap()
}

fn refused(code: ResponseError) -> Result<i64, Error> {
    Err(Error::broker(code, "write"))
}

fn lost() -> Result<i64, Error> {
    Err(Error::Disconnected { address: "a:1".into(), reason: "end".into() })
}

struct Bench {
    queue: Queue<u32>,
    now: Instant,
}

impl Bench {
    /// With batches 0, 1, 2… of so many records, for a broker that has had one before.
    fn new(idempotent: bool, records: &[usize]) -> Bench {
        let mut bench = Bench { queue: queue(idempotent), now: Instant::now() };
        bench.queue.established = true;
        for (token, records) in records.iter().enumerate() {
            let deadline = bench.now + Duration::from_secs(100);
            bench.queue.push(vec![batch(*records)], token as u32, deadline);
        }
        bench
    }

    /// Everything that may go now: (epoch, first number, records, ticket).
    fn take(&mut self) -> Vec<(i16, i32, i32, u64)> {
        let taken = std::iter::from_fn(|| self.queue.take(Some(IDENTITY), self.now));
        taken.map(|out| (out.stamp.epoch, out.stamp.sequence, out.batch.records(), out.ticket)).collect()
    }

    fn answer(&mut self, ticket: u64, answer: Result<i64, Error>) -> Vec<(u32, bool)> {
        let completed = self.queue.answered(ticket, answer, self.now);
        completed.into_iter().map(|(token, result)| (token, result.is_ok())).collect()
    }

    fn later(&mut self) {
        self.now += Duration::from_secs(1);
    }
}

#[test]
fn five_go_at_once_numbered_by_records() {
    let mut bench = Bench::new(true, &[3, 1, 2, 1, 1, 1]);
    let numbers: Vec<i32> = bench.take().iter().map(|sent| sent.1).collect();
    assert_eq!(numbers, [0, 3, 4, 6, 7]);
    assert_eq!(bench.answer(0, Ok(100)), [(0, true)]);
    assert_eq!(bench.take(), [(0, 8, 1, 5)]);
}

#[test]
fn what_was_abandoned_is_not_sent_and_what_follows_is_numbered_anew() {
    let mut bench = Bench::new(true, &[1, 1, 1, 1, 1, 1]);
    assert_eq!(bench.take().len(), 5);
    assert_eq!(bench.answer(1, lost()), [], "the queue waits for the other answers");
    let given_up = bench.queue.abandon(&Error::Closed);
    assert_eq!(given_up.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert!(given_up.iter().all(|(_, result)| result.is_err()));
    assert_eq!(bench.answer(0, Ok(100)), [], "it comes too late");
    bench.queue.push(vec![batch(1)], 6, bench.now + Duration::from_secs(100));
    let sent = bench.take();
    assert_eq!((sent[0].0, sent[0].1), (1, 0), "the first of another epoch");
    assert_eq!(bench.answer(sent[0].3, Ok(101)), [(6, true)]);
}

#[test]
fn the_first_of_an_epoch_goes_alone() {
    let mut bench = Bench::new(true, &[1, 1, 1]);
    bench.queue.established = false;
    assert_eq!(bench.take(), [(0, 0, 1, 0)]);
    assert_eq!(bench.answer(0, Ok(0)), [(0, true)]);
    assert_eq!(bench.take(), [(0, 1, 1, 1), (0, 2, 1, 2)]);
}

#[test]
fn without_idempotence_one_goes_at_a_time() {
    let mut bench = Bench::new(false, &[1, 1]);
    assert_eq!(bench.take().len(), 1);
    assert_eq!(bench.answer(0, lost()), []);
    bench.later();
    assert_eq!(bench.take(), [(0, 0, 1, 1)], "the same again, not the next");
}

#[test]
fn after_a_lost_connection_all_go_again_under_their_numbers() {
    let mut bench = Bench::new(true, &[2, 1, 1]);
    assert_eq!(bench.take().len(), 3);
    for ticket in 0..3 {
        assert_eq!(bench.answer(ticket, lost()), []);
    }
    assert_eq!(bench.take(), [], "first comes the backoff");
    bench.later();
    assert_eq!(bench.take(), [(0, 0, 2, 3)], "the first alone");
    assert_eq!(bench.answer(3, refused(ResponseError::DuplicateSequenceNumber)), [(0, true)]);
    assert_eq!(bench.take(), [(0, 2, 1, 4), (0, 3, 1, 5)]);
}

#[test]
fn nothing_goes_before_everything_on_its_way_is_answered() {
    let mut bench = Bench::new(true, &[1, 1, 1]);
    bench.take();
    bench.answer(0, refused(ResponseError::NotLeaderOrFollower));
    bench.later();
    assert_eq!(bench.take(), []);
    bench.answer(1, refused(ResponseError::OutOfOrderSequenceNumber));
    bench.answer(2, refused(ResponseError::OutOfOrderSequenceNumber));
    bench.later();
    assert_eq!(bench.take(), [(0, 0, 1, 3)]);
}

#[test]
fn lost_numbers_begin_a_new_epoch() {
    let mut bench = Bench::new(true, &[1, 2, 1]);
    bench.take();
    assert_eq!(bench.answer(0, Ok(0)), [(0, true)]);
    bench.answer(1, refused(ResponseError::OutOfOrderSequenceNumber));
    bench.answer(2, refused(ResponseError::OutOfOrderSequenceNumber));
    bench.later();
    assert_eq!(bench.take(), [(1, 0, 2, 3)]);
    assert_eq!(bench.answer(3, Ok(1)), [(1, true)]);
    assert_eq!(bench.take(), [(1, 2, 1, 4)]);
}

#[test]
fn a_batch_too_large_goes_in_parts_with_the_same_numbers() {
    let mut bench = Bench::new(true, &[5, 1]);
    bench.take();
    bench.answer(0, refused(ResponseError::MessageTooLarge));
    bench.answer(1, refused(ResponseError::OutOfOrderSequenceNumber));
    bench.later();
    assert_eq!(bench.take(), [(0, 0, 2, 2), (0, 2, 3, 3), (0, 5, 1, 4)]);
    assert_eq!(bench.answer(2, Ok(10)), []);
    let completed = bench.queue.answered(3, Ok(12), bench.now);
    assert!(matches!(completed[..], [(0, Ok(10))]), "the first offset is that of the first part");
}

#[test]
fn a_record_too_large_fails_alone() {
    let mut bench = Bench::new(true, &[2, 1]);
    bench.take();
    bench.answer(0, refused(ResponseError::MessageTooLarge));
    bench.answer(1, refused(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(bench.take(), [(0, 0, 1, 2), (0, 1, 1, 3), (0, 2, 1, 4)]);
    for ticket in 2..5 {
        let error = if ticket == 2 {
            ResponseError::MessageTooLarge
        } else {
            ResponseError::OutOfOrderSequenceNumber
        };
        assert_eq!(bench.answer(ticket, refused(error)), []);
    }
    assert_eq!(bench.take(), [(1, 0, 1, 5)], "the rest in a new epoch");
    let completed = bench.queue.answered(5, Ok(10), bench.now);
    assert!(matches!(completed[..], [(0, Err(Error::RecordTooLarge { .. }))]));
    assert_eq!(bench.take(), [(1, 1, 1, 6)]);
    assert_eq!(bench.answer(6, Ok(11)), [(1, true)]);
}

#[test]
fn what_is_refused_fails_and_the_rest_goes_on() {
    let mut bench = Bench::new(true, &[1, 1]);
    bench.take();
    bench.answer(0, refused(ResponseError::InvalidRecord));
    assert_eq!(bench.answer(1, refused(ResponseError::OutOfOrderSequenceNumber)), [(0, false)]);
    assert_eq!(bench.take(), [(1, 0, 1, 2)]);
}

#[test]
fn a_later_batch_taken_before_an_earlier_one_is_an_error() {
    let mut bench = Bench::new(true, &[1, 1, 1, 1, 1, 1]);
    bench.take();
    bench.answer(0, refused(ResponseError::UnknownTopicOrPartition));
    bench.answer(1, Ok(0));
    bench.answer(2, Ok(1));
    bench.answer(3, Ok(2));
    let completed = bench.answer(4, Ok(3));
    assert_eq!(completed, [(0, false), (1, true), (2, true), (3, true), (4, true)]);
    assert_eq!(bench.take(), [(1, 0, 1, 5)], "what was never sent goes on");
}

#[test]
fn a_foreign_epoch_stops_what_was_sent() {
    let mut bench = Bench::new(true, &[1, 1]);
    bench.take();
    bench.answer(0, refused(ResponseError::InvalidProducerEpoch));
    assert_eq!(bench.answer(1, refused(ResponseError::InvalidProducerEpoch)), [(0, false), (1, false)]);
}

#[test]
fn time_that_is_up_fails_what_may_be_written_and_no_more() {
    let mut bench = Bench::new(true, &[1, 1, 1, 1, 1, 1]);
    bench.take();
    bench.now += Duration::from_secs(101);
    assert!(bench.queue.expire(bench.now).is_empty(), "those on their way are waited for");
    bench.now -= Duration::from_secs(50);
    for ticket in 0..5 {
        bench.answer(ticket, lost());
    }
    bench.now += Duration::from_secs(50);
    bench.queue.batches[5].deadline += Duration::from_secs(100);
    let completed = bench.queue.expire(bench.now);
    let tokens: Vec<u32> = completed.iter().map(|(token, _)| *token).collect();
    assert_eq!(tokens, [0, 1, 2, 3, 4]);
    let message = completed[0].1.as_ref().unwrap_err().to_string();
    assert!(message.contains("`delivery.timeout.ms`: connection to `a:1` lost"), "{message}");
    assert_eq!(bench.take(), [(1, 0, 1, 5)]);
}

#[test]
fn retries_are_counted() {
    let mut bench = Bench::new(true, &[1]);
    bench.queue.rules.retries = 2;
    for _ in 0..2 {
        let sent = bench.take();
        assert_eq!(bench.answer(sent[0].3, lost()), []);
        bench.later();
    }
    let sent = bench.take();
    assert_eq!(bench.answer(sent[0].3, lost()), [(0, false)]);
}

#[test]
fn numbers_go_round() {
    assert_eq!(sequence_after(i32::MAX, 1), 0);
    assert_eq!(sequence_after(i32::MAX - 1, 3), 1);
    assert_eq!(sequence_after(0, 5), 5);
}

/// A broker's log of one partition with Kafka's rules for numbers and its memory of five batches.
#[derive(Default)]
struct Log {
    batches: Vec<(i16, i32, i32, i64)>,
    tokens: Vec<u8>,
}

impl Log {
    fn append(&mut self, out: &Outgoing, token: u8) -> Result<i64, ResponseError> {
        let (epoch, sequence, records) = (out.stamp.epoch, out.stamp.sequence, out.batch.records());
        let current = self.batches.last().copied();
        if let Some((last_epoch, last, count, _)) = current {
            if epoch < last_epoch {
                return Err(ResponseError::InvalidProducerEpoch);
            }
            let known =
                self.batches.iter().rev().take(5).find(|b| (b.0, b.1, b.2) == (epoch, sequence, records));
            if let Some(known) = known {
                return Ok(known.3);
            }
            let expected = if epoch == last_epoch { sequence_after(last, count) } else { 0 };
            if sequence != expected {
                return Err(ResponseError::OutOfOrderSequenceNumber);
            }
        }
        let offset = self.tokens.len() as i64;
        self.batches.push((epoch, sequence, records, offset));
        self.tokens.extend(std::iter::repeat_n(token, records as usize));
        Ok(offset)
    }
}

/// What happens to a request: its way there and back.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Fine,
    RequestLost,
    AnswerLost,
    NotLeader,
    TooLarge,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        6 => Just(Fate::Fine),
        1 => Just(Fate::RequestLost),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::NotLeader),
        1 => Just(Fate::TooLarge),
    ];
    prop::collection::vec(fate, 0..60)
}

proptest! {
    /// Each batch is written once and in order, whatever happens on the way; those of one record that are refused
    /// as too large are the only ones that fail.
    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(records in prop::collection::vec(1..6usize, 1..12), fates in fates()) {
        let mut bench = Bench { queue: queue(true), now: Instant::now() };
        let mut log = Log::default();
        let mut fates = fates.into_iter();
        for (token, count) in records.iter().enumerate() {
            let deadline = bench.now + Duration::from_secs(1_000_000);
            let value = [token as u8];
            let mut builder = BatchBuilder::new(0);
            (0..*count).for_each(|_| builder.append(0, None, Some(&value), &[]));
            let batch = builder.finish(Compression::NONE).unwrap().unwrap();
            bench.queue.push(vec![batch], token as u32, deadline);
        }
        let mut outcomes = Vec::new();
        let mut rounds = 0;
        while !bench.queue.empty() {
            rounds += 1;
            prop_assert!(rounds < 1_000, "it comes to an end");
            // A round is a connection: once it is lost, all behind it are lost too.
            let sent: Vec<Outgoing> = std::iter::from_fn(|| bench.queue.take(Some(IDENTITY), bench.now)).collect();
            let mut connected = true;
            for out in sent {
                let token = *out.batch.body().iter().rev().nth(1).unwrap();
                let fate = fates.next().unwrap_or(Fate::Fine);
                let answer = match fate {
                    _ if !connected => lost(),
                    Fate::RequestLost => { connected = false; lost() }
                    Fate::AnswerLost => { connected = false; let _ = log.append(&out, token); lost() }
                    Fate::NotLeader => refused(ResponseError::NotLeaderOrFollower),
                    // Only what was not written under these numbers yet: a broker knows a repetition.
                    Fate::TooLarge if !log.batches.iter().any(|b| (b.0, b.1) == (out.stamp.epoch, out.stamp.sequence)) => {
                        refused(ResponseError::MessageTooLarge)
                    }
                    Fate::Fine | Fate::TooLarge => log.append(&out, token).or_else(refused),
                };
                let completed = bench.queue.answered(out.ticket, answer, bench.now);
                outcomes.extend(completed);
            }
            bench.later();
        }
        let tokens: Vec<u32> = outcomes.iter().map(|(token, _)| *token).collect();
        prop_assert_eq!(tokens, (0..records.len() as u32).collect::<Vec<_>>(), "each is done with once, in order");
        prop_assert!(log.tokens.is_sorted(), "order");
        for (token, result) in &outcomes {
            let written = log.tokens.iter().filter(|found| u32::from(**found) == *token).count();
            match result {
                Ok(offset) => {
                    prop_assert_eq!(written, records[*token as usize]);
                    prop_assert!(*offset < 0 || log.tokens[*offset as usize] == *token as u8);
                }
                Err(Error::RecordTooLarge { .. }) => prop_assert!(written < records[*token as usize]),
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }
}

#[test]
fn a_record_too_large_hides_no_other_failure_of_its_batch() {
    let too_large = || Err(Error::RecordTooLarge { topic: "t".into(), bytes: 9 });
    assert!(matches!(joined(Some(too_large()), Ok(7)), Err(Error::RecordTooLarge { .. })));
    assert!(matches!(joined(Some(Ok(3)), too_large()), Err(Error::RecordTooLarge { .. })));
    assert!(matches!(joined(Some(too_large()), lost()), Err(Error::Disconnected { .. })));
    assert!(matches!(joined(Some(lost()), too_large()), Err(Error::Disconnected { .. })));
    assert!(matches!(joined(Some(Ok(3)), Ok(4)), Ok(3)));
}
