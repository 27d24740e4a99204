//! What the workers of the cluster have, asked of the leader, and what each of them takes, asked of all.

use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;
use worker::Herder;
use worker::herder::{ClusterInfo, WorkerInfo, WorkerKind};

use super::{PeerRequest, Peers, url_of};
use crate::RestError;

/// How long another worker may take: who asks wants to know now, without what does not come.
const LIMIT: Duration = Duration::from_secs(3);

/// What a worker has answered.
enum Told {
    /// One of ours.
    Cluster(Box<ClusterInfo>),
    /// One of Apache Kafka, which has no such answer: its version.
    Version(String),
}

/// What is read of what any worker says of itself.
#[derive(Deserialize)]
struct Root {
    version: String,
}

/// Adds what this worker does not know by itself. What does not come is told in the notes.
pub(crate) async fn survey(peers: &Peers, herder: &Herder, info: &mut ClusterInfo) {
    let own = info.workers.iter().find(|worker| worker.worker_id == herder.worker_id()).cloned();
    let elsewhere = info.leader.as_ref().filter(|leader| leader.worker_id != herder.worker_id());
    if let Some(leader) = elsewhere.cloned() {
        match ask(peers, &leader.url).await {
            Ok(Told::Cluster(known)) => info.heed(*known),
            Ok(Told::Version(_)) => {
                let words = "the leader is a worker of Apache Kafka, which does not tell why something is where it is";
                info.notes.push(words.to_owned());
                describe(herder, info).await;
            }
            Err(error) => {
                info.notes.push(format!("the leader does not tell who has what: {}", error.message));
                describe(herder, info).await;
            }
        }
    }
    let mut asked = JoinSet::new();
    for (worker_id, url) in others(info, herder.worker_id()) {
        let peers = peers.clone();
        asked.spawn(async move {
            let told = ask(&peers, &url).await;
            (worker_id, told)
        });
    }
    for (worker_id, told) in asked.join_all().await {
        match told {
            Ok(Told::Cluster(known)) => {
                let of_itself = known.workers.iter().find(|worker| worker.worker_id == worker_id);
                of_itself.into_iter().for_each(|worker| info.hear(worker));
            }
            Ok(Told::Version(version)) => met(info, &worker_id, version),
            Err(error) => info.notes.push(format!("worker {worker_id} does not answer: {}", error.message)),
        }
    }
    own.iter().for_each(|own| info.hear(own));
    info.notes.sort();
}

/// The workers to ask, with their URLs.
fn others(info: &ClusterInfo, own: &str) -> Vec<(String, String)> {
    let others = info.workers.iter().filter(|worker| worker.worker_id != own);
    others.map(|worker| (worker.worker_id.clone(), worker.url.clone())).collect()
}

fn met(info: &mut ClusterInfo, worker_id: &str, version: String) {
    let same = |worker: &&mut WorkerInfo| worker.worker_id == worker_id;
    if let Some(worker) = info.workers.iter_mut().find(same) {
        (worker.reachable, worker.kind, worker.version) =
            (true, Some(WorkerKind::KafkaConnect), Some(version));
    }
}

/// Has the coordinator of the group say who has what.
async fn describe(herder: &Herder, info: &mut ClusterInfo) {
    match herder.ask_group(info).await {
        Ok(true) => {}
        Ok(false) => info.notes.push("the group shares out: only this worker is shown".to_owned()),
        Err(error) => {
            warn!(%error, "cannot have the coordinator of the group describe it");
            info.notes.push(format!("only this worker is shown: {error}"));
        }
    }
}

async fn ask(peers: &Peers, worker: &str) -> Result<Told, RestError> {
    let answer = async {
        let scope = [("scope".to_owned(), "worker".to_owned())];
        match get(peers, worker, "/cluster", &scope).await {
            Err(error) if error.status == StatusCode::NOT_FOUND => {
                let root: Root = parse(&get(peers, worker, "/", &[]).await?)?;
                Ok(Told::Version(root.version))
            }
            answer => Ok(Told::Cluster(parse(&answer?)?)),
        }
    };
    let late = |_| RestError::internal(format!("no answer within {} seconds", LIMIT.as_secs()));
    timeout(LIMIT, answer).await.map_err(late)?
}

async fn get(
    peers: &Peers,
    worker: &str,
    path: &str,
    query: &[(String, String)],
) -> Result<Vec<u8>, RestError> {
    let url = url_of(worker, path, query)?;
    let request = PeerRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() };
    Ok(peers.send(request).await?.body)
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, RestError> {
    serde_json::from_slice(body)
        .map_err(|error| RestError::internal(format!("the answer is not that of a worker: {error}")))
}
