//! The errors of the REST API, in Kafka's shape.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use worker::{HerderError, plugins, validate};

use crate::peer::{Elsewhere, conflicting};

/// An error as a client sees it: `{"error_code": 404, "message": "…"}`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestError {
    /// The status, which the body repeats.
    pub status: StatusCode,
    /// What went wrong, without secrets.
    pub message: String,
    /// The worker that can do what was asked for.
    elsewhere: Option<Elsewhere>,
}

impl RestError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), elsewhere: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// What the server says by itself, in Kafka's words: `HTTP 404 Not Found`.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(
            status,
            format!("HTTP {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default()),
        )
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::error!(status = self.status.as_u16(), message = self.message, "request failed");
        }
        let body = json!({ "error_code": self.status.as_u16(), "message": self.message });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(elsewhere) = self.elsewhere {
            response.extensions_mut().insert(elsewhere);
        }
        response
    }
}

impl From<HerderError> for RestError {
    fn from(error: HerderError) -> Self {
        let status = match &error {
            HerderError::Elsewhere(worker) => {
                let elsewhere = Some(Elsewhere(worker.clone()));
                return Self { elsewhere, ..conflicting() };
            }
            HerderError::NotFound(_) => StatusCode::NOT_FOUND,
            HerderError::AlreadyExists(_) | HerderError::Conflict(_) => StatusCode::CONFLICT,
            HerderError::BadRequest(_) => StatusCode::BAD_REQUEST,
            HerderError::Forbidden(_) => StatusCode::FORBIDDEN,
            HerderError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            HerderError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<validate::Error> for RestError {
    fn from(error: validate::Error) -> Self {
        match &error {
            validate::Error::NoClass(_)
            | validate::Error::Class(_)
            | validate::Error::HiddenClass(_)
            | validate::Error::Unresolved(_) => Self::bad_request(error.to_string()),
            validate::Error::Worker(_) => Self::internal(error.to_string()),
        }
    }
}

impl From<plugins::Error> for RestError {
    fn from(error: plugins::Error) -> Self {
        match &error {
            plugins::Error::UnknownPlugin { .. } => Self::not_found(error.to_string()),
            plugins::Error::UnknownConnector { .. } | plugins::Error::Ambiguous { .. } => {
                Self::bad_request(error.to_string())
            }
        }
    }
}
