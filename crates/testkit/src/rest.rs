//! A small client for a worker's REST interface.

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use ureq::http::{HeaderValue, Request, Response};
use ureq::{Agent, Body};

/// How long an answer may take; Connect's own limit for its requests is 90 seconds.
const ANSWER_LIMIT: Duration = Duration::from_secs(180);

/// Sends requests to one worker, over connections that stay open.
#[derive(Clone, Debug)]
pub struct Rest {
    agent: Agent,
    url: String,
}

/// What a worker answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The header `Content-Type`, empty without one.
    pub content_type: String,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// Returns the body as JSON; `null` when it is empty.
    ///
    /// # Errors
    ///
    /// When the body is not JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        if self.text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&self.text).with_context(|| format!("the answer is not JSON: {}", self.text))
    }

    /// Returns the body as JSON when the status is one of success.
    ///
    /// # Errors
    ///
    /// When the status is 300 or more, with the body.
    pub fn ok(&self) -> anyhow::Result<Value> {
        anyhow::ensure!(self.status < 300, "the worker answered {}: {}", self.status, self.text);
        self.json()
    }
}

impl Rest {
    /// Returns a client for the worker at `url`, such as `http://127.0.0.1:8083`.
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(ANSWER_LIMIT))
            .build();
        Self { agent: config.into(), url: url.trim_end_matches('/').to_owned() }
    }

    /// Returns the address of the worker, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends GET.
    ///
    /// # Errors
    ///
    /// When no answer comes; an answer of any status is none.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, None)
    }

    /// Sends DELETE.
    ///
    /// # Errors
    ///
    /// As [`Rest::get`].
    pub fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("DELETE", path, None)
    }

    /// Sends POST with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`Rest::get`].
    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send("POST", path, Some(&body.to_string()))
    }

    /// Sends PUT with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`Rest::get`].
    pub fn put(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send("PUT", path, Some(&body.to_string()))
    }

    /// Sends PATCH with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`Rest::get`].
    pub fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send("PATCH", path, Some(&body.to_string()))
    }

    /// Sends any request; a body goes as it is, declared to be JSON.
    ///
    /// # Errors
    ///
    /// As [`Rest::get`].
    pub fn send(&self, method: &str, path: &str, body: Option<&str>) -> anyhow::Result<Answer> {
        let headers: &[(&str, &str)] =
            if body.is_some() { &[("content-type", "application/json")] } else { &[] };
        self.send_with(method, path, headers, body.map(str::as_bytes))
    }

    /// Sends any request with headers of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`Rest::get`].
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> anyhow::Result<Answer> {
        let describe = || format!("cannot {method} `{}{path}`", self.url);
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        };
        answer(response.with_context(describe)?).with_context(describe)
    }
}

fn answer(mut response: Response<Body>) -> anyhow::Result<Answer> {
    let content_type = response.headers().get("content-type").map(HeaderValue::to_str).transpose()?;
    let content_type = content_type.unwrap_or_default().to_owned();
    let text = response.body_mut().read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), content_type, text })
}
