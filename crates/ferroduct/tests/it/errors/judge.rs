//! One set of connectors run by two workers, and what came of each.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::rest::Rest;
use testkit::worker::Builder;
use testkit::{Worker, wait};

use super::records::Records;
use super::{LIMIT, OWN_WORDS, PAUSE};

/// A sink with bad records in its topic.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) records: Vec<Value>,
    pub(super) keys: BTreeMap<String, String>,
}

/// A worker with a connector for each case.
pub(super) struct Side {
    name: &'static str,
    worker: Worker,
    files: TempDir,
}

/// What came of a case.
pub(super) struct Outcome {
    pub(super) state: String,
    pub(super) trace: String,
    pub(super) lines: String,
    pub(super) letters: Vec<Value>,
}

impl Case {
    pub(super) fn topic(&self) -> String {
        format!("errors-{}", self.name)
    }

    fn connector(&self, side: &str, file: &str) -> BTreeMap<String, String> {
        let topic = self.topic();
        let own = [
            ("name", topic.clone()),
            ("connector.class", "org.apache.kafka.connect.file.FileStreamSinkConnector".to_owned()),
            ("file", file.to_owned()),
            // One name for both workers, as dead letters tell it, but a group for each.
            ("consumer.override.group.id", format!("{topic}-{side}")),
            ("errors.deadletterqueue.topic.name", dead_letter_topic(&topic, side)),
            ("errors.deadletterqueue.topic.replication.factor", "1".to_owned()),
            ("topics", topic),
        ];
        own.into_iter().map(|(key, value)| (key.to_owned(), value)).chain(self.keys.clone()).collect()
    }
}

fn dead_letter_topic(topic: &str, side: &str) -> String {
    format!("dead-{side}-{topic}")
}

impl Side {
    pub(super) fn start(mut worker: Builder, name: &'static str, cases: &[Case]) -> Self {
        let files = TempDir::new().expect("a directory");
        worker = worker.property("offset.flush.interval.ms", "500");
        for case in cases {
            let keys = case.connector(name, &files.path().join(case.name).display().to_string());
            let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (&**key, &**value)).collect();
            worker = worker.connector(&keys);
        }
        Self { name, worker: worker.start().expect("the worker starts"), files }
    }

    /// Waits until the connector is done: its offsets are committed up to the end, or its task has failed. Where it is
    /// known what is to come of it, it is waited for that, so that a failure shows the difference.
    pub(super) fn outcome(&self, case: &Case, records: &mut Records, expected: Option<&Outcome>) -> Outcome {
        let topic = case.topic();
        let task = wait::until("the end of a case", LIMIT, PAUSE, || {
            let task = &self.worker.rest().get(&format!("/connectors/{topic}/status"))?.json()?["tasks"][0];
            let failed = task["state"] == "FAILED";
            Ok((failed || self.committed(&topic)? == case.records.len() as u64).then(|| task.clone()))
        });
        let task = task.unwrap_or_else(|error| panic!("{}: {error:#}\n{}", case.name, self.worker.log()));
        let count = expected.map_or(0, |expected| expected.letters.len());
        Outcome {
            state: task["state"].as_str().unwrap_or_default().to_owned(),
            trace: task["trace"].as_str().unwrap_or_default().to_owned(),
            lines: fs::read_to_string(self.files.path().join(case.name)).unwrap_or_default(),
            letters: records.read(&dead_letter_topic(&topic, self.name), count),
        }
    }

    /// The committed offset of the connector's group.
    fn committed(&self, topic: &str) -> anyhow::Result<u64> {
        let offsets = self.worker.rest().get(&format!("/connectors/{topic}/offsets"))?.json()?;
        Ok(offsets["offsets"][0]["offset"]["kafka_offset"].as_u64().unwrap_or_default())
    }
}

/// Compares dead letters byte for byte; of the headers with our own words only that they are there.
pub(super) fn assert_letters(case: &str, found: &[Value], expected: &[Value]) {
    assert_eq!(found.len(), expected.len(), "{case}: {found:#?} and of Java {expected:#?}");
    assert!(!expected.is_empty(), "{case} has bad records");
    let (mut found, mut expected) = (found.to_vec(), expected.to_vec());
    for letters in [&mut found, &mut expected] {
        letters.iter_mut().for_each(hide_words);
        // The stages of a task refuse records of one batch one after the other, Java record by record.
        letters.sort_by_key(|letter| letter["timestamp"].as_i64());
    }
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{case}");
    }
}

fn hide_words(letter: &mut Value) {
    for header in letter["headers"].as_array_mut().expect("headers") {
        if OWN_WORDS.iter().any(|name| header[0] == *name) {
            let empty = header[1].as_str().is_none_or(str::is_empty);
            header[1] = json!(if empty { "nothing" } else { "words" });
        }
    }
}

/// Waits until the first task of a connector is in a state.
pub(super) fn wait_for_task(rest: &Rest, name: &str, state: &str) -> Value {
    let path = format!("/connectors/{name}/status");
    wait::until(state, LIMIT, PAUSE, || {
        let task = &rest.get(&path)?.json()?["tasks"][0];
        Ok((task["state"] == state).then(|| task.clone()))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {:?}", rest.get(&path)))
}
