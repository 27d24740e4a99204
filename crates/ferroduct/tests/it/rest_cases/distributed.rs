//! The same requests to workers of a cluster, through its leader and through a follower.

use std::fs;

use testkit::directory::Directory;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::answer::Client;
use super::differences::{DIFFERENCES, Difference, INSTALLED};
use super::{BINARY, JSON, LIMIT, PAUSE, replay_all};

const CASES: &str = include_str!("../rest-cases/distributed.jsonl");

fn of_cluster(worker: Builder) -> Builder {
    worker
        .of_cluster("rest")
        .property("offset.storage.partitions", "1")
        .property("status.storage.partitions", "1")
        .property("key.converter", JSON)
        .property("value.converter", JSON)
        .without("header.converter")
        // However slow the machine is, no task is given up while it stops.
        .property("task.shutdown.graceful.timeout.ms", "120000")
}

/// What depends on how the recorded worker was run: the levels of its logs (9, 181, 186), the length of the folder's
/// name and the spaces in the JSON that was sent (33, 44, 159), a header of its client (35), its plugins (36).
const OF_THAT_RUN: [usize; 8] = [9, 33, 35, 36, 44, 159, 181, 186];

/// What was asked for before the worker had read from its topic what the request before it had changed: topics that had
/// just been reset. Who asks a moment later is told of none.
const OF_THAT_MOMENT: [usize; 1] = [172];

/// The cases without some of their lines, which keep their numbers.
fn cases_without(left_out: &[usize]) -> String {
    let cases = (1..).zip(CASES.lines());
    let cases = cases.map(|(line, case)| if left_out.contains(&line) { "" } else { case });
    cases.collect::<Vec<_>>().join("\n")
}

/// A broker of its own, as the names of connectors are those of the groups of sinks.
fn kafka() -> Kafka {
    Kafka::start().expect("a broker")
}

fn ours(kafka: &Kafka) -> Worker {
    let worker = Worker::ferroduct_distributed(BINARY, kafka.bootstrap());
    let worker = of_cluster(worker).start().expect("a worker");
    wait::until("a worker in the group", LIMIT, PAUSE, || Ok(shared_out(&worker).then_some(())))
        .unwrap_or_else(|error| panic!("{error:#}: {}", worker.log()));
    worker
}

fn shared_out(worker: &Worker) -> bool {
    worker.log().contains("the group has shared out")
}

/// Sends all requests to the first of these workers and compares the answers; others may do what is asked for.
fn replay(left_out: &[usize], asked: &Worker, other: Option<&Worker>, differences: &[Difference]) {
    let directory = Directory::new("rest-cases").expect("a directory");
    fs::write(directory.path().join("lines.txt"), "one\ntwo\nthree\n").expect("the input is written");
    let port = asked.url().rsplit(':').next().expect("a port").to_owned();
    let place =
        |text: &str| text.replace("DIR", &directory.path().display().to_string()).replace("PORT", &port);
    let client = Client::new(asked.url()).of_cluster();
    let client = match other {
        Some(other) => client.alias(other.url()),
        None => client,
    };
    replay_all(&client, &cases_without(left_out), place, &[differences]);
}

#[test]
fn the_leader_answers_what_was_recorded_or_differs_as_it_is_written_down() {
    let kafka = kafka();
    replay(&OF_THAT_MOMENT, &ours(&kafka), None, DIFFERENCES);
}

#[test]
fn a_follower_answers_what_was_recorded_or_differs_as_it_is_written_down() {
    let kafka = kafka();
    let leader = ours(&kafka);
    let follower = ours(&kafka);
    replay(&OF_THAT_MOMENT, &follower, Some(&leader), DIFFERENCES);
}

/// The recording is what it says it is.
#[test]
fn a_worker_of_apache_kafka_answers_what_was_recorded() {
    let kafka = kafka();
    let worker = of_cluster(Worker::java_distributed(kafka.bootstrap())).start().expect("a worker");
    replay(&[&OF_THAT_RUN[..], &OF_THAT_MOMENT].concat(), &worker, None, INSTALLED);
}
