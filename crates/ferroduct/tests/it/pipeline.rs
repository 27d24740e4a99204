//! The pipeline as a new user tries it: Kafka's own example files, curl's requests, Kafka's own tools.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::rest::Rest;
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);

/// Lets a file grow. A file that is written anew is empty for a moment, which a source takes for a new one.
fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the file grows");
}

/// Waits until a file holds exactly this text.
fn wait_for_text(path: &Path, text: &str) {
    let arrived = wait::until("the lines", LIMIT, PAUSE, || {
        Ok((fs::read_to_string(path).unwrap_or_default() == text).then_some(()))
    });
    arrived.unwrap_or_else(|_| panic!("{} holds {:?}", path.display(), fs::read_to_string(path)));
}

/// Waits until a connector and its tasks are in a state.
fn wait_for_state(rest: &Rest, name: &str, state: &str) -> Value {
    let path = format!("/connectors/{name}/status");
    wait::until(state, LIMIT, PAUSE, || {
        // REST answers before the connectors of the command line are made: 404 until then.
        let status = rest.get(&path)?.json()?;
        let tasks = status["tasks"].as_array().map_or(&[][..], Vec::as_slice);
        let reached =
            status["connector"]["state"] == state && tasks.iter().all(|task| task["state"] == state);
        Ok((reached && !tasks.is_empty()).then_some(status))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {:?}", rest.get(&path)))
}

/// What Apache Kafka ships as config/connect-standalone.properties, comments left out, but for the addresses.
const KAFKA_WORKER: [(&str, &str); 6] = [
    ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
    ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
    ("key.converter.schemas.enable", "true"),
    ("value.converter.schemas.enable", "true"),
    ("offset.flush.interval.ms", "10000"),
    ("plugin.path", ""),
];

#[test]
fn the_example_files_of_kafka_work() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let (input, output) = (directory.path().join("test.txt"), directory.path().join("test.sink.txt"));
    fs::write(&input, "foo\nbar \"quoted\"\n").expect("the file is written");
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap());
    for (key, value) in KAFKA_WORKER {
        worker = worker.property(key, value);
    }
    let source = format!(
        "# comment\nname=local-file-source\nconnector.class=FileStreamSource\ntasks.max=1\nfile={}\ntopic=connect-test\n",
        input.display()
    );
    let sink = format!(
        "name=local-file-sink\nconnector.class=FileStreamSink\ntasks.max=1\nfile={}\ntopics=connect-test\n",
        output.display()
    );
    let worker = worker
        .connector_file("connect-file-source.properties", &source)
        .connector_file("connect-file-sink.properties", &sink)
        .start()
        .expect("the worker starts");
    wait_for_text(&output, "foo\nbar \"quoted\"\n");
    let records = kafka.consume("connect-test", 2).expect("Kafka's console consumer");
    let envelope =
        |payload: &str| format!(r#"{{"schema":{{"type":"string","optional":false}},"payload":{payload}}}"#);
    assert_eq!(records, [envelope(r#""foo""#), envelope(r#""bar \"quoted\"""#)]);
    wait_for_state(worker.rest(), "local-file-source", "RUNNING");
    wait_for_state(worker.rest(), "local-file-sink", "RUNNING");
}

#[test]
fn a_sink_is_created_watched_and_deleted_with_curl() {
    let kafka = Kafka::shared();
    kafka.produce("curl-test", &["one", "two"]).expect("Kafka's console producer");
    let directory = TempDir::new().expect("a directory");
    let output = directory.path().join("connect-test.txt");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap()).start().expect("the worker starts");
    let rest = worker.rest();
    let request = json!({"name": "file-sink-test", "config": {
        "topics": "curl-test",
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "tasks.max": 1,
        "file": output.display().to_string(),
    }});
    let created = rest.post("/connectors", &request).expect("an answer");
    assert_eq!(created.status, 201, "{created:?}");
    wait_for_text(&output, "one\ntwo\n");
    let status = wait_for_state(rest, "file-sink-test", "RUNNING");
    assert!(status["connector"]["worker_id"].is_string() && status["tasks"][0]["worker_id"].is_string());
    let groups = kafka.consumer_groups(&["--list"]).expect("Kafka's consumer groups");
    assert!(groups.lines().any(|group| group == "connect-file-sink-test"), "{groups}");
    assert_eq!(rest.delete("/connectors/file-sink-test").expect("an answer").status, 204);
    assert_eq!(rest.get("/connectors").expect("an answer").ok().expect("success"), json!([]));
}

#[test]
fn a_string_converter_writes_the_bare_line() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, "bare line\n{\"a\":1}\n").expect("the file is written");
    let _worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .connector(&[
            ("name", "bare"),
            ("connector.class", "FileStreamSource"),
            ("file", &input.display().to_string()),
            ("topic", "bare-lines"),
        ])
        .start()
        .expect("the worker starts");
    assert_eq!(kafka.consume("bare-lines", 2).expect("the lines"), ["bare line", "{\"a\":1}"]);
}

#[test]
fn a_paused_source_stands_still_and_a_stopped_one_keeps_its_place() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let (input, output) = (directory.path().join("in.txt"), directory.path().join("out.txt"));
    fs::write(&input, "1\n").expect("the file is written");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("offset.flush.interval.ms", "100")
        .property("task.shutdown.graceful.timeout.ms", "120000")
        .connector(&[
            ("name", "paused-source"),
            ("connector.class", "FileStreamSource"),
            ("file", &input.display().to_string()),
            ("topic", "paused-lines"),
        ])
        .connector(&[
            ("name", "paused-sink"),
            ("connector.class", "FileStreamSink"),
            ("file", &output.display().to_string()),
            ("topics", "paused-lines"),
        ])
        .start()
        .expect("the worker starts");
    let rest = worker.rest();
    wait_for_text(&output, "1\n");

    assert_eq!(rest.send("PUT", "/connectors/paused-source/pause", None).expect("an answer").status, 202);
    wait_for_state(rest, "paused-source", "PAUSED");
    append(&input, "2\n");
    std::thread::sleep(Duration::from_secs(3));
    wait_for_text(&output, "1\n");
    assert_eq!(rest.send("PUT", "/connectors/paused-source/resume", None).expect("an answer").status, 202);
    wait_for_text(&output, "1\n2\n");

    assert_eq!(rest.send("PUT", "/connectors/paused-source/stop", None).expect("an answer").status, 204);
    // The answer comes before the task has ended and committed.
    wait::until("the place of the stopped source", LIMIT, PAUSE, || {
        let offsets = rest.get("/connectors/paused-source/offsets")?.ok()?;
        Ok((offsets["offsets"][0]["offset"] == json!({"position": 4})).then_some(()))
    })
    .expect("the place of the stopped source");
    append(&input, "3\n");
    assert_eq!(rest.send("PUT", "/connectors/paused-source/resume", None).expect("an answer").status, 202);
    wait_for_text(&output, "1\n2\n3\n");
}

