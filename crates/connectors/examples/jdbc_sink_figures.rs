//! Figures of the sinks of databases alone: no Kafka, no converter.
//!
//! `cargo run --release -p ferroduct-connectors --example jdbc_sink_figures [THOUSANDS] [ROWS_PER_PUT]`
//!
//! Rows of ten columns go to a PostgreSQL, a MariaDB and a file of SQLite that are started for it.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::config::Properties;
use api::{Batch, Offsets, Record, Registry, Schema, SinkContext, TopicPartition, Type, Value, logical};
use testkit::database::{Database, MariaDb, PASSWORD, Postgres, USER};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

struct NoContext;

impl SinkContext for NoContext {
    fn seek(&self, _offsets: Offsets) {}
    fn pause(&self, _partitions: &[TopicPartition]) {}
    fn resume(&self, _partitions: &[TopicPartition]) {}
    fn request_commit(&self) {}
    fn reject(&self, _batch: &Batch, _record: &Record, error: api::Error) -> api::Result<()> {
        Err(error)
    }
}

const UPSERT: [(&str, &str); 3] =
    [("insert.mode", "upsert"), ("pk.mode", "record_value"), ("pk.fields", "id")];

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: i64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (rows, put) = (number(1000)? * 1000, number(2000)?);
    let directory = tempfile::tempdir()?;
    let file = format!("jdbc:sqlite:{}", directory.path().join("figures.db").display());
    let (postgres, mariadb) = (Postgres::start()?, MariaDb::start()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        for (name, entries) in [("insert, no key", &[][..]), ("upsert, new rows", &UPSERT)] {
            let keyed = !entries.is_empty();
            measure("PostgreSQL", name, &of(&postgres.create_database("figures")?), entries, rows, put)
                .await?;
            measure("MariaDB", name, &of(&mariadb.create_database("figures")?), entries, rows, put).await?;
            let table = ("table.name.format".to_owned(), if keyed { "k" } else { "n" }.to_owned());
            let sqlite = [("connection.url".to_owned(), file.clone()), table].into();
            measure("SQLite", name, &sqlite, entries, rows, put).await?;
        }
        Ok(())
    })
}

fn of(database: &Database) -> Properties {
    let entries = [
        ("connection.url", database.jdbc_url()),
        ("connection.user", USER.into()),
        ("connection.password", PASSWORD.into()),
    ];
    entries.map(|(key, value)| (key.to_owned(), value)).into()
}

async fn measure(
    system: &str,
    name: &str,
    properties: &Properties,
    entries: &[(&str, &str)],
    rows: i64,
    put: i64,
) -> Outcome {
    let mut registry = Registry::default();
    connectors::register(&mut registry);
    let class = "io.confluent.connect.jdbc.JdbcSinkConnector";
    let sink = registry.sinks.iter().find(|sink| sink.description().class == class).ok_or("no such sink")?;
    let mut properties = properties.clone();
    let create = ("auto.create", "true");
    properties
        .extend([create].iter().chain(entries).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let mut task = sink.task(&properties, Arc::new(NoContext)).await?;
    let schema = schema();
    let (mut elapsed, mut cpu) = (Duration::ZERO, Duration::ZERO);
    for first in (0..rows).step_by(usize::try_from(put)?) {
        let batch = batch(&schema, first..(first + put).min(rows));
        let (started, before) = (Instant::now(), cpu_time()?);
        task.put(&[batch]).await?;
        elapsed += started.elapsed();
        cpu += cpu_time()? - before;
    }
    let millions = rows as f64 / 1e6;
    println!(
        "{system:<11}{name:<18}{:>8.0} rows/s  {:>6.2} CPU-s of this process per million",
        rows as f64 / elapsed.as_secs_f64(),
        cpu.as_secs_f64() / millions
    );
    Ok(task.stop().await?)
}

fn schema() -> Arc<Schema> {
    let optional = |kind| Schema::of(kind).optional().build();
    Schema::structure()
        .field("id", Schema::int64())
        .field("a", optional(Type::Int32))
        .field("b", optional(Type::Int64))
        .field("c", optional(Type::Float64))
        .field("d", optional(Type::Boolean))
        .field("e", optional(Type::String))
        .field("f", optional(Type::String))
        .field("g", logical::decimal(2).optional().build())
        .field("h", logical::date().optional().build())
        .field("i", logical::timestamp().optional().build())
        .build()
}

fn batch(schema: &Arc<Schema>, ids: std::ops::Range<i64>) -> Batch {
    let record = |id: i64| Record {
        value: Some(Value::Struct(Box::new([
            Value::Int(id),
            Value::Int(id % 1000),
            Value::Int(id * 7919),
            Value::Float(id as f64 / 3.0),
            Value::Bool(id % 2 == 0),
            Value::Text(format!("name of number {id}").into()),
            Value::from("some text that is the same in all rows"),
            Value::Decimal(Box::new(api::Decimal::new(id * 13, 2))),
            Value::Int(id % 20_000),
            Value::Int(1_700_000_000_000 + id),
        ]))),
        partition: Some(0),
        offset: id,
        ..Record::default()
    };
    Batch {
        value_schema: Some(schema.clone()),
        records: ids.map(record).collect(),
        ..Batch::new("figures".into())
    }
}

/// The time that all threads of this process have had.
fn cpu_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
