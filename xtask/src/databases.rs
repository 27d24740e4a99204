//! `cargo xtask databases`: the tests of JDBC on other versions of PostgreSQL, MariaDB and MySQL than Debian's.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use testkit::Kafka;
use testkit::database::{MYSQL_HOME, POSTGRES_HOME};
use testkit::jars::Jars;
use testkit::kafka::BOOTSTRAP;

use self::version::{Engine, VERSIONS, Version};
use crate::{install, test};

mod bring;
mod version;

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this version, such as `mysql-8.0`; may be given several times
    #[arg(long)]
    only: Vec<String>,
    /// Names the versions and ends
    #[arg(long)]
    list: bool,
    /// Brings the servers into `target/databases` and says where they are, without running tests
    #[arg(long)]
    bring: bool,
}

/// Runs the tests of JDBC against each version, and prints a table of the results.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if options.list {
        VERSIONS.iter().for_each(|version| println!("{}", version.name));
        return Ok(ExitCode::SUCCESS);
    }
    let versions = wanted(&options.only)?;
    install::missing()?;
    if options.bring {
        for version in versions {
            println!("{}={}", variable(version.engine), bring::home(version)?.display());
        }
        return Ok(ExitCode::SUCCESS);
    }
    Jars::fetch()?;
    test::build()?;
    let mut kafka = Kafka::start()?;
    let mut rows = Vec::new();
    for version in versions {
        rows.push(row(version, kafka.bootstrap()).with_context(|| format!("`{}`", version.name))?);
    }
    kafka.stop()?;
    println!("\n| version | passed | failed |\n|---|---|---|");
    rows.iter().for_each(|row| println!("{}", row.text));
    Ok(if rows.iter().all(|row| row.passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The outcome of a version.
struct Row {
    text: String,
    passed: bool,
}

fn wanted(only: &[String]) -> anyhow::Result<Vec<&'static Version>> {
    if let Some(name) = only.iter().find(|name| VERSIONS.iter().all(|version| version.name != **name)) {
        let known: Vec<&str> = VERSIONS.iter().map(|version| version.name).collect();
        anyhow::bail!("there is no version `{name}`, only {}", known.join(", "));
    }
    let named = |version: &&Version| only.is_empty() || only.iter().any(|name| name == version.name);
    Ok(VERSIONS.iter().filter(named).collect())
}

/// Runs the tests of a version's engine, those of the connectors alone and those of the whole worker.
fn row(version: &Version, bootstrap: &str) -> anyhow::Result<Row> {
    let home = bring::home(version)?;
    println!("\n== {} in {}", version.name, home.display());
    let services =
        [(BOOTSTRAP, bootstrap.to_owned()), (variable(version.engine), home.display().to_string())];
    let (mut passed, mut failed, mut success) = (0, 0, true);
    for (package, target, filters) in [
        ("ferroduct-connectors", &["--lib"][..], version.engine.connector_tests()),
        ("ferroduct", &["--test", "it"], version.engine.worker_tests()),
    ] {
        let own = ["--package", package].into_iter().chain(target.iter().copied()).chain(["--locked", "--"]);
        let arguments: Vec<String> = own.chain(filters.iter().copied()).map(str::to_owned).collect();
        let (status, summary) = test::cargo_test(&services, &arguments)?;
        (passed, failed) = (passed + summary.passed, failed + summary.failed);
        success &= status.success();
    }
    Ok(Row { text: format!("| {} | {passed} | {failed} |", version.name), passed: success && passed > 0 })
}

fn variable(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => POSTGRES_HOME,
        Engine::MySql => MYSQL_HOME,
    }
}
