//! Connectors and their configurations.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use worker::Herder;
use worker::herder::{ConnectorInfo, ConnectorStateInfo, InitialState, RawConfig};

use super::path::Path;
use super::query::Parameters;
use crate::RestError;
use crate::answer::{Answer, created, empty, ok};
use crate::body::{self, Json};
use crate::router::App;

/// What `?expand=` asks for of a connector.
#[derive(Default, Serialize)]
struct Expanded {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ConnectorStateInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<ConnectorInfo>,
}

/// What is to be created.
struct Creation {
    name: String,
    config: RawConfig,
    initial: InitialState,
}

pub(crate) async fn list(State(app): State<Arc<App>>, parameters: Parameters) -> Answer {
    let herder = app.herder().await?;
    let names = herder.connectors();
    let expansions: Vec<&str> = parameters.all("expand").collect();
    if expansions.is_empty() {
        return ok(names);
    }
    let entries = names.into_iter().filter_map(|name| {
        let expanded = expand(herder, &name, &expansions)?;
        Some((name, expanded))
    });
    ok(entries.collect::<BTreeMap<_, _>>())
}

/// The parts of a connector that are asked for, of which unknown ones are passed over; `None`: it has just gone.
fn expand(herder: &Herder, name: &str, expansions: &[&str]) -> Option<Expanded> {
    let mut expanded = Expanded::default();
    if expansions.contains(&"status") {
        expanded.status = Some(herder.connector_status(name).ok()?);
    }
    if expansions.contains(&"info") {
        expanded.info = Some(herder.connector_info(name).ok()?);
    }
    Some(expanded)
}

pub(crate) async fn create(State(app): State<Arc<App>>, headers: HeaderMap, Json(body): Json) -> Answer {
    let Creation { name, config, initial } = creation(body)?;
    let info = app.herder().await?.create(&name, config, initial).await?;
    created(&name, &headers, &app.advertised, info)
}

fn creation(body: Value) -> Result<Creation, RestError> {
    let mut request = body::object(body, &["config", "name", "initial_state"])?;
    let mut take = |key: &str| request.remove(key).unwrap_or(Value::Null);
    let name = body::text("name", take("name"))?.unwrap_or_default().trim().to_owned();
    let config = match take("config") {
        Value::Null => return Err(RestError::bad_request("the request has no \"config\"")),
        config => body::config(config)?,
    };
    let initial = match body::text("initial_state", take("initial_state"))? {
        None => InitialState::default(),
        Some(word) => word.parse().map_err(|error| {
            RestError::bad_request(format!("cannot take \"{word}\" for \"initial_state\": {error}"))
        })?,
    };
    Ok(Creation { name, config, initial })
}

pub(crate) async fn info(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    ok(app.herder().await?.connector_info(&name)?)
}

pub(crate) async fn config(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    ok(app.herder().await?.connector_config(&name)?)
}

pub(crate) async fn put_config(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(body): Json,
) -> Answer {
    let (new, info) = app.herder().await?.put_config(&name, body::config(body)?).await?;
    if new { created(&name, &headers, &app.advertised, info) } else { ok(info) }
}

pub(crate) async fn patch_config(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Json(body): Json,
) -> Answer {
    ok(app.herder().await?.patch_config(&name, body::config(body)?).await?)
}

pub(crate) async fn delete(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    app.herder().await?.delete(&name).await?;
    empty(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests;
