//! The levels of loggers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use super::path::Path;
use super::query::Parameters;
use crate::RestError;
use crate::answer::{Answer, empty, ok};
use crate::body::{self, Json};
use crate::loggers::Level;
use crate::router::App;

pub(crate) async fn list(State(app): State<Arc<App>>) -> Answer {
    ok(app.loggers.all())
}

pub(crate) async fn one(State(app): State<Arc<App>>, Path(logger): Path<String>) -> Answer {
    let level = app.loggers.one(&logger);
    ok(level.ok_or_else(|| RestError::not_found(format!("Logger {logger} not found.")))?)
}

pub(crate) async fn set(
    State(app): State<Arc<App>>,
    Path(logger): Path<String>,
    parameters: Parameters,
    Json(body): Json,
) -> Answer {
    let level = level(body)?;
    let scope = parameters.all("scope").next().unwrap_or("worker");
    match scope.to_ascii_lowercase().as_str() {
        "cluster" => {
            let herder = app.herder().await?;
            if herder.in_cluster() {
                herder.set_cluster_level(&logger, &level.to_string()).await?;
            } else {
                // A standalone worker is all of its cluster.
                app.loggers.set(&logger, level);
            }
            return empty(StatusCode::NO_CONTENT);
        }
        "worker" => {}
        _ => tracing::warn!(scope, "unknown scope of a logger's level, worker is taken"),
    }
    ok(app.loggers.set(&logger, level))
}

fn level(body: Value) -> Result<Level, RestError> {
    let Value::Object(mut request) = body else {
        return Err(RestError::bad_request(
            "the body of the request has to be a JSON object with a \"level\"",
        ));
    };
    let word = body::text("level", request.remove("level").unwrap_or(Value::Null))?;
    let word = word
        .ok_or_else(|| RestError::bad_request("Desired 'level' parameter was not specified in request."))?;
    word.parse().map_err(|_| RestError::not_found(format!("invalid log level '{word}'.")))
}
