//! Rows of tables as a new user brings them to Kafka.

mod load;
mod many;

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::database::{Database, Postgres};
use testkit::{Kafka, Worker, wait};

use super::{BINARY, JSON, LIMIT, PAUSE, SOURCE};

/// The keys of a source of a database.
fn source<'a>(
    database: &'a Database,
    url: &'a str,
    entries: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut keys = vec![
        ("connector.class", SOURCE),
        ("connection.url", url),
        ("connection.user", database.user()),
        ("connection.password", database.password()),
        ("poll.interval.ms", "100"),
    ];
    keys.extend_from_slice(entries);
    keys
}

/// The lines of a file, as JSON.
fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn rows_arrive_and_offsets_are_those_of_java() {
    let kafka = Kafka::shared();
    let database = Postgres::shared().create_database("pipeline").expect("a database");
    database
        .execute(
            "CREATE TABLE jdbc_users (id serial PRIMARY KEY, name varchar(20), created_at timestamp(3)); \
             INSERT INTO jdbc_users (name, created_at) VALUES ('ann', '2021-12-05 06:31:08'), (null, null)",
        )
        .expect("rows");
    let directory = TempDir::new().expect("a directory");
    let output = directory.path().join("out.txt");
    let (url, file) = (database.jdbc_url(), output.display().to_string());
    let entries =
        [("name", "users"), ("mode", "incrementing"), ("topic.prefix", "my_topic_"), ("tasks.max", "2")];
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("offset.flush.interval.ms", "200")
        .connector(&source(&database, &url, &entries))
        .connector(&[
            ("name", "users-file"),
            ("connector.class", "FileStreamSink"),
            ("file", &file),
            ("topics", "my_topic_jdbc_users"),
            ("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
        ])
        .start()
        .expect("the worker starts");
    wait::until("two rows", LIMIT, PAUSE, || Ok((lines(&output).len() >= 2).then_some(())))
        .expect("two rows");
    let first = json!({
        "schema": {"type": "struct", "fields": [
            {"type": "int32", "optional": false, "field": "id"},
            {"type": "string", "optional": true, "field": "name"},
            {"type": "int64", "optional": true, "name": "org.apache.kafka.connect.data.Timestamp", "version": 1,
             "field": "created_at"}
        ], "optional": false, "name": "jdbc_users"},
        "payload": {"id": 1, "name": "ann", "created_at": 1_638_685_868_000_i64}
    });
    assert_eq!(lines(&output)[0], first);
    let expected = json!({"offsets": [
        {"partition": {"protocol": "1", "table": "public.jdbc_users"}, "offset": {"incrementing": 2}}
    ]});
    let offsets = wait::until("the offset", LIMIT, PAUSE, || {
        let offsets = worker.rest().get("/connectors/users/offsets")?.json()?;
        Ok((offsets["offsets"][0]["offset"]["incrementing"] == 2).then_some(offsets))
    });
    assert_eq!(offsets.expect("the offset"), expected);
    worker.kill().expect("the worker is killed");
    database.execute("INSERT INTO jdbc_users (name) VALUES ('bob')").expect("a row");
    worker.restart().expect("the worker starts again");
    let bob = || lines(&output).iter().any(|line| line["payload"]["name"] == "bob");
    wait::until("the new row", LIMIT, PAUSE, || Ok(bob().then_some(()))).expect("the new row");
    // What was committed is not read again: the third record of the topic is the new row.
    let records = kafka.consume("my_topic_jdbc_users", 3).expect("Kafka's console consumer");
    assert!(records[2].contains("bob"), "{records:?}");
}
