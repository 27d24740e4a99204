//! The plugins of the worker and their configurations.

use std::sync::Arc;

use axum::extract::State;
use worker::{plugins, validate};

use super::path::Path;
use super::query::Parameters;
use crate::RestError;
use crate::answer::{Answer, ok};
use crate::body::{self, Json};
use crate::router::App;

pub(crate) async fn list(State(app): State<Arc<App>>, parameters: Parameters) -> Answer {
    ok(plugins::list(&app.registry, parameters.flag("connectorsOnly", true)))
}

pub(crate) async fn config(State(app): State<Arc<App>>, Path(plugin): Path<String>) -> Answer {
    ok(validate::definition_of(&app.registry, &plugin)?)
}

pub(crate) async fn validate(
    State(app): State<Arc<App>>,
    Path(plugin): Path<String>,
    Json(body): Json,
) -> Answer {
    let config = body::config(body)?;
    if let Some(Some(class)) = config.get("connector.class")
        && !stem(class).ends_with(stem(&plugin))
    {
        let words = format!("Included connector type {class} does not match request type {plugin}");
        return Err(RestError::bad_request(words));
    }
    ok(app.herder().await?.validate(config).await?)
}

/// The name of a class without what all connectors end with.
fn stem(class: &str) -> &str {
    class.strip_suffix("Connector").filter(|stem| !stem.is_empty()).unwrap_or(class)
}
