//! Sources: transforms on the way to Kafka side by side with Java, and dead letters, of which Java has none there.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::judge::wait_for_task;
use super::records::Records;
use super::{BINARY, JSON, LIMIT, PAUSE};

/// A worker with a file source of these lines.
struct Source {
    worker: Worker,
    file: TempDir,
}

impl Source {
    fn start(worker: Builder, name: &str, lines: &[&str], keys: &[(&str, &str)]) -> Self {
        let file = TempDir::new().expect("a directory");
        let path = file.path().join("in.txt");
        write(&path, lines);
        let path = path.display().to_string();
        let own = [
            ("name", name),
            ("connector.class", "org.apache.kafka.connect.file.FileStreamSourceConnector"),
            ("file", &path),
            ("topic", name),
        ];
        let keys: Vec<_> = own.iter().chain(keys).copied().collect();
        let worker = worker.property("offset.flush.interval.ms", "100").connector(&keys);
        Self { worker: worker.start().expect("the worker starts"), file }
    }

    fn path(&self) -> String {
        self.file.path().join("in.txt").display().to_string()
    }
}

fn write(path: &Path, lines: &[&str]) {
    fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("a file");
}

fn ours(kafka: &Kafka) -> Builder {
    Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
}

/// A chain that routes, chooses, drops and refuses.
const CHAIN: [(&str, &str); 24] = [
    ("value.converter", JSON),
    ("errors.tolerance", "all"),
    ("predicates", "first, routed"),
    ("predicates.first.type", "org.apache.kafka.connect.transforms.predicates.TopicNameMatches"),
    ("predicates.first.pattern", "chain-.*"),
    ("predicates.routed.type", "TopicNameMatches"),
    ("predicates.routed.pattern", "routed-.*"),
    ("transforms", "number, hoist, more, key, route, late, header"),
    ("transforms.number.type", "org.apache.kafka.connect.transforms.Cast$Value"),
    ("transforms.number.spec", "int32"),
    ("transforms.number.predicate", "first"),
    ("transforms.hoist.type", "org.apache.kafka.connect.transforms.HoistField$Value"),
    ("transforms.hoist.field", "number"),
    ("transforms.more.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
    ("transforms.more.static.field", "from"),
    ("transforms.more.static.value", "a file"),
    ("transforms.key.type", "org.apache.kafka.connect.transforms.ValueToKey"),
    ("transforms.key.fields", "number"),
    ("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"),
    ("transforms.route.regex", "chain-(.*)"),
    ("transforms.route.replacement", "routed-$1"),
    ("transforms.late.type", "org.apache.kafka.connect.transforms.Filter"),
    ("transforms.late.predicate", "routed"),
    ("transforms.late.negate", "true"),
];

const HEADER: [(&str, &str); 3] = [
    ("transforms.header.type", "org.apache.kafka.connect.transforms.HeaderFrom$Value"),
    ("transforms.header.fields", "from"),
    ("transforms.header.headers", "where"),
];

fn without_time(mut records: Vec<Value>) -> Vec<Value> {
    records.iter_mut().for_each(|record| record["timestamp"] = Value::Null);
    records
}

#[test]
fn a_chain_gives_the_records_of_kafka() {
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    let lines = ["1", "two", "3", "", "5", "99999999999", "-7", " 8"];
    let operation = [("transforms.header.operation", "move")];
    let keys: Vec<_> = CHAIN.iter().chain(&HEADER).chain(&operation).copied().collect();
    let java = Source::start(Worker::java_standalone(kafka.bootstrap()), "chain-java", &lines, &keys);
    let expected = without_time(records.read("routed-java", 4));
    let ours = Source::start(ours(kafka), "chain-ours", &lines, &keys);
    let found = without_time(records.read("routed-ours", expected.len()));
    assert_eq!(found, expected);
    wait_for_task(java.worker.rest(), "chain-java", "RUNNING");
    wait_for_task(ours.worker.rest(), "chain-ours", "RUNNING");
    let topics =
        ours.worker.rest().get("/connectors/chain-ours/topics").expect("an answer").json().expect("JSON");
    assert_eq!(topics["chain-ours"]["topics"], json!(["routed-ours"]), "the topic after the transforms");
}

const NUMBERS: [(&str, &str); 6] = [
    ("transforms", "number"),
    ("transforms.number.type", "org.apache.kafka.connect.transforms.Cast$Value"),
    ("transforms.number.spec", "int32"),
    ("value.converter", JSON),
    ("value.converter.schemas.enable", "false"),
    ("errors.deadletterqueue.context.headers.enable", "true"),
];

#[test]
fn what_a_transform_refuses_is_a_dead_letter_with_its_place_in_the_source() {
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    let queue = [("errors.tolerance", "all"), ("errors.deadletterqueue.topic.name", "source-letters-dlq")];
    let keys: Vec<_> = NUMBERS.iter().chain(&queue).copied().collect();
    let source = Source::start(ours(kafka), "source-letters", &["1", "t\"wo", "3"], &keys);
    let good = records.read("source-letters", 2);
    assert_eq!([&good[0]["value"], &good[1]["value"]], [&json!("1"), &json!("3")]);
    let letters = records.read("source-letters-dlq", 1);
    assert_eq!((&letters[0]["key"], &letters[0]["value"]), (&Value::Null, &json!(r#""t\"wo""#)));
    let header = |name: &str| {
        let headers = letters[0]["headers"].as_array().expect("headers");
        let found = headers.iter().find(|header| header[0] == format!("__connect.errors.{name}"));
        found.unwrap_or_else(|| panic!("{name} in {headers:?}"))[1].as_str().expect("text").to_owned()
    };
    assert_eq!(header("source.partition"), json!({"filename": source.path()}).to_string());
    assert!(header("source.offset").starts_with("{\"position\":"), "{}", header("source.offset"));
    assert_eq!(header("stage"), "TRANSFORMATION");
    assert_eq!(header("class.name"), "org.apache.kafka.connect.transforms.Cast$Value");
    assert!(header("exception.stacktrace").contains("transform `number`"));
    assert!(!header("exception.message").contains("wo"), "no data: {}", header("exception.message"));
}

#[test]
fn without_tolerance_a_refused_record_ends_the_task_and_names_the_transform() {
    let kafka = Kafka::shared();
    let source = Source::start(ours(kafka), "source-fails", &["1", "two"], &NUMBERS);
    let task = wait_for_task(source.worker.rest(), "source-fails", "FAILED");
    let trace = task["trace"].as_str().expect("a trace");
    assert!(
        trace.starts_with("Tolerance exceeded in error handler: TRANSFORMATION by transform `number`"),
        "{trace}"
    );
    assert!(!trace.contains("two"), "no data: {trace}");
}

// Java is no judge here: its producer splits such a batch until its thread dies.
#[test]
fn a_record_that_the_broker_refuses_as_too_large_is_left_out_where_that_is_tolerated() {
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    let large = "x".repeat(5_000);
    let lines: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.insert(100, &large);
    kafka.create_topic_with("too-large", 1, &[("max.message.bytes", "2000")]).expect("a topic");
    let source = Source::start(ours(kafka), "too-large", &lines, &[("errors.tolerance", "all")]);
    let good = records.read("too-large", 200);
    let good: Vec<&str> = good.iter().map(|record| record["value"].as_str().expect("a line")).collect();
    let expected: Vec<&str> = lines.iter().filter(|line| line.len() < 100).copied().collect();
    assert_eq!(good, expected);
    wait_for_task(source.worker.rest(), "too-large", "RUNNING");
    kafka.create_topic_with("too-large-none", 1, &[("max.message.bytes", "2000")]).expect("a topic");
    let source = Source::start(ours(kafka), "too-large-none", &lines, &[]);
    let task = wait_for_task(source.worker.rest(), "too-large-none", "FAILED");
    let trace = task["trace"].as_str().expect("a trace");
    assert!(trace.starts_with("Tolerance exceeded") && trace.contains("max.message.bytes"), "{trace}");
}

#[test]
fn kill_9_loses_neither_a_line_nor_its_dead_letter() {
    const STEPS: usize = 8;
    const STEP: usize = 5_000;
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    let lines: Vec<String> = (0..STEPS * STEP)
        .map(|number| if number % 10 == 3 { format!("bad {number}") } else { number.to_string() })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let queue = [
        ("errors.tolerance", "all"),
        ("errors.deadletterqueue.topic.name", "source-kill-dlq"),
        ("producer.override.linger.ms", "1"),
    ];
    let keys: Vec<_> = NUMBERS.iter().chain(&queue).copied().collect();
    let mut source = Source::start(ours(kafka), "source-kill", &lines[..STEP], &keys);
    for step in 2..=STEPS {
        write(&source.file.path().join("in.txt"), &lines[..step * STEP]);
        source.worker.kill().expect("the worker is killed");
        source.worker.restart().expect("the worker starts again");
    }
    let end = lines.iter().map(|line| line.len() + 1).sum::<usize>();
    wait::until("the end of the file", LIMIT, PAUSE, || {
        let offsets = source.worker.rest().get("/connectors/source-kill/offsets")?.json()?;
        Ok((offsets["offsets"][0]["offset"]["position"] == end).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}; the worker's log:\n{}", source.worker.log()));
    let mut found = |topic: &str, least: usize| -> HashSet<String> {
        let records = records.read(topic, least).into_iter();
        records
            .map(|record| record["value"].as_str().expect("a value").trim_matches('"').to_owned())
            .collect()
    };
    let good = found("source-kill", STEPS * STEP * 9 / 10);
    let letters = found("source-kill-dlq", STEPS * STEP / 10);
    for line in lines {
        let bad = line.starts_with("bad");
        assert_eq!(good.contains(line), !bad, "{line} among the good");
        assert_eq!(letters.contains(line), bad, "{line} among the dead letters");
    }
}
