//! Tables to topics and back. Java's connector is in no public repository of Maven: it has to be given.

mod latency;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::database::{Rows, Settings};
use testkit::{Database, MariaDb, Postgres};

use super::{Format, Side, measure_move};
use crate::bench::figures::Figures;
use crate::bench::stage::Stage;

pub(crate) use latency::latency;

/// The most rows a job moves.
const ROWS_MAX: u64 = 1_000_000;
const PAUSE: Duration = Duration::from_millis(20);
const TABLE: &str = "bench_rows";

/// When rows of a sink are counted for the first time, and the least time between two counts.
const LOOK_FIRST: Duration = Duration::from_secs(2);
const LOOK_MIN: Duration = Duration::from_millis(100);

/// A database system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum System {
    MariaDb,
    Postgres,
}

/// A server that lives as long as its job.
enum Server {
    MariaDb(MariaDb),
    Postgres(Postgres),
}

impl System {
    fn start(self) -> anyhow::Result<Server> {
        Ok(match self {
            Self::MariaDb => {
                // The tests' own is small: a log that is full again and again is what would be measured.
                let settings = Settings::default()
                    .option("--innodb-buffer-pool-size=1G")
                    .option("--loose-innodb-log-file-size=1G");
                Server::MariaDb(MariaDb::start_with(settings)?)
            }
            Self::Postgres => {
                Server::Postgres(Postgres::start_with(Settings::default().option("-cshared_buffers=512MB"))?)
            }
        })
    }

    /// Ten columns of the usual types.
    fn rows(self, count: u64) -> String {
        let (number, from, second, text) = match self {
            Self::MariaDb => {
                ("seq", format!("seq_1_to_{count}"), "INTERVAL seq SECOND", "LPAD(seq, 12, '0')")
            }
            Self::Postgres => (
                "n",
                format!("generate_series(1::bigint, {count}) n"),
                "n * INTERVAL '1 second'",
                "LPAD(n::text, 12, '0')",
            ),
        };
        format!(
            "CREATE TABLE {TABLE} (id bigint NOT NULL PRIMARY KEY, small int, large bigint, name varchar(40), \
             place varchar(40), ratio double precision, flag boolean, amount decimal(12, 2), \
             made timestamp NULL, day date); \
             INSERT INTO {TABLE} SELECT {number}, {number} % 1000, {number} * 1000003, CONCAT('name ', {text}), \
             CONCAT('place of ', {text}), {number} / 7.0, {number} % 2 = 0, {number} / 100.0, \
             TIMESTAMP '2024-01-01 00:00:00' + {second}, DATE '2024-02-29' FROM {from}"
        )
    }
}

impl Server {
    fn create_database(&self) -> anyhow::Result<Database> {
        match self {
            Self::MariaDb(server) => server.create_database("bench"),
            Self::Postgres(server) => server.create_database("bench"),
        }
    }
}

/// Moves a table into a topic with JsonConverter.
pub(crate) fn source(
    system: System,
    schemas: bool,
    side: Side,
    stage: &mut Stage,
) -> anyhow::Result<Figures> {
    let prefix = stage.new_topic_prefix();
    let figures = source_into(&prefix, system, schemas, side, stage)?;
    stage.probe.delete_topic(&format!("{prefix}{TABLE}"))?;
    Ok(figures)
}

fn source_into(
    prefix: &str,
    system: System,
    schemas: bool,
    side: Side,
    stage: &mut Stage,
) -> anyhow::Result<Figures> {
    let rows = stage.lines.min(ROWS_MAX);
    let topic = format!("{prefix}{TABLE}");
    stage.probe.create_topic(&topic, 1, &[("retention.ms", "-1")])?;
    let server = system.start()?;
    let database = server.create_database()?;
    database.execute(&system.rows(rows))?;
    let mut config = connection(&database, "Source");
    config["mode"] = json!("incrementing");
    config["incrementing.column.name"] = json!("id");
    config["table.whitelist"] = json!(TABLE);
    config["topic.prefix"] = json!(prefix);
    config["value.converter"] = json!("org.apache.kafka.connect.json.JsonConverter");
    config["value.converter.schemas.enable"] = json!(schemas.to_string());
    let mut worker = Format::Json.set(side.jdbc_worker(stage)).start()?;
    let probe = &mut stage.probe;
    let figures = measure_move(&mut worker, rows, &config, PAUSE, || Ok(probe.records(&topic)? >= rows))?;
    worker.stop()?;
    let records = stage.probe.records(&topic)?;
    anyhow::ensure!(records == rows, "the topic has {records} records instead of {rows}");
    Ok(figures)
}

/// Moves a topic of rows into a new table.
pub(crate) fn sink(system: System, upsert: bool, side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    let rows = stage.lines.min(ROWS_MAX);
    let topic = format!("filled-{TABLE}");
    if !stage.probe.topics()?.contains(&topic) {
        eprintln!("filling `{topic}`");
        source_into("filled-", System::Postgres, true, Side::Ferroduct, stage)?;
    }
    let server = system.start()?;
    let database = server.create_database()?;
    let mut config = connection(&database, "Sink");
    config["topics"] = json!(topic);
    config["auto.create"] = json!("true");
    config["table.name.format"] = json!("copied");
    if upsert {
        config["insert.mode"] = json!("upsert");
        config["pk.mode"] = json!("record_value");
        config["pk.fields"] = json!("id");
    }
    let mut worker = Format::Json.set(side.jdbc_worker(stage)).start()?;
    let mut count = Count::new(&database, rows);
    let figures = measure_move(&mut worker, rows, &config, PAUSE, || Ok(count.all_are_there()))?;
    worker.stop()?;
    Ok(figures)
}

/// Looks how many rows are there. Counting takes the server's time: the nearer the end, the sooner it happens again.
struct Count<'a> {
    database: &'a Database,
    rows: u64,
    started: Instant,
    next: Instant,
}

impl<'a> Count<'a> {
    fn new(database: &'a Database, rows: u64) -> Self {
        let started = Instant::now();
        Self { database, rows, started, next: started + LOOK_FIRST }
    }

    fn all_are_there(&mut self) -> bool {
        if Instant::now() < self.next {
            return false;
        }
        // There may be no table yet.
        let found = self.database.query("SELECT count(*) FROM copied").ok();
        let number = |rows: Rows| rows.first()?.first()?.as_ref()?.parse().ok();
        let there: u64 = found.and_then(number).unwrap_or_default();
        // Half of the time that the rest takes at this rate.
        let rest = self
            .started
            .elapsed()
            .mul_f64(self.rows.saturating_sub(there) as f64 / (2 * there.max(1)) as f64);
        self.next = Instant::now() + rest.clamp(LOOK_MIN, LOOK_FIRST);
        there == self.rows
    }
}

fn connection(database: &Database, direction: &str) -> Value {
    json!({
        "connector.class": format!("io.aiven.connect.jdbc.Jdbc{direction}Connector"),
        "connection.url": database.jdbc_url(),
        "connection.user": database.user(),
        "connection.password": database.password(),
    })
}
