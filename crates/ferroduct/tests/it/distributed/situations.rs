//! What a cluster may find itself in: brokers that are away, all or the one that has the configurations, another
//! cluster on its topics, plugins of other versions.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::kafka::Cluster;
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

/// Brokers of which one alone has the topic of configurations, and two workers that run lines.
struct OneCopy {
    brokers: Cluster,
    workers: [Worker; 2],
    lines: Lines,
    /// The broker that has the topic.
    holder: usize,
}

impl OneCopy {
    fn start(name: &str) -> Self {
        let mut brokers = Cluster::start(3).expect("three brokers");
        let worker = || {
            let worker = of_cluster(Worker::ferroduct_distributed(BINARY, &brokers.bootstrap()), name)
                .property("config.storage.min.insync.replicas", "1")
                .property("offset.storage.replication.factor", "3")
                .property("status.storage.replication.factor", "3");
            worker.start().expect("the worker starts")
        };
        let workers = [worker(), worker()];
        let mut lines = Lines::new(name, 2);
        lines.append();
        lines.create(&workers.each_ref());
        lines.wait_until_run(workers[0].rest(), &workers.each_ref().map(id));
        lines.wait(true);
        let described = brokers.broker(0).describe_topic(&format!("{name}-configs")).expect("the topic");
        let (_, leader) = described.split_once("Leader: ").expect("its leader");
        let node: usize = leader.split_whitespace().next().expect("a node").parse().expect("a number");
        Self { brokers, workers, lines, holder: node - 1 }
    }

    fn goes_on(&mut self, on: &[usize]) {
        self.lines.append();
        let on: Vec<&str> = on.iter().map(|worker| id(&self.workers[*worker])).collect();
        for worker in self.workers.iter().filter(|worker| on.contains(&id(worker))) {
            self.lines.wait_until_run(worker.rest(), &on);
        }
        self.lines.wait(true);
    }
}

/// Tasks go on, also those of a worker that leaves; what is to be written waits as long as in Kafka, and says why.
#[test]
fn while_the_topic_of_configurations_has_no_leader_what_runs_goes_on() {
    let name = "one-copy";
    let mut cluster = OneCopy::start(name);
    let holder = cluster.holder;
    cluster.brokers.broker(holder).kill().expect("the broker is killed");
    cluster.goes_on(&[0, 1]);
    let (connector, config) = cluster.lines.connectors().remove(0);
    let path = format!("/connectors/{connector}");
    let [first, second] = &cluster.workers;
    thread::scope(|scope| {
        let put = scope.spawn(|| first.rest().put(&format!("{path}/config"), &config).expect("an answer"));
        let paused = second.rest().put(&format!("{path}/pause"), &json!(null)).expect("an answer");
        for answer in [put.join().expect("an answer"), paused] {
            assert_eq!(answer.status, 500, "{answer:?}");
            for words in ["one-copy-configs", "config.storage.topic", "30000 ms"] {
                assert!(answer.text.contains(words), "{words}: {answer:?}");
            }
        }
    });
    for path in [format!("{path}/status"), "/connectors".to_owned(), "/health".to_owned()] {
        assert_eq!(second.rest().get(&path).expect("an answer").status, 200, "{path}");
    }
    cluster.workers[0].stop().expect("the worker stops");
    cluster.goes_on(&[1]);

    cluster.brokers.broker(holder).restart().expect("the broker starts again");
    // What waited is written now, or has been given up.
    let rest = cluster.workers[1].rest();
    let resumed = wait::until("a write", LIMIT, PAUSE, || {
        Ok((rest.put(&format!("{path}/resume"), &json!(null))?.status == 202).then_some(()))
    });
    resumed.unwrap_or_else(|error| panic!("{error:#}: {}", cluster.workers[1].log()));
    put(rest, &connector, &config);
    cluster.goes_on(&[1]);
    cluster.workers[0].restart().expect("the worker starts again");
    cluster.goes_on(&[0, 1]);
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
