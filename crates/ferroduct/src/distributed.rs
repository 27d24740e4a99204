//! `ferroduct distributed`: one worker of a cluster, wired together.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rest::{Peers, Server};
use tokio::runtime::{Builder, Handle};
use tracing::info;
use worker::config::{Distributed, Origin};
use worker::herder::{About, Cluster, Identity};
use worker::task::{Clients, Services};
use worker::{Config, Herder};

use crate::logging::Levels;
use crate::standalone::{COMMIT, Signals, data_runtime, environment, plugins, stop};

/// Runs a worker until it is told to end.
pub(crate) fn run(worker: Option<&Path>, levels: Arc<Levels>) -> Result<()> {
    let origin = Origin::new(worker, environment());
    let config = Config::load_distributed(&origin)?;
    levels.hide(config.providers.secrets().clone());
    let distributed = Distributed::parse(&config.originals).map_err(|problems| origin.refuse(problems))?;
    let registry = Arc::new(plugins());
    config.check_plugins(&registry).map_err(|problems| origin.refuse(problems))?;
    let server = Server::bind(&config.originals)?;
    let peers = Peers::new().map_err(|error| anyhow::anyhow!(error.message))?;

    let data = data_runtime().context("cannot start the threads of tasks")?;
    let control =
        Builder::new_current_thread().enable_all().build().context("cannot start the control thread")?;
    let parts = Parts { config, distributed, registry, peers: peers.clone(), data: data.handle().clone() };
    let outcome = control.block_on(serve(server.with_peers(peers), parts, levels));
    // What was given up may still hold a thread; it must not hold the process.
    data.shutdown_background();
    control.shutdown_background();
    outcome
}

struct Parts {
    config: Config,
    distributed: Distributed,
    registry: Arc<api::Registry>,
    peers: Peers,
    data: Handle,
}

async fn serve(server: rest::Bound, parts: Parts, levels: Arc<Levels>) -> Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let clients = Clients::new(Arc::new(parts.config.originals.clone())).of_cluster(&parts.distributed.group);
    let identity = Identity { worker_id: server.worker_id(), commit: COMMIT.to_owned() };
    let about = Arc::new(About::watch(identity, &clients, &parts.data));
    let serving =
        server.serve_startup(about.clone(), parts.registry.clone(), levels).context("cannot serve REST")?;
    let opened = tokio::select! {
        opened = Cluster::open(&clients, &parts.config.originals, parts.distributed) => opened,
        () = signals.end() => return Ok(()),
    };
    let cluster = opened.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let services = Arc::new(Services {
        config: Arc::new(parts.config),
        registry: parts.registry,
        offsets: cluster.offsets(),
        cluster: Some(cluster.config()),
        clients,
        runtime: parts.data,
    });
    let herder = Herder::start_in_cluster(services, about, cluster, Arc::new(parts.peers), serving.levels());
    serving.started(herder.clone());
    info!("worker started");
    signals.end().await;
    stop(&herder, serving, &mut signals).await;
    Ok(())
}
