//! What the figures were taken on.

use std::fs;
use std::process::Command;
use std::thread;

use anyhow::Context;
use testkit::jars::KAFKA_VERSION;

/// Describes the machine and the versions of both sides in one line. The version of a binary that was given is not
/// known.
pub(crate) fn describe(given: bool) -> anyhow::Result<String> {
    let cores = thread::available_parallelism().context("cannot count the cores")?;
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown CPU".to_owned());
    let kibibytes = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok());
    let gibibytes = kibibytes.map_or(0.0, |count: f64| count / 1024.0 / 1024.0);
    let kernel =
        fs::read_to_string("/proc/sys/kernel/osrelease").context("cannot read the kernel's version")?;
    Ok(format!(
        "{cores} cores of {model}, {gibibytes:.0} GiB, Linux {}; Apache Kafka {KAFKA_VERSION} on {}; Ferroduct {}",
        kernel.trim(),
        java()?,
        if given { "of a binary that was given".to_owned() } else { commit()? }
    ))
}

/// Returns the first value of `name` in a file of `name : value` lines.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Returns the first line of `java -version`, which goes to standard error.
fn java() -> anyhow::Result<String> {
    let output = Command::new("java").arg("-version").output().context("cannot run `java`")?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(text.lines().next().unwrap_or_default().replace('"', ""))
}

/// Returns the abbreviated commit, marked when files differ from it.
fn commit() -> anyhow::Result<String> {
    let arguments = ["describe", "--always", "--dirty", "--abbrev=10", "--match", "v*"];
    let output = Command::new("git").args(arguments).output().context("cannot run `git`")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
