//! The brokers, the workers, and the lines that travel.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::witness::{self, Verdict};
use super::{Plan, keep};
use crate::directory::Directory;
use crate::kafka::Cluster;
use crate::proxy::Proxy;
use crate::rest::Rest;
use crate::{Kafka, Worker, ports, wait};

pub(super) const WORKERS: usize = 3;
pub(super) const BROKERS: usize = 3;
/// The default of `session.timeout.ms`.
pub(super) const SESSION: Duration = Duration::from_secs(10);

const LOOK: Duration = Duration::from_millis(100);
/// How often a line is appended to each file.
const LINE_INTERVAL: Duration = Duration::from_millis(200);
/// How many connectors are changed at once.
const CHANGED: usize = 6;
/// What a connector is changed by, which neither of the two knows.
const CHANGE: &str = "chaos.change";

pub(super) struct Bench {
    // In this order: workers end before brokers.
    workers: Vec<Member>,
    lines: Lines,
    brokers: Cluster,
    patience: Duration,
    changes: usize,
    /// Changes that were answered well, and have to come to the tasks in the end.
    changed: BTreeMap<String, String>,
}

struct Member {
    worker: Worker,
    /// Before its REST API, for the other workers.
    proxy: Proxy,
    /// Whether it is expected to run anything.
    present: bool,
}

impl Bench {
    pub(super) fn start(plan: &Plan) -> anyhow::Result<Self> {
        let mut brokers = Cluster::start_proxied(BROKERS).context("cannot start the brokers")?;
        // Short segments that are compacted soon: a worker that comes back reads what is left.
        let config = [
            ("cleanup.policy", "compact"),
            ("segment.ms", "5000"),
            ("min.cleanable.dirty.ratio", "0.01"),
            ("max.compaction.lag.ms", "10000"),
        ];
        brokers.broker(0).create_topic_with("chaos-configs", 1, &config)?;
        let lines = Lines::start(plan.pairs)?;
        let mut workers = Vec::new();
        for index in 0..WORKERS {
            workers.push(member(plan, &mut brokers, index)?);
        }
        for (name, config) in lines.connectors() {
            let answer = workers[0].worker.rest().put(&format!("/connectors/{name}/config"), &config)?;
            answer.ok().with_context(|| format!("cannot create `{name}`"))?;
        }
        Ok(Self { workers, lines, brokers, patience: plan.patience, changes: 0, changed: BTreeMap::new() })
    }

    pub(super) fn worker(&mut self, index: usize) -> &mut Worker {
        &mut self.workers[index].worker
    }

    pub(super) fn broker(&mut self, index: usize) -> &mut Kafka {
        self.brokers.broker(index)
    }

    pub(super) fn each_broker(&mut self, mut act: impl FnMut(&Kafka)) {
        for index in 0..BROKERS {
            act(self.brokers.broker(index));
        }
    }

    pub(super) fn each_peer(&self, act: impl Fn(&Proxy)) {
        self.workers.iter().for_each(|member| act(&member.proxy));
    }

