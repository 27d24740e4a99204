//! Real databases: PostgreSQL and MariaDB, one server each, with an account that may do everything.
//!
//! A test makes a [`Database`] of its own in a server that it shares with others; it starts a server of its own
//! only to stop it, to kill it, or to set it up in another way.

use std::env;
use std::fmt::Debug;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::child::Child;
use crate::directory::Directory;
use crate::{ports, wait};

mod account;
mod client;
mod installation;
mod mariadb;
mod postgres;

pub use self::client::{Database, Rows};
pub use self::mariadb::MariaDbEngine;
pub use self::postgres::PostgresEngine;

/// The environment variable with `127.0.0.1:<port>` of a PostgreSQL to use instead of starting one.
pub const POSTGRES: &str = "FERRODUCT_TEST_POSTGRES";
/// The environment variable with `127.0.0.1:<port>` of a MariaDB to use instead of starting one.
pub const MARIADB: &str = "FERRODUCT_TEST_MARIADB";
/// The environment variable with the directory of a PostgreSQL to start instead of the newest that Debian installed.
pub const POSTGRES_HOME: &str = "FERRODUCT_POSTGRES_HOME";
/// The environment variable with the directory of a MariaDB or a MySQL to start instead of Debian's MariaDB.
pub const MYSQL_HOME: &str = "FERRODUCT_MYSQL_HOME";

/// The account of every server started here, which may do everything.
pub const USER: &str = "ferroduct";
/// The password of [`USER`]; the servers listen on 127.0.0.1 only.
pub const PASSWORD: &str = "ferroduct-secret";

const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A PostgreSQL server; it stops when this is dropped.
pub type Postgres = Server<PostgresEngine>;
/// A MariaDB server; it stops when this is dropped.
pub type MariaDb = Server<MariaDbEngine>;

/// What differs between the servers.
pub trait Engine: Debug + Sized + Send + Sync + 'static {
    /// The server's name in messages.
    const NAME: &'static str;
    /// The package of Debian that brings the server and its client.
    const PACKAGE: &'static str;
    /// The environment variable that names a running server.
    const VARIABLE: &'static str;
    /// The signal that ends the server in order, whoever is connected.
    const STOP_SIGNAL: i32;
    /// The signal the server gets when this process dies.
    const DEATH_SIGNAL: i32;

    /// Returns the place of the server that all tests of this process share.
    fn shared() -> &'static OnceLock<Server<Self>>;

    /// Returns a directory the server's account can reach.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    fn directory() -> anyhow::Result<Directory>;

    /// Creates the server's files in `directory`.
    ///
    /// # Errors
    ///
    /// When the server is not installed or refuses.
    fn prepare(directory: &Path) -> anyhow::Result<()>;

    /// Returns the command that runs the server in the foreground.
    ///
    /// # Errors
    ///
    /// When the server is not installed.
    fn command(directory: &Path, port: u16, settings: &Settings) -> anyhow::Result<Command>;

    /// Returns the database of this name of the server on `port`; an empty name is the server's own database.
    fn database(port: u16, name: &str) -> Database;
}

/// What a server is started with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    durable: bool,
    port: Option<u16>,
    options: Vec<String>,
}

impl Settings {
    /// Lets the server write through to the disk at every commit. Without, what is committed survives a killed
    /// server but not a machine that loses power.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Listens on this port instead of one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Adds an argument for the server: `-cname=value` for PostgreSQL, `--name=value` for MariaDB.
    #[must_use]
    pub fn option(mut self, argument: &str) -> Self {
        self.options.push(argument.to_owned());
        self
    }
}

/// A database server; it stops when this is dropped.
#[derive(Debug)]
pub struct Server<E: Engine> {
    port: u16,
    node: Option<Node>,
    engine: std::marker::PhantomData<E>,
}

/// A server that this process started.
#[derive(Debug)]
struct Node {
    // Declared first: the process ends before its directory goes.
    process: Child,
    settings: Settings,
    directory: Directory,
    stop_signal: i32,
}

