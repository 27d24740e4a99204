//! Validation against a running worker of Apache Kafka Connect: what the recorded cases do not have.

mod aliases;
mod versions;

use serde_json::{Value, json};
use testkit::{Kafka, Worker};

use super::answer::{Answer, Client};
use super::{BINARY, JSON};

const SOURCE: &str = "/connector-plugins/FileStreamSource/config/validate";
const SINK: &str = "/connector-plugins/FileStreamSink/config/validate";

#[test]
fn configurations_are_judged_as_java_judges_them() {
    let bootstrap = Kafka::shared().bootstrap();
    let start = |worker: testkit::worker::Builder| {
        let worker = worker.property("key.converter", JSON).property("value.converter", JSON);
        worker.without("header.converter").start().expect("a worker")
    };
    let java = start(Worker::java_standalone(bootstrap));
    let ours = start(Worker::ferroduct_standalone(BINARY, bootstrap));
    let (java, ours) = (Client::new(java.url()), Client::new(ours.url()));

    let mut wrong = Vec::new();
    let more = aliases::cases().chain(versions::cases()).chain([overrides("p", "producer")]);
    let sources = sources().into_iter().chain(more).map(source).map(|case| (SOURCE, case));
    let more = [overrides("c", "consumer"), overrides("a", "admin")]
        .map(|case| merged(case, &json!({ "topics": "t", "errors.deadletterqueue.topic.name": "d" })));
    let sinks = sinks().into_iter().chain(more).map(sink).map(|case| (SINK, case));
    for (path, configuration) in sources.chain(sinks) {
        let ask = |client: &Client| {
            let body = configuration.to_string();
            let answer = client.send("PUT", path, Some(&body), Some("application/json"));
            reduced(answer.expect("an answer").normalized())
        };
        let difference = ask(&ours).against(&ask(&java));
        if !difference.is_empty() {
            wrong.push(format!("{path} {configuration}\n{difference}"));
        }
    }
    assert!(wrong.is_empty(), "{} answers differ from Java's:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_predicate_that_no_alias_defines_is_refused_where_java_fails_the_tasks() {
    let ours = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap()).start().expect("a worker");
    let transform = json!({
        "transforms": "a",
        "transforms.a.type": "org.apache.kafka.connect.transforms.Filter",
        "transforms.a.predicate": "nope",
        "predicates": "p",
        "predicates.p.type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
    });
    let body = json!({ "name": "a", "config": source(transform) }).to_string();
    let client = Client::new(ours.url());
    let answer =
        client.send("POST", "/connectors", Some(&body), Some("application/json")).expect("an answer");
    assert_eq!(answer.status, 400, "{answer}");
    let message = answer.body["message"].as_str().expect("words");
    let words = "Invalid value nope for configuration transforms.a.predicate: There is no predicate of this name in \
                 predicates.";
    assert!(message.contains(words), "{message}");
}

/// A value for every key of a client (`p`, `c` or `a`), each of the type that the key has.
fn overrides(letter: &str, client: &str) -> Value {
    const ROWS: &str = include_str!("../../../../worker/src/validate/clients.jsonl");
    let mut all = json!({});
    for row in ROWS.lines() {
        let row: Value = serde_json::from_str(row).expect("a row");
        let [clients, name, kind] = [0, 1, 2].map(|index| row[index].as_str().expect("a text"));
        if clients.contains(letter) {
            all[format!("{client}.override.{name}")] = Value::from(match kind {
                "BOOLEAN" => " TRUE ",
                "CLASS" => "java.lang.String",
                "DOUBLE" => "0.50",
                "INT" | "LONG" | "SHORT" => " 12 ",
                "LIST" => "a, b ,,c",
                "PASSWORD" => "hunter2",
                _ => " some text ",
            });
        }
    }
    all
}

/// A configuration of a source with more in it.
fn source(more: Value) -> Value {
    merged(json!({ "connector.class": "FileStreamSource", "name": "a", "topic": "t", "file": "/f" }), &more)
}

/// A configuration of a sink with more in it.
fn sink(more: Value) -> Value {
    merged(json!({ "connector.class": "FileStreamSink", "name": "a", "file": "/f" }), &more)
}

