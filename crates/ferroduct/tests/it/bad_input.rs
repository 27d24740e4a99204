//! Bad input gets a clear error, and nothing is lost by it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::rest::Rest;
use testkit::{Kafka, Worker, ports, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);

/// Starts a worker that is expected to refuse its files, and answers what it prints.
fn refusal(worker: testkit::worker::Builder) -> String {
    let mut worker = worker.spawn().expect("the program starts");
    let status = worker.process().wait(LIMIT).expect("the program ends by itself");
    assert!(!status.success(), "a worker that refuses its files fails:\n{}", worker.log());
    worker.log()
}

fn worker() -> testkit::worker::Builder {
    Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
}

/// Asserts that a text names all of these.
fn assert_names(text: &str, names: &[&str]) {
    for name in names {
        assert!(text.contains(name), "expected `{name}` in:\n{text}");
    }
}

/// The trace of a task once it has failed.
fn failure(rest: &Rest, name: &str) -> String {
    wait::until("a failed task", LIMIT, PAUSE, || {
        // REST answers before the connectors of the command line are made: 404 until then.
        let task = &rest.get(&format!("/connectors/{name}/status"))?.json()?["tasks"][0];
        Ok((task["state"] == "FAILED").then(|| task["trace"].as_str().unwrap_or_default().to_owned()))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {:?}", rest.get(&format!("/connectors/{name}/status"))))
}

fn source<'a>(name: &'a str, file: &'a str, topic: &'a str) -> [(&'a str, &'a str); 4] {
    [("name", name), ("connector.class", "FileStreamSource"), ("file", file), ("topic", topic)]
}

fn wait_for_lines(path: &Path, expected: &str) {
    let arrived = wait::until("the lines", LIMIT, PAUSE, || {
        Ok((fs::read_to_string(path).unwrap_or_default() == expected).then_some(()))
    });
    arrived.unwrap_or_else(|_| panic!("{} holds {:?}", path.display(), fs::read_to_string(path)));
}

#[test]
fn values_of_worker_keys_that_are_wrong_are_all_told_at_once() {
    let log = refusal(
        worker().property("offset.flush.interval.ms", "soon").property("topic.creation.enable", "perhaps"),
    );
    assert_names(
        &log,
        &["worker.properties", "offset.flush.interval.ms", "soon", "topic.creation.enable", "perhaps"],
    );
}

#[test]
fn a_converter_that_is_not_there_is_told_with_the_nearest_name() {
    let log = refusal(worker().property("value.converter", "org.apache.kafka.connect.json.JsonConvertr"));
    assert_names(&log, &["value.converter", "JsonConvertr", "org.apache.kafka.connect.json.JsonConverter"]);
}

#[test]
fn a_port_in_use_is_told_with_the_key() {
    let port = ports::free();
    let _taken = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    let log = refusal(worker().property("listeners", &format!("http://127.0.0.1:{port}")));
    assert_names(&log, &["listeners", &format!("127.0.0.1:{port}"), "hint"]);
}

#[test]
fn a_connector_file_that_is_wrong_ends_the_worker_with_its_name() {
    let log = refusal(worker().connector_file("broken.json", "{\"name\": \"x\", "));
    assert_names(&log, &["broken.json", "JSON"]);
    let log =
        refusal(worker().connector(&[("name", "x"), ("connector.class", "FileStreamSorce"), ("topic", "t")]));
    assert_names(&log, &["`x`", "FileStreamSorce", "FileStreamSource"]);
}

#[test]
fn an_offset_file_that_is_cut_off_is_refused_and_left_alone() {
    let directory = TempDir::new().expect("a directory");
    let (input, offsets) = (directory.path().join("in.txt"), directory.path().join("offsets"));
    fs::write(&input, "a\n").expect("the file is written");
    let (input, file) = (input.display().to_string(), offsets.display().to_string());
    let start = || {
        worker().property("offset.storage.file.filename", &file).property("offset.flush.interval.ms", "50")
    };
    let mut first =
        start().connector(&source("cut-offsets", &input, "cut-offsets")).start().expect("it starts");
    wait::until("an offset", LIMIT, PAUSE, || {
        Ok(fs::metadata(&offsets).is_ok_and(|file| file.len() > 0).then_some(()))
    })
    .expect("the offset is committed");
    first.stop().expect("the worker stops");
    let whole = fs::read(&offsets).expect("the offset file");
    fs::write(&offsets, &whole[..whole.len() - 5]).expect("the file is cut off");
    let log = refusal(start());
    assert_names(&log, &[&file]);
    assert_eq!(fs::read(&offsets).expect("the offset file").len(), whole.len() - 5, "the file is as it was");
}

#[test]
fn an_offset_file_is_for_one_worker_at_a_time() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("offsets").display().to_string();
    let start = || worker().property("offset.storage.file.filename", &file);
    let mut first = start().start().expect("the worker starts");
    let log = refusal(start());
    let process = format!("process {}", first.pid());
    assert_names(&log, &[&file, "offset.storage.file.filename", &process, "hint"]);
    first.kill().expect("the worker is killed");
    start().start().expect("the file is free");
}

#[test]
fn a_file_that_is_a_directory_fails_the_task_with_the_key() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().display().to_string();
    let worker = worker()
        .connector(&source("directory-source", &path, "directory-lines"))
        .connector(&[
            ("name", "directory-sink"),
            ("connector.class", "FileStreamSink"),
            ("file", &path),
            ("topics", "directory-lines"),
        ])
        .start()
        .expect("the worker starts");
    assert_names(&failure(worker.rest(), "directory-source"), &["file", &path, "directory"]);
    assert_names(&failure(worker.rest(), "directory-sink"), &[&path, "FileStreamSinkTask"]);
}

