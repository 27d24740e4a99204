//! An answer of the REST API, and a client that shows all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use ureq::Agent;
use ureq::http::Request;

const ANSWER_LIMIT: Duration = Duration::from_secs(180);
/// The headers that are compared.
const HEADERS: [&str; 3] = ["Location", "Content-Type", "Allow"];

/// An answer.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

/// A client with a connection for each request: Java's worker ends those that nothing came through for a while.
pub(super) struct Client {
    agent: Agent,
    url: String,
    /// What stands in answers for where the worker is, and what is compared.
    aliases: Vec<(String, String)>,
    cluster: bool,
}

impl Client {
    pub(super) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .timeout_global(Some(ANSWER_LIMIT))
            .build();
        Self { agent: config.into(), url: url.to_owned(), aliases: Vec::new(), cluster: false }
    }

    /// Whether the worker is one of a cluster.
    pub(super) fn in_cluster(&self) -> bool {
        self.cluster
    }

    /// The same for a worker of a cluster.
    pub(super) fn of_cluster(self) -> Self {
        Self { cluster: true, ..self }
    }

    /// Takes the id of another worker of the cluster for that of this one.
    pub(super) fn alias(mut self, other: &str) -> Self {
        let id = |url: &str| url.trim_start_matches("http://").to_owned();
        self.aliases.push((id(other), id(&self.url)));
        self
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        kind: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let describe = || format!("cannot {method} `{path}`");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let (Some(_), Some(kind)) = (body, kind) {
            request = request.header("content-type", kind);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body.to_owned().into_bytes().as_slice())?),
            None => self.agent.run(request.body(())?),
        };
        let mut response = response.with_context(describe)?;
        let header =
            |name: &str| Some((name.to_owned(), response.headers().get(name)?.to_str().ok()?.to_owned()));
        let headers: BTreeMap<String, String> = HEADERS.into_iter().filter_map(header).collect();
        let text = response.body_mut().read_to_string().with_context(describe)?;
        let json = headers.get("Content-Type").is_some_and(|kind| kind == "application/json");
        let body = match text.as_str() {
            "" => Value::Null,
            text if json => serde_json::from_str(text).with_context(describe)?,
            // Java's server does not declare the JSON of its own errors.
            text => serde_json::from_str(text).unwrap_or_else(|_| json!({ "text": text })),
        };
        let mut answer = Answer { status: response.status().as_u16(), headers, body };
        answer.rename(&self.aliases);
        Ok(answer)
    }
}

impl Answer {
    /// The answer without what differs from run to run, and with lists in order whose order means nothing.
    pub(super) fn normalized(&self) -> Self {
        let mut answer = self.clone();
        normalize(&mut answer.body, "");
        if let Some(names) = answer.body.as_array_mut() {
            sort(names);
        }
        if let Some(methods) = answer.headers.get_mut("Allow") {
            *methods = sorted(methods);
        }
        if let Some(Value::String(text)) = answer.body.get_mut("text") {
            *text = sorted(text);
        }
        answer
    }

    /// Takes other ids for those of workers.
    fn rename(&mut self, aliases: &[(String, String)]) {
        rename(&mut self.body, aliases);
    }

    /// The places where the answer is not the expected one.
    pub(super) fn against(&self, expected: &Self) -> String {
        let mut lines = Vec::new();
        if (self.status, &self.headers) != (expected.status, &expected.headers) {
            lines.push(format!("  expected {} {:?}", expected.status, expected.headers));
            lines.push(format!("  actual   {} {:?}", self.status, self.headers));
        }
        compare("", &expected.body, &self.body, &mut lines);
        lines.join("\n")
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, self.body)
    }
}

/// Adds a line for each place where two values differ.
fn compare(place: &str, expected: &Value, actual: &Value, lines: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let absent = Value::from("(absent)");
            let keys: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
            for key in keys {
                let value = |map: &Map<String, Value>| map.get(key).unwrap_or(&absent).clone();
                compare(&format!("{place}/{key}"), &value(expected), &value(actual), lines);
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare(&format!("{place}/{index}"), expected, actual, lines);
            }
        }
        (expected, actual) if expected != actual => {
            lines.push(format!("  at `{place}` expected {expected}\n  at `{place}` actual   {actual}"));
        }
        _ => {}
    }
}

fn rename(value: &mut Value, aliases: &[(String, String)]) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match aliases.iter().find(|(id, _)| key == "worker_id" && value == id) {
                    Some((_, other)) => *value = Value::from(other.as_str()),
                    None => rename(value, aliases),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, aliases)),
        _ => {}
    }
}

fn normalize(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| normalize(value, key)),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| normalize(item, ""));
            if key == "topics" {
                sort(items);
            }
            // Built in here and not in Java; the list of plugins has it as a difference.
            if key == "recommended_values" {
                items.retain(|item| item != "io.debezium.transforms.ExtractNewRecordState");
            }
        }
        Value::String(text) if matches!(key, "commit" | "kafka_cluster_id" | "trace") => {
            assert!(!text.is_empty(), "`{key}` is empty");
            "any".clone_into(text);
        }
        Value::Number(_) if key == "last_modified" => *value = Value::from("any"),
        _ => {}
    }
}

/// Puts names in order, if the items are names.
fn sort(items: &mut [Value]) {
    if items.iter().all(Value::is_string) {
        items.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    }
}

fn sorted(list: &str) -> String {
    let mut items: Vec<&str> = list.split(',').map(str::trim).collect();
    items.sort_unstable();
    items.join(",")
}
