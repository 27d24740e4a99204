//! The id of the Kafka cluster, asked for in the background: a broker that is away holds up nothing.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api::config::Properties;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

use crate::task::Clients;

/// How long to wait before asking again.
const RETRY: Duration = Duration::from_secs(1);

/// The id, once it is known. It is no longer asked for when this is dropped.
pub(super) struct Id {
    known: Arc<OnceLock<Arc<str>>>,
    _asking: DropGuard,
}

impl Id {
    /// Asks until a broker answers.
    pub(super) fn watch(clients: &Clients, runtime: &Handle) -> Self {
        let known = Arc::default();
        let end = CancellationToken::new();
        let asking = end.clone().run_until_cancelled_owned(ask(clients.clone(), Arc::clone(&known)));
        runtime.spawn(asking);
        Self { known, _asking: end.drop_guard() }
    }

    /// The id; none as long as no broker has answered.
    pub(super) fn get(&self) -> Option<String> {
        self.known.get().map(|id| id.to_string())
    }
}

async fn ask(clients: Clients, known: Arc<OnceLock<Arc<str>>>) {
    let client = match clients.admin(&Properties::new()) {
        Ok(client) => client,
        Err(error) => return warn!(error = format!("{error:#}"), "cannot ask for the id of the cluster"),
    };
    let mut away = false;
    loop {
        match client.cluster_id().await {
            Ok(Some(id)) => {
                info!(kafka_cluster_id = %id, "connected to Kafka");
                return drop(known.set(id));
            }
            Ok(None) => return warn!("the Kafka cluster has no id"),
            // Said once for the whole time that no broker answers.
            Err(error) if !away => {
                away = true;
                warn!(error = %error, "cannot reach Kafka; trying on");
            }
            Err(_) => {}
        }
        tokio::time::sleep(RETRY).await;
    }
}
