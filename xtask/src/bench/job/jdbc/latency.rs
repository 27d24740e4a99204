//! From the commit of a row to its record in Kafka.

use std::thread;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use testkit::wait;

use super::{System, connection};
use crate::bench::Side;
use crate::bench::figures::Figures;
use crate::bench::job::{Format, MOVE_LIMIT, ensure_no_failure};
use crate::bench::stage::Stage;

const TABLE: &str = "bench_latency";
const ROWS: usize = 3000;
/// Rows at the beginning that do not count: the first query, the creation of what is asked for the first time.
const WARM_UP: usize = 300;
/// Between two rows, and a little less for the row itself: 100 rows a second.
const PAUSE: &str = "0.0097";

impl System {
    fn latency_table(self) -> String {
        let id = match self {
            Self::MariaDb => "bigint AUTO_INCREMENT PRIMARY KEY",
            Self::Postgres => "bigserial PRIMARY KEY",
        };
        format!("CREATE TABLE {TABLE} (id {id}, made bigint NOT NULL)")
    }

    /// A transaction for each row, which holds the time right before its commit.
    fn latency_rows(self) -> String {
        let row = match self {
            Self::MariaDb => format!(
                "INSERT INTO {TABLE} (made) VALUES (UNIX_TIMESTAMP(SYSDATE(3)) * 1000); DO SLEEP({PAUSE});\n"
            ),
            Self::Postgres => format!(
                "INSERT INTO {TABLE} (made) VALUES (extract(epoch FROM clock_timestamp()) * 1000); \
                 SELECT pg_sleep({PAUSE});\n"
            ),
        };
        row.repeat(ROWS)
    }
}

/// Writes rows at a steady rate and compares the time in each with the time at which the broker appended its record.
pub(crate) fn latency(system: System, side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let prefix = stage.new_topic_prefix();
    let topic = format!("{prefix}{TABLE}");
    stage.probe.create_topic(&topic, 1, &[("message.timestamp.type", "LogAppendTime")])?;
    let server = system.start()?;
    let database = server.create_database()?;
    database.execute(&system.latency_table())?;
    let mut config = connection(&database, "Source");
    config["mode"] = json!("incrementing");
    config["incrementing.column.name"] = json!("id");
    config["table.whitelist"] = json!(TABLE);
    config["topic.prefix"] = json!(prefix);
    config["poll.interval.ms"] = json!("100");
    config["value.converter.schemas.enable"] = json!("false");
    config["value.converter"] = json!("org.apache.kafka.connect.json.JsonConverter");
    let mut worker = Format::Json.set(side.jdbc_worker(stage)).start()?;
    worker.rest().post("/connectors", &json!({"name": "latency", "config": config}))?.ok()?;
    let rows = system.latency_rows();
    let writer = thread::spawn(move || database.execute(&rows));
    wait::until("the last row", MOVE_LIMIT, Duration::from_millis(500), || {
        ensure_no_failure(&mut worker, "latency")?;
        Ok((stage.probe.records(&topic)? >= ROWS as u64).then_some(()))
    })?;
    writer.join().expect("the writer does not panic")?;
    let records =
        stage.kafka.consume_with(&topic, ROWS, &["--formatter-property", "print.timestamp=true"])?;
    worker.stop()?;
    stage.probe.delete_topic(&topic)?;
    let mut waits =
        records.iter().skip(WARM_UP).map(|line| waited(line)).collect::<anyhow::Result<Vec<_>>>()?;
    waits.sort_by(f64::total_cmp);
    Ok(Figures::Latency { median: waits[waits.len() / 2], p99: waits[waits.len() * 99 / 100] })
}

/// The seconds between the time in a row and that of its record: `LogAppendTime:<ms>\t<row>`.
fn waited(line: &str) -> anyhow::Result<f64> {
    let (stamp, row) = line.split_once('\t').context("a record without a timestamp")?;
    let appended: f64 = stamp.rsplit(':').next().unwrap_or_default().parse().context("a timestamp")?;
    let row: Value = serde_json::from_str(row).context("a row as JSON")?;
    let made = row["made"].as_f64().context("a row with its time")?;
    Ok((appended - made) / 1000.0)
}
