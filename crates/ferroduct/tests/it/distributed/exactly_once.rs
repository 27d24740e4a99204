//! Sources that write exactly once (KIP-618), on our workers and on those of Apache Kafka: every line once for whoever
//! reads what is committed, whatever happens to the workers.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use testkit::rest::Rest;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, PAUSE, append, id, of_cluster, put};

/// A worker of a cluster whose sources write exactly once.
fn exactly_once(worker: Builder, cluster: &str) -> Worker {
    of_cluster(worker, cluster)
        .property("exactly.once.source.support", "enabled")
        .property("session.timeout.ms", "6000")
        .start()
        .expect("the worker starts")
}

fn ours(cluster: &str) -> Worker {
    exactly_once(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), cluster)
}

fn theirs(cluster: &str) -> Worker {
    exactly_once(Worker::java_distributed(Kafka::shared().bootstrap()), cluster)
}

/// A file whose lines a source brings into a topic.
struct Source {
    directory: TempDir,
    name: String,
    written: usize,
}

impl Source {
    fn new(name: &str) -> Self {
        let directory = TempDir::new().expect("a directory");
        let source = Self { directory, name: name.to_owned(), written: 0 };
        fs::write(source.path(), "").expect("the file is written");
        source
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("in")
    }

    fn create(&self, rest: &Rest, settings: &[(&str, &str)]) {
        let mut config = json!({
            "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": "1",
            "file": self.path(), "topic": self.name, "exactly.once.support": "required",
        });
        for (key, value) in settings {
            config[key] = json!(value);
        }
        put(rest, &self.name, &config);
    }

    fn append(&mut self, lines: usize) {
        let text: String =
            (self.written..self.written + lines).map(|line| format!("line {line}\n")).collect();
        append(&self.path(), &text);
        self.written += lines;
    }

    /// Waits until the task runs on this worker.
    fn wait_until_runs_on(&self, rest: &Rest, worker: &str) {
        let path = format!("/connectors/{}/status", self.name);
        let runs = wait::until("a task that runs", LIMIT, PAUSE, || {
            let Ok(status) = rest.get(&path)?.ok() else { return Ok(None) };
            let task = &status["tasks"][0];
            Ok((task["state"] == "RUNNING" && task["worker_id"] == worker).then_some(()))
        });
        runs.unwrap_or_else(|error| panic!("{error:#}: {worker}: {:?}", rest.get(&path)));
    }

    /// The worker that the task runs on.
    fn owner(&self, rest: &Rest) -> String {
        let path = format!("/connectors/{}/status", self.name);
        let owner = wait::until("a task that runs", LIMIT, PAUSE, || {
            let Ok(status) = rest.get(&path)?.ok() else { return Ok(None) };
            let task = &status["tasks"][0];
            Ok((task["state"] == "RUNNING")
                .then(|| task["worker_id"].as_str().unwrap_or_default().to_owned()))
        });
        owner.unwrap_or_else(|error| panic!("{error:#}: {:?}", rest.get(&path)))
    }

    /// All that was written is in the topic once and in order, for whoever reads what is committed.
    fn check(&self) {
        let arguments = ["--isolation-level", "read_committed"];
        let read = Kafka::shared().consume_with(&self.name, self.written, &arguments);
        let read = read.expect("all lines");
        let written: Vec<String> = (0..self.written).map(|line| format!("line {line}")).collect();
        let wrong = read.iter().zip(&written).position(|(read, written)| read != written);
        assert!(
            read == written,
            "{} of {} lines; the first that is wrong: {wrong:?}",
            read.len(),
            written.len()
        );
    }
}

#[test]
fn killed_workers_repeat_no_line() {
    let cluster = "once-killed";
    let mut workers = [ours(cluster), ours(cluster)];
    let mut source = Source::new(cluster);
    source.append(1_000);
    source.create(workers[0].rest(), &[]);
    source.owner(workers[0].rest());
    for kill in 0..4 {
        let rest = workers[kill % 2].rest();
        let owner = source.owner(rest);
        let victim = workers.iter().position(|worker| id(worker) == owner).expect("a worker of the cluster");
        source.append(20_000);
        // In the middle of it.
        sleep(Duration::from_millis(30 * (kill as u64 + 1)));
        workers[victim].kill().expect("the worker is killed");
        source.append(1_000);
        source.wait_until_runs_on(workers[1 - victim].rest(), id(&workers[1 - victim]));
        workers[victim].restart().expect("the worker starts again");
    }
    source.append(1_000);
    source.check();
}

