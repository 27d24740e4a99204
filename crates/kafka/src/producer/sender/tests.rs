use std::time::Duration;

use kafka_protocol::error::ResponseError;

use super::*;
use crate::{compression::Compression, record::BatchBuilder};

const BACKOFF: Backoff = Backoff { initial: Duration::from_millis(100), max: Duration::from_millis(100) };

struct Bench {
    sender: Sender<u32>,
    now: Instant,
    tokens: u32,
    completed: Vec<(u32, bool)>,
}

fn options() -> ProducerOptions {
    ProducerOptions { max_request_size: 1_000, ..ProducerOptions::default() }
}

impl Bench {
    fn new(options: &ProducerOptions) -> Bench {
        Bench { sender: Sender::new(options, BACKOFF), now: Instant::now(), tokens: 0, completed: Vec::new() }
    }

    fn push(&mut self, topic: &str, partition: i32, bytes: usize) {
        let mut builder = BatchBuilder::new(0);
        builder.append(0, None, Some(&vec![0; bytes]), &[]);
        let batch = builder.finish(Compression::NONE).unwrap().unwrap();
        let deadline = self.now + Duration::from_secs(100);
        self.sender.push((topic.into(), partition), vec![batch], self.tokens, deadline);
        self.tokens += 1;
    }

    /// What is to be done, in words.
    fn poll(&mut self) -> Vec<String> {
        let mut completed = Vec::new();
        let actions = self.sender.poll(self.now, &mut completed);
        self.done(completed);
        let wake_at = self.sender.wake_at(self.now);
        assert!(wake_at.is_none_or(|instant| self.now < instant), "it never wakes for nothing");
        actions.iter().map(words).collect()
    }

    fn handle(&mut self, event: Event) {
        let completed = self.sender.handle(event, self.now);
        self.done(completed);
    }

    fn done(&mut self, completed: Completed<u32>) {
        self.completed.extend(completed.into_iter().map(|(token, result)| (token, result.is_ok())));
    }

    fn identified(&mut self) {
        self.handle(Event::ProducerId(Ok(Identity { producer_id: 1, epoch: 0 })));
    }

    fn leader(&mut self, topic: &str, partition: i32, broker: i32) {
        self.handle(Event::Leader((topic.into(), partition), Ok(broker)));
    }
}

fn words(action: &Action) -> String {
    match action {
        Action::Connect(broker) => format!("connect {broker}"),
        Action::FindLeader((topic, partition)) => format!("leader of {topic}-{partition}"),
        Action::InitProducerId => "producer id".to_owned(),
        Action::Send(broker, produce) => {
            let batches =
                produce.batches.iter().map(|((topic, partition), _)| format!("{topic}-{partition}"));
            format!("send {} to {broker}: {}", produce.id, batches.collect::<Vec<_>>().join(" "))
        }
    }
}

fn ready_bench() -> Bench {
    let mut bench = Bench::new(&options());
    bench.push("a", 0, 100);
    assert_eq!(bench.poll(), ["leader of a-0", "producer id"]);
    bench.leader("a", 0, 1);
    bench.identified();
    assert_eq!(bench.poll(), ["connect 1"]);
    bench.handle(Event::Connected(1, Ok(())));
    bench
}

/// The broker has acknowledged request 0, with a first batch of a-0.
fn established_bench() -> Bench {
    let mut bench = ready_bench();
    assert_eq!(bench.poll(), ["send 0 to 1: a-0"]);
    bench.handle(Event::Answered(0, Ok(vec![Ok(5)])));
    bench.completed.clear();
    bench
}

#[test]
fn nothing_is_asked_before_something_is_to_be_sent() {
    let mut bench = Bench::new(&options());
    assert_eq!(bench.poll(), [""; 0]);
    assert_eq!(bench.sender.wake_at(bench.now), None);
}

#[test]
fn partitions_of_a_broker_share_a_request() {
    let mut bench = established_bench();
    bench.push("b", 3, 100);
    bench.push("a", 1, 100);
    assert_eq!(bench.poll(), ["leader of a-1", "leader of b-3"]);
    bench.leader("a", 1, 1);
    bench.leader("b", 3, 1);
    bench.push("a", 0, 100);
    assert_eq!(bench.poll(), ["send 1 to 1: a-0 a-1 b-3"]);
    bench.push("a", 0, 100);
    assert_eq!(bench.poll(), ["send 2 to 1: a-0"]);
    bench.handle(Event::Answered(1, Ok(vec![Ok(6), Ok(0), Ok(0)])));
    bench.handle(Event::Answered(2, Ok(vec![Ok(7)])));
    assert_eq!(bench.completed, [(3, true), (2, true), (1, true), (4, true)]);
}

