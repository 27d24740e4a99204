//! A Connect worker as a process: Apache Kafka's own or Ferroduct, started, asked and stopped the same way.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;
use std::{env, fs};

use anyhow::Context;

use crate::child::Child;
use crate::directory::{self, Directory};
use crate::jars::Jars;
use crate::kafka::write_properties;
use crate::process::Usage;
use crate::rest::Rest;
use crate::{java, ports, wait};

const START_LIMIT: Duration = Duration::from_secs(120);

/// Longer than the default of `task.shutdown.graceful.timeout.ms` and of the herder's own stop together.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// The options of `connect-standalone.sh` and `connect-distributed.sh` in Kafka's distribution.
const JVM_OPTIONS: [&str; 8] = [
    "-Xms256M",
    "-Xmx2G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
];

/// A running worker; it is killed when this is dropped.
#[derive(Debug)]
pub struct Worker {
    process: Child,
    launch: Launch,
    rest: Rest,
    directory: Directory,
}

/// What a worker is started with.
#[derive(Clone, Debug)]
pub struct Builder {
    program: Program,
    mode: &'static str,
    properties: BTreeMap<String, String>,
    connectors: Vec<(String, String)>,
    environment: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
enum Program {
    Java { options: Vec<String> },
    Ferroduct { binary: PathBuf },
}

/// A command that can be given again.
#[derive(Debug)]
struct Launch {
    builder: Builder,
    arguments: Vec<OsString>,
}

impl Worker {
    /// Returns a standalone worker of Apache Kafka that is to be started.
    pub fn java_standalone(bootstrap: &str) -> Builder {
        let options = JVM_OPTIONS.map(str::to_owned).to_vec();
        Builder::new(Program::Java { options }, "standalone", bootstrap)
    }

    /// Returns a distributed worker of Apache Kafka that is to be started. Workers of one cluster are given the
    /// same `group.id` and the same three topics.
    pub fn java_distributed(bootstrap: &str) -> Builder {
        let options = JVM_OPTIONS.map(str::to_owned).to_vec();
        let mut builder = Builder::new(Program::Java { options }, "distributed", bootstrap);
        let replication =
            ["config", "offset", "status"].map(|name| format!("{name}.storage.replication.factor"));
        builder.properties.extend(replication.map(|key| (key, "1".to_owned())));
        builder
    }

    /// Returns a standalone worker of Ferroduct that is to be started; `binary` is
    /// `env!("CARGO_BIN_EXE_ferroduct")` in its own tests and [`ferroduct_binary`] elsewhere.
    pub fn ferroduct_standalone(binary: impl Into<PathBuf>, bootstrap: &str) -> Builder {
        Builder::new(Program::Ferroduct { binary: binary.into() }, "standalone", bootstrap)
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

    /// Stops the worker in order (SIGTERM), by force when it takes more than a minute.
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
    /// When the process ends or stays silent for two minutes; the error shows the end of its log.
    pub fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let (process, rest) = (&mut self.process, &self.rest);
        let started = wait::until("an answer of the worker", START_LIMIT, Duration::from_millis(2), || {
            process.ensure_running()?;
            Ok(rest.get("/").is_ok_and(|answer| answer.status == 200).then_some(()))
        });
        started.with_context(|| format!("cannot start the worker; its log ends:\n{}", process.log_tail()))
    }
}

impl Builder {
    fn new(program: Program, mode: &'static str, bootstrap: &str) -> Self {
        let port = ports::free();
        let properties = [
            ("bootstrap.servers", bootstrap.to_owned()),
            ("key.converter", "org.apache.kafka.connect.storage.StringConverter".to_owned()),
            ("listeners", format!("http://127.0.0.1:{port}")),
            ("value.converter", "org.apache.kafka.connect.storage.StringConverter".to_owned()),
        ];
        Self {
            program,
            mode,
            properties: properties.map(|(key, value)| (key.to_owned(), value)).into(),
            connectors: Vec::new(),
            environment: BTreeMap::new(),
        }
    }