/// What a worker had begun that was given up is not committed when it wakes up.
#[test]
fn a_worker_that_was_stopped_beyond_its_session_repeats_no_line() {
    let cluster = "once-stopped";
    let mut workers = [ours(cluster), ours(cluster)];
    let mut source = Source::new(cluster);
    source.create(
        workers[0].rest(),
        &[("transaction.boundary", "interval"), ("transaction.boundary.interval.ms", "300")],
    );
    let owner = source.owner(workers[0].rest());
    let zombie = workers.iter().position(|worker| id(worker) == owner).expect("a worker of the cluster");
    source.append(20_000);
    sleep(Duration::from_millis(200));
    workers[zombie].process().pause().expect("the worker stands still");
    source.append(1_000);
    source.wait_until_runs_on(workers[1 - zombie].rest(), id(&workers[1 - zombie]));
    source.append(1_000);
    workers[zombie].process().resume().expect("the worker goes on");
    source.append(1_000);
    source.check();
    // It takes part again.
    workers[1 - zombie].stop().expect("the worker stops");
    source.append(1_000);
    source.wait_until_runs_on(workers[zombie].rest(), id(&workers[zombie]));
    source.check();
}

/// A cluster of Apache Kafka is taken over and given back, with data flowing.
#[test]
fn a_cluster_of_apache_kafka_is_taken_over_and_given_back_without_a_line_twice() {
    let cluster = "once-taken";
    let mut java = theirs(cluster);
    let mut source = Source::new(cluster);
    source.append(1_000);
    source.create(java.rest(), &[]);
    source.wait_until_runs_on(java.rest(), id(&java));
    source.check();
    let mut mine = ours(cluster);
    source.append(1_000);
    java.stop().expect("the worker of Apache Kafka stops");
    source.append(1_000);
    source.wait_until_runs_on(mine.rest(), id(&mine));
    source.check();
    // Offsets of ours, read by both.
    let path = format!("/connectors/{}/offsets", source.name);
    let offsets = |rest: &Rest| rest.get(&path).expect("an answer").ok().expect("offsets")["offsets"].clone();
    let end = fs::metadata(source.path()).expect("the file").len();
    assert_eq!(offsets(mine.rest())[0]["offset"]["position"], end, "{}", offsets(mine.rest()));
    let java = theirs(cluster);
    source.append(1_000);
    mine.kill().expect("our worker is killed");
    source.wait_until_runs_on(java.rest(), id(&java));
    source.append(1_000);
    source.check();
    let end = fs::metadata(source.path()).expect("the file").len();
    let read = wait::until("offsets", LIMIT, PAUSE, || {
        Ok((offsets(java.rest())[0]["offset"]["position"] == end).then_some(()))
    });
    read.unwrap_or_else(|error| panic!("{error:#}: {}", offsets(java.rest())));
}

/// Either kind of worker leads while the other has the tasks: rounds of fencing go both ways.
#[test]
fn tasks_are_reconfigured_in_a_mixed_group() {
    let cluster = "once-mixed";
    let (java, mine) = (theirs(cluster), ours(cluster));
    let mut sources: Vec<Source> = (0..4).map(|index| Source::new(&format!("{cluster}-{index}"))).collect();
    for source in &mut sources {
        source.append(500);
        source.create(java.rest(), &[]);
    }
    let owners = |sources: &[Source]| {
        let mut owners: Vec<String> = sources.iter().map(|source| source.owner(mine.rest())).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.len()
    };
    let both = wait::until("tasks on both", LIMIT, PAUSE, || Ok((owners(&sources) == 2).then_some(())));
    both.expect("each worker has some of the tasks");
    // Sizes that no batch comes up to: Java keeps back what is beyond one until the file grows.
    for size in ["3000", "4000"] {
        for source in &mut sources {
            source.append(500);
            source.create(mine.rest(), &[("batch.size", size)]);
            source.append(500);
        }
    }
    for source in &sources {
        source.check();
    }
}

