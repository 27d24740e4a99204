//! Clusters of workers, of Ferroduct alone and beside workers of Apache Kafka.

mod bounces;
mod cluster;
mod exactly_once;
mod faults;
mod group;
mod operations;
mod requests;
mod situations;
mod start;
mod stores;
mod succession;
mod verbs;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::rest::Rest;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(100);

/// A worker of the cluster of a name, with its own topics.
fn of_cluster(worker: Builder, name: &str) -> Builder {
    worker
        .of_cluster(name)
        .property("offset.storage.partitions", "2")
        .property("status.storage.partitions", "2")
        .property("offset.flush.interval.ms", "500")
        .property("session.timeout.ms", "10000")
        .property("heartbeat.interval.ms", "1000")
        // Java waits for five minutes by default.
        .property("scheduled.rebalance.max.delay.ms", "1000")
}

fn ferroduct(name: &str) -> Worker {
    let worker = Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap());
    of_cluster(worker, name).start().expect("the worker starts")
}

fn java(name: &str) -> Worker {
    let worker = Worker::java_distributed(Kafka::shared().bootstrap());
    of_cluster(worker, name).start().expect("the worker of Apache Kafka starts")
}

/// Files that lines travel between: a source and a sink for each.
struct Lines {
    directory: TempDir,
    cluster: String,
    names: Vec<String>,
    written: usize,
}

impl Lines {
    fn new(cluster: &str, count: usize) -> Self {
        let directory = TempDir::new().expect("a directory");
        let names: Vec<String> = (0..count).map(|index| format!("{cluster}-{index}")).collect();
        for name in &names {
            fs::write(directory.path().join(format!("{name}.in")), "").expect("the file is written");
        }
        Self { directory, cluster: cluster.to_owned(), names, written: 0 }
    }

    fn path(&self, name: &str, end: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.{end}"))
    }

    /// The connectors by name, with their configurations.
    fn connectors(&self) -> Vec<(String, Value)> {
        let both = self.names.iter().flat_map(|name| {
            let source = json!({
                "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
                "tasks.max": "1", "file": self.path(name, "in"), "topic": name,
            });
            let sink = json!({
                "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
                "tasks.max": "1", "file": self.path(name, "out"), "topics": name,
            });
            [(format!("{name}-source"), source), (format!("{name}-sink"), sink)]
        });
        both.collect()
    }

    /// Creates all of them, each through another of these workers.
    fn create(&self, workers: &[&Worker]) {
        for (index, (name, config)) in self.connectors().into_iter().enumerate() {
            put(workers[index % workers.len()].rest(), &name, &config);
        }
    }

    /// Adds lines to every file.
    fn append(&mut self) {
        for name in &self.names {
            let lines: String =
                (self.written..self.written + 100).map(|line| format!("line {line}\n")).collect();
            append(&self.path(name, "in"), &lines);
        }
        self.written += 100;
    }

    /// Waits until every line has come, in order; what comes twice is what a worker had not committed.
    fn wait(&self, repeats: bool) {
        let all: Vec<String> = (0..self.written).map(|line| format!("line {line}")).collect();
        for name in &self.names {
            let output = self.path(name, "out");
            let arrived = wait::until("the lines", LIMIT, PAUSE, || {
                let text = fs::read_to_string(&output).unwrap_or_default();
                let mut lines: Vec<&str> = text.lines().collect();
                if repeats {
                    let mut seen = std::collections::HashSet::new();
                    lines.retain(|line| seen.insert(*line));
                }
                Ok((lines == all).then_some(()))
            });
            arrived.unwrap_or_else(|error| panic!("{error:#}: {} of {}", output.display(), self.cluster));
        }
    }

    /// Waits until every connector and task runs, on these workers only, and answers where each runs.
    fn wait_until_run(&self, rest: &Rest, allowed: &[&str]) -> BTreeMap<String, String> {
        let mut owners = BTreeMap::new();
        for (name, _) in self.connectors() {
            let path = format!("/connectors/{name}/status");
            let status = wait::until("connectors and tasks that run", LIMIT, PAUSE, || {
                let Ok(status) = rest.get(&path)?.ok() else { return Ok(None) };
                let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
                let runs = |part: &Value| {
                    let owner = part["worker_id"].as_str().unwrap_or_default();
                    part["state"] == "RUNNING" && allowed.contains(&owner)
                };
                let runs = runs(&status["connector"]) && tasks.iter().all(runs);
                Ok((runs && tasks.len() == 1).then_some(status))
            });
            let status = status.unwrap_or_else(|error| panic!("{error:#}: {:?}", rest.get(&path)));
            owners.insert(name, status["tasks"][0]["worker_id"].as_str().unwrap_or_default().to_owned());
        }
        owners
    }
}

fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the file grows");
}

/// Makes a connector. A worker that does not know its leader yet says so with 409.
fn put(rest: &Rest, name: &str, config: &Value) {
    let path = format!("/connectors/{name}/config");
    let made = wait::until("a connector that is made", LIMIT, PAUSE, || {
        let answer = rest.put(&path, config)?;
        anyhow::ensure!(matches!(answer.status, 200 | 201 | 409), "{answer:?}");
        Ok((answer.status != 409).then_some(()))
    });
    made.unwrap_or_else(|error| panic!("{error:#}"));
}

/// Host and port of a worker, as statuses have them.
fn id(worker: &Worker) -> &str {
    worker.url().trim_start_matches("http://")
}
