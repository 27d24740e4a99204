//! What the tasks of other workers have done last, asked of those that run them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;
use worker::herder::ConnectorStateInfo;
use worker::task::ActivityInfo;

use super::{PeerRequest, Peers, url_of};
use crate::RestError;

/// How long another worker may take: who asks for a status wants it now, without what does not come.
const LIMIT: Duration = Duration::from_secs(3);

/// What is read of another worker's answer; one of Java's has no activity in it.
#[derive(Deserialize)]
struct Known {
    tasks: Vec<KnownTask>,
}

#[derive(Deserialize)]
struct KnownTask {
    id: u32,
    activity: Option<ActivityInfo>,
}

/// Adds what the tasks that do not run on this worker have done last, where their workers tell.
pub(crate) async fn complete(peers: &Peers, state: &mut ConnectorStateInfo, own: &str) {
    let elsewhere = state.tasks.iter().map(|task| &task.worker_id).filter(|worker| *worker != own);
    let others: BTreeSet<String> = elsewhere.cloned().collect();
    let mut asked = JoinSet::new();
    for worker in others {
        let (peers, name) = (peers.clone(), state.name.clone());
        asked.spawn(async move {
            let answer = timeout(LIMIT, ask(&peers, &worker, &name)).await;
            (worker, answer)
        });
    }
    while let Some(Ok((worker, answer))) = asked.join_next().await {
        let mut known = match answer {
            Ok(Ok(known)) => known,
            Ok(Err(error)) => {
                warn!(worker, error = error.message, "cannot ask a worker what its tasks have done last");
                continue;
            }
            Err(_) => {
                warn!(worker, "a worker does not tell in time what its tasks have done last");
                continue;
            }
        };
        for task in state.tasks.iter_mut().filter(|task| task.worker_id == worker) {
            task.activity = known.remove(&task.id);
        }
    }
}

async fn ask(peers: &Peers, worker: &str, connector: &str) -> Result<BTreeMap<u32, ActivityInfo>, RestError> {
    // What else a name may have is for the URL to escape.
    let connector = connector.replace('%', "%25").replace('/', "%2F");
    let query = [("activity".to_owned(), "local".to_owned())];
    let url = url_of(&format!("http://{worker}/"), &format!("/connectors/{connector}/status"), &query)?;
    let request = PeerRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() };
    let answer = peers.send(request).await?;
    let known: Known = serde_json::from_slice(&answer.body)
        .map_err(|error| RestError::internal(format!("the answer is no status: {error}")))?;
    Ok(known.tasks.into_iter().filter_map(|task| Some((task.id, task.activity?))).collect())
}
