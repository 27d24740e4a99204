//! Workers of a cluster: how soon what was created runs, and how they bear a thousand connectors.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use testkit::worker::Builder;
use testkit::{Worker, wait};

use super::{MOVE_LIMIT, SETTLE, WATCH};
use crate::bench::Side;
use crate::bench::figures::{Figures, median};
use crate::bench::stage::Stage;

/// How many connectors are created one after the other.
const CREATED: u32 = 30;
/// How many there are of those that are counted by the thousand.
const THOUSAND: u32 = 1000;
/// How often a status is asked for that is waited for.
const LOOK: Duration = Duration::from_millis(1);
/// The same of the statuses of all.
const LOOK_AT_ALL: Duration = Duration::from_millis(50);

/// A worker of a cluster with topics of its own, to be started.
pub(super) fn worker(side: Side, stage: &Stage, cluster: &str) -> Builder {
    let bootstrap = stage.kafka.bootstrap();
    let worker = match side {
        Side::Java => Worker::java_distributed(bootstrap).as_shipped(),
        Side::Ferroduct => Worker::ferroduct_distributed(&stage.binary, bootstrap),
    };
    worker.of_cluster(cluster)
}

fn workers(side: Side, stage: &mut Stage, count: usize) -> anyhow::Result<Vec<Worker>> {
    let cluster = stage.new_topic_prefix();
    (0..count).map(|_| worker(side, stage, &cluster).start()).collect()
}

/// Two workers: from `POST /connectors` until the answer, and until the task runs.
pub(super) fn create(side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let topic = stage.new_topic("created")?;
    let workers = workers(side, stage, 2)?;
    let input = Empty::new(&workers[0])?;
    // The first ones find a group that has not come to rest.
    for name in ["warm-0", "warm-1"] {
        put(&workers[0], name, &input.source(&topic, 0))?;
    }
    wait_until_run(&workers[0], 2, 0)?;
    thread::sleep(SETTLE);
    let (mut answered, mut ran) = (Vec::new(), Vec::new());
    for number in 0..CREATED {
        let worker = &workers[number as usize % workers.len()];
        let name = format!("created-{number}");
        let path = format!("/connectors/{name}/tasks/0/status");
        let started = Instant::now();
        put(worker, &name, &input.source(&topic, 0))?;
        answered.push(started.elapsed().as_secs_f64() * 1e3);
        let running = wait::until("a task that runs", MOVE_LIMIT, LOOK, || {
            let answer = worker.rest().get(&path)?;
            Ok((answer.status == 200 && answer.json()?["state"] == "RUNNING").then(|| started.elapsed()))
        });
        ran.push(running?.as_secs_f64() * 1e3);
    }
    let slowest_ms = ran.iter().copied().fold(0.0, f64::max);
    stop(workers)?;
    stage.probe.delete_topic(&topic)?;
    Ok(Figures::Create { answer_ms: median(answered), running_ms: median(ran), slowest_ms })
}

/// Three workers: a thousand connectors of one task are created, listed, reconfigured and deleted.
pub(super) fn thousand(side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let topic = stage.new_topic("thousand")?;
    let workers = workers(side, stage, 3)?;
    let input = Empty::new(&workers[0])?;
    let all = |version: u32| -> anyhow::Result<f64> {
        let started = Instant::now();
        for number in 0..THOUSAND {
            let worker = &workers[number as usize % workers.len()];
            put(worker, &format!("thousand-{number}"), &input.source(&topic, version))?;
        }
        wait_until_run(&workers[0], THOUSAND, version)?;
        Ok(started.elapsed().as_secs_f64())
    };
    let create_s = all(0)?;
    let started = Instant::now();
    workers[1].rest().get("/connectors?expand=status&expand=info")?.ok()?;
    let list_ms = started.elapsed().as_secs_f64() * 1e3;
    let change_s = all(1)?;
    let started = Instant::now();
    for number in 0..THOUSAND {
        let worker = &workers[number as usize % workers.len()];
        worker.rest().delete(&format!("/connectors/thousand-{number}"))?.ok()?;
    }
    wait::until("a cluster without connectors", MOVE_LIMIT, LOOK_AT_ALL, || {
        Ok((workers[0].rest().get("/connectors")?.ok()? == json!([])).then_some(()))
    })?;
    let delete_s = started.elapsed().as_secs_f64();
    stop(workers)?;
    stage.probe.delete_topic(&topic)?;
    Ok(Figures::Thousand { create_s, list_ms, change_s, delete_s })
}

