//! SQLite through the whole worker: out of one file, into another, and what is wrong with files.

use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, JSON, LIMIT, PAUSE, SINK, SOURCE};

fn url(file: &Path) -> String {
    format!("jdbc:sqlite:{}", file.display())
}

fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("a database");
    connection.busy_timeout(Duration::from_secs(60)).expect("a timeout");
    connection
}

/// What a query counts; nothing while the table is missing.
fn count(file: &Path, sql: &str) -> i64 {
    open(file).query_row(sql, [], |row| row.get(0)).unwrap_or(-1)
}

fn source<'a>(name: &'a str, url: &'a str, prefix: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", name),
        ("connector.class", SOURCE),
        ("connection.url", url),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("topic.prefix", prefix),
        ("poll.interval.ms", "50"),
        ("connection.backoff.ms", "200"),
    ]
}

fn sink<'a>(name: &'a str, url: &'a str, topics: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", name),
        ("connector.class", SINK),
        ("connection.url", url),
        ("topics", topics),
        ("auto.create", "true"),
        ("insert.mode", "upsert"),
        ("pk.mode", "record_value"),
        ("pk.fields", "id"),
        ("connection.backoff.ms", "200"),
        ("retry.backoff.ms", "200"),
        // So long the group waits for a worker that was killed.
        ("consumer.override.session.timeout.ms", "6000"),
    ]
}

fn worker() -> testkit::worker::Builder {
    Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
        .property("value.converter", JSON)
        .property("offset.flush.interval.ms", "200")
}

#[test]
fn tables_travel_from_file_to_file_whenever_the_worker_is_killed() {
    const ROWS: i64 = 3000;
    let directory = TempDir::new().expect("a directory");
    let (from, to) = (directory.path().join("from.db"), directory.path().join("to.db"));
    let writer = open(&from);
    // Of two tables, so that two tasks read one file, and two write one.
    writer
        .execute_batch(
            "CREATE TABLE one (id INTEGER PRIMARY KEY, name TEXT, amount REAL, data BLOB);
             CREATE TABLE two (id INTEGER PRIMARY KEY, name TEXT)",
        )
        .expect("tables");
    let (from_url, to_url) = (url(&from), url(&to));
    let two = [("tasks.max", "2")];
    let mut worker = worker()
        .connector(&[source("sqlite-source", &from_url, "sqlite-").as_slice(), &two].concat())
        .connector(&[sink("sqlite-sink", &to_url, "sqlite-one,sqlite-two").as_slice(), &two].concat())
        .start()
        .expect("the worker starts");
    for round in 0..3 {
        let first = ROWS * round / 3;
        for id in first..ROWS * (round + 1) / 3 {
            let row = "INSERT INTO one (id, name, amount, data) VALUES (?1, 'n' || ?1, ?1 / 4.0, x'00ff')";
            writer.execute(row, [id + 1]).expect("a row");
            writer.execute("INSERT INTO two VALUES (?1, NULL)", [id + 1]).expect("a row");
        }
        let some = || count(&to, "SELECT COUNT(*) FROM \"sqlite-one\"") > first;
        wait::until("rows", LIMIT, PAUSE, || Ok(some().then_some(()))).expect("rows");
        worker.kill().expect("the worker is killed");
        worker.restart().expect("the worker starts again");
    }
    let arrived = || -> Vec<i64> {
        ["one", "two"].map(|table| count(&to, &format!("SELECT COUNT(*) FROM \"sqlite-{table}\""))).to_vec()
    };
    let all = wait::until("all rows", LIMIT, PAUSE, || Ok((arrived() == [ROWS, ROWS]).then_some(())));
    all.unwrap_or_else(|_| panic!("{:?}\n{}", arrived(), worker.log()));
    let right =
        "SELECT COUNT(*) FROM \"sqlite-one\" WHERE name = 'n' || id AND amount = id / 4.0 AND data = x'00ff'";
    assert_eq!(count(&to, right), ROWS);
}

