//! Databases and Kafka through the whole worker.

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

use testkit::database::Database;
use testkit::wait;

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
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
