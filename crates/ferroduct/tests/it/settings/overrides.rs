//! Which settings of clients a connector may override, and which setting wins.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, PAUSE, create, merged, outcome, task_state};

const POLICY: &str = "connector.client.config.override.policy";

/// A source and a sink with settings of every kind of client.
fn settings() -> Vec<(&'static str, Value)> {
    let source = json!({ "connector.class": "FileStreamSource", "name": "a", "topic": "t" });
    let sink = json!({ "connector.class": "FileStreamSink", "name": "a", "topics": "t" });
    let dead = json!({ "errors.deadletterqueue.topic.name": "d" });
    let producer = json!({
        "producer.override.linger.ms": "5",
        "producer.override.client.id": "mine",
        "producer.override.sasl.jaas.config": "secret",
        "producer.override.sasl.mechanism": "PLAIN",
        "producer.override.security.protocol": "PLAINTEXT",
        "producer.override.no.such.key": "x",
    });
    let consumer = json!({
        "consumer.override.max.poll.records": "5", "consumer.override.group.id": "mine",
        "consumer.override.security.protocol": "PLAINTEXT",
    });
    let admin = json!({ "admin.override.retries": "5", "admin.override.sasl.jaas.config": "secret" });
    let creation =
        json!({ "topic.creation.default.partitions": 1, "topic.creation.default.replication.factor": 1 });
    vec![
        ("FileStreamSource", source.clone()),
        ("FileStreamSource", merged(source.clone(), &producer)),
        ("FileStreamSource", merged(source.clone(), &consumer)),
        ("FileStreamSource", merged(source.clone(), &admin)),
        ("FileStreamSource", merged(merged(source, &admin), &creation)),
        ("FileStreamSink", merged(sink.clone(), &consumer)),
        ("FileStreamSink", merged(sink.clone(), &producer)),
        ("FileStreamSink", merged(merged(sink.clone(), &producer), &dead)),
        ("FileStreamSink", merged(sink.clone(), &admin)),
        ("FileStreamSink", merged(merged(sink, &admin), &dead)),
    ]
}

#[test]
fn each_policy_allows_what_it_allows_in_java() {
    let bootstrap = Kafka::shared().bootstrap();
    for (policy, allowlist) in [
        (None, None),
        (Some("All"), None),
        (Some("None"), None),
        (Some("Principal"), None),
        (Some("Allowlist"), None),
        (Some("Allowlist"), Some("linger.ms, security.protocol,retries,no.such.key")),
        (Some("org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy"), None),
    ] {
        let judged = |worker: Builder| {
            let set = |worker: Builder, key: &str, value: Option<&str>| match value {
                Some(value) => worker.property(key, value),
                None => worker,
            };
            let worker = set(worker, POLICY, policy);
            let worker = set(worker, "connector.client.config.override.allowlist", allowlist);
            let worker = worker.start().expect("a worker");
            settings().iter().map(|(class, config)| judged(&worker, class, config)).collect::<Vec<_>>()
        };
        let java = judged(Worker::java_standalone(bootstrap));
        let ours = judged(Worker::ferroduct_standalone(BINARY, bootstrap));
        for ((java, ours), (_, config)) in java.iter().zip(&ours).zip(settings()) {
            assert_eq!(ours, java, "{policy:?} {allowlist:?} {config}");
        }
    }
}

/// The settings of clients in the answer of a validation: value and errors of each.
fn judged(worker: &Worker, class: &str, config: &Value) -> Vec<String> {
    let path = format!("/connector-plugins/{class}/config/validate");
    let answer = worker.rest().put(&path, config).expect("an answer").ok().expect("it is validated");
    let configs = answer["configs"].as_array().expect("keys").iter().map(|config| &config["value"]);
    let settings =
        configs.filter(|value| value["name"].as_str().is_some_and(|name| name.contains(".override.")));
    let mut shown: Vec<String> =
        settings.map(|value| format!("{} {} {}", value["name"], value["value"], value["errors"])).collect();
    shown.sort();
    shown.push(answer["error_count"].to_string());
    shown
}

