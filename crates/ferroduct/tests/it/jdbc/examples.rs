//! The examples in `config/`, started as the README starts them.

use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);
const SOURCE: &str = include_str!("../../../../../config/connect-jdbc-source.properties");
const SINK: &str = include_str!("../../../../../config/connect-jdbc-sink.properties");

/// The SQL that the comment of the source's example tells users to run.
fn preparation() -> String {
    let comment = SOURCE.lines().filter_map(|line| line.strip_prefix('#'));
    let text: Vec<&str> = comment.skip(1).take(2).collect();
    let (_, sql) = text[0].split_once('"').expect("a quotation");
    let (rest, _) = text[1].split_once('"').expect("its end");
    format!("{sql}{rest}")
}

#[test]
fn rows_travel_between_the_files_of_the_examples() {
    let directory = TempDir::new().expect("a directory");
    let (shop, copy) = (directory.path().join("shop.db"), directory.path().join("copy.db"));
    let writer = Connection::open(&shop).expect("a database");
    writer.busy_timeout(Duration::from_secs(60)).expect("a timeout");
    writer.execute_batch(&preparation()).expect("what the comment says");
    let here = |text: &str| {
        let url = format!("jdbc:sqlite:{}/", directory.path().display());
        assert_eq!(text.matches("jdbc:sqlite:").count(), 1, "{text}");
        text.replace("jdbc:sqlite:", &url)
    };
    let _worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
        .property("key.converter", "org.apache.kafka.connect.json.JsonConverter")
        .property("value.converter", "org.apache.kafka.connect.json.JsonConverter")
        .connector_file("connect-jdbc-source.properties", &here(SOURCE))
        .connector_file("connect-jdbc-sink.properties", &here(SINK))
        .start()
        .expect("the worker starts");
    let items = || -> Option<String> {
        let reader = Connection::open(&copy).ok()?;
        let sql = "SELECT group_concat(item) FROM (SELECT item FROM orders WHERE ordered_at IS NOT NULL ORDER BY id)";
        reader.query_row(sql, [], |row| row.get(0)).ok().flatten()
    };
    let wait_for =
        |expected: &str| {
            let arrived = wait::until("the rows", LIMIT, PAUSE, || {
                Ok((items().as_deref() == Some(expected)).then_some(()))
            });
            arrived.unwrap_or_else(|_| panic!("{:?}", items()));
        };
    wait_for("tea,milk");
    writer.execute("INSERT INTO orders (item) VALUES ('bread')", []).expect("a row");
    wait_for("tea,milk,bread");
}
