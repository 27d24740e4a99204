//! `cargo xtask test`: brings what tests need, starts one broker and one database of each kind for all of them, runs
//! them.

use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, iter};

use anyhow::Context;
use testkit::database::{MARIADB, POSTGRES};
use testkit::jars::Jars;
use testkit::kafka::BOOTSTRAP;
use testkit::{Kafka, MariaDb, Postgres};

use crate::install;

mod watch;

/// The variable that makes generated cases the same in every run; another value than ours makes others.
const SEED: &str = "PROPTEST_RNG_SEED";
/// How long no test may end before all are taken to hang. The compiler's work counts, too: it prints elsewhere.
const SILENCE_MAX: Duration = Duration::from_secs(25 * 60);

/// What all test binaries together reported.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    binaries: u64,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    ignored: u64,
}

/// Runs the tests and returns the exit code of `cargo test`.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    install::missing()?;
    Jars::fetch()?;
    build()?;
    let (mut kafka, mut postgres, mut mariadb) = (Kafka::start()?, Postgres::start()?, MariaDb::start()?);
    let services = [
        (BOOTSTRAP, kafka.bootstrap().to_owned()),
        (POSTGRES, postgres.address()),
        (MARIADB, mariadb.address()),
    ];
    let outcome = cargo_test(&services, arguments);
    kafka.stop()?;
    postgres.stop()?;
    mariadb.stop()?;
    let (status, summary) = outcome?;
    println!(
        "\n{} passed, {} failed, {} ignored in {} test binaries, {} s with everything",
        summary.passed,
        summary.failed,
        summary.ignored,
        summary.binaries,
        started.elapsed().as_secs()
    );
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the binary that tests outside its own package start.
pub(crate) fn build() -> anyhow::Result<()> {
    let status = cargo().args(["build", "--package", "ferroduct"]).status().context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "cannot build `ferroduct`");
    Ok(())
}

/// Runs `cargo test` with the services in its environment, shows what it prints on standard output, and counts the
/// results in it.
pub(crate) fn cargo_test(
    services: &[(&str, String)],
    arguments: &[String],
) -> anyhow::Result<(ExitStatus, Summary)> {
    let mut process = cargo()
        .args(["test", "--no-fail-fast"])
        .args(scope(arguments))
        .args(arguments)
        .envs(services.iter().map(|(name, value)| (name, value)))
        .env(SEED, env::var_os(SEED).unwrap_or_else(|| "1".into()))
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = process.stdout.take().expect("standard output is piped");
    let mut summary = Summary::default();
    watch::lines(&mut process, output, SILENCE_MAX, |line| {
        println!("{line}");
        summary.add(line);
    })
    .context("the tests hang")?;
    Ok((process.wait().context("cannot wait for cargo")?, summary))
}

/// Returns what selects the packages: the whole workspace, unless the arguments name some.
fn scope(arguments: &[String]) -> &'static [&'static str] {
    let named = |argument: &String| argument.starts_with("-p") || argument.starts_with("--package");
    let own = arguments.iter().take_while(|argument| *argument != "--");
    if own.into_iter().any(named) { &[] } else { &["--workspace"] }
}

impl Summary {
    /// Adds a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`; other lines count nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        self.binaries += 1;
        let words: Vec<&str> = result.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        for (number, name) in iter::zip(&words, words.iter().skip(1)) {
            let Ok(number) = number.parse::<u64>() else { continue };
            match *name {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Returns the cargo that runs this, or the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

#[cfg(test)]
mod tests;