#[test]
fn a_source_makes_its_topic_as_its_group_says() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, "line\n").expect("the file is written");
    let _worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .connector(&[
            ("name", "creates-topics"),
            ("connector.class", "FileStreamSource"),
            ("file", &input.display().to_string()),
            ("topic", "made-by-its-group"),
            ("topic.creation.groups", "short"),
            ("topic.creation.default.partitions", "1"),
            ("topic.creation.default.replication.factor", "-1"),
            ("topic.creation.short.include", "made-by.*"),
            ("topic.creation.short.partitions", "3"),
            ("topic.creation.short.retention.ms", "7200000"),
        ])
        .start()
        .expect("the worker starts");
    assert_eq!(kafka.consume("made-by-its-group", 1).expect("the line"), ["line"]);
    let description = kafka.describe_topic("made-by-its-group").expect("the topic");
    assert!(description.contains("PartitionCount: 3"), "{description}");
    assert!(description.contains("retention.ms=7200000"), "{description}");
}

#[test]
fn topics_that_were_reset_come_back_with_the_next_records() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let input = directory.path().join("in.txt");
    fs::write(&input, "1\n").expect("the file is written");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("offset.flush.interval.ms", "100")
        .connector(&[
            ("name", "reset-topics"),
            ("connector.class", "FileStreamSource"),
            ("file", &input.display().to_string()),
            ("topic", "reset-topics"),
        ])
        .start()
        .expect("the worker starts");
    let rest = worker.rest();
    let topics = || {
        // REST answers before the connectors of the command line are made: 404 until then.
        let answer = rest.get("/connectors/reset-topics/topics").expect("an answer").json().expect("JSON");
        answer["reset-topics"]["topics"].clone()
    };
    let wait_for = |expected: Value| {
        wait::until("the topics", LIMIT, PAUSE, || Ok((topics() == expected).then_some(())))
            .expect("the topics");
    };
    wait_for(json!(["reset-topics"]));
    assert_eq!(
        rest.send("PUT", "/connectors/reset-topics/topics/reset", None).expect("an answer").status,
        202
    );
    wait_for(json!([]));
    wait::until("the topic again", LIMIT, PAUSE, || {
        append(&input, "more\n");
        Ok((topics() == json!(["reset-topics"])).then_some(()))
    })
    .expect("the topic again");
}
