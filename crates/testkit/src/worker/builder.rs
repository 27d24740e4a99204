//! What a worker is started with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Worker;
use super::launch::{Launch, Mode, Program};
use crate::directory::Directory;
use crate::jars::Jars;
use crate::rest::Rest;
use crate::{ports, properties};

/// What a worker is started with.
#[derive(Clone, Debug)]
pub struct Builder {
    launch: Launch,
    properties: BTreeMap<String, String>,
    /// Name and content of the files given after the worker's properties.
    connectors: Vec<(String, String)>,
}

impl Builder {
    pub(super) fn new(program: Program, mode: Mode, bootstrap: &str) -> Self {
        let port = ports::free();
        let properties = [
            ("bootstrap.servers", bootstrap.to_owned()),
            ("key.converter", "org.apache.kafka.connect.storage.StringConverter".to_owned()),
            ("listeners", format!("http://127.0.0.1:{port}")),
            ("value.converter", "org.apache.kafka.connect.storage.StringConverter".to_owned()),
        ];
        Self {
            launch: Launch { program, mode, environment: BTreeMap::new(), files: Vec::new() },
            properties: properties.map(|(key, value)| (key.to_owned(), value)).into(),
            connectors: Vec::new(),
        }
    }

    /// Sets a property of the worker. The addresses and both converters (String) are set already.
    #[must_use]
    pub fn property(mut self, key: &str, value: &str) -> Self {
        self.properties.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Makes a distributed worker one of the cluster of a name: group and topics of it.
    #[must_use]
    pub fn of_cluster(self, name: &str) -> Self {
        self.property("group.id", &format!("cluster-{name}"))
            .property("config.storage.topic", &format!("{name}-configs"))
            .property("offset.storage.topic", &format!("{name}-offsets"))
            .property("status.storage.topic", &format!("{name}-statuses"))
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
        let text: String = properties.iter().map(|(key, value)| properties::line(key, value)).collect();
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
        self.launch.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Runs a worker of Apache Kafka with the options of Kafka's own scripts and the default way to find plugins, as
    /// users do: it takes four times the processor to start. Without effect on Ferroduct.
    #[must_use]
    pub fn as_shipped(mut self) -> Self {
        if let Program::Java { shipped } = &mut self.launch.program {
            *shipped = true;
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
        self.complete(directory.path())?;
        self.write_files(directory.path())?;
        let url = self.properties.get("listeners").context("the worker has no `listeners`")?;
        let process = self.launch.spawn(directory.path())?;
        Ok(Worker { process, launch: self.launch, rest: Rest::new(url), directory })
    }

    /// Adds the paths that are known only now.
    fn complete(&mut self, directory: &Path) -> anyhow::Result<()> {
        let mut add = |key: &str, path: PathBuf| {
            self.properties.entry(key.to_owned()).or_insert_with(|| path.display().to_string());
        };
        if self.launch.mode == Mode::Standalone {
            add("offset.storage.file.filename", directory.join("offsets"));
        }
        if let Program::Java { shipped } = self.launch.program {
            add("plugin.path", Jars::fetch()?.plugin_path());
            if !shipped {
                // Kafka's own are found like that, too, without a look at every class there is.
                add("plugin.discovery", "service_load".into());
            }
        }
        Ok(())
    }

    fn write_files(&mut self, directory: &Path) -> anyhow::Result<()> {
        let worker = directory.join("worker.properties");
        properties::write(&worker, &self.properties)?;
        self.launch.files.push(worker);
        for (name, text) in &self.connectors {
            let path = directory.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
            self.launch.files.push(path);
        }
        Ok(())
    }
}
