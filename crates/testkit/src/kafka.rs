//! A real Apache Kafka: one node that is broker and controller.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;

use crate::child::Child;
use crate::directory::Directory;
use crate::jars::Jars;
use crate::java::{self, JavaTool};
use crate::proxy::Proxy;
use crate::{ports, wait};

mod probe;
mod tools;

pub use probe::Probe;

/// The environment variable that names a broker to use instead of starting one.
pub const BOOTSTRAP: &str = "FERRODUCT_TEST_BOOTSTRAP";

const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A broker; it stops when this is dropped.
#[derive(Debug)]
pub struct Kafka {
    bootstrap: String,
    node: Option<Node>,
    proxy: Option<Proxy>,
}

/// A broker that this process started.
#[derive(Debug)]
struct Node {
    // Declared first: the process ends before its directory goes.
    process: Child,
    options: Vec<String>,
    directory: Directory,
}

/// What a broker is started with.
#[derive(Clone, Debug)]
pub struct Builder {
    properties: BTreeMap<String, String>,
    options: Vec<String>,
    proxied: bool,
}

impl Builder {
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
        let directory = Directory::new("broker")?;
        let port = ports::free();
        let mut properties = defaults(directory.path(), port, ports::free());
        let proxy = self.proxied.then(|| add_proxied_listener(&mut properties)).transpose()?;
        properties.extend(self.properties);
        write_properties(&server_properties(directory.path()), &properties)?;
        format_storage(directory.path())?;
        let process = launch(directory.path(), &self.options)?;
        let mut kafka = Kafka {
            bootstrap: format!("127.0.0.1:{port}"),
            node: Some(Node { process, options: self.options, directory }),
            proxy,
        };
        kafka.wait_until_it_answers()?;
        Ok(kafka)
    }
}

impl Kafka {
    /// Returns a broker that is to be started.
    pub fn builder() -> Builder {
        let options =
            java::QUICK.iter().copied().chain(["-Xms128m", "-Xmx512m"]).map(str::to_owned).collect();
        Builder { properties: BTreeMap::new(), options, proxied: false }
    }

    /// Starts a broker of the caller's own, to stop and to kill.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub fn start() -> anyhow::Result<Self> {
        Self::builder().start()
    }

    /// Returns the broker that all tests share: the one that [`BOOTSTRAP`] names, otherwise one per process,
    /// started at the first call. Tests keep apart by the names of their topics and groups.
    ///
    /// # Panics
    ///
    /// When the broker cannot be started, with the reason.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(|| match env::var(BOOTSTRAP) {
            Ok(bootstrap) => Kafka { bootstrap, node: None, proxy: None },
            Err(_) => Kafka::start().unwrap_or_else(|error| panic!("cannot start Kafka: {error:#}")),
        })
    }

    /// Returns the address for `bootstrap.servers`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Returns the proxy before the broker.
    ///
    /// # Panics
    ///
    /// When the broker was built without [`Builder::proxied`].
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("the broker was built with `proxied`")
    }

    /// Returns the address for `bootstrap.servers` of a client whose every connection goes through the proxy.
    ///
    /// # Panics
    ///
    /// As [`Kafka::proxy`].
    pub fn proxied_bootstrap(&self) -> String {
        self.proxy().address()
    }

    /// Stops the broker in order (SIGTERM), by force when it takes more than half a minute.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.node()?.process.stop(STOP_LIMIT).map(drop)
    }

    /// Kills the broker (SIGKILL).
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.node()?.process.kill().map(drop)
    }

    /// Starts the broker again on its ports and data, stopping it first when it runs.
    ///
    /// # Errors
    ///
    /// When it does not start; the error shows the end of its log.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        let node = self.node()?;
        node.process = launch(node.directory.path(), &node.options)?;
        self.wait_until_it_answers()
    }

    /// Stops the broker where it is (SIGSTOP): connections stay open and silent.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn pause(&mut self) -> anyhow::Result<()> {
        self.node()?.process.pause()
    }

    /// Lets a paused broker go on.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        self.node()?.process.resume()
    }

    fn node(&mut self) -> anyhow::Result<&mut Node> {
        self.node.as_mut().context("this broker belongs to another process")
    }

    fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let bootstrap = self.bootstrap.clone();
        let process = &mut self.node()?.process;
        let started = wait::until("an answer of the broker", START_LIMIT, Duration::from_millis(50), || {
            process.ensure_running()?;
            Ok(answers(&bootstrap).then_some(()))
        });
        started.with_context(|| format!("cannot start the broker; its log ends:\n{}", process.log_tail()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Its data goes with it: there is nothing to stop in order for.
        if let Err(error) = self.process.kill() {
            eprintln!("{error:#}");
        }
    }
}

/// Asks for the supported versions; the broker answers only when it has joined its cluster.
fn answers(bootstrap: &str) -> bool {
    // Length 10, ApiVersions (18) version 0, correlation id 7, no client id.
    const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
    let exchange = || -> std::io::Result<[u8; 10]> {
        let mut stream = TcpStream::connect(bootstrap)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(&REQUEST)?;
        let mut answer = [0; 10];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    // After the length: the correlation id and no error.
    exchange().is_ok_and(|answer| answer[4..] == [0, 0, 0, 7, 0, 0])
}

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

fn server_properties(directory: &Path) -> PathBuf {
    directory.join("server.properties")
}

pub(crate) fn write_properties(path: &Path, properties: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let mut text = String::new();
    for (key, value) in properties {
        writeln!(text, "{key}={}", value.replace('\\', "\\\\"))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn format_storage(directory: &Path) -> anyhow::Result<()> {
    let config = server_properties(directory);
    let config = config.to_str().context("the target directory's name is not UTF-8")?;
    let cluster = "ferroduct-testkit-0001";
    JavaTool::run("kafka.tools.StorageTool", &["format", "-t", cluster, "-c", config], "").map(drop)
}

fn launch(directory: &Path, options: &[String]) -> anyhow::Result<Child> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut command = java::command(&Jars::fetch()?.class_path(), "INFO", &options);
    command.arg("kafka.Kafka").arg(server_properties(directory)).current_dir(directory);
    Child::spawn(command, &directory.join("broker.log"))
}
