//! The command that starts a worker, once and again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child::Child;
use crate::jars::Jars;
use crate::java;

/// The options of `connect-standalone.sh` and `connect-distributed.sh` in Kafka's distribution.
const SHIPPED: [&str; 8] = [
    "-Xms256M",
    "-Xmx2G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
];

/// How to start a worker; the same after it was killed.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) program: Program,
    pub(super) mode: Mode,
    pub(super) environment: BTreeMap<String, String>,
    /// The worker's properties and the files of its connectors.
    pub(super) files: Vec<PathBuf>,
}

/// Whose worker.
#[derive(Clone, Debug)]
pub(super) enum Program {
    /// With the options of Kafka's scripts, or with those that start fast.
    Java {
        shipped: bool,
    },
    Ferroduct {
        binary: PathBuf,
    },
}

/// How a worker keeps its configuration and offsets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    Distributed,
    Standalone,
}

impl Launch {
    /// Starts the worker in `directory`, where its log is appended to.
    pub(super) fn spawn(&self, directory: &Path) -> anyhow::Result<Child> {
        let mut command = self.program.command(self.mode)?;
        command.args(&self.files).envs(&self.environment).current_dir(directory);
        Child::spawn(command, &directory.join("worker.log"))
    }
}

impl Program {
    /// Returns Kafka's own worker, which starts fast.
    pub(super) fn java() -> Self {
        Self::Java { shipped: false }
    }

    fn command(&self, mode: Mode) -> anyhow::Result<Command> {
        match self {
            Self::Ferroduct { binary } => Ok(ferroduct(binary, mode)),
            Self::Java { shipped } => java(*shipped, mode),
        }
    }
}

fn ferroduct(binary: &Path, mode: Mode) -> Command {
    let mut command = Command::new(binary);
    command.arg(match mode {
        Mode::Distributed => "distributed",
        Mode::Standalone => "standalone",
    });
    command
}

fn java(shipped: bool, mode: Mode) -> anyhow::Result<Command> {
    let options: &[&str] = if shipped { &SHIPPED } else { &java::QUICK };
    let mut command = java::command(&Jars::fetch()?.class_path(), "INFO", options);
    if !shipped {
        command.arg("-Xmx512m");
    }
    command.arg(match mode {
        Mode::Distributed => "org.apache.kafka.connect.cli.ConnectDistributed",
        Mode::Standalone => "org.apache.kafka.connect.cli.ConnectStandalone",
    });
    Ok(command)
}