impl<E: Engine> Server<E> {
    /// Starts a server of the caller's own, to stop and to kill.
    ///
    /// # Errors
    ///
    /// As [`Server::start_with`].
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(Settings::default())
    }

    /// Starts a server of the caller's own and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start; the error shows the end of its log.
    pub fn start_with(settings: Settings) -> anyhow::Result<Self> {
        let directory = E::directory()?;
        E::prepare(directory.path()).with_context(|| format!("cannot set up {}", E::NAME))?;
        let port = settings.port.unwrap_or_else(ports::free);
        let process = launch::<E>(directory.path(), port, &settings)?;
        let node = Node { process, settings, directory, stop_signal: E::STOP_SIGNAL };
        let mut server = Self { port, node: Some(node), engine: std::marker::PhantomData };
        server.wait_until_it_answers()?;
        Ok(server)
    }

    /// Returns the server that all tests share: the one that [`Engine::VARIABLE`] names, otherwise one per process,
    /// started at the first call. Tests keep apart by databases of their own.
    ///
    /// # Panics
    ///
    /// When the server cannot be started, with the reason.
    pub fn shared() -> &'static Self {
        E::shared().get_or_init(|| match env::var(E::VARIABLE) {
            Ok(address) => Self::running(&address).unwrap_or_else(|error| panic!("{error:#}")),
            Err(_) => Self::start().unwrap_or_else(|error| panic!("cannot start {}: {error:#}", E::NAME)),
        })
    }

    fn running(address: &str) -> anyhow::Result<Self> {
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = port.with_context(|| format!("`{}` is no `127.0.0.1:<port>`", E::VARIABLE))?;
        Ok(Self { port, node: None, engine: std::marker::PhantomData })
    }

    /// Returns the port of 127.0.0.1 the server listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns `127.0.0.1:<port>`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the account's name: [`USER`].
    pub fn user(&self) -> &'static str {
        USER
    }

    /// Returns the account's password: [`PASSWORD`].
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Returns `jdbc:<engine>://127.0.0.1:<port>/<database>`, without user and password.
    pub fn jdbc_url(&self, database: &str) -> String {
        self.database(database).jdbc_url()
    }

    /// Returns the database of this name, which exists already.
    pub fn database(&self, name: &str) -> Database {
        E::database(self.port, name)
    }

    /// Creates a database whose name starts with `prefix` and is used by nobody else.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn create_database(&self, prefix: &str) -> anyhow::Result<Database> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{prefix}_{}_{number}", std::process::id());
        self.execute(&format!("DROP DATABASE IF EXISTS {name}"))?;
        self.execute(&format!("CREATE DATABASE {name}"))?;
        Ok(self.database(&name))
    }

    /// Runs statements in the server's own database, without their results.
    ///
    /// # Errors
    ///
    /// When the server refuses one; the error holds its message.
    pub fn execute(&self, sql: &str) -> anyhow::Result<()> {
        self.database("").execute(sql)
    }

    /// Runs a query in the server's own database.
    ///
    /// # Errors
    ///
    /// When the server refuses it; the error holds its message.
    pub fn query(&self, sql: &str) -> anyhow::Result<Rows> {
        self.database("").query(sql)
    }

    /// Stops the server in order, by force when it takes more than a minute.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled, or belongs to another process.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.node()?.process.stop_with(E::STOP_SIGNAL, STOP_LIMIT).map(drop)
    }

    /// Kills the server (SIGKILL).
    ///
    /// # Errors
    ///
    /// As [`Server::stop`].
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.node()?.process.kill().map(drop)
    }

    /// Starts the server again on its port and data, stopping it first when it runs.
    ///
    /// # Errors
    ///
    /// When it does not start; the error shows the end of its log.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        let port = self.port;
        let node = self.node()?;
        node.process = launch::<E>(node.directory.path(), port, &node.settings)?;
        self.wait_until_it_answers()
    }

    /// Returns the last few thousand bytes of the server's log.
    ///
    /// # Errors
    ///
    /// When the server belongs to another process.
    pub fn log_tail(&mut self) -> anyhow::Result<String> {
        Ok(self.node()?.process.log_tail())
    }

    fn node(&mut self) -> anyhow::Result<&mut Node> {
        self.node.as_mut().with_context(|| format!("this {} belongs to another process", E::NAME))
    }

    /// Waits for an answer; starts a server again that ended at once, as PostgreSQL does while the last processes
    /// of a killed one go.
    fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let (port, database) = (self.port, self.database(""));
        let node = self.node()?;
        let restart_until = Instant::now() + Duration::from_secs(30);
        let mut refusal = None;
        let started = wait::until("an answer of the server", START_LIMIT, Duration::from_millis(50), || {
            if node.process.exited()?.is_some() && Instant::now() < restart_until {
                node.process = launch::<E>(node.directory.path(), port, &node.settings)?;
            }
            node.process.ensure_running()?;
            let answer = database.query("SELECT 1");
            Ok(answer.map_err(|error| refusal = Some(error)).is_ok().then_some(()))
        });
        started.with_context(|| {
            let refusal = refusal.map_or_else(String::new, |error| format!(": {error:#}"));
            format!("cannot start {}{refusal}; its log ends:\n{}", E::NAME, node.process.log_tail())
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // In order, as PostgreSQL gives shared memory back to the system then.
        if let Err(error) = self.process.stop_with(self.stop_signal, STOP_LIMIT) {
            eprintln!("{error:#}");
        }
    }
}

fn launch<E: Engine>(directory: &Path, port: u16, settings: &Settings) -> anyhow::Result<Child> {
    let command = E::command(directory, port, settings)?;
    Child::spawn_to_die_of(E::DEATH_SIGNAL, command, &directory.join("server.log"))
}

/// Returns the first of these places that has `program`, or says what to install.
fn find<E: Engine>(program: &str, places: &[&Path]) -> anyhow::Result<std::path::PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all = places.iter().map(|place| place.to_path_buf()).chain(env::split_paths(&path));
    all.find_map(|place| Some(place.join(program)).filter(|file| file.is_file())).with_context(|| {
        format!("the tests need {}: `{program}` is missing, hint: apt-get install {}", E::NAME, E::PACKAGE)
    })
}
