//! A hundred sources on one database, each with a query and a timestamp column of its own.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::database::{Database, Postgres};
use testkit::{Kafka, Worker, wait};

use super::{BINARY, JSON, LIMIT, PAUSE, SOURCE};

const COUNT: usize = 100;
/// More than the threads of a runtime on any machine that runs tests, and far fewer than one for each task.
const THREADS_MAX: u64 = COUNT as u64 / 2 + 16;

fn config(database: &Database, number: usize) -> Value {
    let query = format!(
        "SELECT * FROM (SELECT id, kind, made AS made_{number} FROM events WHERE kind = {number}) AS mine"
    );
    json!({
        "connector.class": SOURCE,
        "connection.url": database.jdbc_url(),
        "connection.user": database.user(),
        "connection.password": database.password(),
        "query": query,
        "mode": "timestamp",
        "timestamp.column.name": format!("made_{number}"),
        "topic.prefix": topic(number),
        "poll.interval.ms": "500",
    })
}

fn topic(number: usize) -> String {
    format!("jdbc-many-{number}")
}

/// Waits until every topic has so many records, and one of them perhaps others.
fn wait_for(kafka: &Kafka, expected: impl Fn(usize) -> u64, worker: &Worker) {
    let mut probe = kafka.probe().expect("a probe");
    let mut found = Vec::new();
    let outcome = wait::until("the rows of all queries", LIMIT, PAUSE, || {
        found = (0..COUNT).map(|number| probe.records(&topic(number)).unwrap_or(0)).collect();
        Ok((0..COUNT).all(|number| found[number] == expected(number)).then_some(()))
    });
    outcome.unwrap_or_else(|error| panic!("{found:?}: {error:#}\n{}", worker.log()));
}

/// Asks until the answer is 200: offsets are changed once all tasks have stopped, and read once they are committed.
fn insist(mut ask: impl FnMut() -> anyhow::Result<testkit::rest::Answer>) -> Value {
    let answer = wait::until("an answer of 200", LIMIT, Duration::from_millis(200), || {
        let answer = ask()?;
        let offsets = answer.status == 200 && !answer.text.contains("\"offsets\":[]");
        if offsets { answer.json().map(Some) } else { Ok(None) }
    });
    answer.expect("an answer of 200")
}

#[test]
fn a_hundred_queries_run_on_one_worker_and_offsets_are_set_by_rest() {
    let kafka = Kafka::shared();
    let server = Postgres::start().expect("a server");
    let database = server.create_database("many").expect("a database");
    let create = "CREATE TABLE events (id bigserial PRIMARY KEY, kind int, made timestamptz NOT NULL DEFAULT clock_timestamp()); \
                  INSERT INTO events (kind) SELECT n FROM generate_series(0, 99) n";
    database.execute(create).expect("a table");
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("offset.flush.interval.ms", "500")
        .start()
        .expect("the worker starts");
    for number in 0..COUNT {
        let body = json!({"name": format!("many-{number}"), "config": config(&database, number)});
        worker.rest().post("/connectors", &body).and_then(|answer| answer.ok()).expect("a connector");
    }
    wait_for(kafka, |_| 1, &worker);
    let earlier = insist(|| worker.rest().get("/connectors/many-8/offsets"));
    database.execute("INSERT INTO events (kind) SELECT generate_series(0, 99)").expect("rows");
    wait_for(kafka, |_| 2, &worker);

    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ferroduct'";
    let sessions = database.query(sessions).expect("the sessions")[0][0].clone().expect("a number");
    assert!(sessions.parse::<usize>().expect("a number") <= COUNT, "{sessions} sessions");
    let usage = worker.usage().expect("what the worker uses");
    assert!(usage.thread_count <= THREADS_MAX, "{usage:?}");
    println!("{COUNT} sources: {sessions} sessions, {usage:?}");

    // One begins anew, one goes back, and the others stay where they are.
    for (name, body) in [("many-7", None), ("many-8", Some(&earlier))] {
        worker.rest().put(&format!("/connectors/{name}/stop"), &json!({})).expect("an answer");
        let offsets = format!("/connectors/{name}/offsets");
        insist(|| match body {
            None => worker.rest().delete(&offsets),
            Some(body) => worker.rest().patch(&offsets, body),
        });
        worker.rest().put(&format!("/connectors/{name}/resume"), &json!({})).expect("an answer");
    }
    let expected = |number| match number {
        7 => 4,
        8 => 3,
        _ => 2,
    };
    wait_for(kafka, expected, &worker);
    worker.stop().expect("the worker stops");
}