/// A cluster begins to write exactly once without standing still: its workers start again one by one, first with
/// `preparing`.
#[test]
fn a_cluster_begins_to_write_exactly_once_worker_by_worker() {
    let cluster = "once-begins";
    let with = |support: &str| {
        of_cluster(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), cluster)
            .property("exactly.once.source.support", support)
            .start()
            .expect("the worker starts")
    };
    let mut workers = [with("disabled"), with("disabled")];
    let mut source = Source::new(cluster);
    source.append(500);
    source.create(workers[0].rest(), &[("exactly.once.support", "requested")]);
    source.check();
    let markers = |source: &Source| {
        let end: u64 = Kafka::shared().end_offsets(&source.name).expect("the end offsets").iter().sum();
        end - source.written as u64
    };
    assert_eq!(markers(&source), 0, "no transactions yet");
    for support in ["preparing", "enabled"] {
        for index in 0..2 {
            source.append(500);
            workers[index].stop().expect("the worker stops");
            source.append(500);
            source.wait_until_runs_on(workers[1 - index].rest(), id(&workers[1 - index]));
            workers[index] = with(support);
            source.append(500);
        }
        source.check();
    }
    assert!(markers(&source) > 0, "transactions have ends");
    source.create(workers[0].rest(), &[]);
    source.append(500);
    source.check();
}

/// Offsets in a topic of the connector's own are found by both kinds of workers.
#[test]
fn offsets_in_a_topic_of_the_connectors_own_are_taken_over_and_given_back() {
    let cluster = "once-own";
    let own = "once-own-topic";
    let mut java = theirs(cluster);
    let mut source = Source::new(cluster);
    source.append(500);
    source.create(java.rest(), &[("offsets.storage.topic", own)]);
    source.check();
    let mut mine = ours(cluster);
    java.stop().expect("the worker of Apache Kafka stops");
    source.append(500);
    source.wait_until_runs_on(mine.rest(), id(&mine));
    source.check();
    let path = format!("/connectors/{cluster}/offsets");
    let offsets = |rest: &Rest| rest.get(&path).expect("an answer").ok().expect("offsets")["offsets"].clone();
    let end = fs::metadata(source.path()).expect("the file").len();
    assert_eq!(offsets(mine.rest())[0]["offset"]["position"], end, "{}", offsets(mine.rest()));
    // A commit of theirs, and one of ours.
    let committed = Kafka::shared().consume_with(own, 2, &["--isolation-level", "read_committed"]);
    let committed = committed.expect("offsets in the topic");
    assert!(committed.len() >= 2, "{committed:?}");
    let java = theirs(cluster);
    mine.stop().expect("our worker stops");
    source.append(500);
    source.wait_until_runs_on(java.rest(), id(&java));
    source.check();
}

/// A user may go back, once the connector is stopped.
#[test]
fn offsets_are_changed_after_former_tasks_were_fenced_off() {
    let cluster = "once-offsets";
    let mine = ours(cluster);
    let mut source = Source::new(cluster);
    source.append(100);
    source.create(mine.rest(), &[]);
    source.check();
    let path = |end: &str| format!("/connectors/{cluster}/{end}");
    assert_eq!(mine.rest().put(&path("stop"), &json!(null)).expect("an answer").status, 204);
    let partition = json!({ "filename": source.path() });
    let offsets = json!({ "offsets": [{ "partition": partition, "offset": { "position": 0 } }] });
    let changed = mine.rest().patch(&path("offsets"), &offsets).expect("an answer");
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(mine.rest().put(&path("resume"), &json!(null)).expect("an answer").status, 202);
    // All of it once more.
    let read = Kafka::shared().consume_with(cluster, 200, &["--isolation-level", "read_committed"]);
    let lines: Vec<String> = (0..200).map(|line| format!("line {}", line % 100)).collect();
    assert_eq!(read.expect("all lines, twice"), lines);
}