#[test]
fn what_a_connector_overrides_wins_over_the_worker_and_that_over_the_defaults() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    kafka.create_topic("overrides", 1).expect("a topic");
    kafka.produce("overrides", &["early"]).expect("a record");
    let seen = |worker: Builder, who: &str| {
        let worker = worker
            .property("consumer.auto.offset.reset", "none")
            .property("producer.max.request.size", "200")
            .property("max.request.size", "10")
            .property("auto.offset.reset", "latest")
            .start()
            .expect("a worker");
        let sink = |name: &str, more: &Value| {
            let config = json!({
                "connector.class": "FileStreamSink", "topics": "overrides",
                "file": directory.path().join(format!("{who}-{name}")),
            });
            let connector = format!("sink-{name}-{who}");
            assert_eq!(create(worker.rest(), &connector, &merged(config, more)), 201);
            if outcome(worker.rest(), &connector) == "FAILED" { "FAILED" } else { "arrived" }
        };
        let source = |name: &str, length: usize, more: &Value| {
            let input = directory.path().join(format!("{who}-{name}-in"));
            fs::write(&input, format!("{}\n", "x".repeat(length))).expect("the file is written");
            let config = json!({
                "connector.class": "FileStreamSource", "file": input, "topic": format!("source-{name}-{who}"),
            });
            let connector = format!("source-{name}-{who}");
            assert_eq!(create(worker.rest(), &connector, &merged(config, more)), 201);
            arrived(kafka, &worker, &connector)
        };
        let group = json!({ "consumer.override.group.id": format!("mine-{who}"),
            "consumer.override.auto.offset.reset": "earliest" });
        let more = json!({ "producer.override.max.request.size": "400" });
        let outcomes = [
            // The worker's own `none` fails where nothing is committed yet.
            sink("worker", &json!({})),
            sink("connector", &group),
            source("small", 60, &json!({})),
            source("large", 250, &json!({})),
            source("large-allowed", 250, &more),
            source("too-large", 500, &more),
        ];
        assert_eq!(task_state(worker.rest(), &format!("sink-connector-{who}")).expect("a state"), "RUNNING");
        committed(kafka, &format!("mine-{who}"), &worker, &format!("sink-connector-{who}"));
        outcomes
    };
    let java = seen(Worker::java_standalone(kafka.bootstrap()), "java");
    assert_eq!(seen(Worker::ferroduct_standalone(BINARY, kafka.bootstrap()), "ours"), java);
    let failed = java.iter().filter(|outcome| **outcome == "FAILED").count();
    assert_eq!(failed, 3, "{java:?}");
}

/// Waits until the record of a source is in Kafka or its task has failed: which of them.
fn arrived(kafka: &Kafka, worker: &Worker, connector: &str) -> &'static str {
    let mut probe = kafka.probe().expect("a probe");
    let arrived = wait::until("a record or a failure", LIMIT, PAUSE, || {
        if task_state(worker.rest(), connector)? == "FAILED" {
            return Ok(Some("FAILED"));
        }
        let there = probe.topics()?.iter().any(|topic| topic == connector);
        Ok((there && probe.records(connector)? > 0).then_some("arrived"))
    });
    arrived.unwrap_or_else(|error| panic!("{connector}: {error:#}"))
}

/// Ends the sink, which commits, and waits until its own group has the offset.
fn committed(kafka: &Kafka, group: &str, worker: &Worker, connector: &str) {
    worker.rest().put(&format!("/connectors/{connector}/stop"), &Value::Null).expect("an answer");
    let mut probe = kafka.probe().expect("a probe");
    let committed = wait::until("a commit of the group", LIMIT, PAUSE, || {
        let committed = probe.committed(group)?;
        Ok(committed.iter().any(|(partition, _)| partition.starts_with("overrides")).then_some(()))
    });
    committed.unwrap_or_else(|error| panic!("{group}: {error:#}"));
}
