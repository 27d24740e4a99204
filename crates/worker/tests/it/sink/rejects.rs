//! A sink that refuses single records: the worker's side of `SinkContext::reject`.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use testkit::Kafka;
use worker::status::TargetState;
use worker::task::TaskEvent;

use super::{ATTEMPTS, Gate, Picky, REFUSE, Stage, committed, fill};
use crate::cluster::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sink_refuses_is_in_the_queue_before_its_offset_is_committed() {
    const COUNT: usize = 1_000;
    let kafka = Kafka::shared();
    fill("picky-tolerant", COUNT);
    let stage = Stage::start("picky-tolerant", Picky::ByNumber, &[("errors.tolerance", "all")]);
    eventually("everything committed", || committed("picky-tolerant") == COUNT as u64);
    // Not a moment later: the commit came after them.
    let letters: u64 = kafka.end_offsets("picky-tolerant-dlq").unwrap().iter().sum();
    assert!(letters >= (COUNT.div_ceil(3) + COUNT.div_ceil(5)) as u64, "{letters} dead letters");
    let print = ["--formatter-property", "print.headers=true"];
    // Traces end in a line feed, so a letter is a line of headers and one of its value.
    let lines = kafka.consume_with("picky-tolerant-dlq", letters as usize, &print).unwrap();
    let lines: HashSet<&str> = lines.iter().map(String::as_str).collect();
    let headers: Vec<&str> = lines.iter().copied().filter(|line| line.contains("stage:TASK_PUT")).collect();
    for number in (0..COUNT).filter(|number| number % 3 == 0 || number % 5 == 0) {
        let (offset, value) = (format!("__connect.errors.offset:{number},"), format!("\t{number}"));
        assert!(headers.iter().any(|line| line.contains(&offset)), "{number} is no dead letter");
        assert!(lines.contains(&*value), "the dead letter {number} has other bytes");
    }
    assert!(headers[0].contains("org.apache.kafka.connect.sink.SinkTask"), "{}", headers[0]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tolerance_a_refused_record_ends_the_task_and_is_a_dead_letter() {
    fill("picky-strict", 10);
    let stage = Stage::start("picky-strict", Picky::ByNumber, &[]);
    eventually("the end of the task", || stage.failure().is_some());
    let trace = stage.failure().unwrap();
    assert!(trace.starts_with("Tolerance exceeded in error handler: TASK_PUT"), "{trace}");
    assert!(trace.contains("offset 0 of `picky-strict`-0") && trace.contains("one of 3"), "{trace}");
    assert_eq!(Kafka::shared().consume("picky-strict-dlq", 1).unwrap(), ["0"]);
    assert_eq!(committed("picky-strict"), 0);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_fails_as_a_whole_ends_the_task_whatever_is_tolerated() {
    fill("picky-whole", 10);
    let stage = Stage::start("picky-whole", Picky::All, &[("errors.tolerance", "all")]);
    eventually("the end of the task", || stage.failure().is_some());
    let trace = stage.failure().unwrap();
    assert!(trace.starts_with("Exiting WorkerSinkTask due to unrecoverable exception"), "{trace}");
    assert!(trace.contains("not these"), "{trace}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_much_is_kept_for_dead_letters_and_then_a_commit_lets_it_go() {
    const COUNT: usize = 100;
    let line = "x".repeat(500_000);
    Kafka::shared().produce("picky-large", &[&*line; COUNT]).unwrap();
    // No commit comes by itself within the time of this test.
    let stage = Stage::start_with("3600000", "picky-large", Picky::ByNumber, &[("errors.tolerance", "all")]);
    eventually("a commit before its time", || committed("picky-large") > 0);
    assert_eq!(stage.failure(), None);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_commits_nothing_that_is_no_dead_letter_yet() {
    const COUNT: usize = 1_000;
    fill("picky-stopped", COUNT);
    let gate = Arc::new(Gate::default());
    // There is room for a part of the dead letters only, so that the others wait for Kafka.
    let keys = [("errors.tolerance", "all"), ("producer.override.buffer.memory", "65536")];
    let mut stage = Stage::start_with("3600000", "picky-stopped", Picky::Each(gate.clone()), &keys);
    eventually("a put", || gate.reached.load(Ordering::Acquire));
    stage.task.stop();
    gate.open.notify_one();
    stage.task.stopped().await;
    assert_eq!(stage.failure(), None);
    let letters: u64 = Kafka::shared().end_offsets("picky-stopped-dlq").unwrap().iter().sum();
    let committed = committed("picky-stopped");
    assert!(letters >= committed, "{committed} records are committed and {letters} are dead letters");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tolerance_the_first_bad_record_counts_whatever_refuses_it() {
    Kafka::shared().produce("picky-first", &["good", "refused", "bad"]).unwrap();
    let keys = [("transforms", "r"), ("transforms.r.type", REFUSE)];
    let stage = Stage::start("picky-first", Picky::Nothing, &keys);
    eventually("the end of the task", || stage.failure().is_some());
    let trace = stage.failure().unwrap();
    assert!(trace.contains("TRANSFORMATION") && trace.contains("offset 1 of `picky-first`-0"), "{trace}");
    assert_eq!(Kafka::shared().end_offsets("picky-first-dlq").unwrap(), [1]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_without_end_holds_up_no_stop_and_commits_nothing() {
    Kafka::shared().produce("picky-endless", &["good", "later", "good"]).unwrap();
    let stage = Stage::start("picky-endless", Picky::Nothing, &[("errors.retry.timeout", "-1")]);
    eventually("an attempt", || ATTEMPTS.load(Ordering::Relaxed) > 0);
    stage.stop().await;
    assert!(committed("picky-endless") <= 1, "what was not converted comes again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_target_takes_nothing_can_be_paused() {
    fill("picky-paused", 10);
    let stage = Stage::start("picky-paused", Picky::Later, &[]);
    let reported = |wanted: &TaskEvent| stage.reports.lock().unwrap().contains(wanted);
    eventually("a record", || reported(&TaskEvent::Topic("picky-paused".into())));
    stage.task.set_target(TargetState::Paused);
    eventually("the pause", || reported(&TaskEvent::Paused));
    stage.reports.lock().unwrap().clear();
    stage.task.set_target(TargetState::Started);
    eventually("the end of the pause", || reported(&TaskEvent::Running));
    stage.stop().await;
}
