//! The programs that tests need beside cargo.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use anyhow::Context;

/// A program and the package of Debian that brings it.
const NEEDED: [(&str, &str); 3] =
    [("java", "openjdk-17-jdk-headless"), ("javac", "openjdk-17-jdk-headless"), ("mvn", "maven")];

/// Installs what is missing when run by root; fails with the command to run otherwise.
pub(crate) fn missing() -> anyhow::Result<()> {
    let mut packages: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !runs(program)).map(|(_, package)| *package).collect();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get update && apt-get install -y {}", packages.join(" "));
    anyhow::ensure!(root(), "the tests need more programs, hint: {command}");
    eprintln!("installing: {command}");
    let status = Command::new("sh")
        .args(["-c", &command])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .context("cannot run `sh`")?;
    anyhow::ensure!(status.success(), "`{command}` ended with {status}");
    Ok(())
}

fn runs(program: &str) -> bool {
    let status = Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
