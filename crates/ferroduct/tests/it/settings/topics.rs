//! Topics that sources make (`topic.creation.*`), and the topics that connectors have used.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, PAUSE, create, merged, outcome, used};

/// What a source says about the topics that are made for it.
fn cases() -> Vec<(&'static str, Value)> {
    let default =
        json!({ "topic.creation.default.partitions": 2, "topic.creation.default.replication.factor": 1 });
    let with = |more: Value| merged(default.clone(), &more);
    let group = |more: Value| {
        let group = json!({ "topic.creation.groups": "first,second", "topic.creation.first.partitions": 3 });
        with(merged(group, &more))
    };
    vec![
        ("broker", json!({})),
        ("default", with(json!({}))),
        (
            "broker-numbers",
            json!({
                "topic.creation.default.partitions": -1, "topic.creation.default.replication.factor": -1,
            }),
        ),
        (
            "config",
            with(json!({
                "topic.creation.default.retention.ms": "123456",
                "topic.creation.default.cleanup.policy": "delete",
            })),
        ),
        ("wrong-config", with(json!({ "topic.creation.default.cleanup.policy": "nope" }))),
        ("unknown-config", with(json!({ "topic.creation.default.no.such.key": "1" }))),
        (
            "many-replicas",
            json!({
                "topic.creation.default.partitions": 1, "topic.creation.default.replication.factor": 3,
            }),
        ),
        ("first-group", group(json!({ "topic.creation.first.include": ".*first.*" }))),
        (
            "first-and-second",
            group(json!({
                "topic.creation.first.include": ".*first.*",
                "topic.creation.second.include": ".*",
                "topic.creation.second.partitions": 4,
            })),
        ),
        ("part-of-first", group(json!({ "topic.creation.first.include": "first" }))),
        (
            "first-excluded",
            group(json!({
                "topic.creation.first.include": ".*",
                "topic.creation.first.exclude": ".*excluded",
                "topic.creation.second.include": "a,.*-first-.*",
                "topic.creation.second.max.message.bytes": "2000",
            })),
        ),
        ("group-without-include", group(json!({ "topic.creation.second.retention.ms": "1" }))),
        (
            "default-excluded",
            with(json!({
                "topic.creation.default.include": "none", "topic.creation.default.exclude": ".*",
            })),
        ),
        (
            "group-of-broker",
            group(json!({
                "topic.creation.first.include": ".*", "topic.creation.first.partitions": -1,
            })),
        ),
    ]
}

#[test]
fn topics_are_made_as_java_makes_them() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, "a line\n").expect("the file is written");
    let java = Worker::java_standalone(kafka.bootstrap()).start().expect("a worker");
    let ours = Worker::ferroduct_standalone(BINARY, kafka.bootstrap()).start().expect("a worker");
    let made = |worker: &Worker, who: &str| -> Vec<(&'static str, String)> {
        let source = |name: &str| {
            json!({
                "connector.class": "FileStreamSource", "file": input, "topic": format!("made-{name}-{who}"),
            })
        };
        let outcome = |(name, more): (&'static str, Value)| {
            let connector = format!("made-{name}-{who}");
            assert_eq!(create(worker.rest(), &connector, &merged(source(name), &more)), 201, "{name}");
            let outcome = outcome(worker.rest(), &connector);
            (name, format!("{} {}", outcome, described(kafka, &connector)).replace(who, "WHO"))
        };
        cases().into_iter().map(outcome).collect()
    };
    let expected = made(&java, "java");
    assert_eq!(made(&ours, "ours"), expected);
    let failed = expected.iter().filter(|(_, outcome)| outcome.starts_with("FAILED")).count();
    assert_eq!(failed, 3, "{expected:?}");
}

/// The numbers and settings of a topic, without what differs from run to run.
fn described(kafka: &Kafka, topic: &str) -> String {
    let Ok(text) = kafka.describe_topic(topic) else { return "none".to_owned() };
    let first = text.lines().next().unwrap_or_default();
    let fields = first.split('\t').map(str::trim).filter(|field| !field.starts_with("TopicId"));
    fields.collect::<Vec<_>>().join(" ")
}

#[test]
fn without_topic_creation_the_keys_mean_nothing() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, "a line\n").expect("the file is written");
    let made = |worker: testkit::worker::Builder, name: &str| {
        let worker = worker.property("topic.creation.enable", "false").start().expect("a worker");
        let config = json!({
            "connector.class": "FileStreamSource", "file": input, "topic": name,
            "topic.creation.default.partitions": 5, "topic.creation.default.replication.factor": 1,
        });
        assert_eq!(create(worker.rest(), name, &config), 201);
        outcome(worker.rest(), name);
        described(kafka, name).replace(name, "NAME")
    };
    let java = made(Worker::java_standalone(kafka.bootstrap()), "not-made-java");
    assert_eq!(made(Worker::ferroduct_standalone(BINARY, kafka.bootstrap()), "not-made-ours"), java);
    assert!(java.contains("PartitionCount: 1"), "{java}");
}

fn append(path: &Path, line: &str) {
    let file = OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| writeln!(file, "{line}")).expect("the file grows");
}

#[test]
fn the_topics_that_connectors_have_used_are_those_of_java() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, "a line\n").expect("the file is written");
    let router = json!({
        "transforms": "route",
        "transforms.route.type": "org.apache.kafka.connect.transforms.RegexRouter",
        "transforms.route.regex": "used-(.*)",
        "transforms.route.replacement": "routed-$1",
    });
    let shown = |worker: testkit::worker::Builder, who: &str| -> Vec<String> {
        let worker = worker.property("offset.flush.interval.ms", "500").start().expect("a worker");
        let source = json!({
            "connector.class": "FileStreamSource", "file": input, "topic": format!("used-{who}"),
        });
        let sink = json!({
            "connector.class": "FileStreamSink",
            "file": directory.path().join(who),
            "topics": format!("routed-{who},used-none-{who}"),
            "transforms.route.regex": "routed-(.*)",
            "transforms.route.replacement": "again-$1",
        });
        let mut shown = Vec::new();
        for (name, config) in [("source", merged(source, &router)), ("sink", merged(router.clone(), &sink))] {
            let connector = format!("uses-{name}-{who}");
            assert_eq!(create(worker.rest(), &connector, &config), 201);
            shown.push(outcome(worker.rest(), &connector).replace(who, "WHO"));
        }
        let rest = worker.rest();
        let reset = rest.put(&format!("/connectors/uses-source-{who}/topics/reset"), &Value::Null);
        shown.push(reset.expect("an answer").status.to_string());
        shown.push(format!("{:?}", used(rest, &format!("uses-source-{who}")).expect("an answer")));
        // What comes after that is shown again; some time after, as not every record is told.
        let again = wait::until("the topic of further records", LIMIT, PAUSE, || {
            append(&input, "another line");
            let used = used(rest, &format!("uses-source-{who}"))?;
            Ok((!used.is_empty()).then(|| format!("{used:?}")))
        });
        shown.push(again.unwrap_or_else(|error| panic!("{error:#}")).replace(who, "WHO"));
        shown
    };
    let java = shown(Worker::java_standalone(kafka.bootstrap()), "java");
    assert_eq!(shown(Worker::ferroduct_standalone(BINARY, kafka.bootstrap()), "ours"), java);
    assert_eq!(java[..2], ["[\"routed-WHO\"]", "[\"routed-WHO\"]"]);
}
