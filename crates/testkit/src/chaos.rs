//! Faults at random against a cluster of workers, and what has to hold whatever happens.
//!
//! Lines are appended to files all the time; a source and a sink connector for each file carry them through a topic
//! into another file, on three workers and three brokers. After each fault every task runs again and lines arrive.
//! At the end no line is lost, and no task has run twice at the same time: each record says which process wrote it.

mod bench;
mod fault;
mod random;
mod witness;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use self::bench::Bench;
use self::fault::Fault;
use self::random::Random;

pub use self::witness::Verdict;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The `ferroduct` binary.
    pub binary: PathBuf,
    /// Where the logs of workers are kept.
    pub logs: PathBuf,
    /// Decides which faults come, in which order.
    pub seed: u64,
    /// How many pairs of a source and a sink.
    pub pairs: usize,
    /// When there are no more faults.
    pub end: End,
    /// How long everything may take to run again after a fault.
    pub patience: Duration,
}

/// When there are no more faults.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// After so many.
    Faults(usize),
    /// When so much time is over.
    After(Duration),
}

/// A fault and how long it took until everything ran again.
#[derive(Clone, Debug)]
pub struct Round {
    /// What was done.
    pub fault: String,
    /// From the fault until all ran with what was left.
    pub recovered: Duration,
    /// From the end of the fault until all ran again.
    pub healed: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The faults.
    pub rounds: Vec<Round>,
    /// What was lost or done twice.
    pub verdict: Verdict,
}

/// Runs faults against a new cluster; tells of each as it goes.
///
/// # Errors
///
/// When something cannot be started, or does not run again in time after a fault.
pub fn run(plan: &Plan, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Report> {
    let mut bench = Bench::start(plan)?;
    let outcome = rounds(plan, &mut bench, tell).and_then(|rounds| {
        let verdict = bench.finish()?;
        Ok(Report { rounds, verdict })
    });
    bench.keep_logs(&plan.logs)?;
    outcome.with_context(|| format!("seed {}; the logs are in `{}`", plan.seed, plan.logs.display()))
}

fn rounds(plan: &Plan, bench: &mut Bench, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Round>> {
    let (begun, mut random, mut rounds) = (Instant::now(), Random::new(plan.seed), Vec::new());
    let took = bench.wait_until_all_run()?;
    tell(&format!("seed {}: {} tasks run after {took:.1?}", plan.seed, plan.pairs * 2));
    while match plan.end {
        End::Faults(count) => rounds.len() < count,
        End::After(time) => begun.elapsed() < time,
    } {
        let fault = Fault::draw(&mut random);
        let number = rounds.len() + 1;
        tell(&format!("{number}: {fault}"));
        let round = fault.inflict(bench).with_context(|| format!("fault {number}: {fault}"))?;
        tell(&format!("{number}: ran after {:.1?}, and {:.1?} after its end", round.recovered, round.healed));
        rounds.push(round);
    }
    Ok(rounds)
}

/// Copies a worker's log.
fn keep(log: &Path, directory: &Path, name: &str) -> anyhow::Result<()> {
    let to = directory.join(name);
    std::fs::copy(log, &to).map(drop).with_context(|| format!("cannot write `{}`", to.display()))
}