#[test]
fn a_broker_that_is_not_there_is_waited_for_while_rest_answers() {
    let mut kafka = Kafka::start().expect("a broker");
    kafka.stop().expect("the broker stops");
    let directory = TempDir::new().expect("a directory");
    let (input, output) = (directory.path().join("in.txt"), directory.path().join("out.txt"));
    fs::write(&input, "one\ntwo\n").expect("the file is written");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .connector(&source("patient-source", &input.display().to_string(), "patient"))
        .connector(&[
            ("name", "patient-sink"),
            ("connector.class", "FileStreamSink"),
            ("file", &output.display().to_string()),
            ("topics", "patient"),
        ])
        .start()
        .expect("REST answers without a broker");
    let root: Value = worker.rest().get("/").expect("an answer").ok().expect("success");
    assert_eq!(root["kafka_cluster_id"], Value::Null);
    let told = || worker.log().lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count();
    wait::until("a word about it", LIMIT, PAUSE, || Ok((told() > 0).then_some(()))).expect("a word about it");
    std::thread::sleep(Duration::from_secs(5));
    assert!(told() <= 8, "said once for each that waits, not for each attempt:\n{}", worker.log());
    kafka.restart().expect("the broker starts");
    wait_for_lines(&output, "one\ntwo\n");
}

#[test]
fn a_topic_that_may_not_be_created_fails_the_task_with_its_name() {
    let kafka = Kafka::builder().property("auto.create.topics.enable", "false").start().expect("a broker");
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, "one\n").expect("the file is written");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("producer.max.block.ms", "3000")
        .connector(&source("no-topic", &input.display().to_string(), "not-to-be-created"))
        .start()
        .expect("the worker starts");
    assert_names(
        &failure(worker.rest(), "no-topic"),
        &["not-to-be-created", "does not exist", "auto.create.topics.enable"],
    );

    // The line is not lost: once the topic is there, a restart brings it.
    kafka.create_topic("not-to-be-created", 1).expect("the topic is created");
    let restarted =
        worker.rest().send("POST", "/connectors/no-topic/tasks/0/restart", None).expect("an answer");
    assert_eq!(restarted.status, 204);
    assert_eq!(kafka.consume("not-to-be-created", 1).expect("the line"), ["one"]);
}

#[test]
fn a_message_larger_than_the_topic_allows_fails_the_task_with_what_to_do() {
    let kafka = Kafka::shared();
    kafka
        .create_topic_with("small-messages", 1, &[("max.message.bytes", "1000")])
        .expect("the topic is created");
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, format!("small\n{}\n", "x".repeat(5_000))).expect("the file is written");
    let worker = worker()
        .connector(&source("too-large", &input.display().to_string(), "small-messages"))
        .start()
        .expect("the worker starts");
    let trace = failure(worker.rest(), "too-large");
    assert_names(&trace, &["small-messages", "max.message.bytes"]);
    assert!(!trace.contains("xxxx"), "no data in an error: {trace}");
}

#[test]
fn many_lines_for_a_topic_with_a_small_limit_are_sent_in_smaller_batches() {
    let kafka = Kafka::shared();
    kafka
        .create_topic_with("small-batches", 1, &[("max.message.bytes", "2000")])
        .expect("the topic is created");
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    let lines: Vec<String> = (0..3_000).map(|number| format!("line {number}")).collect();
    fs::write(&input, lines.join("\n") + "\n").expect("the file is written");
    let _worker = worker()
        .connector(&source("small-batches", &input.display().to_string(), "small-batches"))
        .start()
        .expect("the worker starts");
    assert_eq!(kafka.consume("small-batches", lines.len()).expect("all lines"), lines);
}

/// A file system of one megabyte, for as long as this lives.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let directory = TempDir::new().expect("a directory");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(directory.path())
            .status()
            .expect("`mount` runs");
        assert!(
            mounted.success(),
            "a small file system needs root: run the tests as root, or in a container"
        );
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "cannot unmount {}", self.path().display());
    }
}

#[test]
fn a_full_disk_under_a_sink_is_waited_out_without_a_torn_or_lost_line() {
    let kafka = Kafka::shared();
    let disk = SmallDisk::mount();
    let (ballast, output) = (disk.path().join("ballast"), disk.path().join("out.txt"));
    fs::write(&ballast, vec![0; 900 * 1024]).expect("the disk is filled");
    let lines: Vec<String> = (0..20_000).map(|number| format!("line {number:08}")).collect();
    kafka.produce("full-disk", &lines.iter().map(String::as_str).collect::<Vec<_>>()).expect("the records");
    let worker = worker()
        .property("offset.flush.interval.ms", "300")
        .connector(&[
            ("name", "full-disk"),
            ("connector.class", "FileStreamSink"),
            ("file", &output.display().to_string()),
            ("topics", "full-disk"),
        ])
        .start()
        .expect("the worker starts");
    wait::until("the sink to say that the disk is full", LIMIT, PAUSE, || {
        Ok(worker.log().contains("No space left on device").then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}:\n{}", worker.log()));
    fs::remove_file(&ballast).expect("the disk has room again");
    wait_for_lines(&output, &(lines.join("\n") + "\n"));
}
