//! Sinks whose worker was killed: the group of the connector need not miss the consumer that is gone.

use serde_json::json;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, Lines, PAUSE, id, of_cluster, put};

/// Whose consumers are missed after half an hour: what waits for that does not get through a test.
fn ours(name: &str) -> Builder {
    let worker = of_cluster(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), name);
    worker
        .property("consumer.session.timeout.ms", "1800000")
        .property("consumer.max.poll.interval.ms", "1800000")
        // Others hear of a round with a heartbeat.
        .property("consumer.heartbeat.interval.ms", "1000")
}

#[test]
fn the_sinks_of_a_killed_worker_go_on_elsewhere_at_once() {
    let name = "succession";
    let (mut first, second) = (ours(name).start().expect("a worker"), ours(name).start().expect("a worker"));
    let mut lines = Lines::new(name, 3);
    lines.append();
    lines.create(&[&first, &second]);
    lines.wait(false);
    lines.wait_until_run(second.rest(), &[id(&first), id(&second)]);
    first.kill().expect("the worker is killed");
    lines.append();
    lines.wait_until_run(second.rest(), &[id(&second)]);
    lines.wait(true);
    let log = second.log();
    assert!(log.contains("a former run of the task was still in the group"), "{log}");
}

#[test]
fn the_sinks_of_a_worker_that_is_killed_and_comes_back_go_on_at_once() {
    let name = "succession-alone";
    let mut worker = ours(name).start().expect("a worker");
    let mut lines = Lines::new(name, 1);
    lines.append();
    lines.create(&[&worker]);
    lines.wait(false);
    worker.kill().expect("the worker is killed");
    worker.restart().expect("the worker starts again");
    lines.append();
    lines.wait(true);
}

/// The group waits for each of the members that are gone, and each of their successors takes its own out.
#[test]
fn all_tasks_of_one_sink_go_on_where_some_of_their_workers_were_killed() {
    let name = "succession-wide";
    let mut workers = [(); 3].map(|()| ours(name).start().expect("a worker"));
    let kafka = Kafka::shared();
    kafka.create_topic(name, 6).expect("a topic");
    let directory = tempfile::TempDir::new().expect("a directory");
    let config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "tasks.max": "6", "file": directory.path().join("out"), "topics": name,
    });
    put(workers[0].rest(), name, &config);
    let mut probe = kafka.probe().expect("a probe");
    let mut deliver = || {
        // Keys enough for each partition to get some.
        let lines: String = (0..60).map(|line| format!("{line}|line {line}\n")).collect();
        let keyed = ["--topic", name, "--property", "parse.key=true", "--property", "key.separator=|"];
        kafka.produce_with(&keyed, &lines).expect("the lines are written");
        let ends = kafka.end_offsets(name).expect("the ends of the topic");
        assert!(ends.iter().all(|end| *end > 0), "{ends:?}");
        let wanted: Vec<(String, u64)> = (0..)
            .zip(ends)
            .map(|(partition, end): (u32, u64)| (format!("{name}-{partition}"), end))
            .collect();
        let group = format!("connect-{name}");
        let committed = wait::until("commits up to the ends", LIMIT, PAUSE, || {
            Ok((probe.committed(&group)? == wanted).then_some(()))
        });
        committed.unwrap_or_else(|error| panic!("{error:#}: {:?} of {wanted:?}", probe.committed(&group)));
    };
    deliver();
    for worker in &mut workers[..2] {
        worker.kill().expect("the worker is killed");
    }
    deliver();
}
