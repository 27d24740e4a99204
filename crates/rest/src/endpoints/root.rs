//! The worker itself.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use worker::herder::Health;

use crate::answer::{Answer, ok, with};
use crate::router::App;

pub(crate) async fn server_info(State(app): State<Arc<App>>) -> Answer {
    ok(app.startup.server_info())
}

pub(crate) async fn health(State(app): State<Arc<App>>) -> Answer {
    let (health, stage) = app.startup.health().await;
    let (status, word, message) = match health {
        Health::Healthy => {
            (StatusCode::OK, "healthy", "Worker has completed startup and is ready to handle requests.")
        }
        Health::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting", "Worker is still starting up."),
        Health::Unhealthy => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "unhealthy",
            "Worker was unable to handle this request and may be unable to handle other requests.",
        ),
    };
    let message = [Some(message), stage].into_iter().flatten().collect::<Vec<_>>().join(" ");
    with(status, json!({ "status": word, "message": message }))
}
