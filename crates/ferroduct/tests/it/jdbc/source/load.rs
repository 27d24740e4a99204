//! A first load that several tasks share, while the worker is killed.

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::database::{Database, MariaDb, Postgres};
use testkit::{Kafka, Worker, wait};

use super::{BINARY, JSON, LIMIT, PAUSE, source};

const ROWS: u64 = 60_000;
const KILLS: u64 = 3;

fn load(database: &Database, rows: &str, topic: &str) {
    let kafka = Kafka::shared();
    database.execute(rows).expect("a table");
    let url = database.jdbc_url();
    let prefix = topic.strip_suffix("numbers").expect("the name of the table");
    let entries = [
        ("name", "load"),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("table.whitelist", "numbers"),
        ("topic.prefix", prefix),
        ("tasks.max", "3"),
        ("initial.load.range", "2000"),
    ];
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("value.converter.schemas.enable", "false")
        .property("offset.flush.interval.ms", "50")
        .connector(&source(database, &url, &entries))
        .start()
        .expect("the worker starts");
    let mut probe = kafka.probe().expect("a probe");
    for kill in 1..=KILLS {
        let some = || Ok((probe.records(topic).unwrap_or(0) >= ROWS * kill / (KILLS + 2)).then_some(()));
        wait::until("some of the rows", LIMIT, PAUSE, some)
            .unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
        worker.kill().and_then(|_| worker.restart()).expect("the worker starts again");
    }
    database.execute("INSERT INTO numbers VALUES (1000000)").expect("a row");
    let reached = || {
        let offsets = worker.rest().get("/connectors/load/offsets")?.json()?;
        let offsets = offsets["offsets"].as_array().cloned().unwrap_or_default();
        let table = offsets.iter().find(|offset| offset["partition"]["load"].is_null());
        Ok(table.is_some_and(|table| table["offset"]["incrementing"] == 1_000_000).then_some(()))
    };
    wait::until("the offset of the last row", LIMIT, PAUSE, reached)
        .unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
    let count = probe.records(topic).expect("the end of the topic");
    let records = kafka.consume(topic, usize::try_from(count).expect("a count")).expect("the records");
    let id = |record: &String| serde_json::from_str::<Value>(record).ok()?["id"].as_u64();
    let ids: BTreeSet<u64> = records.iter().filter_map(id).collect();
    assert!(ids.iter().copied().eq((1..=ROWS).chain([1_000_000])), "{} of {ROWS} rows", ids.len());
}

#[test]
fn rows_of_postgresql_all_arrive() {
    let database = Postgres::shared().create_database("load").expect("a database");
    let rows = format!(
        "CREATE TABLE numbers (id bigint PRIMARY KEY); INSERT INTO numbers SELECT generate_series(1, {ROWS})"
    );
    load(&database, &rows, "load-postgres-numbers");
}

#[test]
fn rows_of_mariadb_all_arrive() {
    let database = MariaDb::shared().create_database("load").expect("a database");
    let rows = format!(
        "CREATE TABLE numbers (id bigint PRIMARY KEY); INSERT INTO numbers SELECT seq FROM seq_1_to_{ROWS}"
    );
    load(&database, &rows, "load-mariadb-numbers");
}