#[test]
fn a_file_that_others_have_locked_is_waited_for() {
    let directory = TempDir::new().expect("a directory");
    let (from, to) = (directory.path().join("from.db"), directory.path().join("to.db"));
    let (reader, writer) = (open(&from), open(&to));
    reader
        .execute_batch(
            "CREATE TABLE rows_locked (id INTEGER PRIMARY KEY); INSERT INTO rows_locked VALUES (1)",
        )
        .expect("rows");
    reader.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    let (from_url, to_url) = (url(&from) + "?busy_timeout=50", url(&to) + "?busy_timeout=50");
    let patient = [("connection.attempts", "1000"), ("max.retries", "1000")];
    let worker = worker()
        .connector(&[source("locked-source", &from_url, "sqlite-").as_slice(), &patient[..1]].concat())
        .connector(&[sink("locked-sink", &to_url, "sqlite-rows_locked").as_slice(), &patient].concat())
        .start()
        .expect("the worker starts");
    // Long enough that both have come to the locks.
    thread::sleep(Duration::from_secs(2));
    reader.execute_batch("COMMIT").expect("no lock any more");
    thread::sleep(Duration::from_secs(2));
    writer.execute_batch("COMMIT").expect("no lock any more");
    let arrived = || count(&to, "SELECT COUNT(*) FROM \"sqlite-rows_locked\"");
    let done = wait::until("the row", LIMIT, PAUSE, || Ok((arrived() == 1).then_some(())));
    done.unwrap_or_else(|_| panic!("{}", worker.log()));
}

/// The trace of a connector or of its first task once one has failed.
fn failure(worker: &Worker, name: &str) -> String {
    wait::until("a failure", LIMIT, PAUSE, || {
        let status = worker.rest().get(&format!("/connectors/{name}/status"))?.json()?;
        let failed =
            [&status["connector"], &status["tasks"][0]].into_iter().find(|it| it["state"] == "FAILED");
        Ok(failed.map(|it| it["trace"].as_str().unwrap_or_default().to_owned()))
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()))
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let directory = TempDir::new().expect("a directory");
    let (missing, folder) = (directory.path().join("missing.db"), directory.path().join("folder"));
    let (text, read_only) = (directory.path().join("text.db"), directory.path().join("read-only.db"));
    fs::create_dir(&folder).expect("a directory");
    fs::write(&text, "this is no database ".repeat(100)).expect("a file");
    open(&read_only).execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)").expect("a table");
    let worker = worker().start().expect("the worker starts");
    for (file, words) in [
        (&missing, "there is no such file"),
        (&folder, "it is a directory"),
        (&text, "file is not a database"),
    ] {
        let request = source("v", &url(file), "sqlite-wrong-")
            .into_iter()
            .map(|(key, value)| (key.to_owned(), serde_json::Value::from(value)))
            .collect::<serde_json::Map<_, _>>();
        let path = "/connector-plugins/JdbcSourceConnector/config/validate";
        let answer = worker.rest().put(path, &request.into()).expect("an answer").ok().expect("success");
        let configs = answer["configs"].as_array().expect("a list");
        let wrong = configs.iter().find(|config| config["value"]["name"] == "connection.url");
        let errors = wrong.expect("the key")["value"]["errors"].to_string();
        assert!(errors.contains(words) && errors.contains(&file.display().to_string()), "{errors}");
    }
    Kafka::shared()
        .produce(
            "sqlite-read-only",
            &[r#"{"schema":{"type":"struct","fields":[{"type":"int32","field":"id"}]},"payload":{"id":1}}"#],
        )
        .expect("a record");
    // By the mode of the URL: permissions of files do not hold root back.
    let url = format!("jdbc:sqlite:{}?open_mode=1", read_only.display());
    let config =
        [sink("read-only-sink", &url, "sqlite-read-only").as_slice(), &[("table.name.format", "t")]].concat();
    let config: serde_json::Map<String, serde_json::Value> =
        config.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    let made = worker.rest().put("/connectors/read-only-sink/config", &config.into()).expect("an answer");
    assert_eq!(made.status, 201, "{made:?}");
    let trace = failure(&worker, "read-only-sink");
    assert!(trace.contains("readonly") || trace.contains("read-only"), "{trace}");
}
