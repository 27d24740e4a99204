//! Requests to other workers of the cluster.

mod activity;
mod cluster;
mod forward;
mod tasks;

use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Url;
use serde::Deserialize;

pub(crate) use activity::complete;
pub(crate) use cluster::survey;
pub(crate) use forward::{Elsewhere, conflicting, forward};

use crate::RestError;

/// How long another worker may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to answer: a little more than it gives its own herder.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(100);
/// What an answer may have (invariant 6).
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// The client for requests to other workers.
#[derive(Clone, Debug)]
pub struct Peers {
    client: reqwest::Client,
}

/// A request to another worker.
#[derive(Debug)]
pub(crate) struct PeerRequest {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Those of [`AUTHORIZATION`] and of signatures.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What another worker has answered.
#[derive(Debug)]
pub(crate) struct PeerAnswer {
    pub(crate) status: StatusCode,
    /// Where what was made is to be found.
    pub(crate) location: Option<Url>,
    pub(crate) body: Vec<u8>,
}

/// An error as workers answer it.
#[derive(Deserialize)]
struct ErrorMessage {
    message: String,
}

impl Peers {
    /// A client; nothing is connected yet.
    ///
    /// # Errors
    /// The operating system refuses what a client needs.
    pub fn new() -> Result<Self, RestError> {
        let client = reqwest::Client::builder()
            .user_agent("kafka-connect")
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build();
        let client = client.map_err(|error| {
            RestError::internal(format!("cannot make a client for other workers: {error}"))
        })?;
        Ok(Self { client })
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// The worker cannot be reached, or answers an error, which is passed on with its status and words.
    pub(crate) async fn send(&self, request: PeerRequest) -> Result<PeerAnswer, RestError> {
        let target = request.url.clone();
        let answer = self.exchange(request).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(refused(&target, answer.status, &answer.body))
        }
    }

    /// Sends a request and waits for the answer, whatever it is.
    async fn exchange(&self, request: PeerRequest) -> Result<PeerAnswer, RestError> {
        let PeerRequest { method, url, mut headers, body } = request;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let target = url.clone();
        let sent = self.client.request(method, url).headers(headers).body(body).send().await;
        let mut response = sent.map_err(|error| unreachable(&target, &error))?;
        let status = response.status();
        let location = response.headers().get(LOCATION).and_then(|url| url.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&target, &error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let words =
                    format!("the answer of `{}` has more than {ANSWER_BYTES_MAX} bytes", shown(&target));
                return Err(RestError::internal(words));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(PeerAnswer { status, location, body })
    }
}

/// The URL of a path of another worker.
///
/// # Errors
/// The worker has advertised what is no URL.
pub(crate) fn url_of(worker: &str, path: &str, query: &[(String, String)]) -> Result<Url, RestError> {
    let mut url = Url::parse(worker).ok().filter(|url| !url.cannot_be_a_base()).ok_or_else(|| {
        RestError::internal(format!(
            "the other worker advertises `{worker}`, which is no URL to send requests to"
        ))
    })?;
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}{path}"));
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// The headers of a client that another worker is to see.
pub(crate) fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::new();
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        passed.insert(AUTHORIZATION, authorization.clone());
    }
    passed
}

fn unreachable(url: &Url, error: &reqwest::Error) -> RestError {
    let mut words = format!("IO Error trying to forward REST request: cannot reach `{}`", shown(url));
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words.push_str(
        "; hint: other workers have to reach the URL that `rest.advertised.*` of that worker names",
    );
    RestError::internal(words)
}

/// The error of another worker; one that is not in Kafka's shape is told by its status.
fn refused(url: &Url, status: StatusCode, body: &[u8]) -> RestError {
    if !status.is_client_error() && !status.is_server_error() {
        return RestError::internal(format!(
            "Unexpected status code when handling forwarded request: {}",
            status.as_u16()
        ));
    }
    let words = match serde_json::from_slice::<ErrorMessage>(body) {
        Ok(error) => error.message,
        Err(_) => {
            format!("`{}` answered HTTP {} without an error of Kafka Connect", shown(url), status.as_u16())
        }
    };
    RestError::new(status, words)
}

/// Scheme, host and port: a path may hold names, a query more than that.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests;