    /// Sets a property of the worker. The addresses and both converters (String) are set already.
    #[must_use]
    pub fn property(mut self, key: &str, value: &str) -> Self {
        self.properties.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Removes a property of the worker.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.properties.remove(key);
        self
    }

    /// Adds a connector that a standalone worker starts with.
    #[must_use]
    pub fn connector(self, properties: &[(&str, &str)]) -> Self {
        let lines = properties.iter().map(|(key, value)| format!("{key}={}\n", value.replace('\\', "\\\\")));
        let text = lines.collect::<String>();
        let name = format!("connector-{}.properties", self.connectors.len());
        self.connector_file(&name, &text)
    }

    /// Adds a file that is given to a standalone worker after its properties, such as `source.json`.
    #[must_use]
    pub fn connector_file(mut self, name: &str, text: &str) -> Self {
        self.connectors.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Sets a variable of the worker's environment.
    #[must_use]
    pub fn environment(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Replaces the options of the JVM, which are those of Kafka's own scripts; without effect on Ferroduct.
    #[must_use]
    pub fn jvm_options(mut self, replacement: &[&str]) -> Self {
        if let Program::Java { options } = &mut self.program {
            *options = replacement.iter().map(|option| (*option).to_owned()).collect();
        }
        self
    }

    /// Starts the worker and waits until its REST interface answers.
    ///
    /// # Errors
    ///
    /// When it does not start; the error shows the end of its log.
    pub fn start(self) -> anyhow::Result<Worker> {
        let mut worker = self.spawn()?;
        worker.wait_until_it_answers()?;
        Ok(worker)
    }

    /// Starts the worker without waiting, for one that is expected to refuse its files.
    ///
    /// # Errors
    ///
    /// When its files cannot be written or the program cannot be started.
    pub fn spawn(mut self) -> anyhow::Result<Worker> {
        let directory = Directory::new("worker")?;
        let path = directory.path();
        if self.mode == "standalone" {
            let offsets = path.join("offsets").display().to_string();
            self.properties.entry("offset.storage.file.filename".to_owned()).or_insert(offsets);
        }
        if matches!(self.program, Program::Java { .. }) {
            let plugins = Jars::fetch()?.plugin_path().display().to_string();
            self.properties.entry("plugin.path".to_owned()).or_insert(plugins);
        }
        let url = self.properties.get("listeners").context("the worker has no `listeners`")?;
        let rest = Rest::new(url);
        let launch = Launch::new(self, path)?;
        let process = launch.spawn(path)?;
        Ok(Worker { process, launch, rest, directory })
    }
}

impl Launch {
    fn new(builder: Builder, directory: &Path) -> anyhow::Result<Self> {
        let worker = directory.join("worker.properties");
        write_properties(&worker, &builder.properties)?;
        let mut arguments = vec![worker.into_os_string()];
        for (name, text) in &builder.connectors {
            let path = directory.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
            arguments.push(path.into_os_string());
        }
        Ok(Self { builder, arguments })
    }

    fn spawn(&self, directory: &Path) -> anyhow::Result<Child> {
        let mut command = self.builder.program.command(self.builder.mode)?;
        command.args(&self.arguments).envs(&self.builder.environment).current_dir(directory);
        Child::spawn(command, &directory.join("worker.log"))
    }
}

impl Program {
    fn command(&self, mode: &str) -> anyhow::Result<Command> {
        match self {
            Self::Ferroduct { binary } => {
                let mut command = Command::new(binary);
                command.arg(mode);
                Ok(command)
            }
            Self::Java { options } => {
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                let mut command = java::command(&Jars::fetch()?.class_path(), "INFO", &options);
                command.arg(match mode {
                    "standalone" => "org.apache.kafka.connect.cli.ConnectStandalone",
                    _ => "org.apache.kafka.connect.cli.ConnectDistributed",
                });
                Ok(command)
            }
        }
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