    /// Does something to a worker that others take over from.
    pub(super) fn take(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut Worker) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.workers[index].present = false;
        act(&mut self.workers[index].worker)
    }

    /// Does something to a worker that is expected to run tasks after it.
    pub(super) fn give_back(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut Worker) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        act(&mut self.workers[index].worker)?;
        self.workers[index].present = true;
        Ok(())
    }

    /// Cuts the network between two workers: what they send to each other is not heard.
    pub(super) fn part(&self, first: usize, second: usize) {
        let [first, second] = [first, second].map(|index| &self.workers[index]);
        first.proxy.black_hole_of(second.worker.pid());
        second.proxy.black_hole_of(first.worker.pid());
    }

    /// Changes some connectors through a worker, which may have to ask the leader: whether that is done now is not known
    /// while workers cannot reach each other.
    pub(super) fn change_connectors(&mut self, worker: usize) {
        let connectors = self.lines.connectors();
        for _ in 0..CHANGED.min(connectors.len()) {
            self.changes += 1;
            let (name, mut config) = connectors[self.changes % connectors.len()].clone();
            let change = self.changes.to_string();
            config[CHANGE] = json!(change);
            let path = format!("/connectors/{name}/config");
            match self.workers[worker].worker.rest().put(&path, &config).and_then(|answer| answer.ok()) {
                Ok(_) => drop(self.changed.insert(name, change)),
                Err(error) => {
                    self.changed.remove(&name);
                    eprintln!("a change of `{name}` was not answered: {error:#}");
                }
            }
        }
    }

    /// Waits until what was changed has come to the tasks.
    pub(super) fn wait_until_changed(&mut self) -> anyhow::Result<()> {
        for (name, change) in std::mem::take(&mut self.changed) {
            let path = format!("/connectors/{name}/tasks");
            let changed = wait::until("tasks of a connector that was changed", self.patience, LOOK, || {
                let Ok(tasks) = self.workers[0].worker.rest().get(&path).and_then(|answer| answer.ok())
                else {
                    return Ok(None);
                };
                let tasks = tasks.as_array().context("tasks are a list")?;
                let done = tasks.iter().all(|task| task["config"][CHANGE] == *change);
                Ok((done && !tasks.is_empty()).then_some(()))
            });
            changed.with_context(|| format!("change {change} of `{name}`"))?;
        }
        Ok(())
    }

    /// Waits until every connector and task runs on a worker that is there, and lines of now have arrived.
    pub(super) fn wait_until_all_run(&mut self) -> anyhow::Result<Duration> {
        self.wait_until_all_run_since(Instant::now())
    }

    /// The same; answers the time since an instant.
    pub(super) fn wait_until_all_run_since(&mut self, begun: Instant) -> anyhow::Result<Duration> {
        let present: Vec<&Member> = self.workers.iter().filter(|member| member.present).collect();
        let workers: BTreeSet<String> = present.iter().map(|member| id(member)).collect();
        let mut missing = String::new();
        let ran = wait::until("a run of all tasks", self.patience, LOOK, || {
            // One that was cut off shows what was so before.
            let asked = present.iter().map(|member| self.not_running(member.worker.rest(), &workers));
            missing = asked.filter(|missing| !missing.is_empty()).collect::<Vec<_>>().join("; ");
            Ok(missing.is_empty().then_some(()))
        });
        ran.with_context(|| format!("not running: {missing}"))?;
        let took = begun.elapsed();
        self.lines.wait_until_arrived(self.patience)?;
        Ok(took)
    }

    /// What does not run, as a worker shows it.
    fn not_running(&self, rest: &Rest, workers: &BTreeSet<String>) -> String {
        match rest.get("/connectors?expand=status").and_then(|answer| answer.ok()) {
            Ok(statuses) => self.lines.not_running(&statuses, workers),
            Err(error) => format!("{error:#}"),
        }
    }

    /// Ends the lines and looks at what has become of all of them.
    pub(super) fn finish(&mut self) -> anyhow::Result<Verdict> {
        self.lines.stop();
        self.lines.wait_until_arrived(self.patience)?;
        let written = self.lines.written.load(Ordering::Acquire);
        witness::judge(self.brokers.broker(0), &self.lines.names, written, |name| {
            self.lines.read(name, "out")
        })
    }

    pub(super) fn keep_logs(&mut self, directory: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(directory).with_context(|| format!("cannot make `{}`", directory.display()))?;
        for (index, member) in self.workers.iter_mut().enumerate() {
            let log = member.worker.process().log().to_owned();
            keep(&log, directory, &format!("worker-{index}.log"))?;
        }
        Ok(())
    }
}

fn id(member: &Member) -> String {
    member.proxy.address()
}

/// The first worker reaches the brokers through their proxies only.
fn member(plan: &Plan, brokers: &mut Cluster, index: usize) -> anyhow::Result<Member> {
    let bootstrap = if index == 0 { brokers.proxied_bootstrap() } else { brokers.bootstrap() };
    let port = ports::free();
    let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let mut worker = Worker::ferroduct_distributed(&plan.binary, &bootstrap)
        .property("listeners", &format!("http://127.0.0.1:{port}"))
        .property("rest.advertised.host.name", "127.0.0.1")
        .property("rest.advertised.port", &proxy.port().to_string())
        .property("group.id", "chaos")
        .property("offset.flush.interval.ms", "1000")
        .property("config.providers", "file")
        .property("config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider")
        // A sink that was killed is missed by the group of its connector only after this.
        .property("consumer.session.timeout.ms", "10000");
    for (topic, partitions) in [("config", None), ("offset", Some("5")), ("status", Some("5"))] {
        worker = worker
            .property(&format!("{topic}.storage.topic"), &format!("chaos-{topic}s"))
            .property(&format!("{topic}.storage.replication.factor"), "3");
        if let Some(partitions) = partitions {
            worker = worker.property(&format!("{topic}.storage.partitions"), partitions);
        }
    }
    let worker = worker.start().with_context(|| format!("cannot start worker {index}"))?;
    Ok(Member { worker, proxy, present: true })
}

