//! A Connect worker as a process: Apache Kafka's own or Ferroduct, started, asked and stopped the same way.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use std::{env, fs};

use anyhow::Context;

use crate::child::Child;
use crate::directory::{self, Directory};
use crate::process::Usage;
use crate::rest::Rest;
use crate::{properties, wait};

mod builder;
mod launch;

use self::launch::{Launch, Mode, Program};

pub use self::builder::Builder;

const START_LIMIT: Duration = Duration::from_secs(300);

/// Longer than the default of `task.shutdown.graceful.timeout.ms` and of the herder's own stop together.
const STOP_LIMIT: Duration = Duration::from_secs(180);

/// A running worker; it is killed when this is dropped.
#[derive(Debug)]
pub struct Worker {
    process: Child,
    launch: Launch,
    rest: Rest,
    directory: Directory,
}

impl Worker {
    /// Returns a standalone worker of Apache Kafka that is to be started.
    pub fn java_standalone(bootstrap: &str) -> Builder {
        Builder::new(Program::java(), Mode::Standalone, bootstrap)
    }

    /// Returns a distributed worker of Apache Kafka that is to be started. Workers of one cluster are given the
    /// same `group.id` and the same three topics.
    pub fn java_distributed(bootstrap: &str) -> Builder {
        Self::distributed(Program::java(), bootstrap)
    }

    /// Returns a standalone worker of Ferroduct that is to be started; `binary` is
    /// `env!("CARGO_BIN_EXE_ferroduct")` in its own tests and [`ferroduct_binary`] elsewhere.
    pub fn ferroduct_standalone(binary: impl Into<PathBuf>, bootstrap: &str) -> Builder {
        Builder::new(Program::Ferroduct { binary: binary.into() }, Mode::Standalone, bootstrap)
    }

    /// Returns a distributed worker of Ferroduct that is to be started, as [`Worker::ferroduct_standalone`] and
    /// [`Worker::java_distributed`].
    pub fn ferroduct_distributed(binary: impl Into<PathBuf>, bootstrap: &str) -> Builder {
        Self::distributed(Program::Ferroduct { binary: binary.into() }, bootstrap)
    }

    fn distributed(program: Program, bootstrap: &str) -> Builder {
        let builder = Builder::new(program, Mode::Distributed, bootstrap);
        ["config", "offset", "status"].into_iter().fold(builder, |builder, topic| {
            builder.property(&format!("{topic}.storage.replication.factor"), "1")
        })
    }

    /// Returns a client for the worker's REST interface.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Returns the address of the worker's REST interface, without a slash at its end.
    pub fn url(&self) -> &str {
        self.rest.url()
    }

    /// Returns the worker's own directory: it holds its files, and `offsets` unless the properties say otherwise.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Returns the process, to pause it, to wait for its end, or to read its log.
    pub fn process(&mut self) -> &mut Child {
        &mut self.process
    }

    /// Returns what the worker printed so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.process.log()).unwrap_or_default()).into_owned()
    }

    /// Reads the CPU time, memory and threads of the process.
    ///
    /// # Errors
    ///
    /// When the process has ended.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.pid())
    }

    /// Stops the worker in order (SIGTERM), by force when it takes more than three minutes.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.stop(STOP_LIMIT)
    }

    /// Kills the worker (SIGKILL).
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.kill()
    }

    /// Starts the worker again with another value of a property, stopping it first when it runs.
    ///
    /// # Errors
    ///
    /// As [`Worker::restart`], or when its file cannot be written.
    pub fn restart_with(&mut self, key: &str, value: &str) -> anyhow::Result<()> {
        self.stop()?;
        let path = self.launch.files.first().context("a worker has a file")?;
        // Of two lines the last one counts.
        let line = properties::line(key, value);
        let file = fs::OpenOptions::new().append(true).open(path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.with_context(|| format!("cannot write `{}`", path.display()))?;
        self.restart()
    }

    /// Starts the worker again with the same files and port, stopping it first when it runs.
    ///
    /// # Errors
    ///
    /// When it does not start; the error shows the end of its log.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        self.process = self.launch.spawn(self.directory.path())?;
        self.wait_until_it_answers()
    }

    /// Waits for the first answer of the REST interface.
    ///
    /// # Errors
    ///
    /// When the process ends or stays silent for five minutes; the error shows the end of its log.
    pub fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let (process, rest) = (&mut self.process, &self.rest);
        let started = wait::until("an answer of the worker", START_LIMIT, Duration::from_millis(2), || {
            process.ensure_running()?;
            Ok(rest.get("/").is_ok_and(|answer| answer.status == 200).then_some(()))
        });
        started.with_context(|| format!("cannot start the worker; its log ends:\n{}", process.log_tail()))
    }
}

/// Returns the `ferroduct` binary that was built beside the running program.
///
/// # Errors
///
/// When it was not built; the error holds the command.
pub fn ferroduct_binary() -> anyhow::Result<PathBuf> {
    let program = env::current_exe().context("cannot find the running program")?;
    let beside = program.ancestors().skip(1).take(2).map(|directory| directory.join("ferroduct"));
    let built = beside.chain([directory::target().join("debug/ferroduct")]).find(|path| path.is_file());
    built.context("`ferroduct` is not built, hint: cargo build --package ferroduct")
}
