//! Answers that are the same for many endpoints.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, HOST, LOCATION};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::RestError;

/// What an endpoint answers.
pub(crate) type Answer = Result<Response, RestError>;

/// What stands as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// 200 with JSON.
pub(crate) fn ok(body: impl Serialize) -> Answer {
    Ok(Json(body).into_response())
}

/// A status with JSON.
pub(crate) fn with(status: StatusCode, body: impl Serialize) -> Answer {
    Ok((status, Json(body)).into_response())
}

/// A status and no body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    Ok(status.into_response())
}

/// 201 with JSON and the URL of a connector, at the host that the client has called.
pub(crate) fn created(name: &str, request: &HeaderMap, advertised: &str, body: impl Serialize) -> Answer {
    let path = format!("/connectors/{}", utf8_percent_encode(name, SEGMENT));
    let location = location(request, advertised, &path);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response())
}

/// The URL of a path at the host that the client has called, or at the advertised one if it does not say which.
pub(crate) fn location(request: &HeaderMap, advertised: &str, path: &str) -> String {
    let base = request.get(HOST).and_then(|host| host.to_str().ok());
    let base =
        base.map_or_else(|| advertised.trim_end_matches('/').to_owned(), |host| format!("http://{host}"));
    format!("{base}{path}")
}

/// What `OPTIONS` answers: the methods of a path, as Kafka's server does.
pub(crate) fn options(methods: &'static str) -> ([(HeaderName, &'static str); 2], String) {
    let headers = [(axum::http::header::ALLOW, methods), (CONTENT_TYPE, "text/plain")];
    (headers, methods.replace(',', ", "))
}
