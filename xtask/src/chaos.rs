//! `cargo xtask chaos`: faults at random against a cluster, for as long as wanted.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use testkit::chaos::{End, Plan, Report, Round, run as run_plan};

use crate::install;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For how long faults come
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Decides which faults come, in which order; the time of day if it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// How many pairs of a source and a sink
    #[arg(long, default_value_t = 30)]
    pairs: usize,
    /// How many seconds everything may take to run again after a fault
    #[arg(long, default_value_t = 300)]
    patience: u64,
    /// The binary of the workers, built in release form if it is not given
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Where the logs of workers are kept
    #[arg(long, default_value = "target/chaos")]
    logs: PathBuf,
}

/// Runs faults and tells what came of them.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    install::missing()?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => build()?,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let plan = Plan {
        binary: binary.canonicalize().with_context(|| format!("cannot find `{}`", binary.display()))?,
        logs: options.logs.clone(),
        seed: options.seed.unwrap_or(now.as_secs()),
        pairs: options.pairs,
        end: End::After(Duration::from_secs(options.minutes * 60)),
        patience: Duration::from_secs(options.patience),
    };
    let report = run_plan(&plan, &mut |line| println!("{line}"))?;
    print(&report);
    Ok(if report.verdict.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build() -> anyhow::Result<PathBuf> {
    let built =
        Command::new(env!("CARGO")).args(["build", "--release", "--package", "ferroduct"]).status()?;
    anyhow::ensure!(built.success(), "cannot build `ferroduct`");
    Ok(testkit::directory::target().join("release/ferroduct"))
}

fn print(report: &Report) {
    println!("\n| fault | times | until all ran, median / longest | after its end, median / longest |");
    println!("|---|---|---|---|");
    let mut names: Vec<&str> = report.rounds.iter().map(|round| &*round.fault).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let rounds: Vec<&Round> = report.rounds.iter().filter(|round| round.fault == name).collect();
        let recovered = spread(rounds.iter().map(|round| round.recovered));
        let healed = spread(rounds.iter().map(|round| round.healed));
        println!("| {name} | {} | {recovered} | {healed} |", rounds.len());
    }
    println!("\n{}", report.verdict);
}

fn spread(times: impl Iterator<Item = Duration>) -> String {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let longest = times.last().copied().unwrap_or_default();
    format!("{:.1} / {:.1} s", median.as_secs_f64(), longest.as_secs_f64())
}
