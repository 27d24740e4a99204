//! MariaDB through the whole worker: as a new user tries it, and when everybody is killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::database::{Database, MariaDb};
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(200);
const WRITERS: u32 = 4;
const TRANSACTIONS: u32 = 40;
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// A mode, and the timestamp column it works with: equal timestamps are the rule in the one of whole seconds.
const MODES: [(&str, &str); 5] = [
    ("incrementing", "second"),
    ("timestamp", "second"),
    ("timestamp", "micro"),
    ("timestamp+incrementing", "second"),
    ("timestamp+incrementing", "micro"),
];

#[test]
fn a_table_of_users_arrives_as_json_with_its_schema() {
    let kafka = Kafka::shared();
    let database = MariaDb::shared().create_database("mydb").expect("a database");
    database
        .execute(
            "CREATE TABLE users (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id varchar(20), pwd varchar(20), \
             name varchar(20), created_at datetime DEFAULT NOW()); \
             INSERT INTO users VALUES (2, 'user1', 'p', 'Jo', '2021-12-05 06:57:48')",
        )
        .expect("the table");
    let url = database.jdbc_url().replace("jdbc:mariadb:", "jdbc:mysql:");
    let _worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .connector(&[
            ("name", "my-source-connect"),
            ("connector.class", "io.confluent.connect.jdbc.JdbcSourceConnector"),
            ("connection.url", &url),
            ("connection.user", database.user()),
            ("connection.password", database.password()),
            ("mode", "incrementing"),
            ("incrementing.column.name", "id"),
            ("table.whitelist", "users"),
            ("topic.prefix", "my_topic_"),
            ("tasks.max", "1"),
        ])
        .start()
        .expect("the worker starts");

    let records = kafka.consume("my_topic_users", 1).expect("the user");

    let text = |name: &str| json!({"type": "string", "optional": true, "field": name});
    let stamp = "org.apache.kafka.connect.data.Timestamp";
    let expected = json!({
        "schema": {
            "type": "struct",
            "fields": [
                {"type": "int32", "optional": false, "field": "id"},
                text("user_id"),
                text("pwd"),
                text("name"),
                {"type": "int64", "optional": true, "name": stamp, "version": 1, "field": "created_at"},
            ],
            "optional": false,
            "name": "users",
        },
        "payload": {"id": 2, "user_id": "user1", "pwd": "p", "name": "Jo", "created_at": 1_638_687_468_000_u64},
    });
    assert_eq!(records, [expected.to_string()]);
}

/// Transactions of random length one after the other: some roll back, some have several rows, some delete one, some
/// sleep before their first row or have read the clock before.
fn transactions(writer: u32) -> String {
    let transaction = |number: u32| {
        let pause =
            |part: u32| format!("DO SLEEP({}.0 / 1000);", (number * 7 + writer * 13 + part * 29) % 60);
        let row = "INSERT INTO rows_late () VALUES ();";
        // The clock is read when the statement begins, the row is written when it ends.
        let slow = "INSERT INTO rows_late (slept) SELECT SLEEP(0.03);";
        let end = if number % 5 == 4 { "ROLLBACK;" } else { "COMMIT;" };
        let first = if number.is_multiple_of(3) { slow } else { row };
        let delete = if number % 4 == 1 { "DELETE FROM rows_late ORDER BY id LIMIT 1;" } else { "" };
        let between = if number.is_multiple_of(2) { pause(3) } else { String::new() };
        format!("BEGIN; {first} {} {row} {between} {delete} {end}\n", pause(2))
    };
    (0..TRANSACTIONS).map(transaction).collect()
}

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
    let mut server = MariaDb::start().expect("a server to restart");
    let database = server.create_database("late").expect("a database");
    database
        .execute(
            "CREATE TABLE rows_late (id int AUTO_INCREMENT PRIMARY KEY, second datetime NOT NULL DEFAULT NOW(), \
             micro datetime(6) NOT NULL DEFAULT NOW(6), slept int, KEY (second), KEY (micro)); \
             CREATE TABLE rows_gone (id int); \
             CREATE TRIGGER gone AFTER DELETE ON rows_late FOR EACH ROW INSERT INTO rows_gone VALUES (OLD.id)",
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
        .property("offset.flush.interval.ms", "300")
        .property("value.converter", JSON)
        .property("value.converter.schemas.enable", "false");
    for (number, (mode, column)) in MODES.into_iter().enumerate() {
        let (prefix, topic) = (format!("late-maria-{number}-"), format!("late-maria-{number}-rows_late"));
        let (source, sink) = (format!("source-maria-{number}"), format!("sink-maria-{number}"));
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
