//! Bad records among good ones, side by side with Apache Kafka Connect: the same dead letters, the same good records.

mod judge;
mod records;
mod source;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testkit::{Kafka, Worker, wait};

use judge::{Case, Side};
use records::Records;

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// What is in each header whose words are our own: Java's show data and lines of code.
const OWN_WORDS: [&str; 2] = ["__connect.errors.exception.message", "__connect.errors.exception.stacktrace"];

/// Yesterday and a little more with each number: old enough to be told from now, too young to be deleted.
fn timestamp(number: i64) -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let days = i64::try_from(since.as_secs() / 86_400).expect("a small number");
    (days - 1) * 86_400_000 + number
}

/// A record with a timestamp that tells it from others.
fn record(number: i64, key: Option<&str>, value: Option<&str>) -> Value {
    json!({"timestamp": timestamp(number), "key": key, "value": value,
           "headers": [["n", number.to_string()], ["none", null]]})
}

/// Values without schema, one in three of them bad.
fn plain_values() -> Vec<Value> {
    let values = [
        Some(r#"{"a":1,"text":"12"}"#),
        Some("no JSON"),
        None,
        Some(r#"{"a":2,"text":"13"}"#),
        Some(r#"{"a":3,"text":"many"}"#),
        Some(r#"{"a":"#),
        Some(r#"{"a":4}"#),
        Some("\u{ff}\u{fe}\u{0}"),
        Some(r#"{"a":5,"text":"14"}"#),
        Some(""),
        Some("[1,2]"),
        Some(r#"{"a":6,"text":"-15"}"#),
    ];
    let record =
        |(number, value): (i64, &Option<&str>)| record(number, Some(&format!("key-{number}")), *value);
    (0..).zip(&values).map(record).collect()
}

/// Values in envelopes, some of them wrong.
fn enveloped_values() -> Vec<Value> {
    let schema = r#"{"type":"struct","optional":false,"fields":[{"field":"a","type":"int32","optional":false},{"field":"text","type":"string","optional":true}]}"#;
    let envelope = |payload: &str| format!(r#"{{"schema":{schema},"payload":{payload}}}"#);
    let values = [
        Some(envelope(r#"{"a":1,"text":"12"}"#)),
        Some(envelope(r#"{"a":"one","text":"12"}"#)),
        Some(r#"{"a":1}"#.to_owned()),
        Some(r#"{"schema":{"type":"nothing"},"payload":1}"#.to_owned()),
        Some(envelope(r#"{"a":2,"text":"many"}"#)),
        Some(envelope(r#"{"text":"12"}"#)),
        None,
        Some(r#"{"schema":null,"payload":7}"#.to_owned()),
        Some(r#"{"schema":{"type":"int32"},"payload":1,"more":2}"#.to_owned()),
        Some(envelope(r#"{"a":3,"text":"13"}"#)),
    ];
    let record = |(number, value): (i64, &Option<String>)| record(number, None, value.as_deref());
    (0..).zip(&values).map(record).collect()
}

const CAST: [(&str, &str); 4] = [
    ("transforms", "cast"),
    ("transforms.cast.type", "org.apache.kafka.connect.transforms.Cast$Value"),
    ("transforms.cast.spec", "text:int32"),
    ("errors.tolerance", "all"),
];

fn cases() -> Vec<Case> {
    let plain = [("value.converter", JSON), ("value.converter.schemas.enable", "false")];
    let enveloped = [("value.converter", JSON), ("value.converter.schemas.enable", "true")];
    let context = [("errors.deadletterqueue.context.headers.enable", "true")];
    let all = [("errors.tolerance", "all")];
    let case = |name: &'static str, records: Vec<Value>, parts: &[&[(&str, &str)]]| {
        let keys = parts.iter().flat_map(|part| part.iter());
        let keys = keys.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Case { name, records, keys }
    };
    vec![
        case("values", plain_values(), &[&plain, &context, &all]),
        case("no-context", plain_values(), &[&plain, &all]),
        case("envelopes", enveloped_values(), &[&enveloped, &context, &all]),
        case("cast", plain_values(), &[&plain, &context, &CAST]),
        case("cast-envelopes", enveloped_values(), &[&enveloped, &context, &CAST]),
        case(
            "keys",
            plain_values(),
            &[&[("key.converter", JSON), ("key.converter.schemas.enable", "false")], &context, &all],
        ),
        case(
            "headers",
            vec![
                json!({"timestamp": timestamp(1), "value": "good", "headers": [["h", "{\"a\":1}"]]}),
                json!({"timestamp": timestamp(2), "value": "bad header", "headers": [["h", "{\"a\":1}"], ["h", "{"]]}),
                json!({"timestamp": timestamp(3), "value": "good again"}),
            ],
            &[&[("header.converter", JSON), ("header.converter.schemas.enable", "false")], &context, &all],
        ),
        case(
            "predicates",
            plain_values(),
            &[
                &plain,
                &context,
                &[
                    ("errors.tolerance", "all"),
                    ("predicates", "gone, here"),
                    (
                        "predicates.gone.type",
                        "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
                    ),
                    (
                        "predicates.here.type",
                        "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
                    ),
                    ("predicates.here.pattern", ".*predicates.*"),
                    ("transforms", "drop, key, one, route, cast"),
                    ("transforms.drop.type", "org.apache.kafka.connect.transforms.Filter"),
                    ("transforms.drop.predicate", "gone"),
                    ("transforms.key.type", "org.apache.kafka.connect.transforms.ValueToKey"),
                    ("transforms.key.fields", "a"),
                    ("transforms.key.predicate", "here"),
                    ("transforms.one.type", "org.apache.kafka.connect.transforms.ReplaceField$Value"),
                    ("transforms.one.exclude", "a"),
                    ("transforms.one.predicate", "gone"),
                    ("transforms.one.negate", "true"),
                    ("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"),
                    ("transforms.route.regex", ".*"),
                    ("transforms.route.replacement", "elsewhere"),
                    ("transforms.cast.type", "org.apache.kafka.connect.transforms.Cast$Value"),
                    ("transforms.cast.spec", "text:int32"),
                    ("transforms.cast.predicate", "here"),
                    ("transforms.cast.negate", "true"),
                ],
            ],
        ),
        case("no-tolerance", plain_values(), &[&plain, &context]),
    ]
}

#[test]
fn dead_letters_and_good_records_are_those_of_kafka() {
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    let cases = cases();
    for case in &cases {
        records.write(&case.topic(), &case.records);
    }
    let ours = Side::start(Worker::ferroduct_standalone(BINARY, kafka.bootstrap()), "ours", &cases);
    let java = Side::start(Worker::java_standalone(kafka.bootstrap()), "java", &cases);
    for case in &cases {
        let expected = java.outcome(case, &mut records, None);
        let found = ours.outcome(case, &mut records, Some(&expected));
        assert_eq!(found.state, expected.state, "{}: {} {}", case.name, found.trace, expected.trace);
        assert_eq!(found.lines, expected.lines, "{}: good records", case.name);
        judge::assert_letters(case.name, &found.letters, &expected.letters);
    }
}

#[test]
fn a_task_that_tolerates_nothing_fails_with_kafkas_words_and_commits_what_it_put() {
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    records.write("errors-fails", &[json!({"value": "\"good\""}), json!({"value": "{"})]);
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap());
    let output = tempfile::NamedTempFile::new().expect("a file");
    let worker = worker
        .connector(&[
            ("name", "errors-fails"),
            ("connector.class", "FileStreamSink"),
            ("file", &output.path().display().to_string()),
            ("topics", "errors-fails"),
            ("value.converter", JSON),
            ("value.converter.schemas.enable", "false"),
        ])
        .start()
        .expect("the worker starts");
    let task = judge::wait_for_task(worker.rest(), "errors-fails", "FAILED");
    let trace = task["trace"].as_str().expect("a trace");
    assert!(trace.starts_with("Tolerance exceeded in error handler: VALUE_CONVERTER"), "{trace}");
    for part in ["offset 1", "`errors-fails`-0", JSON] {
        assert!(trace.contains(part), "{part} in {trace}");
    }
    // What came with the bad record is read again, so nothing of it may count as put.
    records.write("errors-fails", &[json!({"value": "\"more\""})]);
    let committed = kafka.probe().expect("a probe").committed("connect-errors-fails").expect("an answer");
    assert!(committed.iter().all(|(_, offset)| *offset <= 1), "{committed:?}");
}

#[test]
fn a_queue_that_the_cluster_is_too_small_for_is_made_with_what_it_can_hold() {
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    records.write("errors-factor", &[json!({"value": "{"}), json!({"value": "1"})]);
    let output = tempfile::NamedTempFile::new().expect("a file");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .connector(&[
            ("name", "errors-factor"),
            ("connector.class", "FileStreamSink"),
            ("file", &output.path().display().to_string()),
            ("topics", "errors-factor"),
            ("value.converter", JSON),
            ("value.converter.schemas.enable", "false"),
            ("errors.tolerance", "all"),
            ("errors.log.enable", "true"),
            ("errors.log.include.messages", "true"),
            ("errors.deadletterqueue.topic.name", "errors-factor-dlq"),
        ])
        .start()
        .expect("the worker starts");
    let letters = records.read("errors-factor-dlq", 1);
    assert_eq!((&letters[0]["value"], &letters[0]["headers"]), (&json!("{"), &json!([])));
    let description = kafka.describe_topic("errors-factor-dlq").expect("the topic");
    assert!(description.contains("PartitionCount: 1") && description.contains("ReplicationFactor: 1"));
    let log = worker.log();
    assert!(log.contains("errors.deadletterqueue.topic.replication.factor=3"), "{log}");
    assert!(log.contains("Error encountered in task errors-factor-0"), "{log}");
    assert!(log.contains("offset 0 of `errors-factor`-0"), "{log}");
}

#[test]
fn a_queue_that_cannot_take_a_record_fails_the_task_and_drops_nothing() {
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    kafka.create_topic_with("errors-small-dlq", 1, &[("max.message.bytes", "1000")]).expect("a topic");
    let large = format!("{{{}", "x".repeat(5_000));
    records.write("errors-small", &[json!({"value": "1"}), json!({"value": large})]);
    let output = tempfile::NamedTempFile::new().expect("a file");
    let worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("offset.flush.interval.ms", "200")
        .connector(&[
            ("name", "errors-small"),
            ("connector.class", "FileStreamSink"),
            ("file", &output.path().display().to_string()),
            ("topics", "errors-small"),
            ("value.converter", JSON),
            ("value.converter.schemas.enable", "false"),
            ("errors.tolerance", "all"),
            ("errors.deadletterqueue.topic.name", "errors-small-dlq"),
        ])
        .start()
        .expect("the worker starts");
    let task = judge::wait_for_task(worker.rest(), "errors-small", "FAILED");
    let trace = task["trace"].as_str().expect("a trace");
    assert!(trace.contains("errors-small-dlq") && trace.contains("max.message.bytes"), "{trace}");
    let committed = kafka.probe().expect("a probe").committed("connect-errors-small").expect("an answer");
    assert!(committed.iter().all(|(_, offset)| *offset < 2), "{committed:?}");
}

/// Numbers as lines, and every tenth of them bad.
fn flowing(from: usize, to: usize) -> Vec<Value> {
    let value =
        |number: usize| if number % 10 == 3 { format!("{{{number}") } else { format!("\"{number}\"") };
    (from..to).map(|number| json!({"key": number.to_string(), "value": value(number)})).collect()
}

#[test]
fn kill_9_loses_neither_a_good_record_nor_a_dead_letter() {
    const STEPS: usize = 8;
    const STEP: usize = 5_000;
    let kafka = Kafka::shared();
    let mut records = Records::of(kafka);
    let output = tempfile::NamedTempFile::new().expect("a file");
    records.write("errors-kill", &flowing(0, STEP));
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("offset.flush.interval.ms", "50")
        .connector(&[
            ("name", "errors-kill"),
            ("connector.class", "FileStreamSink"),
            ("file", &output.path().display().to_string()),
            ("topics", "errors-kill"),
            // So long the group waits for a worker that was killed.
            ("consumer.override.session.timeout.ms", "6000"),
            ("value.converter", JSON),
            ("value.converter.schemas.enable", "false"),
            ("errors.tolerance", "all"),
            ("errors.deadletterqueue.topic.name", "errors-kill-dlq"),
            ("errors.deadletterqueue.topic.replication.factor", "1"),
        ])
        .start()
        .expect("the worker starts");
    for step in 1..STEPS {
        records.write("errors-kill", &flowing(step * STEP, (step + 1) * STEP));
        worker.kill().expect("the worker is killed");
        worker.restart().expect("the worker starts again");
    }
    let last = (STEPS * STEP - 1).to_string();
    wait::until("the last line", LIMIT, PAUSE, || {
        let text = std::fs::read_to_string(output.path())?;
        Ok(text.lines().any(|line| line == last).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}; the worker's log:\n{}", worker.log()));
    worker.stop().expect("the worker stops");
    let bad = |number: &usize| number % 10 == 3;
    let text = std::fs::read_to_string(output.path()).expect("the file");
    let lines: std::collections::HashSet<&str> = text.lines().collect();
    let letters = records.read("errors-kill-dlq", STEPS * STEP / 10);
    let letters: std::collections::HashSet<&str> =
        letters.iter().map(|letter| letter["key"].as_str().expect("a key")).collect();
    for number in 0..STEPS * STEP {
        let name = number.to_string();
        assert_eq!(lines.contains(&*name), !bad(&number), "{number} among the good");
        assert_eq!(letters.contains(&*name), bad(&number), "{number} among the dead letters");
    }
}
