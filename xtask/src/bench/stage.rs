//! What all jobs share: the broker, the file that sources read, the topics that sinks read.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use testkit::Kafka;
use testkit::directory::Directory;
use testkit::kafka::Probe;

use super::Side;
use super::job::{self, Format};

/// The length of a line without its end.
const LINE_BYTES: usize = 100;

/// The options of `kafka-server-start.sh` in Kafka's distribution.
const BROKER_OPTIONS: [&str; 7] = [
    "-Xms1G",
    "-Xmx1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
];

/// A topic with bad records among good ones.
#[derive(Clone, Debug)]
pub(crate) struct Mixed {
    pub(crate) topic: &'static str,
    /// A file with what is to come of the good ones.
    pub(crate) expected: PathBuf,
    /// How many are bad.
    pub(crate) bad: u64,
}

/// The broker and the data of the jobs.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) kafka: Kafka,
    pub(crate) probe: Probe,
    /// The binary of Ferroduct.
    pub(crate) binary: PathBuf,
    pub(crate) lines: u64,
    /// The JDBC connector of Java's side.
    pub(crate) jdbc_plugin: Option<PathBuf>,
    input: Option<PathBuf>,
    mixed: Option<Mixed>,
    filled: BTreeSet<&'static str>,
    topic_count: u64,
    directory: Directory,
}

impl Stage {
    /// Starts the broker.
    pub(crate) fn new(lines: u64, binary: PathBuf) -> anyhow::Result<Self> {
        let kafka = Kafka::builder()
            .jvm_options(&BROKER_OPTIONS)
            .property("log.segment.delete.delay.ms", "1000")
            .start()?;
        let probe = kafka.probe()?;
        let directory = Directory::new("bench")?;
        Ok(Self {
            kafka,
            probe,
            binary,
            lines,
            jdbc_plugin: None,
            input: None,
            mixed: None,
            filled: BTreeSet::new(),
            topic_count: 0,
            directory,
        })
    }

    /// Returns the file with the lines, written at the first call.
    pub(crate) fn input(&mut self) -> anyhow::Result<PathBuf> {
        if let Some(input) = &self.input {
            return Ok(input.clone());
        }
        let path = self.directory.path().join("lines.txt");
        write_lines(&path, self.lines).with_context(|| format!("cannot write `{}`", path.display()))?;
        self.input = Some(path.clone());
        Ok(path)
    }

    /// Returns the size of the file with the lines, and of a correct copy.
    pub(crate) fn input_bytes(&self) -> u64 {
        self.lines * (LINE_BYTES as u64 + 1)
    }

    /// Creates a topic of one partition and returns its name.
    pub(crate) fn new_topic(&mut self, name: &str) -> anyhow::Result<String> {
        self.topic_count += 1;
        let topic = format!("{name}-{}", self.topic_count);
        self.probe.create_topic(&topic, 1, &[("retention.ms", "-1")])?;
        Ok(topic)
    }

    /// Returns what the names of a job's topics begin with.
    pub(crate) fn new_topic_prefix(&mut self) -> String {
        self.topic_count += 1;
        format!("rows-{}-", self.topic_count)
    }

    /// Returns the topic that sinks read. The worker of Apache Kafka fills it, in batches of its usual size.
    pub(crate) fn filled_topic(&mut self, format: Format) -> anyhow::Result<&'static str> {
        let topic = format.name();
        if self.filled.insert(topic) {
            eprintln!("filling `{topic}`");
            self.probe.create_topic(topic, 1, &[("retention.ms", "-1")])?;
            let input = self.input()?;
            job::source_into(topic, &input, format, Side::Java, self)?;
        }
        Ok(topic)
    }

    /// Returns the topic with bad records, filled at the first call as [`Stage::filled_topic`] is.
    pub(crate) fn mixed(&mut self) -> anyhow::Result<Mixed> {
        if let Some(mixed) = &self.mixed {
            return Ok(mixed.clone());
        }
        let path = |name: &str| self.directory.path().join(name);
        let (input, expected, topic) = (path("mixed.txt"), path("expected.txt"), "mixed");
        let bad = write_mixed(&input, &expected, self.lines)
            .with_context(|| format!("cannot write `{}`", input.display()))?;
        eprintln!("filling `{topic}`");
        self.probe.create_topic(topic, 1, &[("retention.ms", "-1")])?;
        job::source_into(topic, &input, Format::String, Side::Java, self)?;
        Ok(self.mixed.insert(Mixed { topic, expected, bad }).clone())
    }
}

/// Writes numbered lines of printable ASCII.
fn write_lines(path: &Path, count: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let filler =
        "the quick brown fox jumps over the lazy dog while the five boxing wizards watch it and say: well";
    for number in 0..count {
        let start = format!("{number:012} ");
        file.write_all(start.as_bytes())?;
        file.write_all(&filler.as_bytes()[..LINE_BYTES - start.len()])?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(())
}

/// Writes JSON of about 100 bytes, one line in a hundred no JSON, and the texts of one field of the good lines.
/// Returns how many lines are bad.
fn write_mixed(input: &Path, expected: &Path, count: u64) -> anyhow::Result<u64> {
    let create = |path| anyhow::Ok(BufWriter::with_capacity(1 << 20, File::create(path)?));
    let (mut input, mut expected, mut bad) = (create(input)?, create(expected)?, 0);
    for number in 0..count {
        if number % 100 == 99 {
            bad += 1;
            writeln!(input, "{{\"id\":{number},\"amount\":\"12.50\",\"state\":\"open\",\"text\":")?;
            continue;
        }
        let text = format!("the quick brown fox jumps {number:012}");
        writeln!(input, "{{\"id\":{number},\"amount\":\"12.50\",\"state\":\"open\",\"text\":\"{text}\"}}")?;
        writeln!(expected, "{text}")?;
    }
    input.flush()?;
    expected.flush()?;
    Ok(bad)
}
