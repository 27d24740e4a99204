//! Requests that another worker has to do are sent on to it, as Kafka's workers do.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{PeerRequest, Peers, passed_on, url_of};
use crate::answer::{Answer, location as location_of};
use crate::router::App;
use crate::{RestError, body};

/// The parameter that bounds how often a request is sent on.
const PARAMETER: &str = "forward";

/// In an answer: the request is to be done by the worker with this URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Elsewhere(pub(crate) Arc<str>);

/// What is needed of a request to send it on.
struct Sent {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Does a request here or, when the endpoint says so, at the worker that can do it.
pub(crate) async fn forward(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(peers) = app.peers.as_ref().filter(|_| !request.method().is_safe()) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    // The room stays taken until the request is done here or elsewhere.
    let read = match body::read(&app.room, &parts.headers, body).await {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    let sent = Sent {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: parts.headers.clone(),
        body: read.bytes.clone(),
    };
    let mut response = next.run(Request::from_parts(parts, Body::from(read.bytes.clone()))).await;
    match response.extensions_mut().remove::<Elsewhere>() {
        Some(Elsewhere(worker)) => {
            send_on(peers, &app.advertised, &worker, sent).await.unwrap_or_else(IntoResponse::into_response)
        }
        None => response,
    }
}

async fn send_on(peers: &Peers, advertised: &str, worker: &str, sent: Sent) -> Answer {
    let query = next_query(&sent.uri)?;
    let url = url_of(worker, sent.uri.path(), &query)?;
    tracing::debug!(method = %sent.method, worker, "sending a request on");
    let request =
        PeerRequest { method: sent.method, url, headers: passed_on(&sent.headers), body: sent.body };
    let answer = peers.send(request).await?;
    let mut response = if answer.body.is_empty() {
        answer.status.into_response()
    } else {
        (answer.status, [(CONTENT_TYPE, "application/json")], answer.body).into_response()
    };
    if let Some(location) = answer.location {
        // The client knows this worker, perhaps no other.
        if let Ok(location) = location_of(&sent.headers, advertised, location.path()).parse() {
            response.headers_mut().insert(LOCATION, location);
        }
    }
    Ok(response)
}

/// The query for the other worker: it may send the request on once more, a third one may not.
fn next_query(uri: &Uri) -> Result<Vec<(String, String)>, RestError> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(mut pairs) = query.map_err(|error| RestError::bad_request(error.to_string()))?;
    let allowed = pairs.iter().find(|(name, _)| name == PARAMETER).map(|(_, value)| value == "true");
    pairs.retain(|(name, _)| name != PARAMETER);
    let again = match allowed {
        None => "true",
        Some(true) => "false",
        Some(false) => {
            tracing::warn!(path = uri.path(), "no worker that a request was sent on to could do it");
            return Err(conflicting());
        }
    };
    pairs.push((PARAMETER.to_owned(), again.to_owned()));
    Ok(pairs)
}

/// What Kafka answers when workers do not agree about who does a request.
pub(crate) fn conflicting() -> RestError {
    let words = "Cannot complete request because of a conflicting operation (e.g. worker rebalance)";
    RestError::new(StatusCode::CONFLICT, words)
}

#[cfg(test)]
mod tests;
