//! What a worker tells of itself, before it has started, too.

use tokio::runtime::Handle;

use super::cluster;
use super::entities::{KAFKA_VERSION, ServerInfo};
use crate::task::Clients;

/// Who a worker says it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The advertised host and port, which statuses show.
    pub worker_id: String,
    /// The commit that the worker was built from.
    pub commit: String,
}

/// Who a worker says it is, and the cluster of Kafka that it is connected to.
pub struct About {
    identity: Identity,
    cluster: cluster::Id,
}

impl About {
    /// Asks, on this runtime, for the id of the cluster until a broker answers.
    pub fn watch(identity: Identity, clients: &Clients, runtime: &Handle) -> Self {
        Self { identity, cluster: cluster::Id::watch(clients, runtime) }
    }

    /// Version, commit and cluster.
    pub fn server_info(&self) -> ServerInfo {
        ServerInfo {
            version: KAFKA_VERSION.to_owned(),
            commit: self.identity.commit.clone(),
            kafka_cluster_id: self.cluster.get(),
        }
    }

    /// The advertised host and port of the worker.
    pub fn worker_id(&self) -> &str {
        &self.identity.worker_id
    }
}