/// One worker with a thousand file sources that have nothing to read, and its start with all of them.
pub(super) fn many(side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let topic = stage.new_topic("many-of-a-cluster")?;
    let mut worker = workers(side, stage, 1)?.remove(0);
    let input = Empty::new(&worker)?;
    for number in 0..THOUSAND {
        put(&worker, &format!("many-{number}"), &input.source(&topic, 0))?;
    }
    wait_until_run(&worker, THOUSAND, 0)?;
    thread::sleep(SETTLE);
    let before = worker.usage()?;
    thread::sleep(WATCH);
    let usage = worker.usage()?;
    worker.stop()?;
    let started = Instant::now();
    worker.restart()?;
    // The first answer may come before the topics are read; this one does not.
    wait::until("a list of all connectors", MOVE_LIMIT, LOOK, || {
        let answer = worker.rest().get("/connectors")?;
        Ok((answer.status == 200 && answer.json()?.as_array().map(Vec::len) == Some(THOUSAND as usize))
            .then_some(()))
    })?;
    let start_s = started.elapsed().as_secs_f64();
    worker.stop()?;
    stage.probe.delete_topic(&topic)?;
    Ok(Figures::ManyOfCluster {
        start_s,
        bytes: usage.resident_bytes as f64,
        threads: usage.thread_count as f64,
        cpu_percent: usage.cpu.saturating_sub(before.cpu).as_secs_f64() / WATCH.as_secs_f64() * 100.0,
    })
}

/// A file with nothing in it, which any number of sources may read.
struct Empty(String);

impl Empty {
    fn new(worker: &Worker) -> anyhow::Result<Self> {
        let file = worker.directory().join("empty.txt");
        fs::write(&file, "").with_context(|| format!("cannot write `{}`", file.display()))?;
        Ok(Self(file.display().to_string()))
    }

    /// The configuration of a source whose batches are of some size, by which versions of it are told apart.
    fn source(&self, topic: &str, version: u32) -> Value {
        json!({
            "connector.class": "FileStreamSource", "file": self.0, "topic": topic,
            "batch.size": (1000 + version).to_string(),
        })
    }
}

/// Makes or changes a connector, again while the cluster says that it cannot now, as Java's workers do.
pub(super) fn put(worker: &Worker, name: &str, config: &Value) -> anyhow::Result<()> {
    let path = format!("/connectors/{name}/config");
    wait::until("an answer", MOVE_LIMIT, LOOK, || {
        let answer = worker.rest().put(&path, config)?;
        if answer.status == 409 {
            return Ok(None);
        }
        answer.ok().map(Some)
    })?;
    Ok(())
}

/// Waits until so many tasks run, as they are configured in this version.
fn wait_until_run(worker: &Worker, count: u32, version: u32) -> anyhow::Result<()> {
    let batch = (1000 + version).to_string();
    wait::until("the start of every task", MOVE_LIMIT, LOOK_AT_ALL, || {
        let answer = worker.rest().get("/connectors?expand=status&expand=info")?;
        anyhow::ensure!(!answer.text.contains("FAILED"), "a connector failed: {}", answer.text);
        let connectors = answer.ok()?;
        let connectors = connectors.as_object().context("`/connectors` is no object")?;
        let runs = |connector: &&Value| {
            connector["status"]["tasks"][0]["state"] == "RUNNING"
                && connector["info"]["config"]["batch.size"] == *batch
        };
        Ok((connectors.values().filter(runs).count() == count as usize).then_some(()))
    })
}

fn stop(workers: Vec<Worker>) -> anyhow::Result<()> {
    workers.into_iter().try_for_each(|mut worker| worker.stop().map(drop))
}
