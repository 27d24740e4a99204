use std::fs;
use std::time::Duration;

use serde_json::json;
use testkit::{Kafka, Worker, wait};

#[test]
fn a_java_worker_moves_a_file_to_a_topic_and_into_a_file() {
    let kafka = Kafka::shared();
    let mut worker = Worker::java_standalone(kafka.bootstrap()).start().unwrap();
    let (source, target) = (worker.directory().join("in.txt"), worker.directory().join("out.txt"));
    fs::write(&source, "one\ntwo\n").unwrap();

    let rest = worker.rest();
    let created = rest.post(
        "/connectors",
        &json!({"name": "moved-source", "config": {
        "connector.class": "FileStreamSource", "file": source, "topic": "moved"}}),
    );
    assert_eq!(created.unwrap().status, 201);
    let created = rest.post(
        "/connectors",
        &json!({"name": "moved-sink", "config": {
        "connector.class": "FileStreamSink", "file": target, "topics": "moved"}}),
    );
    assert_eq!(created.unwrap().status, 201);

    let moved = wait::until("the copy", Duration::from_secs(180), Duration::from_millis(100), || {
        let text = fs::read_to_string(&target).unwrap_or_default();
        Ok((text.len() == 8).then_some(text))
    });
    assert_eq!(moved.unwrap(), "one\ntwo\n");
    assert_eq!(kafka.consume("moved", 2).unwrap(), ["one", "two"]);
    let usage = worker.usage().unwrap();
    assert!(usage.thread_count > 1 && usage.resident_bytes > 0 && !usage.cpu.is_zero(), "{usage:?}");
    assert_eq!(worker.rest().send("PUT", "/connectors/moved-source/pause", None).unwrap().status, 202);
    assert_eq!(worker.rest().delete("/connectors/moved-source").unwrap().status, 204);
    assert_eq!(worker.rest().get("/").unwrap().content_type, "application/json");
    assert!(worker.rest().get("/connectors/none").unwrap().ok().is_err());
    worker.stop().unwrap();
}

#[test]
fn a_java_worker_in_distributed_mode_answers() {
    let kafka = Kafka::shared();
    let worker = Worker::java_distributed(kafka.bootstrap()).of_cluster("testkit").start().unwrap();

    let version = worker.rest().get("/").unwrap().ok().unwrap();
    assert_eq!(version["version"], testkit::jars::KAFKA_VERSION);
}
