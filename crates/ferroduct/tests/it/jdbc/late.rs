//! Every committed row arrives, whatever order transactions commit in, and whoever is killed meanwhile.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::database::{Database, Postgres};
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(200);
const WRITERS: u32 = 4;
const TRANSACTIONS: u32 = 60;

/// A mode, and the timestamp column it works with: in the one of whole seconds times are rounded, and equal ones are the
/// rule.
const MODES: [(&str, &str); 5] = [
    ("incrementing", "ts"),
    ("timestamp", "ts"),
    ("timestamp", "second"),
    ("timestamp+incrementing", "ts"),
    ("timestamp+incrementing", "second"),
];

/// Transactions of random length one after the other: some roll back, some have several rows, some delete one, some
/// sleep before their first row, so that it is older than it looks.
fn transactions(writer: u32) -> String {
    let transaction = |number: u32| {
        let pause =
            |part: u32| format!("SELECT pg_sleep({}.0 / 1000);", (number * 7 + writer * 13 + part * 29) % 60);
        let row = "INSERT INTO rows_late DEFAULT VALUES;";
        let end = if number % 5 == 4 { "ROLLBACK;" } else { "COMMIT;" };
        let delete = if number % 4 == 1 { DELETE } else { "" };
        let before = if number.is_multiple_of(3) { pause(1) } else { String::new() };
        format!(
            "BEGIN; {before} {row} {} {row} {delete} {} {end}\n",
            pause(2),
            if number.is_multiple_of(2) { pause(3) } else { String::new() }
        )
    };
    (0..TRANSACTIONS).map(transaction).collect()
}

/// Takes one of the first rows away, and notes that it was there.
const DELETE: &str = "WITH gone AS (DELETE FROM rows_late WHERE id = \
    (SELECT id FROM rows_late ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id) \
    INSERT INTO rows_gone SELECT id FROM gone;";

/// The ids that arrived in a file.
fn arrived(path: &Path) -> BTreeSet<i64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let id = |line: &str| serde_json::from_str::<Value>(line).ok()?["id"].as_i64();
    text.lines().filter_map(id).collect()
}

fn committed(database: &Database, table: &str) -> BTreeSet<i64> {
    let rows = database.query(&format!("SELECT id FROM {table}")).expect("the rows");
    rows.into_iter().map(|row| row[0].as_ref().expect("an id").parse().expect("a number")).collect()
}

fn file(directory: &Path, number: usize) -> std::path::PathBuf {
    directory.join(format!("{number}.txt"))
}

#[test]
fn rows_committed_late_arrive_in_every_mode() {
    let kafka = Kafka::shared();
    let mut server = Postgres::start().expect("a server to restart");
    let database = server.create_database("late").expect("a database");
    database
        .execute(
            "CREATE TABLE rows_late (id serial PRIMARY KEY, ts timestamptz NOT NULL DEFAULT now(), \
             second timestamptz(0) NOT NULL DEFAULT now()); CREATE TABLE rows_gone (id int); \
             CREATE INDEX ON rows_late (ts); CREATE INDEX ON rows_late (second)",
        )
        .expect("a table");
    let directory = TempDir::new().expect("a directory");
    let mut worker = worker(kafka, &database, directory.path());
    for round in 0..4 {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let database = database.clone();
                // A server that is restarted ends transactions; those that were committed count.
                thread::spawn(move || drop(database.execute(&transactions(writer))))
            })
            .collect();
        thread::sleep(Duration::from_secs(1));
        match round {
            0 => {
                worker.kill().map(drop).and_then(|()| worker.restart()).expect("the worker starts again");
                wait_until_all_run(&worker);
            }
            1 => server.restart().expect("the server starts again"),
            2 => server.kill().and_then(|()| server.restart()).expect("the server starts again"),
            _ => {}
        }
        writers.into_iter().for_each(|writer| writer.join().expect("a writer"));
    }
    let (wanted, gone) = (committed(&database, "rows_late"), committed(&database, "rows_gone"));
    assert!(wanted.len() > 200 && !gone.is_empty(), "the writers wrote");
    for (number, mode) in MODES.iter().enumerate() {
        let file = file(directory.path(), number);
        let all = || wanted.is_subset(&arrived(&file));
        let outcome = wait::until("all rows", LIMIT, PAUSE, || Ok(all().then_some(())));
        let missing: Vec<_> = wanted.difference(&arrived(&file)).copied().collect();
        outcome.unwrap_or_else(|error| {
            panic!("{mode:?}: {missing:?} of {}: {error:#}\n{}", wanted.len(), worker.log())
        });
        let there = &wanted | &gone;
        assert!(arrived(&file).is_subset(&there), "{mode:?}: nothing that was rolled back arrives");
    }
}

/// Waits until every task runs: a worker whose connectors are in files ends where the database cannot be reached while
/// it creates them, as Java's does.
fn wait_until_all_run(worker: &Worker) {
    let all = || {
        let Ok(answer) = worker.rest().get("/connectors?expand=status") else { return Ok(None) };
        let connectors = answer.json()?.as_object().cloned().unwrap_or_default();
        let running = |connector: &Value| connector["status"]["tasks"][0]["state"] == "RUNNING";
        Ok((connectors.len() == MODES.len() * 2 && connectors.values().all(running)).then_some(()))
    };
    wait::until("all tasks", LIMIT, PAUSE, all).unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
}

/// A worker with a source for each mode, and a file for each of their topics.
fn worker(kafka: &Kafka, database: &Database, directory: &Path) -> Worker {
    let url = database.jdbc_url();
    let mut builder = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", "org.apache.kafka.connect.json.JsonConverter")
        .property("offset.flush.interval.ms", "300")
        .property("value.converter.schemas.enable", "false");
    for (number, (mode, column)) in MODES.into_iter().enumerate() {
        let (prefix, topic) = (format!("late-{number}-"), format!("late-{number}-rows_late"));
        let (source, sink) = (format!("source-{number}"), format!("sink-{number}"));
        let file = file(directory, number).display().to_string();
        builder = builder
            .connector(&[
                ("name", &source),
                ("connector.class", "io.confluent.connect.jdbc.JdbcSourceConnector"),
                ("connection.url", &url),
                ("connection.user", database.user()),
                ("connection.password", database.password()),
                ("connection.backoff.ms", "500"),
                ("connection.attempts", "100"),
                ("mode", mode),
                ("incrementing.column.name", "id"),
                ("timestamp.column.name", column),
                ("table.whitelist", "rows_late"),
                ("topic.prefix", &prefix),
                ("poll.interval.ms", "20"),
            ])
            .connector(&[
                ("name", &sink),
                ("connector.class", "FileStreamSink"),
                ("file", &file),
                ("topics", &topic),
                ("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
            ]);
    }
    builder.start().expect("the worker starts")
}
