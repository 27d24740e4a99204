//! Bodies of requests: JSON that is read within bounds, with the tolerance of Java's Jackson for scalars.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use worker::herder::RawConfig;

use crate::RestError;
use crate::router::App;

/// What the body of one request may have.
const BODY_BYTES_MAX: usize = 8 << 20;
/// What the bodies of all requests may have that are being read.
const BODIES_BYTES_MAX: usize = 32 << 20;
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a body that is too large is read and thrown away, so that the client gets to see the answer.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(10);

/// The room for the bodies that are being read, in bytes (invariant 6).
pub(crate) struct Room(Arc<Semaphore>);

/// A body of JSON.
pub(crate) struct Json(pub(crate) Value);

/// The bytes of a body, and the room that they take for as long as they are needed.
pub(crate) struct Bytes {
    pub(crate) bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BODIES_BYTES_MAX)))
    }
}

impl Room {
    async fn read(&self, mut body: Body) -> Result<Bytes, RestError> {
        let mut read = Bytes { bytes: Vec::new(), room: None };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| RestError::bad_request("the body of the request was cut off"))?;
            let Ok(data) = frame.into_data() else { continue };
            if read.bytes.len() + data.len() > BODY_BYTES_MAX {
                discard(body);
                return Err(too_large());
            }
            let room = self.take(data.len())?;
            match &mut read.room {
                Some(taken) => taken.merge(room),
                None => read.room = Some(room),
            }
            read.bytes.extend_from_slice(&data);
        }
        Ok(read)
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, RestError> {
        let bytes = u32::try_from(bytes).ok();
        bytes.and_then(|bytes| self.0.clone().try_acquire_many_owned(bytes).ok()).ok_or_else(|| {
            RestError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many large requests at once, try again later",
            )
        })
    }
}

impl FromRequest<Arc<App>> for Json {
    type Rejection = RestError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, RestError> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(RestError::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = read(&app.room, &parts.headers, body).await?;
        serde_json::from_slice(&body.bytes).map(Self).map_err(|error| {
            RestError::bad_request(format!("cannot read the body of the request as JSON: {error}"))
        })
    }
}

/// The bytes of a body.
///
/// # Errors
/// It is too large, comes too late or not whole, or too many bodies are being read.
pub(crate) async fn read(room: &Room, headers: &HeaderMap, body: Body) -> Result<Bytes, RestError> {
    if content_length(headers).is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        discard(body);
        return Err(too_large());
    }
    let read = timeout(BODY_TIMEOUT, room.read(body)).await;
    read.unwrap_or_else(|_| {
        let words = "the body of the request did not arrive in time";
        Err(RestError::new(StatusCode::REQUEST_TIMEOUT, words))
    })
}

/// An object, whose properties are the named ones.
///
/// # Errors
/// It is no object, or has a property of another name.
pub(crate) fn object(value: Value, known: &[&str]) -> Result<Map<String, Value>, RestError> {
    let Value::Object(object) = value else {
        let words = format!("the body of the request has to be a JSON object, not {}", kind(&value));
        return Err(RestError::bad_request(words));
    };
    if let Some(other) = object.keys().find(|key| !known.contains(&key.as_str())) {
        let known: Vec<String> = known.iter().map(|name| format!("\"{name}\"")).collect();
        let words = format!("Unrecognized field \"{other}\", known properties are: {}", known.join(", "));
        return Err(RestError::bad_request(words));
    }
    Ok(object)
}

/// The configuration of a connector.
///
/// # Errors
/// It is no object, or one of its values is an object or an array.
pub(crate) fn config(value: Value) -> Result<RawConfig, RestError> {
    let Value::Object(object) = value else {
        let words = format!("the configuration has to be a JSON object, not {}", kind(&value));
        return Err(RestError::bad_request(words));
    };
    let entries = object.into_iter().map(|(key, value)| {
        let value = text(&key, value)?;
        Ok((key, value))
    });
    entries.collect()
}

/// A scalar as text: Jackson takes numbers and booleans for strings, in the form in which they were written.
///
/// # Errors
/// It is an object or an array.
pub(crate) fn text(name: &str, value: Value) -> Result<Option<String>, RestError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Number(value) => Ok(Some(value.to_string())),
        Value::String(value) => Ok(Some(value)),
        Value::Array(_) | Value::Object(_) => {
            let words = format!("the value of \"{name}\" has to be a string, not {}", kind(&value));
            Err(RestError::bad_request(words))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large() -> RestError {
    let words = format!("the body of the request is too large: at most {BODY_BYTES_MAX} bytes are read");
    RestError::new(StatusCode::PAYLOAD_TOO_LARGE, words)
}

/// Reads what comes and forgets it, for a while: a connection that is closed before the client has sent all of
/// its request may take the answer with it.
fn discard(mut body: Body) {
    tokio::spawn(timeout(DISCARD_TIMEOUT, async move { while let Some(Ok(_)) = body.frame().await {} }));
}

#[cfg(test)]
mod tests;
