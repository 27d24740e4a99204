//! The programs that tests need beside cargo.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::Context;

/// A program and the package of Debian that brings it.
const NEEDED: [(&str, &str); 6] = [
    ("java", "openjdk-17-jdk-headless"),
    ("javac", "openjdk-17-jdk-headless"),
    ("mvn", "maven"),
    ("psql", "postgresql"),
    ("mariadbd", "mariadb-server-core"),
    ("mariadb", "mariadb-client-core"),
];

/// Where a server's package puts what is not for every user's path.
const SERVER_PROGRAMS: &str = "/usr/sbin";

/// Keeps packages from starting their servers, which would take a port and memory: tests start their own.
const NO_SERVICES: &str = "policy=/usr/sbin/policy-rc.d; [ -e $policy ] || { printf '#!/bin/sh\\nexit 101\\n' > $policy; \
    chmod 755 $policy; trap 'rm $policy' EXIT; }";

/// Installs what is missing when run by root; fails with the command to run otherwise.
pub(crate) fn missing() -> anyhow::Result<()> {
    let mut packages: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !installed(program)).map(|(_, package)| *package).collect();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get update && apt-get install -y {}", packages.join(" "));
    anyhow::ensure!(root(), "the tests need more programs, hint: {command}");
    eprintln!("installing: {command}");
    let status = Command::new("sh")
        .args(["-c", &format!("{NO_SERVICES}; {command}")])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .context("cannot run `sh`")?;
    anyhow::ensure!(status.success(), "`{command}` ended with {status}");
    Ok(())
}

fn installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).chain([PathBuf::from(SERVER_PROGRAMS)]);
    places.any(|place| place.join(program).is_file())
}

fn root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
