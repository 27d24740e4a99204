//! Worker properties that are wrong, told as Kafka's own classes tell them.

use std::fs;

use testkit::java::Judge;
use worker::Config;
use worker::config::{Error, Origin};
use worker::provider::Environment;

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// What we say of otherwise right properties with a line `key=value`, or without the key where there is no value.
fn told(line: &str) -> String {
    let (key, value) = line.split_once('=').map_or((line, None), |(key, value)| (key, Some(value)));
    let right = [
        ("bootstrap.servers", "127.0.0.1:9092"),
        ("group.id", "g"),
        ("config.storage.topic", "c"),
        ("offset.storage.topic", "o"),
        ("status.storage.topic", "s"),
        ("key.converter", JSON),
        ("value.converter", JSON),
    ];
    let others = right.into_iter().filter(|(other, _)| *other != key);
    let all = others.chain(value.map(|value| (key, value)));
    let text: String = all.map(|(key, value)| format!("{key}={value}\n")).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("worker.properties");
    fs::write(&path, text).unwrap();
    match Config::load_distributed(&Origin::new(Some(&path), Environment::new())) {
        Ok(_) => "ok".to_owned(),
        Err(Error::Worker { problems, .. }) => problems.to_string(),
        Err(other) => panic!("{line}: {other}"),
    }
}

#[test]
fn wrong_keys_are_told_in_the_words_of_kafka() {
    let mut judge = Judge::start("WorkerConfigJudge").unwrap();
    let required = [
        "bootstrap.servers",
        "group.id",
        "config.storage.topic",
        "offset.storage.topic",
        "status.storage.topic",
        "key.converter",
        "value.converter",
    ];
    let numbers = [
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "rebalance.timeout.ms",
        "worker.sync.timeout.ms",
        "scheduled.rebalance.max.delay.ms",
        "inter.worker.key.ttl.ms",
        "inter.worker.key.size",
        "config.storage.replication.factor",
        "offset.storage.replication.factor",
        "status.storage.replication.factor",
        "offset.storage.partitions",
        "status.storage.partitions",
        "task.shutdown.graceful.timeout.ms",
        "offset.flush.interval.ms",
        "offset.flush.timeout.ms",
    ];
    // -2 is fine for Java where it means nothing: those are below.
    let bounded = ["replication.factor", "partitions", "max.delay.ms", "key.ttl.ms"];
    let cases = required.iter().map(|key| (*key).to_owned());
    let cases = cases.chain(
        numbers
            .iter()
            .flat_map(|key| ["", "x", "1.5", "99999999999999999999"].map(|value| format!("{key}={value}"))),
    );
    let cases = cases.chain(
        numbers
            .iter()
            .filter(|key| bounded.iter().any(|end| key.ends_with(end)))
            .flat_map(|key| ["-2", "0", "-1", "1"].map(|value| format!("{key}={value}"))),
    );
    let more = [
        "bootstrap.servers=",
        "key.converter=",
        "connect.protocol=",
        "connect.protocol=modern",
        "connect.protocol=EAGER",
        "inter.worker.verification.algorithms=",
        "inter.worker.signature.algorithm=HmacSHA512",
        "topic.creation.enable=perhaps",
        "client.dns.lookup=never",
        "metrics.recording.level=info",
        "metrics.sample.window.ms=-1",
    ];
    for case in cases.chain(more.map(str::to_owned)) {
        assert_eq!(told(&case), judge.ask(&case).unwrap(), "{case}");
    }
}

#[test]
fn what_kafka_takes_and_cannot_mean_anything_is_refused() {
    let mut judge = Judge::start("WorkerConfigJudge").unwrap();
    for (case, reason) in [
        ("group.id=", "String must be non-empty"),
        ("status.storage.topic=", "String must be non-empty"),
        (
            "status.storage.topic=o",
            "offset.storage.topic names the same topic, and each needs one of its own",
        ),
        ("session.timeout.ms=0", "Value must be at least 1"),
        ("heartbeat.interval.ms=10000", "Heartbeats must come more often than session.timeout.ms"),
        ("worker.sync.timeout.ms=-1", "Value must be at least 0"),
    ] {
        assert_eq!(judge.ask(case).unwrap(), "ok", "{case}");
        assert!(told(case).contains(reason), "{case}: {}", told(case));
    }
}
