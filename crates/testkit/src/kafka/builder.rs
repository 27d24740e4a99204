//! What a broker is started with.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context;

use super::{Kafka, Node};
use crate::directory::Directory;
use crate::java::{self, JavaTool};
use crate::proxy::Proxy;
use crate::{ports, properties};

/// What a broker is started with.
#[derive(Clone, Debug)]
pub struct Builder {
    properties: BTreeMap<String, String>,
    options: Vec<String>,
    port: Option<u16>,
    controller: Option<u16>,
    proxied: bool,
    /// Features whose levels are not those of the release, as `name=level`.
    features: Vec<String>,
}

impl Builder {
    pub(super) fn new() -> Self {
        let options = java::QUICK.iter().copied().chain(["-Xms128m", "-Xmx512m"]);
        Self {
            properties: BTreeMap::new(),
            options: options.map(str::to_owned).collect(),
            port: None,
            controller: None,
            proxied: false,
            features: Vec::new(),
        }
    }

    /// Sets a property of the broker.
    #[must_use]
    pub fn property(mut self, key: &str, value: &str) -> Self {
        self.properties.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Replaces the options of the JVM, which are a heap of 512 MB and a quick start.
    #[must_use]
    pub fn jvm_options(mut self, options: &[&str]) -> Self {
        self.options = options.iter().map(|option| (*option).to_owned()).collect();
        self
    }

    /// Listens on this port instead of one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the level of a feature such as `transaction.version`, instead of that of the release.
    #[must_use]
    pub fn feature(mut self, name: &str, level: u16) -> Self {
        self.features.push(format!("{name}={level}"));
        self
    }

    /// Listens to other controllers on this port instead of one that is free.
    pub(super) fn controller(mut self, port: u16) -> Self {
        self.controller = Some(port);
        self
    }

    /// Adds a listener that is reached, and advertised, through a [`Proxy`] only.
    #[must_use]
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// Starts the broker and waits until it answers.
    ///
    /// # Errors
    ///
    /// When the jars cannot be brought or the broker does not start; the error shows the end of its log.
    pub fn start(self) -> anyhow::Result<Kafka> {
        let mut kafka = self.launch()?;
        kafka.wait_until_it_answers()?;
        Ok(kafka)
    }

    /// Starts the broker, which may not answer yet.
    pub(super) fn launch(self) -> anyhow::Result<Kafka> {
        let directory = Directory::new("broker")?;
        let port = self.port.unwrap_or_else(ports::free);
        let mut broker = defaults(directory.path(), port, self.controller.unwrap_or_else(ports::free));
        let proxy = self.proxied.then(|| add_proxied_listener(&mut broker)).transpose()?;
        broker.extend(self.properties);
        properties::write(&server_properties(directory.path()), &broker)?;
        format_storage(directory.path(), &self.features)?;
        let process = super::launch(directory.path(), &self.options)?;
        Ok(Kafka {
            bootstrap: format!("127.0.0.1:{port}"),
            node: Some(Node { process, options: self.options, directory }),
            proxy,
            probe: Mutex::default(),
        })
    }
}

/// Returns what makes one node a broker and a controller, with one replica of everything.
fn defaults(directory: &Path, port: u16, controller: u16) -> BTreeMap<String, String> {
    let host = Ipv4Addr::LOCALHOST;
    let pairs = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        ("controller.quorum.voters", format!("1@{host}:{controller}")),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("listeners", format!("PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}")),
        ("advertised.listeners", format!("PLAINTEXT://{host}:{port}")),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()),
        ("inter.broker.listener.name", "PLAINTEXT".to_owned()),
        ("log.dirs", directory.join("data").display().to_string()),
        ("num.partitions", "1".to_owned()),
        ("default.replication.factor", "1".to_owned()),
        ("min.insync.replicas", "1".to_owned()),
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("offsets.topic.num.partitions", "5".to_owned()),
        ("transaction.state.log.replication.factor", "1".to_owned()),
        ("transaction.state.log.min.isr", "1".to_owned()),
        ("transaction.state.log.num.partitions", "5".to_owned()),
        ("share.coordinator.state.topic.replication.factor", "1".to_owned()),
        ("share.coordinator.state.topic.min.isr", "1".to_owned()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        // Tests that kill workers wait for sessions.
        ("group.min.session.timeout.ms", "1000".to_owned()),
        ("log.cleaner.dedupe.buffer.size", "8388608".to_owned()),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Lets the broker advertise a proxy for one more listener, and returns that proxy.
fn add_proxied_listener(properties: &mut BTreeMap<String, String>) -> anyhow::Result<Proxy> {
    let port = ports::free();
    let proxy = Proxy::start((Ipv4Addr::LOCALHOST, port).into())?;
    let mut append = |key: &str, value: &str| {
        let list = properties.entry(key.to_owned()).or_default();
        list.push(',');
        list.push_str(value);
    };
    append("listeners", &format!("PROXIED://127.0.0.1:{port}"));
    append("advertised.listeners", &format!("PROXIED://{}", proxy.address()));
    append("listener.security.protocol.map", "PROXIED:PLAINTEXT");
    Ok(proxy)
}

/// Returns the file with the broker's properties.
pub(super) fn server_properties(directory: &Path) -> PathBuf {
    directory.join("server.properties")
}

fn format_storage(directory: &Path, features: &[String]) -> anyhow::Result<()> {
    let config = server_properties(directory);
    let config = config.to_str().context("the target directory's name is not UTF-8")?;
    let cluster = "ferroduct-testkit-0001";
    let mut arguments = vec!["format", "-t", cluster, "-c", config];
    arguments.extend(features.iter().flat_map(|feature| ["--feature", feature]));
    JavaTool::run("kafka.tools.StorageTool", &arguments, "").map(drop)
}
