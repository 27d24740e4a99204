//! What has failed of something that passes comes back by itself; what was refused stays as it is.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::database::Postgres;
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(100);

/// Waits until a task is in a state, and answers its status.
fn wait_for(worker: &Worker, connector: &str, state: &str) -> Value {
    let path = format!("/connectors/{connector}/tasks/0/status");
    let status = wait::until("the state of the task", LIMIT, PAUSE, || {
        let status = worker.rest().get(&path)?.json()?;
        Ok((status["state"] == state).then_some(status))
    });
    status.unwrap_or_else(|error| {
        panic!("{error:#}: {} is not {state}: {:?}\n{}", connector, worker.rest().get(&path), worker.log())
    })
}

fn put(worker: &Worker, connector: &str, config: &Value) {
    let path = format!("/connectors/{connector}/config");
    let answer = worker.rest().put(&path, config).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// A sink that gives up soon when its database is away.
fn sink(database: &testkit::database::Database, topic: &str) -> Value {
    json!({
        "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector",
        "connection.url": database.jdbc_url(), "connection.user": database.user(),
        "connection.password": database.password(), "topics": topic, "auto.create": "true",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "max.retries": "1", "retry.backoff.ms": "100", "table.name.format": "lines",
    })
}

fn row(id: u32) -> String {
    let schema =
        r#"{"type":"struct","optional":false,"fields":[{"type":"int32","optional":false,"field":"id"}]}"#;
    format!(r#"{{"schema":{schema},"payload":{{"id":{id}}}}}"#)
}

/// The database of a sink dies, its task fails and says when it comes back, and does.
fn outlives_its_database(worker: &Worker, name: &str) {
    let mut server = Postgres::start().expect("a PostgreSQL");
    let database = server.create_database("restarts").expect("a database");
    Kafka::shared().create_topic(name, 1).expect("the topic");
    put(worker, name, &sink(&database, name));
    let running = wait_for(worker, name, "RUNNING");
    assert_eq!(running.get("restart"), None, "nothing to tell yet");
    Kafka::shared().produce(name, &[&row(1)]).expect("a row");
    let count = |expected: &str| {
        let arrived = wait::until("the rows", LIMIT, PAUSE, || {
            // Those that were not committed before the task failed come twice.
            let rows = database.query("SELECT count(DISTINCT id) FROM lines").unwrap_or_default();
            Ok((rows == [[Some(expected.to_owned())]]).then_some(()))
        });
        arrived.unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
    };
    count("1");

    server.kill().expect("the server dies");
    Kafka::shared().produce(name, &[&row(2)]).expect("a row");
    let failed = wait_for(worker, name, "FAILED");
    let restart = &failed["restart"];
    assert!(restart["count"].as_u64() >= Some(1), "{failed}");
    assert_eq!(restart["max"], 100, "{failed}");
    let words = restart["reason"].as_str().unwrap_or_default();
    assert!(words.contains("after 1 retries") && !words.contains('\n'), "{failed}");
    assert!(failed["trace"].as_str().is_some_and(|trace| trace.contains("after 1 retries")), "{failed}");
    let next = restart["next_attempt"].as_str().unwrap_or_default();
    assert!(next.ends_with('Z') && next.contains('T'), "{failed}");

    server.restart().expect("the server comes back");
    count("2");
    let running = wait_for(worker, name, "RUNNING");
    assert!(running["restart"]["count"].as_u64() >= Some(1), "{running}");
    assert_eq!(running["restart"].get("next_attempt"), None, "{running}");

    let restarted = worker.rest().post(&format!("/connectors/{name}/tasks/0/restart"), &Value::Null);
    assert_eq!(restarted.expect("an answer").status, 204);
    let forgotten = wait::until("a status without restarts", LIMIT, PAUSE, || {
        let status = worker.rest().get(&format!("/connectors/{name}/tasks/0/status"))?.json()?;
        Ok((status["state"] == "RUNNING" && status.get("restart").is_none()).then_some(()))
    });
    forgotten.expect("a user's restart gives the whole budget back");
}

#[test]
fn a_task_outlives_the_death_of_its_database() {
    let worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap());
    let worker = worker.property("errors.restart.backoff.max.ms", "3000");
    let worker = worker.property("errors.restart.backoff.ms", "3000").start().expect("the worker starts");
    outlives_its_database(&worker, "restarts-standalone");
}

#[test]
fn a_task_of_a_cluster_outlives_the_death_of_its_database() {
    let worker = Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap());
    let worker = worker
        .of_cluster("restarts")
        .property("offset.storage.partitions", "1")
        .property("status.storage.partitions", "1")
        .property("errors.restart.backoff.ms", "3000")
        .property("errors.restart.backoff.max.ms", "3000")
        .start()
        .expect("the worker starts");
    outlives_its_database(&worker, "restarts-distributed");
}