fn merged(mut all: Value, more: &Value) -> Value {
    all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    all
}

fn sources() -> Vec<Value> {
    vec![
        json!({ "name": null }),
        json!({ "name": "  " }),
        json!({ "name": "a\tb\u{7f}" }),
        json!({ "tasks.max": " 5 ", "batch.size": 7, "tasks.max.enforce": false }),
        json!({ "tasks.max": "2147483648", "batch.size": 1.5, "tasks.max.enforce": "maybe" }),
        json!({ "errors.retry.timeout": "x", "errors.retry.delay.max.ms": "", "errors.tolerance": "ALL" }),
        json!({ "errors.log.enable": "yes", "errors.log.include.messages": "TRUE" }),
        json!({ "config.action.reload": "never", "unknown.key": "x", "other": null }),
        json!({ "exactly.once.support": "Nope", "transaction.boundary": "x", "offsets.storage.topic": "" }),
        json!({ "transaction.boundary": "CONNECTOR", "transaction.boundary.interval.ms": -1 }),
        json!({ "transaction.boundary.interval.ms": "100", "offsets.storage.topic": "o" }),
        json!({ "tasks.max": null, "errors.tolerance": null, "file": null }),
        json!({ "topic": "", "batch.size": 0 }),
        json!({ "transforms": "", "predicates": " " }),
        json!({ "predicates": "a,a" }),
        json!({ "key.converter": "org.apache.kafka.connect.storage.StringConverter" }),
        json!({
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "key.converter.converter.encoding": "nope",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "maybe",
            "value.converter.decimal.format": "hex",
            "value.converter.schemas.cache.size": "-1",
            "header.converter": "org.apache.kafka.connect.storage.StringConverter",
        }),
        json!({ "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter" }),
        json!({ "value.converter": "org.apache.kafka.connect.converters.LongConverter" }),
        json!({ "key.converter": "org.example.Nope", "key.converter.schemas.enable": "x" }),
        json!({ "value.converter.schemas.enable": "x" }),
        json!({ "producer.override.linger.ms": "5", "producer.override.sasl.jaas.config": "secret" }),
        json!({ "producer.override.nope": " x ", "producer.override.group.id": "x" }),
        json!({ "consumer.override.group.id": "x", "admin.override.client.id": "x" }),
    ]
}

fn sinks() -> Vec<Value> {
    let dead = "errors.deadletterqueue.topic.name";
    vec![
        json!({ "topics": " a , b " }),
        json!({ "topics": "a,a" }),
        json!({ "topics": "a,,b" }),
        json!({ "topics": null }),
        json!({ "topics": " ", "topics.regex": " " }),
        json!({ "topics.regex": "a.*" }),
        json!({ "topics.regex": "a.*", dead: "abc" }),
        json!({ "topics.regex": "a.*", dead: "xabc" }),
        json!({ "topics": "a, b", dead: " b " }),
        json!({ "topics": "a", dead: "d", "errors.deadletterqueue.topic.replication.factor": "x" }),
        json!({ "topics": "a", "errors.deadletterqueue.context.headers.enable": "x" }),
        json!({ "topics": "a", "consumer.override.group.id": "x", "producer.override.acks": "1" }),
        json!({ "topics": "a", dead: "d", "producer.override.acks": "1", "admin.override.client.id": "x" }),
    ]
}

/// An answer without what Ferroduct has not got, the recommended classes that are not built in, and with keys and
/// groups by name: those of converters and clients stand in Java's hash order.
fn reduced(mut answer: Answer) -> Answer {
    if let Some(configs) = answer.body["configs"].as_array_mut() {
        configs.sort_by_key(|config| config["value"]["name"].to_string());
    }
    if let Some(groups) = answer.body["groups"].as_array_mut() {
        groups.sort_by_key(Value::to_string);
    }
    for config in answer.body["configs"].as_array_mut().into_iter().flatten() {
        if let Some(recommended) = config["value"]["recommended_values"].as_array_mut() {
            recommended.retain(super::differences::built_in);
        }
        for error in config["value"]["errors"].as_array_mut().into_iter().flatten() {
            *error = Value::from(aliases::in_our_words(error.as_str().expect("words")));
        }
    }
    answer
}
