//! What a cluster keeps in its topics, and what it finds there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::Range;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, PAUSE, java, of_cluster, put};

fn start(name: &str) -> Worker {
    of_cluster(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), name)
        .start()
        .expect("the worker starts")
}

fn sink(directory: &TempDir, name: &str) -> Value {
    json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "name": name, "tasks.max": "2",
        "topics": format!("{name}-lines"), "file": directory.path().join("out.txt"),
    })
}

/// Waits until a connector has so many tasks and all of them run.
fn wait_for_tasks(worker: &Worker, name: &str, count: usize) {
    let running = wait::until("its tasks", LIMIT, PAUSE, || {
        let status = worker.rest().get(&format!("/connectors/{name}/status"))?.json()?;
        let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
        let run = tasks.iter().all(|task| task["state"] == "RUNNING");
        Ok((tasks.len() == count && run).then_some(()))
    });
    running.unwrap_or_else(|error| panic!("{error:#}:\n{}", worker.log()));
}

/// Compaction, or a leader that died, has left half of a set of tasks (KAFKA-17719).
#[test]
fn half_a_set_of_tasks_is_made_whole_from_the_configuration_of_the_connector() {
    let (kafka, name) = (Kafka::shared(), "half-a-set");
    let directory = TempDir::new().expect("a directory");
    kafka.create_topic(&format!("{name}-lines"), 1).expect("a topic");
    let topic = format!("{name}-configs");
    kafka.create_topic_with(&topic, 1, &[("cleanup.policy", "compact")]).expect("a topic");
    let config = sink(&directory, name);
    let records = [
        format!("connector-{name}|{}", json!({ "properties": config })),
        format!("task-{name}-1|{}", json!({ "properties": config })),
        format!("commit-{name}|{}", json!({ "tasks": 2 })),
    ];
    let keyed = ["--topic", &topic, "--property", "parse.key=true", "--property", "key.separator=|"];
    kafka.produce_with(&keyed, &(records.join("\n") + "\n")).expect("the records");
    let worker = start(name);
    wait_for_tasks(&worker, name, 2);
    let tasks =
        worker.rest().get(&format!("/connectors/{name}/tasks")).expect("an answer").ok().expect("tasks");
    assert_eq!(tasks[0]["config"]["task.class"], "org.apache.kafka.connect.file.FileStreamSinkTask");
}

#[test]
fn nothing_of_a_deleted_connector_outlives_compaction() {
    let (kafka, name) = (Kafka::shared(), "deleted");
    let directory = TempDir::new().expect("a directory");
    kafka.create_topic(&format!("{name}-lines"), 1).expect("a topic");
    let worker = start(name);
    let path = format!("/connectors/{name}");
    let created = worker.rest().put(&format!("{path}/config"), &sink(&directory, name)).expect("an answer");
    assert_eq!(created.status, 201, "{created:?}");
    wait_for_tasks(&worker, name, 2);
    assert_eq!(worker.rest().delete(&path).expect("an answer").status, 204);

    let topic = format!("{name}-configs");
    let count: u64 = kafka.end_offsets(&topic).expect("the ends").iter().sum();
    let count = usize::try_from(count).expect("a count");
    let keyed = ["--formatter-property", "print.key=true", "--formatter-property", "key.separator=|"];
    let records = kafka.consume_with(&topic, count, &keyed).expect("the records");
    let last = |key: String| {
        let mut of_key = records.iter().filter_map(|record| record.strip_prefix(&format!("{key}|")));
        of_key.next_back().map(str::to_owned)
    };
    for key in
        ["connector-deleted", "target-state-deleted", "commit-deleted", "task-deleted-0", "task-deleted-1"]
    {
        assert_eq!(last(key.to_owned()).as_deref(), Some("null"), "{key}: {records:#?}");
    }
}

/// A connector may have a topic of its own for its offsets, on workers that do not write exactly once, too.
#[test]
fn a_connector_keeps_its_offsets_in_a_topic_of_its_own_whoever_runs_it() {
    let (kafka, name, own) = (Kafka::shared(), "own-offsets", "own-offsets-of-one");
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("in");
    let append = |lines: Range<usize>| {
        let text: String = lines.map(|line| format!("line {line}\n")).collect();
        let file = OpenOptions::new().append(true).create(true).open(&file);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the file grows");
    };
    let committed = |worker: &Worker| {
        let end = fs::metadata(&file).expect("the file").len();
        let offsets = || worker.rest().get(&format!("/connectors/{name}/offsets"))?.ok();
        let read = wait::until("an offset at the end", LIMIT, PAUSE, || {
            Ok((offsets()?["offsets"][0]["offset"]["position"] == end).then_some(()))
        });
        read.unwrap_or_else(|error| panic!("{error:#}: {:?}", offsets()));
    };
    append(0..100);
    let config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": "1",
        "file": &file, "topic": name, "offsets.storage.topic": own,
    });
    let mut theirs = java(name);
    put(theirs.rest(), name, &config);
    committed(&theirs);
    theirs.stop().expect("the worker of Apache Kafka stops");
    let records = || kafka.end_offsets(own).expect("the end offsets").iter().sum::<u64>();
    let first = records();
    assert!(first > 0);

    append(100..200);
    let mut ours = start(name);
    committed(&ours);
    ours.stop().expect("our worker stops");
    assert!(records() > first);

    append(200..300);
    committed(&java(name));
    let lines: Vec<String> = (0..300).map(|line| format!("line {line}")).collect();
    let read = kafka.consume(name, 300).expect("the lines");
    assert_eq!(read, lines);
}
