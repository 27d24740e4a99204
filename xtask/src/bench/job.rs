//! The jobs, each measured on one worker.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use testkit::worker::Builder;
use testkit::{Worker, wait};

mod cluster;
mod jdbc;
mod takeover;

use self::jdbc::System;
use self::takeover::{End, takeover};
use super::figures::Figures;
use super::stage::Stage;
use super::{Job, Side};

const CONNECTOR_COUNT: u32 = 200;

/// How long moving everything may take.
const MOVE_LIMIT: Duration = Duration::from_secs(600);

/// How long a worker is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(10);

/// How long the CPU time of an idle worker is watched.
const WATCH: Duration = Duration::from_secs(30);

/// How values are in the topic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    /// JsonConverter with schemas.
    Json,
    /// StringConverter.
    String,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::String => "string",
        }
    }

    fn set(self, worker: Builder) -> Builder {
        let class = match self {
            Self::Json => "org.apache.kafka.connect.json.JsonConverter",
            Self::String => "org.apache.kafka.connect.storage.StringConverter",
        };
        worker.property("key.converter", class).property("value.converter", class)
    }
}

/// Runs a job once.
pub(crate) fn run(job: Job, side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    match job {
        Job::SourceString => source(Format::String, side, stage),
        Job::SourceJson => source(Format::Json, side, stage),
        Job::SinkString => sink(Format::String, side, stage),
        Job::SinkJson => sink(Format::Json, side, stage),
        Job::SinkTransforms => sink_transforms(side, stage),
        Job::JdbcSourcePostgres => jdbc::source(System::Postgres, true, side, stage),
        Job::JdbcSourcePostgresSchemaless => jdbc::source(System::Postgres, false, side, stage),
        Job::JdbcSourceMariaDb => jdbc::source(System::MariaDb, true, side, stage),
        Job::JdbcSourceMariaDbSchemaless => jdbc::source(System::MariaDb, false, side, stage),
        Job::JdbcLatencyPostgres => jdbc::latency(System::Postgres, side, stage),
        Job::JdbcLatencyMariaDb => jdbc::latency(System::MariaDb, side, stage),
        Job::JdbcSinkPostgres => jdbc::sink(System::Postgres, false, side, stage),
        Job::JdbcSinkPostgresUpsert => jdbc::sink(System::Postgres, true, side, stage),
        Job::JdbcSinkMariaDb => jdbc::sink(System::MariaDb, false, side, stage),
        Job::Start => start(side, stage),
        Job::Many => many(side, stage),
        Job::DistributedCreate => cluster::create(side, stage),
        Job::DistributedThousand => cluster::thousand(side, stage),
        Job::DistributedMany => cluster::many(side, stage),
        Job::TakeoverKill => takeover(End::Kill, side, stage),
        Job::TakeoverKillShort => takeover(End::KillInShortSession, side, stage),
        Job::TakeoverStop => takeover(End::Stop, side, stage),
    }
}

fn source(format: Format, side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let topic = stage.new_topic("source")?;
    let input = stage.input()?;
    let figures = source_into(&topic, &input, format, side, stage)?;
    stage.probe.delete_topic(&topic)?;
    Ok(figures)
}

/// Moves the lines of a file into `topic`, until the end of its one partition says that all are there.
pub(crate) fn source_into(
    topic: &str,
    input: &Path,
    format: Format,
    side: Side,
    stage: &mut Stage,
) -> anyhow::Result<Figures> {
    let mut worker = format.set(side.worker(stage)).start()?;
    let config = json!({"connector.class": "FileStreamSource", "file": input, "topic": topic});
    let lines = stage.lines;
    let probe = &mut stage.probe;
    let figures = measure_move(&mut worker, lines, &config, Duration::from_millis(20), || {
        Ok(probe.records(topic)? >= lines)
    })?;
    worker.stop()?;
    let records = stage.probe.records(topic)?;
    anyhow::ensure!(records == lines, "the topic has {records} records instead of {lines}");
    Ok(figures)
}

/// Moves a topic into a file, until the file has the size of what was written into the topic.
fn sink(format: Format, side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let topic = stage.filled_topic(format)?;
    let mut worker = format.set(side.worker(stage)).start()?;
    let output = worker.directory().join("lines.txt");
    let config = json!({"connector.class": "FileStreamSink", "file": output, "topics": topic});
    let bytes = stage.input_bytes();
    let figures = measure_move(&mut worker, stage.lines, &config, Duration::from_millis(5), || {
        Ok(fs::metadata(&output).is_ok_and(|file| file.len() >= bytes))
    })?;
    worker.stop()?;
    same_content(&stage.input()?, &output)?;
    Ok(figures)
}