#[test]
fn a_source_outlives_a_broker_that_does_not_answer_in_time() {
    let mut kafka = Kafka::start().expect("a broker");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("errors.restart.backoff.ms", "3000")
        .property("errors.restart.backoff.max.ms", "3000")
        .property("producer.delivery.timeout.ms", "3000")
        .property("producer.request.timeout.ms", "1000")
        .property("producer.linger.ms", "0")
        .start()
        .expect("the worker starts");
    let file = worker.directory().join("lines.in");
    std::fs::write(&file, "one\n").expect("a file");
    kafka.create_topic("restarts-lines", 1).expect("the topic");
    let source = json!({
        "connector.class": "FileStreamSource", "file": file, "topic": "restarts-lines",
    });
    put(&worker, "lines", &source);
    wait_for_records(&kafka, &worker, 1);
    kafka.kill().expect("the broker dies");
    std::fs::write(&file, "one\ntwo\n").expect("the file grows");
    let failed = wait_for(&worker, "lines", "FAILED");
    assert!(failed["restart"]["next_attempt"].is_string(), "{failed}");
    kafka.restart().expect("the broker comes back");
    wait_for(&worker, "lines", "RUNNING");
    wait_for_records(&kafka, &worker, 2);
}

fn wait_for_records(kafka: &Kafka, worker: &Worker, records: u64) {
    let arrived = wait::until("the records", LIMIT, PAUSE, || {
        Ok((kafka.end_offsets("restarts-lines")?.iter().sum::<u64>() >= records).then_some(()))
    });
    arrived.unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
}

#[test]
fn a_record_that_is_refused_does_not_bring_its_task_back() {
    let worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap());
    let worker = worker.start().expect("the worker starts");
    let topic = "restarts-refused";
    Kafka::shared().create_topic(topic, 1).expect("the topic");
    Kafka::shared().produce(topic, &["no JSON"]).expect("a record");
    let sink = json!({
        "connector.class": "FileStreamSink", "file": worker.directory().join("out"), "topics": topic,
        "value.converter": "org.apache.kafka.connect.json.JsonConverter", "errors.restart.max": "5",
    });
    put(&worker, "refused", &sink);
    let failed = wait_for(&worker, "refused", "FAILED");
    assert_eq!(failed.get("restart"), None, "{failed}");
}

#[test]
fn keys_of_restarts_are_checked() {
    let worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap());
    let worker = worker.start().expect("the worker starts");
    let sink = json!({
        "connector.class": "FileStreamSink", "file": "/dev/null", "topics": "t", "errors.restart.max": "-2",
        "errors.restart.backoff.ms": "soon",
    });
    let answer = worker.rest().put("/connectors/wrong/config", &sink).expect("an answer");
    assert_eq!(answer.status, 400);
    for key in ["errors.restart.max", "errors.restart.backoff.ms"] {
        assert!(answer.text.contains(key), "{}", answer.text);
    }
}
