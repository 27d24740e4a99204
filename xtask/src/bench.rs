//! `cargo xtask bench`: the same jobs by Apache Kafka Connect and by Ferroduct, counted at the destination.
//!
//! Both run against one broker on this machine, one after the other in turns, each run with a fresh worker.

mod figures;
mod job;
mod machine;
mod report;
mod stage;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use testkit::worker::Builder;
use testkit::{Worker, directory};

use self::figures::Figures;
use self::stage::Stage;
use crate::{install, test};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How many lines of 100 bytes every job moves
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    lines: u64,
    /// How often every job is run by each side; the table shows the median
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Runs only this job; may be given several times
    #[arg(long, value_enum)]
    only: Vec<Job>,
    /// Runs only this side
    #[arg(long, value_enum)]
    side: Option<Side>,
    /// Runs this binary of Ferroduct instead of building one
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The JDBC connector of Aiven and its drivers, a directory of jars, for the side of Java: Maven's repository has none
    #[arg(long)]
    jdbc_plugin: Option<PathBuf>,
    /// Writes the table into docs/benchmarks.md
    #[arg(long, conflicts_with_all = ["binary", "only", "side"])]
    write: bool,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Job {
    /// A file to a topic with StringConverter
    SourceString,
    /// A file to a topic with JsonConverter and schemas
    SourceJson,
    /// A topic to a file with StringConverter
    SinkString,
    /// A topic to a file with JsonConverter and schemas
    SinkJson,
    /// A topic of JSON without schemas, 1 % of it bad, through five transforms to a file and a dead letter queue
    SinkTransforms,
    /// At most a million rows of PostgreSQL to a topic with JsonConverter and schemas; by Java only with `--jdbc-plugin`
    JdbcSourcePostgres,
    /// The same without schemas
    JdbcSourcePostgresSchemaless,
    /// The rows of MariaDB to a topic with JsonConverter and schemas
    JdbcSourceMariaDb,
    /// The same without schemas
    JdbcSourceMariaDbSchemaless,
    /// From the commit of a row of PostgreSQL to its record, 100 rows a second, `poll.interval.ms` 100
    JdbcLatencyPostgres,
    /// The same of MariaDB
    JdbcLatencyMariaDb,
    /// The topic of those rows to a table of PostgreSQL without a key; by Java only with `--jdbc-plugin`
    JdbcSinkPostgres,
    /// The same by upsert
    JdbcSinkPostgresUpsert,
    /// The same to a table of MariaDB without a key
    JdbcSinkMariaDb,
    /// From the start to the first answer of REST, and the memory of an idle worker
    Start,
    /// 200 file sources with nothing to read
    Many,
    /// Two workers of a cluster: from the creation of a connector until its task runs
    DistributedCreate,
    /// Three workers of a cluster: a thousand connectors are created, listed, changed and deleted
    DistributedThousand,
    /// A worker of a cluster with a thousand file sources that have nothing to read
    DistributedMany,
    /// kill -9 of a worker of two and of three with ten file sources and ten sinks, until all run; only if named
    TakeoverKill,
    /// The same with `session.timeout.ms` 6000 and `heartbeat.interval.ms` 2000
    TakeoverKillShort,
    /// The same with SIGTERM and defaults
    TakeoverStop,
}

/// Whose worker does it.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Side {
    /// Apache Kafka Connect
    Java,
    /// Ferroduct
    Ferroduct,
}

impl Side {
    const ALL: [Self; 2] = [Self::Java, Self::Ferroduct];

    /// Returns a standalone worker of this side that is to be started.
    fn worker(self, stage: &Stage) -> Builder {
        let bootstrap = stage.kafka.bootstrap();
        match self {
            Self::Java => Worker::java_standalone(bootstrap).as_shipped(),
            Self::Ferroduct => Worker::ferroduct_standalone(&stage.binary, bootstrap),
        }
    }

    /// The same with a JDBC connector.
    fn jdbc_worker(self, stage: &Stage) -> Builder {
        match &stage.jdbc_plugin {
            // A directory of jars is a plugin of the directory that holds it.
            Some(plugin) if self == Self::Java => {
                let path = plugin.parent().unwrap_or(plugin);
                self.worker(stage).property("plugin.path", &path.display().to_string())
            }
            _ => self.worker(stage),
        }
    }
}

/// Runs the jobs and prints the table; progress goes to standard error.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    install::missing()?;
    let sides: Vec<Side> = options.side.map_or_else(|| Side::ALL.to_vec(), |side| vec![side]);
    let binary = match &options.binary {
        Some(binary) => absolute(binary)?,
        None => build()?,
    };
    let usual = || Job::value_variants().iter().copied().filter(|job| job.usual()).collect();
    let jobs: Vec<Job> = if options.only.is_empty() { usual() } else { options.only.clone() };
    let mut stage = Stage::new(options.lines, binary)?;
    stage.jdbc_plugin = options.jdbc_plugin.as_ref().map(|plugin| absolute(plugin)).transpose()?;
    let mut results = Vec::new();
    for job in jobs {
        results.push((job, run_job(job, &sides, options.runs, &mut stage)?));
    }
    let report = report::markdown(
        &machine::describe(options.binary.is_some())?,
        options.lines,
        options.runs,
        &results,
    );
    println!("{report}");
    if options.write {
        report::write(&report)?;
    }
    Ok(())
}

/// Runs one job by every side in turns and returns the median of each.
fn run_job(job: Job, sides: &[Side], runs: u64, stage: &mut Stage) -> anyhow::Result<Vec<(Side, Figures)>> {
    let java = !job.needs_jdbc() || stage.jdbc_plugin.is_some();
    let sides = sides.iter().filter(|side| **side == Side::Ferroduct || java);
    let mut measured: Vec<(Side, Vec<Figures>)> = sides.map(|side| (*side, Vec::new())).collect();
    for run in 1..=runs {
        for (side, figures) in &mut measured {
            let figure = job::run(job, *side, stage)
                .with_context(|| format!("cannot run `{}` by {side:?}", job.name()))?;
            eprintln!("{} {side:?} {run}/{runs}: {figure:?}", job.name());
            figures.push(figure);
        }
    }
    Ok(measured.into_iter().map(|(side, figures)| (side, Figures::median(figures))).collect())
}

impl Job {
    /// Whether Java needs a connector that does not come with it.
    fn needs_jdbc(self) -> bool {
        self.name().starts_with("jdbc")
    }

    /// Whether it is run without being named: Java's workers take ten minutes for a run of the others.
    fn usual(self) -> bool {
        !self.name().starts_with("takeover")
    }

    /// Returns its name on the command line.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize().with_context(|| format!("cannot find `{}`", path.display()))
}

/// Builds Ferroduct for release and returns its binary.
fn build() -> anyhow::Result<PathBuf> {
    let arguments = ["build", "--release", "--package", "ferroduct"];
    let status = test::cargo().args(arguments).status().context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "cannot build `ferroduct`");
    Ok(directory::target().join("release/ferroduct"))
}