#[test]
fn a_request_is_bounded_and_every_partition_has_its_turn() {
    let mut bench = established_bench();
    for partition in 1..4 {
        bench.push("a", partition, 300);
    }
    bench.poll();
    (1..4).for_each(|partition| bench.leader("a", partition, 1));
    bench.push("a", 0, 300);
    bench.push("a", 0, 300);
    assert_eq!(bench.poll(), ["send 1 to 1: a-0 a-1", "send 2 to 1: a-2 a-3", "send 3 to 1: a-0"]);
}

#[test]
fn requests_on_their_way_are_bounded() {
    let mut bench = established_bench();
    (0..10).for_each(|_| bench.push("a", 0, 900));
    assert_eq!(bench.poll().len(), 5);
    bench.handle(Event::Answered(1, Ok(vec![Ok(0)])));
    assert_eq!(bench.poll(), ["send 6 to 1: a-0"]);
}

#[test]
fn a_new_leader_is_asked_for_after_the_old_one_refused() {
    let mut bench = ready_bench();
    bench.poll();
    let refused = Error::broker(ResponseError::NotLeaderOrFollower, "write");
    bench.handle(Event::Answered(0, Ok(vec![Err(refused)])));
    assert_eq!(bench.poll(), [""; 0], "first comes the backoff");
    bench.now = bench.sender.wake_at(bench.now).unwrap();
    assert_eq!(bench.poll(), ["leader of a-0"]);
    bench.leader("a", 0, 2);
    assert_eq!(bench.poll(), ["connect 2"]);
    bench.handle(Event::Connected(2, Ok(())));
    assert_eq!(bench.poll(), ["send 1 to 2: a-0"]);
}

#[test]
fn a_lost_connection_is_made_again() {
    let mut bench = ready_bench();
    bench.poll();
    let lost = Error::Disconnected { address: "a:1".into(), reason: "end".into() };
    bench.handle(Event::Answered(0, Err(lost.clone())));
    bench.now = bench.sender.wake_at(bench.now).unwrap();
    assert_eq!(bench.poll(), ["leader of a-0"]);
    bench.leader("a", 0, 1);
    assert_eq!(bench.poll(), ["connect 1"]);
    bench.handle(Event::Connected(1, Err(lost)));
    assert_eq!(bench.poll(), [""; 0]);
    bench.now = bench.sender.wake_at(bench.now).unwrap();
    assert_eq!(bench.poll(), ["leader of a-0"]);
}

#[test]
fn a_forbidden_producer_id_fails_what_waits_and_is_asked_for_again_later() {
    let mut bench = Bench::new(&options());
    bench.push("a", 0, 100);
    bench.poll();
    bench.handle(Event::ProducerId(Err(Error::broker(
        ResponseError::ClusterAuthorizationFailed,
        "get an id",
    ))));
    assert_eq!(bench.completed, [(0, false)]);
    bench.now += Duration::from_secs(1);
    bench.push("a", 0, 100);
    assert!(bench.poll().contains(&"producer id".to_owned()));
}

#[test]
fn while_something_is_awaited_there_is_no_timer_but_the_deadline() {
    let mut bench = established_bench();
    bench.push("a", 0, 100);
    bench.poll();
    assert_eq!(bench.sender.wake_at(bench.now), None, "on its way");
    let lost = Error::Disconnected { address: "a:1".into(), reason: "end".into() };
    bench.handle(Event::Answered(1, Err(lost)));
    bench.now = bench.sender.wake_at(bench.now).unwrap();
    assert_eq!(bench.poll(), ["leader of a-0"]);
    let deadline = bench.sender.wake_at(bench.now).unwrap();
    assert!(deadline > bench.now + Duration::from_secs(90), "the leader is asked for");
}

#[test]
fn without_idempotence_no_producer_id_is_asked_for() {
    let mut bench = Bench::new(&ProducerOptions { enable_idempotence: false, ..options() });
    bench.push("a", 0, 100);
    assert_eq!(bench.poll(), ["leader of a-0"]);
}

#[test]
fn a_topic_that_may_not_be_written_fails_at_once() {
    let mut bench = Bench::new(&options());
    bench.push("a", 0, 100);
    bench.poll();
    let forbidden = Error::broker(ResponseError::TopicAuthorizationFailed, "find topic `a`");
    bench.handle(Event::Leader(("a".into(), 0), Err(forbidden)));
    assert_eq!(bench.completed, [(0, false)]);
}

#[test]
fn a_batch_that_finds_no_broker_fails_when_its_time_is_up() {
    let mut bench = Bench::new(&options());
    bench.push("a", 0, 100);
    for _ in 0..2_000 {
        if !bench.completed.is_empty() {
            break;
        }
        if bench.poll().contains(&"leader of a-0".to_owned()) {
            let missing = Error::broker(ResponseError::UnknownTopicOrPartition, "find topic `a`");
            bench.handle(Event::Leader(("a".into(), 0), Err(missing)));
        }
        bench.now = bench.sender.wake_at(bench.now).unwrap_or(bench.now);
    }
    assert_eq!(bench.completed, [(0, false)]);
}
