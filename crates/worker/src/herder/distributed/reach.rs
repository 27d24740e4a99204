//! Whether other workers can be reached where they say that they are.
//!
//! A worker whose `rest.advertised.*` are wrong takes part in the group as any other, until a request has to be sent
//! to it. So whoever is to send requests to a worker asks it for an answer before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use super::leader::Leader;

/// How often a worker is asked before it counts as out of reach.
const ATTEMPTS: u32 = 3;
/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// The workers that were asked.
#[derive(Default)]
pub(super) struct Reach {
    asked: BTreeSet<Arc<str>>,
}

impl Reach {
    /// Asks those workers for an answer that were not asked when they were named last.
    pub(super) fn look(
        &mut self,
        workers: BTreeSet<Arc<str>>,
        peers: &Arc<dyn Leader>,
        background: &mut JoinSet<()>,
    ) {
        for worker in workers.difference(&self.asked) {
            background.spawn(ask(peers.clone(), worker.clone()));
        }
        self.asked = workers;
    }
}

async fn ask(peers: Arc<dyn Leader>, worker: Arc<str>) {
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        match peers.reach(&worker).await {
            Ok(()) => return info!(worker = &*worker, "the worker can be reached"),
            Err(_) if left > 0 => sleep(PAUSE).await,
            Err(error) => {
                return warn!(
                    worker = &*worker,
                    error,
                    "cannot reach a worker of the group at the URL that it has told: requests that it has to do will \
                     fail. hint: set `rest.advertised.host.name` and `rest.advertised.port` of that worker to what \
                     others can reach"
                );
            }
        }
    }
}
