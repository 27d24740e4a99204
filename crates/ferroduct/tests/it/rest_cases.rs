//! The REST API against the recorded answers of Apache Kafka Connect, request by request.

mod answer;
mod differences;
mod distributed;
mod judge;
mod limits;

use std::fs;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use testkit::directory::Directory;
use testkit::{Kafka, Worker, wait};

use self::answer::{Answer, Client};
use self::differences::{DIFFERENCES, Difference, STANDALONE};

const CASES: &str = include_str!("rest-cases/standalone.jsonl");
const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
/// How long a connector may take to get where a recorded answer has it.
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(20);

/// A recorded request and its answer.
#[derive(Debug, Deserialize)]
struct Case {
    note: String,
    method: String,
    path: String,
    request: Value,
    content_type: Option<String>,
    #[serde(flatten)]
    answer: Answer,
}

impl Case {
    /// Whether it changes nothing where the answer is the recorded one, so that it can be sent until it is.
    fn repeatable(&self, cluster: bool) -> bool {
        // In a cluster a restart is answered before the topic of statuses tells of it.
        self.method == "GET" || (cluster && self.path.contains("onlyFailed=true"))
    }
}

#[test]
fn every_recorded_answer_is_ours_or_differs_as_it_is_written_down() {
    let directory = Directory::new("rest-cases").expect("a directory");
    fs::write(directory.path().join("lines.txt"), "one\ntwo\nthree\n").expect("the input is written");
    let worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
        .property("key.converter", JSON)
        .property("value.converter", JSON)
        .without("header.converter")
        // However slow the machine is, no task is given up while it stops.
        .property("task.shutdown.graceful.timeout.ms", "120000")
        .start()
        .expect("a worker");
    let client = Client::new(worker.url());
    let port = worker.url().rsplit(':').next().expect("a port").to_owned();
    let place =
        |text: &str| text.replace("DIR", &directory.path().display().to_string()).replace("PORT", &port);
    replay_all(&client, CASES, place, &[DIFFERENCES, STANDALONE]);
}

/// Sends all recorded requests, with the places of this run, and compares the answers.
fn replay_all(client: &Client, cases: &str, place: impl Fn(&str) -> String, differences: &[&[Difference]]) {
    let mut wrong = Vec::new();
    for (index, line) in cases.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let case: Case = serde_json::from_str(&place(line)).expect("a case");
        let differences = differences.iter().copied().flatten();
        let differences: Vec<&Difference> =
            differences.filter(|difference| difference.lines.contains(&(index + 1))).collect();
        // Where much is wrong the rest is not worth the wait.
        let limit = if wrong.len() < 3 { LIMIT } else { LIMIT / 30 };
        if let Err(problem) = replay(client, &case, &differences, limit) {
            let Case { note, method, path, request, .. } = &case;
            wrong.push(format!("line {}: {method} {path} ({note}) {request}\n{problem}", index + 1));
        }
    }
    assert!(wrong.is_empty(), "{} answers differ:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Sends a request and compares the answer with what is expected, which is the recorded one unless a difference
/// is written down.
fn replay(client: &Client, case: &Case, differences: &[&Difference], limit: Duration) -> Result<(), String> {
    let mut expected = case.answer.normalized();
    let mut stale = Vec::new();
    for difference in differences {
        let before = expected.clone();
        difference.apply(&mut expected);
        if expected == before {
            stale.push(format!("this difference is none: {}", difference.reason));
        }
    }
    let actual = if case.repeatable(client.in_cluster()) {
        let mut last = None;
        let reached = wait::until("the answer", limit, PAUSE, || {
            let answer = send(client, case)?;
            let reached = answer == expected;
            last = Some(answer);
            Ok(reached.then_some(()))
        });
        // Where answers came, the last one is shown instead of the expected one.
        match (last, reached) {
            (Some(answer), _) => answer,
            (None, outcome) => return Err(format!("{:#}", outcome.expect_err("no answer"))),
        }
    } else {
        settle(client, &case.path);
        send(client, case).map_err(|error| format!("{error:#}"))?
    };
    if actual != expected {
        stale.push(actual.against(&expected));
    }
    if stale.is_empty() { Ok(()) } else { Err(stale.join("\n")) }
}

fn send(client: &Client, case: &Case) -> anyhow::Result<Answer> {
    let body = match &case.request {
        Value::Null => None,
        Value::String(raw) => Some(raw.clone()),
        json => Some(json.to_string()),
    };
    let kind = match (case.note.as_str(), &case.content_type) {
        ("no content type", _) => None,
        (_, Some(kind)) => Some(kind.as_str()),
        (_, None) => Some("application/json"),
    };
    Ok(client.send(&case.method, &case.path, body.as_deref(), kind)?.normalized())
}

/// Waits until a connector and its tasks are neither starting nor stopping: what a restart answers depends on
/// where they are.
fn settle(client: &Client, path: &str) {
    let Some(name) = path.strip_prefix("/connectors/").and_then(|rest| rest.split(['/', '?']).next()) else {
        return;
    };
    let settled = wait::until("a settled state", LIMIT, PAUSE, || {
        let status = client.send("GET", &format!("/connectors/{name}/status"), None, None)?.body;
        let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
        let mut states = tasks.iter().chain([&status["connector"]]).map(|part| part["state"].as_str());
        Ok((!states.any(|state| matches!(state, Some("RESTARTING" | "UNASSIGNED")))).then_some(()))
    });
    settled.unwrap_or_else(|error| panic!("{name}: {error:#}"));
}
