//! What a cluster may find itself in: brokers that are away, another cluster on its topics, plugins of other versions.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, Lines, PAUSE, ferroduct, id, java, of_cluster, put};

/// What no broker answers is waited for: reads are answered meanwhile, and a write is done, or not, in the end.
#[test]
fn while_no_broker_can_be_reached_reads_are_answered_and_all_goes_on_afterwards() {
    let name = "away";
    let kafka = Kafka::builder().proxied().start().expect("a broker behind a proxy");
    let worker = of_cluster(Worker::ferroduct_distributed(BINARY, &kafka.proxied_bootstrap()), name);
    let worker = worker.start().expect("the worker starts");
    let mut lines = Lines::new(name, 1);
    lines.append();
    lines.create(&[&worker]);
    lines.wait(true);
    let log_before = worker.log().lines().count();
    kafka.proxy().refuse();
    kafka.proxy().cut();
    // Until the worker knows that it may have been missed.
    let gave_up = wait::until("a worker that gives itself up", LIMIT, PAUSE, || {
        Ok(worker.log().contains("lost the membership").then_some(()))
    });
    gave_up.unwrap_or_else(|error| panic!("{error:#}:\n{}", worker.log()));
    let names = lines.connectors().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    for name in &names {
        for path in ["", "/config", "/status", "/tasks"] {
            let answer = worker.rest().get(&format!("/connectors/{name}{path}")).expect("an answer");
            assert_eq!(answer.status, 200, "{path}");
        }
    }
    let info = worker.rest().get("/cluster").expect("an answer").ok().expect("the cluster");
    assert_eq!((&info["state"], &info["leader"]), (&json!("rebalancing"), &Value::Null), "{info:#}");
    assert!(info["notes"][0].as_str().unwrap_or_default().contains("no leader that is known"), "{info:#}");

    // A write waits for the leader, who is not known.
    let (path, config) = (format!("/connectors/{}/config", names[0]), lines.connectors()[0].1.clone());
    thread::scope(|scope| {
        let write = scope.spawn(|| worker.rest().put(&path, &config).expect("an answer"));
        thread::sleep(Duration::from_secs(5));
        assert!(!write.is_finished(), "a write waits");
        // Trying on and on is told now and then, not with each attempt.
        let told = worker.log().lines().skip(log_before).filter(|line| !line.contains(" INFO ")).count();
        assert!(told < 100, "{}", worker.log());
        kafka.proxy().resume();
        let answer = write.join().expect("an answer");
        // A machine on which it takes too long says so.
        let late = answer.status == 500 && answer.text.contains("Request timed out");
        assert!(answer.status == 200 || late, "{answer:?}");
    });
    lines.append();
    lines.wait_until_run(worker.rest(), &[id(&worker)]);
    lines.wait(true);
}

/// Neither Kafka nor we can refuse it; ours say what it looks like.
#[test]
fn two_clusters_on_one_set_of_topics_are_told_of() {
    let name = "shared";
    let first = ferroduct(name);
    let other = of_cluster(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), name);
    let other = other.property("group.id", "cluster-shared-by-mistake").start().expect("the worker starts");
    let lines = Lines::new(name, 1);
    lines.create(&[&first]);
    let words = "two clusters use the same topics";
    let told = wait::until("a word about it", LIMIT, PAUSE, || {
        Ok((first.log().contains(words) || other.log().contains(words)).then_some(()))
    });
    told.unwrap_or_else(|error| panic!("{error:#}:\n{}\n{}", first.log(), other.log()));
}

/// Writes the records that a worker leaves which has such a connector with a task.
fn leave(cluster: &str, name: &str, config: &Value) {
    let mut task = config.clone();
    task["task.class"] = json!("org.apache.kafka.connect.file.FileStreamSinkTask");
    let records = [
        format!("task-{name}-0|{}", json!({ "properties": task })),
        format!("connector-{name}|{}", json!({ "properties": config })),
        format!("commit-{name}|{}", json!({ "tasks": 1 })),
    ];
    let topic = format!("{cluster}-configs");
    let keyed = ["--topic", &topic, "--property", "parse.key=true", "--property", "key.separator=|"];
    Kafka::shared().produce_with(&keyed, &(records.join("\n") + "\n")).expect("the records");
}

/// What wants another version of a plugin than a worker has fails there, whoever has taken the configuration.
fn versions_are_kept_to(worker: &Worker, cluster: &str) {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("out");
    let sink = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "topics": cluster, "file": file,
    });
    let with = |name: &str, more: Value| {
        let mut config = sink.clone();
        config["name"] = json!(format!("{cluster}-{name}"));
        config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        config
    };
    put(
        worker.rest(),
        &format!("{cluster}-right"),
        &with("right", json!({ "connector.plugin.version": "4.3.1" })),
    );
    let json = "org.apache.kafka.connect.json.JsonConverter";
    let hoist = "org.apache.kafka.connect.transforms.HoistField$Value";
    let cases = [
        ("connector", json!({ "connector.plugin.version": "9.9" })),
        ("converter", json!({ "value.converter": json, "value.converter.plugin.version": "[9,10)" })),
        (
            "transform",
            json!({
                "transforms": "t", "transforms.t.type": hoist, "transforms.t.field": "f",
                "transforms.t.plugin.version": "9.9",
            }),
        ),
    ];
    for (name, more) in cases {
        let name = format!("{cluster}-{name}");
        leave(cluster, &name, &with(&name, more));
        let path = format!("/connectors/{name}/status");
        let failed = wait::until("a task that fails", LIMIT, PAUSE, || {
            let Ok(status) = worker.rest().get(&path)?.ok() else { return Ok(None) };
            Ok((status["tasks"][0]["state"] == "FAILED").then_some(status))
        });
        let failed = failed.unwrap_or_else(|error| panic!("{error:#}: {:?}", worker.rest().get(&path)));
        // Java tells the task of a connector that there is not in another way.
        let part = if name.ends_with("connector") { &failed["connector"] } else { &failed["tasks"][0] };
        let trace = part["trace"].as_str().unwrap_or_default();
        assert!(trace.contains("not found that matches the version range"), "{failed:#}");
    }
    let right = wait::until("a task that runs", LIMIT, PAUSE, || {
        let status = worker.rest().get(&format!("/connectors/{cluster}-right/status"))?.ok()?;
        Ok((status["tasks"][0]["state"] == "RUNNING").then_some(()))
    });
    right.unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn versions_of_plugins_are_kept_to_when_something_starts() {
    versions_are_kept_to(&ferroduct("versions"), "versions");
}

#[test]
fn java_keeps_to_versions_of_plugins_when_something_starts() {
    versions_are_kept_to(&java("versions-of-java"), "versions-of-java");
}
