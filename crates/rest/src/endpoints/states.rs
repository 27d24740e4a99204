//! What connectors and tasks do, and how that is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use worker::cluster::signature::{ALGORITHM_HEADER, SIGNATURE_HEADER};
use worker::herder::SignedRequest;

use super::path::Path;
use super::query::Parameters;
use crate::answer::{Answer, empty, ok, with};
use crate::peer::complete;
use crate::router::App;
use crate::{RestError, body};

/// With `activity=true` also what each task has done last, wherever it runs; with `activity=local`, which workers ask of
/// each other, only where it runs here.
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Answer {
    let herder = app.herder().await?;
    let wanted = parameters.all("activity").next().unwrap_or_default();
    if wanted == "local" {
        return ok(herder.connector_activity(&name)?);
    }
    if !parameters.flag("activity", false) {
        return ok(herder.connector_status(&name)?);
    }
    let mut state = herder.connector_activity(&name)?;
    if let Some(peers) = &app.peers {
        complete(peers, &mut state, herder.worker_id()).await;
    }
    ok(state)
}

pub(crate) async fn restart(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Answer {
    let (tasks, failed) = (parameters.flag("includeTasks", false), parameters.flag("onlyFailed", false));
    if tasks || failed {
        return with(
            StatusCode::ACCEPTED,
            app.herder().await?.restart_connector_and_tasks(&name, tasks, failed).await?,
        );
    }
    app.herder().await?.restart_connector(&name).await?;
    empty(StatusCode::NO_CONTENT)
}

pub(crate) async fn pause(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    app.herder().await?.pause(&name).await?;
    empty(StatusCode::ACCEPTED)
}

pub(crate) async fn resume(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    app.herder().await?.resume(&name).await?;
    empty(StatusCode::ACCEPTED)
}

pub(crate) async fn stop(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    app.herder().await?.stop(&name).await?;
    empty(StatusCode::NO_CONTENT)
}

/// Internal to clusters of workers: another worker has the leader end what former tasks of a connector still do.
pub(crate) async fn fence(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let read = body::read(&app.room, &headers, body).await?;
    app.herder().await?.fence(&name, signed(&headers, &read.bytes)).await?;
    empty(StatusCode::NO_CONTENT)
}

/// Internal to clusters of workers: another worker has the leader write the tasks of a connector.
pub(crate) async fn put_tasks(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let read = body::read(&app.room, &headers, body).await?;
    app.herder().await?.put_tasks(&name, signed(&headers, &read.bytes)).await?;
    empty(StatusCode::NO_CONTENT)
}

/// A request of another worker, with the signature that it may have.
fn signed<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> SignedRequest<'a> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    SignedRequest { signature: header(SIGNATURE_HEADER), algorithm: header(ALGORITHM_HEADER), body }
}

pub(crate) async fn tasks(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    ok(app.herder().await?.tasks(&name)?)
}

pub(crate) async fn task_status(
    State(app): State<Arc<App>>,
    Path((name, task)): Path<(String, String)>,
) -> Answer {
    ok(app.herder().await?.task_status(&name, number(&task)?)?)
}

pub(crate) async fn restart_task(
    State(app): State<Arc<App>>,
    Path((name, task)): Path<(String, String)>,
) -> Answer {
    app.herder().await?.restart_task(&name, number(&task)?).await?;
    empty(StatusCode::NO_CONTENT)
}

pub(crate) async fn topics(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    let topics = app.herder().await?.active_topics(&name)?;
    ok(BTreeMap::from([(name, json!({ "topics": topics }))]))
}

pub(crate) async fn reset_topics(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    app.herder().await?.reset_topics(&name).await?;
    empty(StatusCode::ACCEPTED)
}

/// The number of a task in a path; a path with something else is none, as in Kafka.
fn number(task: &str) -> Result<u32, RestError> {
    task.parse().map_err(|_| RestError::of_status(StatusCode::NOT_FOUND))
}
