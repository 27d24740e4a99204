//! What a worker of a cluster finds wrong before it works, and with what it cannot work.

use serde_json::json;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, PAUSE, of_cluster};

fn worker(name: &str) -> Builder {
    of_cluster(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), name)
}

/// What a worker prints that is expected to end by itself.
fn refusal(worker: Builder) -> String {
    let mut worker = worker.spawn().expect("the program starts");
    let status = worker.process().wait(LIMIT).expect("the program ends by itself");
    assert!(!status.success(), "{}", worker.log());
    worker.log()
}

/// Waits until a worker has logged some words.
fn wait_for_words(worker: &Worker, words: &[&str]) {
    let logged = wait::until("the words", LIMIT, PAUSE, || {
        let log = worker.log();
        Ok(words.iter().all(|words| log.contains(words)).then_some(()))
    });
    logged.unwrap_or_else(|error| panic!("{error:#} {words:?}:\n{}", worker.log()));
}

#[test]
fn all_wrong_keys_are_told_at_once() {
    let log = refusal(
        worker("wrong-keys")
            .without("group.id")
            .property("config.storage.topic", "")
            .property("status.storage.topic", "wrong-keys-offsets")
            .property("session.timeout.ms", "1.5")
            .property("offset.flush.timeout.ms", "x")
            .property("status.storage.replication.factor", "0")
            .property("connect.protocol", "modern"),
    );
    for words in [
        "Missing required configuration \"group.id\"",
        "Invalid value  for configuration config.storage.topic: String must be non-empty",
        "Invalid value 1.5 for configuration session.timeout.ms: Not a number of type INT",
        "Invalid value x for configuration offset.flush.timeout.ms: Not a number of type LONG",
        "Invalid value 0 for configuration status.storage.replication.factor: Replication factor must be positive",
        "Invalid value modern for configuration connect.protocol: Invalid Connect protocol compatibility",
        "worker.properties",
    ] {
        assert!(log.contains(words), "{words}\n{log}");
    }
    let log = refusal(worker("one-topic").property("status.storage.topic", "one-topic-offsets"));
    assert!(log.contains("status.storage.topic: offset.storage.topic names the same topic"), "{log}");
}

#[test]
fn a_topic_that_cannot_hold_configurations_is_refused_in_the_words_of_java() {
    let kafka = Kafka::shared();
    kafka.create_topic_with("three-partitions", 3, &[("cleanup.policy", "compact")]).expect("a topic");
    kafka.create_topic_with("not-compacted", 2, &[("cleanup.policy", "delete")]).expect("a topic");
    let java = of_cluster(Worker::java_distributed(kafka.bootstrap()), "refused-java");
    for (key, topic, words) in [
        ("config.storage.topic", "three-partitions", "is required to have a single partition"),
        ("offset.storage.topic", "not-compacted", "is required to have 'cleanup.policy=compact'"),
    ] {
        let told = |log: String| {
            let line = log.lines().find(|line| line.contains(words)).expect(words);
            let start = line.find("Topic '").expect("Kafka's words");
            let end = line.rfind('.').expect("a sentence");
            line[start..=end].to_owned()
        };
        let ours = told(refusal(worker("refused").property(key, topic)));
        // A line of Java's trace ends with its words.
        assert_eq!(ours, told(refusal(java.clone().property(key, topic))));
    }
}

#[test]
fn the_group_of_a_sink_is_not_joined_and_the_key_is_named() {
    Kafka::shared().create_topic("group-of-a-sink", 1).expect("a topic");
    let sink = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
        .connector(&[
            ("name", "taken"),
            ("connector.class", "FileStreamSink"),
            ("topics", "group-of-a-sink"),
            ("file", "/dev/null"),
        ])
        .start()
        .expect("the sink starts");
    wait::until("the sink's group", LIMIT, PAUSE, || {
        let groups = Kafka::shared().consumer_groups(&["--describe", "--group", "connect-taken", "--state"]);
        Ok(groups.is_ok_and(|text| text.contains("Stable")).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}:\n{}", sink.log()));
    let worker = worker("sink-group").property("group.id", "connect-taken").spawn().expect("it starts");
    wait_for_words(&worker, &["connect-taken", "`group.id` must be of this cluster of workers alone"]);
}

#[test]
fn a_replication_factor_that_the_brokers_cannot_hold_is_told_with_its_key() {
    let worker =
        worker("copies").property("status.storage.replication.factor", "3").spawn().expect("it starts");
    wait_for_words(&worker, &["`status.storage.replication.factor`", "only 1 broker(s) are registered"]);
}

/// Gives a right to everybody (`--allow-principal`), or takes it away (`--deny-principal`). Who has one right to a
/// resource needs to be given each other one.
fn set_right(kafka: &Kafka, how: &str, of: &[&str]) {
    let all = [&["--add", how, "User:ANONYMOUS", "--force"], of].concat();
    kafka.tool("org.apache.kafka.tools.AclCommand", &all, "").expect("the right is set");
}

#[test]
fn rights_that_a_worker_lacks_are_told_with_their_keys() {
    let kafka = Kafka::builder()
        .property("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer")
        .property("allow.everyone.if.no.acl.found", "true")
        .start()
        .expect("a broker with an authorizer");
    let of = |name: &str| of_cluster(Worker::ferroduct_distributed(BINARY, kafka.bootstrap()), name);
    kafka.create_topic_with("rights-configs", 1, &[("cleanup.policy", "compact")]).expect("a topic");
    kafka.create_topic_with("writing-configs", 1, &[("cleanup.policy", "compact")]).expect("a topic");
    set_right(&kafka, "--deny-principal", &["--topic", "rights-configs", "--group", "cluster-joining"]);
    let reads = ["--operation", "Read", "--operation", "DescribeConfigs"];
    let topics = ["--topic", "writing-configs", "--topic", "creating-configs"];
    set_right(&kafka, "--allow-principal", &[reads, topics].concat());

    let log = refusal(of("rights"));
    for words in ["rights-configs", "`config.storage.topic`", "TOPIC_AUTHORIZATION_FAILED"] {
        assert!(log.contains(words), "{words}:\n{log}");
    }
    // A group may be allowed while the worker waits.
    let joining = of("joining").start().expect("the worker starts");
    wait_for_words(&joining, &["cluster-joining", "GROUP_AUTHORIZATION_FAILED", "needs Read on the group"]);
    let reading = of("writing").start().expect("the worker starts");
    let config = json!({ "connector.class": "FileStreamSink", "topics": "t", "file": "/dev/null" });
    let refused = reading.rest().put("/connectors/a/config", &config).expect("an answer");
    assert_eq!(refused.status, 500, "{refused:?}");
    for words in ["writing-configs", "config.storage.topic", "TOPIC_AUTHORIZATION_FAILED"] {
        assert!(refused.text.contains(words), "{words}: {refused:?}");
    }

    // No right to create topics, which is one to the cluster.
    set_right(&kafka, "--allow-principal", &["--operation", "ClusterAction", "--cluster"]);
    let log = refusal(of("creating").property("max.block.ms", "3000"));
    for words in ["creating-configs", "`config.storage.topic`", "which the worker may not create"] {
        assert!(log.contains(words), "{words}:\n{log}");
    }
}
