//! Databases and Kafka through the whole worker.

mod bad_input;
mod distributed;
mod examples;
mod late;
mod mariadb;
mod once;
mod sink;
mod source;
mod sqlite;
mod stories;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::database::Database;
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(100);
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const SOURCE: &str = "io.confluent.connect.jdbc.JdbcSourceConnector";
const SINK: &str = "io.confluent.connect.jdbc.JdbcSinkConnector";

/// Waits until a query answers these rows, each a line with `|` between its columns.
fn wait_for_rows(database: &Database, sql: &str, expected: &[&str]) {
    let rows = || -> Vec<String> {
        // The table may not be there yet.
        let rows = database.query(sql).unwrap_or_default();
        let line = |row: &Vec<Option<String>>| {
            row.iter().map(|cell| cell.as_deref().unwrap_or_default()).collect::<Vec<_>>().join("|")
        };
        rows.iter().map(line).collect()
    };
    let arrived = wait::until("the rows", LIMIT, PAUSE, || Ok((rows() == expected).then_some(())));
    arrived.unwrap_or_else(|_| panic!("{:?}", rows()));
}

/// Makes a connector of a database, and waits until it runs somewhere.
fn create(worker: &Worker, name: &str, database: &Database, url: &str, entries: &[(&str, &str)]) {
    let mut config: serde_json::Map<String, Value> =
        entries.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
    let access = [("url", url), ("user", database.user()), ("password", database.password())];
    config.extend(access.map(|(key, value)| (format!("connection.{key}"), Value::from(value))));
    let request = json!({"name": name, "config": config});
    let created = wait::until("the connector", LIMIT, PAUSE, || {
        let answer = worker.rest().post("/connectors", &request)?;
        // The cluster may be sharing its work out.
        anyhow::ensure!(matches!(answer.status, 201 | 409), "{answer:?}");
        Ok((answer.status == 201).then_some(()))
    });
    created.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    wait_for_state(worker, name, "RUNNING");
}

fn wait_for_state(worker: &Worker, name: &str, state: &str) {
    let path = format!("/connectors/{name}/status");
    let reached = wait::until("the state", LIMIT, PAUSE, || {
        let Ok(status) = worker.rest().get(&path)?.ok() else { return Ok(None) };
        let tasks = status["tasks"].as_array().map_or(0, Vec::len);
        let there = status["connector"]["state"] == state && (tasks > 0) == (state == "RUNNING");
        Ok(there.then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}: {:?}", worker.rest().get(&path)));
}

/// Two tasks that write the times of a column as text, or read them from it.
fn times_as(target: &str) -> [(&str, &str); 6] {
    [
        ("tasks.max", "2"),
        ("transforms", "time"),
        ("transforms.time.type", "org.apache.kafka.connect.transforms.TimestampConverter$Value"),
        ("transforms.time.field", "timestamp"),
        ("transforms.time.format", "yyyy-MM-dd HH:mm:ss.S"),
        ("transforms.time.target.type", target),
    ]
}

/// Sets a group back to the beginning of a topic with Kafka's own program.
fn set_back(kafka: &Kafka, group: &str, topic: &str) {
    let reset = ["--reset-offsets", "--to-earliest", "--execute", "--group", group, "--topic", topic];
    // The group is empty once its task has left it.
    wait::until("an empty group", LIMIT, PAUSE, || Ok(kafka.consumer_groups(&reset).ok().map(drop)))
        .expect("the group is set back");
}