/// Files that lines travel between.
struct Lines {
    directory: Arc<Directory>,
    names: Vec<String>,
    /// How many lines each file has.
    written: Arc<AtomicUsize>,
    end: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
}

impl Lines {
    fn start(pairs: usize) -> anyhow::Result<Self> {
        let directory = Arc::new(Directory::new("chaos")?);
        let names: Vec<String> = (0..pairs).map(|index| format!("chaos-line-{index}")).collect();
        let (written, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let mut lines = Self { directory, names, written, end, writer: None };
        let files: Vec<PathBuf> = lines.names.iter().map(|name| lines.path(name, "in")).collect();
        let (written, end) = (lines.written.clone(), lines.end.clone());
        let opened = files.iter().map(|file| OpenOptions::new().create(true).append(true).open(file));
        let mut files = opened.collect::<std::io::Result<Vec<_>>>().context("cannot make the files")?;
        let names = lines.names.clone();
        lines.writer = Some(thread::spawn(move || {
            while !end.load(Ordering::Acquire) {
                let number = written.load(Ordering::Acquire);
                for (file, name) in files.iter_mut().zip(&names) {
                    file.write_all(format!("{name} {number}\n").as_bytes()).expect("a line is written");
                }
                written.store(number + 1, Ordering::Release);
                thread::sleep(LINE_INTERVAL);
            }
        }));
        Ok(lines)
    }

    fn path(&self, name: &str, end: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.{end}"))
    }

    fn read(&self, name: &str, end: &str) -> String {
        // A file that nothing was written to is not there.
        fs::read_to_string(self.path(name, end)).unwrap_or_default()
    }

    fn connectors(&self) -> Vec<(String, Value)> {
        let both = self.names.iter().flat_map(|name| {
            let source = json!({
                "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
                "tasks.max": "1", "file": self.path(name, "in"), "topic": name,
                "transforms": "witness",
                "transforms.witness.type": "org.apache.kafka.connect.transforms.InsertHeader",
                "transforms.witness.header": "process",
                // Each process has its own.
                "transforms.witness.value.literal": "${file:/proc/self/status:Pid}",
            });
            let sink = json!({
                "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
                "tasks.max": "1", "file": self.path(name, "out"), "topics": name,
            });
            [(format!("{name}-source"), source), (format!("{name}-sink"), sink)]
        });
        both.collect()
    }

    /// Names what does not run on one of these workers, or the worker that nothing runs on; empty when all is as it
    /// should be.
    fn not_running(&self, statuses: &Value, workers: &BTreeSet<String>) -> String {
        let runs = |part: &Value| {
            part["state"] == "RUNNING" && part["worker_id"].as_str().is_some_and(|id| workers.contains(id))
        };
        let describe = |part: &Value| format!("{} on {}", part["state"], part["worker_id"]);
        let mut idle = workers.clone();
        let missing = self.connectors().into_iter().filter_map(|(name, _)| {
            let status = &statuses[&name]["status"];
            let task = &status["tasks"][0];
            let all = runs(&status["connector"]) && runs(task);
            idle.remove(task["worker_id"].as_str().unwrap_or_default());
            (!all).then(|| format!("{name} ({}; task {})", describe(&status["connector"]), describe(task)))
        });
        let mut missing: Vec<String> = missing.collect();
        missing.truncate(5);
        missing.extend(idle.iter().map(|worker| format!("nothing on {worker}")));
        missing.join(", ")
    }

    /// Waits until each sink has written a line that was appended just now.
    fn wait_until_arrived(&self, patience: Duration) -> anyhow::Result<()> {
        let number = self.written.load(Ordering::Acquire).saturating_sub(1);
        for name in &self.names {
            let line = format!("{name} {number}");
            let arrived = wait::until("the arrival of a line", patience, LOOK, || {
                Ok(self.read(name, "out").lines().rev().any(|other| other == line).then_some(()))
            });
            arrived.with_context(|| format!("line `{line}`"))?;
        }
        Ok(())
    }

    fn stop(&mut self) {
        self.end.store(true, Ordering::Release);
        if let Some(writer) = self.writer.take() {
            writer.join().expect("the writer of lines ends");
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.stop();
    }
}
