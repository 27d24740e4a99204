//! `ferroduct standalone`: one worker, wired together.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use api::Registry;
use rest::{LogLevels, Server, Serving};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};
use worker::config::{ConnectorFile, Origin};
use worker::herder::Identity;
use worker::provider::Environment;
use worker::store::{FileLock, FileStore};
use worker::task::{Clients, Services};
use worker::{Config, Herder};

use crate::logging::Levels;

/// Threads for calls that block (files); they end when they have been idle for some seconds.
const BLOCKING_THREADS_MAX: usize = 64;
/// How long answers that are being written may take when the worker ends.
const REST_GRACE: Duration = Duration::from_secs(1);

/// Runs a worker until it is told to end.
pub(crate) fn run(worker: Option<&Path>, connectors: &[PathBuf], levels: Arc<Levels>) -> Result<()> {
    let origin = Origin::new(worker, environment());
    let config = Config::load(&origin)?;
    levels.hide(config.providers.secrets().clone());
    let registry = Arc::new(plugins());
    config.check_plugins(&registry).map_err(|problems| origin.refuse(problems))?;
    let connectors =
        connectors.iter().map(|path| ConnectorFile::load(path)).collect::<Result<Vec<_>, _>>()?;
    // Held until the last commit.
    let _lock = FileLock::take(&config.offset_storage_file).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let offsets =
        FileStore::open(&config.offset_storage_file).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let server = Server::bind(&config.originals)?;

    let data = data_runtime().context("cannot start the threads of tasks")?;
    let control =
        Builder::new_current_thread().enable_all().build().context("cannot start the control thread")?;
    let clients = Clients::new(Arc::new(config.originals.clone()));
    let services = Arc::new(Services {
        config: Arc::new(config),
        registry,
        offsets: Arc::new(offsets),
        cluster: None,
        clients,
        runtime: data.handle().clone(),
    });
    let outcome = control.block_on(serve(server, services, connectors, levels));
    // What was given up may still hold a thread; it must not hold the process.
    data.shutdown_background();
    control.shutdown_background();
    outcome
}

/// The variables of the environment, for configurations that name some; those that are no text are left out.
pub(crate) fn environment() -> Environment {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

/// Everything that this binary can run.
pub(crate) fn plugins() -> Registry {
    let mut registry = Registry::default();
    connectors::register(&mut registry);
    converters::register(&mut registry);
    transforms::register(&mut registry);
    registry
}

/// Where tasks and connections to Kafka run, apart from REST and the herder (invariant 5).
pub(crate) fn data_runtime() -> std::io::Result<Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("data")
        .enable_all()
        .build()
}

async fn serve(
    server: rest::Bound,
    services: Arc<Services>,
    connectors: Vec<ConnectorFile>,
    levels: Arc<dyn LogLevels>,
) -> Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let identity = Identity { worker_id: server.worker_id(), commit: COMMIT.to_owned() };
    let herder = Herder::start(services.clone(), identity);
    let serving =
        server.serve(herder.clone(), services.registry.clone(), levels).context("cannot serve REST")?;
    let outcome = tokio::select! {
        created = create(&herder, connectors) => match created {
            Ok(()) => {
                info!("worker started");
                signals.end().await;
                Ok(())
            }
            Err(error) => Err(error),
        },
        () = signals.end() => Ok(()),
    };
    stop(&herder, serving, &mut signals).await;
    outcome
}

/// Ends a worker in good order, or at once when it is told to end again.
pub(crate) async fn stop(herder: &Herder, serving: Serving, signals: &mut Signals) {
    info!("worker stops");
    tokio::select! {
        () = async { tokio::join!(herder.shutdown(), serving.stop(REST_GRACE)); } => info!("worker stopped"),
        () = signals.end() => warn!("told to end twice: the worker ends without its last commits"),
    }
}

/// The commit that this binary was built from, where the build says so.
pub(crate) const COMMIT: &str = match option_env!("FERRODUCT_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

async fn create(herder: &Herder, connectors: Vec<ConnectorFile>) -> Result<()> {
    for ConnectorFile { name, config, initial_state } in connectors {
        let created = herder.create(&name, config, initial_state).await;
        created.with_context(|| format!("cannot create the connector `{name}` of the command line"))?;
    }
    Ok(())
}

/// The signals that end the worker in good order.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub(crate) async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