/// The transforms of [`Job::SinkTransforms`]: what is left of a record is the text of one field.
const TRANSFORMS: [(&str, &str); 12] = [
    ("transforms", "drop,cast,add,route,text"),
    ("transforms.drop.type", "org.apache.kafka.connect.transforms.ReplaceField$Value"),
    ("transforms.drop.exclude", "state"),
    ("transforms.cast.type", "org.apache.kafka.connect.transforms.Cast$Value"),
    ("transforms.cast.spec", "id:string,amount:float64"),
    ("transforms.add.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
    ("transforms.add.offset.field", "offset"),
    ("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"),
    ("transforms.route.regex", "(.*)"),
    ("transforms.route.replacement", "to-$1"),
    ("transforms.text.type", "org.apache.kafka.connect.transforms.ExtractField$Value"),
    ("transforms.text.field", "text"),
];

/// Moves a topic with bad records through transforms into a file and a dead letter queue.
fn sink_transforms(side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let mixed = stage.mixed()?;
    let dead_letters = stage.new_topic("dead-letters")?;
    let mut worker = Format::String.set(side.worker(stage)).start()?;
    let output = worker.directory().join("lines.txt");
    let mut config = json!({
        "connector.class": "FileStreamSink",
        "file": output,
        "topics": mixed.topic,
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": dead_letters,
        "errors.deadletterqueue.context.headers.enable": "true",
    });
    TRANSFORMS.iter().for_each(|(key, value)| config[*key] = json!(value));
    let bytes = fs::metadata(&mixed.expected)?.len();
    let figures = measure_move(&mut worker, stage.lines, &config, Duration::from_millis(5), || {
        Ok(fs::metadata(&output).is_ok_and(|file| file.len() >= bytes))
    })?;
    worker.stop()?;
    same_content(&mixed.expected, &output)?;
    let records = stage.probe.records(&dead_letters)?;
    anyhow::ensure!(records == mixed.bad, "there are {records} dead letters instead of {}", mixed.bad);
    stage.probe.delete_topic(&dead_letters)?;
    Ok(figures)
}

/// Creates the connector and waits until `finished`, asked every `pause`.
fn measure_move(
    worker: &mut Worker,
    lines: u64,
    config: &serde_json::Value,
    pause: Duration,
    mut finished: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Figures> {
    // The group of a sink is named after it, and every run is to read from the start.
    let name = format!("bench-{}", worker.pid());
    let cpu_before = worker.usage()?.cpu;
    let started = Instant::now();
    worker.rest().post("/connectors", &json!({"name": name, "config": config}))?.ok()?;
    let mut looked = started;
    let moved = wait::until("the last record at the destination", MOVE_LIMIT, pause, || {
        if looked.elapsed() > Duration::from_secs(2) {
            ensure_no_failure(worker, &name)?;
            looked = Instant::now();
        }
        Ok(finished()?.then(|| started.elapsed()))
    });
    let elapsed =
        moved.with_context(|| format!("the worker's log ends:\n{}", worker.process().log_tail()))?;
    let usage = worker.usage()?;
    let cpu = usage.cpu.saturating_sub(cpu_before).as_secs_f64();
    Ok(Figures::Move {
        rate: lines as f64 / elapsed.as_secs_f64(),
        cpu_per_million: cpu / (lines as f64 / 1e6),
        peak_bytes: usage.resident_bytes_max as f64,
    })
}

/// Fails when the worker has ended or a task has failed.
fn ensure_no_failure(worker: &mut Worker, connector: &str) -> anyhow::Result<()> {
    worker.process().ensure_running()?;
    let status = worker.rest().get(&format!("/connectors/{connector}/status"))?;
    anyhow::ensure!(!status.text.contains("FAILED"), "the connector failed: {}", status.text);
    Ok(())
}

fn same_content(expected: &Path, found: &Path) -> anyhow::Result<()> {
    let open = |path: &Path| -> anyhow::Result<_> {
        let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
        Ok(BufReader::with_capacity(1 << 20, file))
    };
    let (mut expected, mut found) = (open(expected)?, open(found)?);
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let length = read_full(&mut expected, &mut left)?;
        let other = read_full(&mut found, &mut right)?;
        anyhow::ensure!(left[..length] == right[..other], "the sink's file differs from the source's");
        if length == 0 {
            return Ok(());
        }
    }
}

fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> anyhow::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Measures from the start of the process to its first answer, and its memory when it has settled.
fn start(side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let builder = side.worker(stage);
    let started = Instant::now();
    let mut worker = builder.start()?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = worker.usage()?.cpu.as_secs_f64();
    thread::sleep(SETTLE);
    let idle_bytes = worker.usage()?.resident_bytes as f64;
    worker.stop()?;
    Ok(Figures::Start { seconds, cpu, idle_bytes })
}

/// Measures a worker with many file sources that have nothing to read.
fn many(side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let topic = stage.new_topic("many")?;
    let mut worker = side.worker(stage).start()?;
    let started = Instant::now();
    for number in 0..CONNECTOR_COUNT {
        let file = worker.directory().join(format!("empty-{number}.txt"));
        fs::write(&file, "").with_context(|| format!("cannot write `{}`", file.display()))?;
        let config = json!({"connector.class": "FileStreamSource", "file": file, "topic": topic});
        worker
            .rest()
            .post("/connectors", &json!({"name": format!("many-{number}"), "config": config}))?
            .ok()?;
    }
    let create_ms = started.elapsed().as_secs_f64() * 1e3 / f64::from(CONNECTOR_COUNT);
    wait_until_all_run(&worker)?;
    thread::sleep(SETTLE);
    let before = worker.usage()?;
    thread::sleep(WATCH);
    let usage = worker.usage()?;
    worker.stop()?;
    stage.probe.delete_topic(&topic)?;
    Ok(Figures::Many {
        create_ms,
        bytes: usage.resident_bytes as f64,
        threads: usage.thread_count as f64,
        cpu_percent: usage.cpu.saturating_sub(before.cpu).as_secs_f64() / WATCH.as_secs_f64() * 100.0,
    })
}

fn wait_until_all_run(worker: &Worker) -> anyhow::Result<()> {
    wait::until("the start of every task", MOVE_LIMIT, Duration::from_millis(200), || {
        let answer = worker.rest().get("/connectors?expand=status")?;
        anyhow::ensure!(!answer.text.contains("FAILED"), "a connector failed: {}", answer.text);
        let connectors = answer.ok()?;
        let connectors = connectors.as_object().context("`/connectors` is no object")?;
        let running =
            connectors.values().filter(|connector| connector["status"]["tasks"][0]["state"] == "RUNNING");
        Ok((running.count() == CONNECTOR_COUNT as usize).then_some(()))
    })
}
