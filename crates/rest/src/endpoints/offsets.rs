//! The committed offsets of connectors.

use std::sync::Arc;

use api::{SourceOffset, SourcePartition};
use axum::extract::State;
use serde_json::{Value, json};
use worker::herder::ConnectorOffset;

use super::path::Path;
use crate::RestError;
use crate::answer::{Answer, ok};
use crate::body::{self, Json};
use crate::router::App;

pub(crate) async fn list(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    ok(app.herder().await?.offsets(&name).await?)
}

pub(crate) async fn alter(State(app): State<Arc<App>>, Path(name): Path<String>, Json(body): Json) -> Answer {
    let message = app.herder().await?.alter_offsets(&name, offsets(body)?).await?;
    ok(json!({ "message": message }))
}

pub(crate) async fn reset(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    let message = app.herder().await?.reset_offsets(&name).await?;
    ok(json!({ "message": message }))
}

fn offsets(body: Value) -> Result<Vec<ConnectorOffset>, RestError> {
    match body::object(body, &["offsets"])?.remove("offsets") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(offsets)) => offsets.into_iter().map(offset).collect(),
        Some(_) => Err(RestError::bad_request("\"offsets\" has to be an array")),
    }
}

fn offset(offset: Value) -> Result<ConnectorOffset, RestError> {
    let mut offset = body::object(offset, &["partition", "offset"])?;
    let Some(Value::Object(partition)) = offset.remove("partition") else {
        return Err(RestError::bad_request(
            "every one of \"offsets\" needs a \"partition\", which is an object",
        ));
    };
    let offset = match offset.remove("offset") {
        None | Some(Value::Null) => None,
        Some(Value::Object(offset)) => Some(SourceOffset(offset)),
        Some(_) => return Err(RestError::bad_request("an \"offset\" has to be an object or null")),
    };
    Ok(ConnectorOffset { partition: SourcePartition(partition), offset })
}
