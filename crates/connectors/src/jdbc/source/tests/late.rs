//! Rows that become visible late.

use std::time::Duration;

use api::SourceTask;
use testkit::database::Database;
use tokio::time::timeout;

use super::{Committed, Read, database, properties, tasks};

#[tokio::test]
async fn rows_that_are_committed_late_are_waited_for() {
    let database = database();
    database
        .execute("CREATE TABLE t (id serial PRIMARY KEY, ts timestamptz NOT NULL DEFAULT now())")
        .unwrap();
    for (mode, wait) in [
        ("incrementing", "wait"),
        ("timestamp", "wait"),
        ("timestamp+incrementing", "wait"),
        ("incrementing", "ignore"),
    ] {
        database.execute("TRUNCATE t RESTART IDENTITY").unwrap();
        let (early, _connection) = client(&database).await;
        early.batch_execute("BEGIN; INSERT INTO t DEFAULT VALUES").await.unwrap();
        database.execute("INSERT INTO t DEFAULT VALUES").unwrap();
        let columns =
            [("incrementing.column.name", "id"), ("timestamp.column.name", "ts"), ("table.whitelist", "t")];
        let all =
            [&columns[..], &[("mode", mode), ("late.commits", wait), ("poll.interval.ms", "1")]].concat();
        let mut task = tasks(&properties(&database, &all), 1, &Committed::default()).await.unwrap().remove(0);
        let mut read = Read::default();
        // Many polls that each find the first transaction open, or, where it is ignored, one that reads.
        let mut polls = 0;
        while polls < 20 && read.values.is_empty() {
            for batch in task.poll().await.unwrap() {
                read.take(batch);
            }
            polls += 1;
        }
        assert_eq!(read.values.is_empty(), wait == "wait", "{mode}");
        early.batch_execute("COMMIT").await.unwrap();
        while wait == "wait" && read.values.len() < 2 {
            for batch in task.poll().await.unwrap() {
                read.take(batch);
            }
        }
        let mut ids: Vec<i64> = read.payloads().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, if wait == "wait" { vec![1, 2] } else { vec![2] }, "{mode}");
    }
}

#[tokio::test]
async fn rows_whose_time_is_rounded_down_are_not_missed() {
    let database = database();
    database
        .execute(
            "CREATE TABLE t (id serial PRIMARY KEY, ts timestamptz(0) NOT NULL DEFAULT clock_timestamp())",
        )
        .unwrap();
    let entries = [("mode", "timestamp"), ("timestamp.column.name", "ts"), ("poll.interval.ms", "1")];
    let mut task = tasks(&properties(&database, &entries), 1, &Committed::default()).await.unwrap().remove(0);
    // Two rows of the same second, in the first half of it: its beginning is the time of both.
    let row = "INSERT INTO t DEFAULT VALUES;\n";
    let half = "SELECT pg_sleep(1.1 - extract(epoch FROM clock_timestamp())::numeric % 1);\n";
    let rows = format!("{half} {row} SELECT pg_sleep(0.25);\n {row}").repeat(3);
    let writer = tokio::task::spawn_blocking(move || database.execute(&rows).unwrap());
    let mut read = Read::default();
    let all = async {
        while read.values.len() < 6 {
            for batch in task.poll().await.unwrap() {
                read.take(batch);
            }
        }
    };
    timeout(Duration::from_secs(120), all).await.expect("all rows");
    writer.await.unwrap();
    let ids: Vec<i64> = read.payloads().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
}

/// A connection beside the source's.
async fn client(database: &Database) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(database.port()).dbname(database.name());
    config.user(database.user()).password(database.password());
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    (client, tokio::spawn(async move { drop(connection.await) }))
}
