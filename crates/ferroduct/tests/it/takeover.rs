//! Taking over from a Java worker: its offset file, its consumer groups.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(200);

fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the file grows");
}

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|number| format!("line {number}\n")).collect()
}

fn wait_for_text(path: &Path, text: &str) {
    let arrived = wait::until("the lines", LIMIT, PAUSE, || {
        Ok((fs::read_to_string(path).unwrap_or_default() == text).then_some(()))
    });
    arrived.unwrap_or_else(|_| panic!("{} holds {:?}", path.display(), fs::read_to_string(path)));
}

/// A Java worker that waits for its tasks to commit when it stops, however slow the machine is.
fn patient_java(kafka: &Kafka) -> Builder {
    Worker::java_standalone(kafka.bootstrap())
        .property("task.shutdown.graceful.timeout.ms", "120000")
        .property("offset.flush.timeout.ms", "120000")
}

/// Starts a worker with a connector and this offset file.
fn start(worker: Builder, offsets: &Path, connector: &[(&str, &str)]) -> Worker {
    let offsets = offsets.display().to_string();
    let worker = worker.property("offset.storage.file.filename", &offsets).connector(connector);
    worker.start().expect("the worker starts")
}

/// A source of a file's lines, with the name of its topic and further keys.
fn source<'a>(topic: &'a str, file: &'a str, keys: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut source =
        vec![("name", topic), ("connector.class", "FileStreamSource"), ("file", file), ("topic", topic)];
    source.extend(keys);
    source
}

#[test]
fn a_file_half_read_by_java_is_gone_on_with_at_the_next_line() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let (input, offsets) = (directory.path().join("in.txt"), directory.path().join("connect.offsets"));
    let input_name = input.display().to_string();
    let source = source("takeover-lines", &input_name, &[]);
    append(&input, &lines(0, 500));
    let mut java = start(patient_java(kafka), &offsets, &source);
    kafka.consume("takeover-lines", 500).expect("the first lines");
    java.stop().expect("the Java worker stops");
    assert!(
        fs::read(&offsets).expect("Java's offset file").starts_with(&[0xac, 0xed]),
        "Java's serialisation"
    );

    append(&input, &lines(500, 1_000));
    let _ours = start(Worker::ferroduct_standalone(BINARY, kafka.bootstrap()), &offsets, &source);
    let all = kafka.consume("takeover-lines", 1_000).expect("all lines");
    assert_eq!(all.join("\n") + "\n", lines(0, 1_000));
    assert_eq!(kafka.end_offsets("takeover-lines").expect("the end offsets").iter().sum::<u64>(), 1_000);
}

/// Java keeps the lines of its buffer that a batch has no room for until the file grows.
#[test]
fn lines_beyond_a_batch_that_java_keeps_back_arrive_at_once() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let (input, offsets) = (directory.path().join("in.txt"), directory.path().join("connect.offsets"));
    let input_name = input.display().to_string();
    let source = source("takeover-batches", &input_name, &[("batch.size", "50")]);
    append(&input, &lines(0, 85));
    let mut java = start(patient_java(kafka), &offsets, &source);
    kafka.consume("takeover-batches", 50).expect("a batch");
    java.stop().expect("the Java worker stops");
    let written = || kafka.end_offsets("takeover-batches").expect("the end offsets").iter().sum::<u64>();
    assert_eq!(
        written(),
        50,
        "Java does not keep lines back: docs/decisions/20261121-file-source.md says so"
    );

    let _ours = start(Worker::ferroduct_standalone(BINARY, kafka.bootstrap()), &offsets, &source);
    let all = kafka.consume("takeover-batches", 85).expect("all lines");
    assert_eq!(all.join("\n") + "\n", lines(0, 85));
    assert_eq!(written(), 85);
}

#[test]
fn a_topic_half_read_by_a_java_sink_is_gone_on_with_in_the_same_group() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let (first, second) = (directory.path().join("java.txt"), directory.path().join("ours.txt"));
    let texts: Vec<String> = (0..300).map(|number| format!("line {number}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    kafka.produce("takeover-topic", &texts[..200]).expect("the first records");
    let sink = |file: &Path| -> Vec<(&'static str, String)> {
        vec![
            ("name", "takeover-sink".to_owned()),
            ("connector.class", "FileStreamSink".to_owned()),
            ("file", file.display().to_string()),
            ("topics", "takeover-topic".to_owned()),
        ]
    };
    let (java_sink, our_sink) = (sink(&first), sink(&second));
    let java_sink: Vec<(&str, &str)> = java_sink.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let our_sink: Vec<(&str, &str)> = our_sink.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let mut java = patient_java(kafka).connector(&java_sink).start().expect("Java starts");
    wait_for_text(&first, &lines(0, 200));
    java.stop().expect("the Java worker stops");

    kafka.produce("takeover-topic", &texts[200..]).expect("more records");
    let _ours = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .connector(&our_sink)
        .start()
        .expect("ours starts");
    wait_for_text(&second, &lines(200, 300));
}
