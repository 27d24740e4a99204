//! A real Apache Kafka: one node that is broker and controller.

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use anyhow::Context;

use crate::child::Child;
use crate::directory::Directory;
use crate::jars::Jars;
use crate::java;
use crate::proxy::Proxy;
use crate::wait;

mod builder;
mod cluster;
mod probe;
mod tools;

use self::builder::server_properties;

pub use self::builder::Builder;
pub use self::cluster::Cluster;
pub use self::probe::Probe;

/// The environment variable that names a broker to use instead of starting one.
pub const BOOTSTRAP: &str = "FERRODUCT_TEST_BOOTSTRAP";

const START_LIMIT: Duration = Duration::from_secs(300);
const STOP_LIMIT: Duration = Duration::from_secs(120);

/// A broker; it stops when this is dropped.
#[derive(Debug)]
pub struct Kafka {
    bootstrap: String,
    node: Option<Node>,
    proxy: Option<Proxy>,
    /// Answers what the broker is asked through this value; started at the first question.
    probe: Mutex<Option<Probe>>,
}

/// A broker that this process started.
#[derive(Debug)]
struct Node {
    // Declared first: the process ends before its directory goes.
    process: Child,
    options: Vec<String>,
    directory: Directory,
}

impl Kafka {
    /// Returns a broker that is to be started.
    pub fn builder() -> Builder {
        Builder::new()
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
            Ok(bootstrap) => Kafka { bootstrap, node: None, proxy: None, probe: Mutex::default() },
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

    /// Stops the broker in order (SIGTERM), by force when it takes more than two minutes.
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

fn launch(directory: &Path, options: &[String]) -> anyhow::Result<Child> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut command = java::command(&Jars::fetch()?.class_path(), "INFO", &options);
    command.arg("kafka.Kafka").arg(server_properties(directory)).current_dir(directory);
    Child::spawn(command, &directory.join("broker.log"))
}
