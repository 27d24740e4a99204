//! Settings of topics and clients, side by side with Apache Kafka Connect.

mod overrides;
mod topics;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::rest::Rest;
use testkit::wait;

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(50);

/// A configuration with more in it.
fn merged(mut all: Value, more: &Value) -> Value {
    all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    all
}

/// Creates a connector and answers the status, 201 unless it is refused.
fn create(rest: &Rest, name: &str, config: &Value) -> u16 {
    rest.post("/connectors", &json!({ "name": name, "config": config })).expect("an answer").status
}

/// The state of the first task of a connector, which is asked for until something is there.
fn task_state(rest: &Rest, name: &str) -> anyhow::Result<String> {
    let status = rest.get(&format!("/connectors/{name}/status"))?.json()?;
    Ok(status["tasks"][0]["state"].as_str().unwrap_or_default().to_owned())
}

/// The topics that a connector has used.
fn used(rest: &Rest, name: &str) -> anyhow::Result<Vec<String>> {
    let answer = rest.get(&format!("/connectors/{name}/topics"))?.json()?;
    let topics = answer[name]["topics"].as_array().cloned().unwrap_or_default();
    Ok(topics.iter().filter_map(|topic| Some(topic.as_str()?.to_owned())).collect())
}

/// Waits until a task has failed or has used a topic; answers which.
fn outcome(rest: &Rest, name: &str) -> String {
    let outcome = wait::until("a record in a topic, or a failure", LIMIT, PAUSE, || {
        if task_state(rest, name)? == "FAILED" {
            return Ok(Some("FAILED".to_owned()));
        }
        let used = used(rest, name)?;
        Ok((!used.is_empty()).then(|| format!("{used:?}")))
    });
    outcome.unwrap_or_else(|error| panic!("{name}: {error:#}"))
}
