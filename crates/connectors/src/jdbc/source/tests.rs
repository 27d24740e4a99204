//! The source against a real database, judged by what Java's connector did.

mod aiven;
mod aiven_modes;
mod copying;
mod late;
mod load;
mod recorded;
mod refusing;
mod tables;

use std::collections::HashMap;
use std::sync::Arc;

use api::config::Properties;
use api::{
    Batch, Connector, ConnectorContext, Error, OffsetReader, Registry, Result, Role, SourceContext,
    SourceOffset, SourcePartition, SourceTask,
};
use async_trait::async_trait;
use serde_json::Value as Json;
use testkit::database::{Database, Postgres};

use super::connector::Source;
use super::settings::Settings;
use super::task::Task;
use super::{Flavour, validate};

/// Offsets that were committed.
#[derive(Clone, Default)]
struct Committed(HashMap<SourcePartition, SourceOffset>);

#[async_trait]
impl OffsetReader for Committed {
    async fn offset(&self, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        Ok(self.0.get(partition).cloned())
    }
}

struct Quiet;

impl ConnectorContext for Quiet {
    fn request_reconfiguration(&self) {}
    fn raise_error(&self, error: Error) {
        panic!("{error:#}");
    }
}

/// What was read: the records as JsonConverter writes them, and where the source stood in the end.
#[derive(Default)]
struct Read {
    topics: Vec<String>,
    values: Vec<Json>,
    keys: Vec<Json>,
    committed: Committed,
}

impl Read {
    fn payloads(&self) -> Vec<Json> {
        self.values.iter().map(|value| value["payload"].clone()).collect()
    }

    /// The one offset, with its partition.
    fn offset(&self) -> (Json, Json) {
        let (partition, offset) = self.committed.0.iter().next().expect("a position was given");
        (Json::Object(partition.0.clone()), Json::Object(offset.0.clone()))
    }
}

fn properties(database: &Database, entries: &[(&str, &str)]) -> Properties {
    let mut properties: Properties =
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    for (key, value) in [
        ("connection.url", database.jdbc_url()),
        ("connection.user", database.user().to_owned()),
        ("connection.password", database.password().to_owned()),
        // One round, and no second one.
        ("poll.interval.ms", "3600000".to_owned()),
        ("table.poll.interval.ms", "3600000".to_owned()),
    ] {
        properties.entry(key.to_owned()).or_insert(value);
    }
    properties
}

/// Whose class the properties name; Confluent's if they name none.
fn flavour(properties: &Properties) -> Flavour {
    match properties.get("connector.class") {
        Some(class) if class.starts_with("io.aiven.") => Flavour::Aiven,
        _ => Flavour::Confluent,
    }
}

/// Splits a connector into tasks and starts them.
async fn tasks(properties: &Properties, tasks_max: usize, committed: &Committed) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    for properties in split(properties, tasks_max).await? {
        let context = SourceContext { offsets: Arc::new(committed.clone()) };
        let settings = Settings::read(&properties, flavour(&properties))?;
        tasks.push(Task::start(&properties, settings, context).await?);
    }
    Ok(tasks)
}

/// What a connector gives to its tasks.
async fn split(properties: &Properties, tasks_max: usize) -> Result<Vec<Properties>> {
    let settings = Settings::read(properties, flavour(properties))?;
    let mut connector = Source::start(properties.clone(), settings, Arc::new(Quiet)).await?;
    let tasks = connector.split(tasks_max).await?;
    connector.stop().await?;
    Ok(tasks)
}

/// Reads until every table had its turn.
async fn read_all(properties: &Properties, committed: Committed) -> Result<Read> {
    let mut read = Read { committed, ..Read::default() };
    for mut task in tasks(properties, 1, &read.committed).await? {
        while task.busy() {
            for batch in task.poll().await? {
                read.take(batch);
            }
        }
        task.stop().await?;
    }
    Ok(read)
}

impl Read {
    fn take(&mut self, batch: Batch) {
        let mut registry = Registry::default();
        converters::register(&mut registry);
        let json = registry
            .converters
            .iter()
            .find(|converter| converter.description().class == "org.apache.kafka.connect.json.JsonConverter")
            .expect("it is there");
        let encode = |role, schema, value| {
            let converter = json.configure(&Properties::new(), role).unwrap();
            let mut out = Vec::new();
            converter.encoder(&batch.topic, schema).unwrap().encode(value, &mut out).unwrap();
            serde_json::from_slice::<Json>(&out).unwrap()
        };
        for record in &batch.records {
            let value = record.value.as_ref().unwrap();
            let schema = batch.value_schema.as_ref();
            schema.unwrap().validate(value).unwrap();
            self.values.push(encode(Role::Value, schema, value));
            self.topics.push(batch.topic.to_string());
            self.keys
                .extend(record.key.as_ref().map(|key| encode(Role::Key, batch.key_schema.as_ref(), key)));
        }
        self.committed
            .0
            .extend(batch.positions.into_iter().map(|(partition, offset)| ((*partition).clone(), offset)));
    }
}

async fn failure(properties: &Properties) -> String {
    match read_all(properties, Committed::default()).await {
        Ok(_) => panic!("it was to fail"),
        Err(error) => format!("{error:#}"),
    }
}

fn database() -> Database {
    Postgres::shared().create_database("source").unwrap()
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let database = database();
    database.execute("CREATE TABLE t (id int, ts timestamp)").unwrap();
    let check = async |entries: &[(&str, &str)], words: &str| {
        let message = failure(&properties(&database, entries)).await;
        assert!(message.contains(words), "{message}");
    };
    check(&[("mode", "incrementing")], "set `incrementing.column.name`").await;
    check(
        &[("mode", "incrementing"), ("incrementing.column.name", "id")],
        r#"incrementing column id on "public"."t" because this column is nullable"#,
    )
    .await;
    database.execute("CREATE TABLE words (word text PRIMARY KEY, at text NOT NULL)").unwrap();
    let words = ("table.whitelist", "words");
    check(
        &[("mode", "incrementing"), ("incrementing.column.name", "word"), words],
        "the incrementing column `word` of \"public\".\"words\" is of type `text`, expected an integer",
    )
    .await;
    check(
        &[("mode", "timestamp"), ("timestamp.column.name", "at"), words],
        "the timestamp column `at` is of type `text`, expected a timestamp",
    )
    .await;
    database.execute("DROP TABLE words").unwrap();
    check(
        &[("mode", "timestamp"), ("timestamp.column.name", "nope")],
        r#"Timestamp columns: nope do not exist in table '"public"."t"'"#,
    )
    .await;
    check(&[("mode", "bulk"), ("connection.password", "no")], "password authentication failed").await;
    check(&[("mode", "bulk"), ("table.whitelist", "nosuch")], "not assigned a table nor a query").await;
    check(&[("mode", "bulk"), ("query", "SELECT * FROM nosuch")], "relation \"nosuch\" does not exist").await;
    let off = [
        ("mode", "bulk"),
        ("connection.attempts", "1"),
        ("connection.url", "jdbc:postgresql://127.0.0.1:1/x"),
    ];
    check(&off, "cannot connect to `127.0.0.1:1`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn validation_connects() {
    let database = database();
    database.execute("CREATE TABLE t (id int)").unwrap();
    let errors = |entries: &[(&str, &str)]| {
        let properties = properties(&database, entries);
        let mut values = super::config::definition(Flavour::Confluent).validate(&properties);
        validate::validate(&properties, Flavour::Confluent, &mut values);
        let wrong = values.into_iter().filter(|value| !value.errors.is_empty());
        wrong.map(|value| (value.name, value.errors)).collect::<Vec<_>>()
    };
    assert_eq!(errors(&[("mode", "bulk"), ("table.whitelist", "t")]), []);
    let wrong = errors(&[("mode", "bulk"), ("connection.password", "no")]);
    assert_eq!(wrong[0].0, "connection.url");
    assert!(wrong[0].1[0].starts_with("Could not connect to database. "), "{wrong:?}");
    assert_eq!(errors(&[("mode", "wrong")]).iter().map(|(_, errors)| errors.len()).sum::<usize>(), 7);
    let query = errors(&[("mode", "bulk"), ("table.whitelist", "t"), ("query", "select 1")]);
    let keys: Vec<&str> = query.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["table.whitelist", "query", "query.masked"]);
    let query = errors(&[("mode", "bulk"), ("query", "select nope from t")]);
    assert_eq!(query[0].0, "query");
    let lists = errors(&[("mode", "bulk"), ("table.whitelist", "t"), ("table.blacklist", "u")]);
    assert_eq!(lists.len(), 2, "{lists:?}");
    let load = errors(&[("mode", "bulk"), ("table.whitelist", "t"), ("initial.load.range", "1000")]);
    assert_eq!(load.len(), 1, "{load:?}");
    assert_eq!(load[0].0, "initial.load.range");
}

#[tokio::test]
async fn types_that_java_drops_arrive_or_are_dropped_on_request() {
    let database = database();
    database
        .execute(
            "CREATE TYPE pair AS (a int, b text); CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS int; \
             CREATE TABLE t (id serial PRIMARY KEY, p pair, d positive, m mood[], n inet[], x int[], c cidr, z numeric(5,2)[], \
             g bytea[], w money); INSERT INTO t VALUES (1, '(1,x)', 7, '{ok,NULL}', '{10.0.0.1}', '{{1,2},{3,4}}', \
             '10.0.0.0/8', '{1.5}', '{abc}', 12.34); INSERT INTO t (id) VALUES (2)",
        )
        .unwrap();
    let read = read_all(&properties(&database, &[("mode", "bulk")]), Committed::default()).await.unwrap();
    let nulls = serde_json::json!({"id": 2, "p": null, "d": null, "m": null, "n": null, "x": null, "c": null,
                                   "z": null, "g": null, "w": null});
    let values = serde_json::json!({"id": 1, "p": "(1,x)", "d": 7, "m": ["ok", null], "n": ["10.0.0.1/32"],
                                    "x": [1, 2, 3, 4], "c": "10.0.0.0/8", "z": ["AJY="], "g": ["YWJj"], "w": 12.34});
    assert_eq!(read.payloads(), [values, nulls]);
    let dropped = properties(&database, &[("mode", "bulk"), ("unsupported.columns", "drop")]);
    let read = read_all(&dropped, Committed::default()).await.unwrap();
    assert_eq!(read.payloads()[0], serde_json::json!({"id": 1, "d": 7, "w": 12.34}));
}

#[tokio::test]
async fn a_masked_query_is_in_no_message() {
    let database = database();
    let query = "SELECT secret_column FROM secret_table";
    let message = failure(&properties(&database, &[("mode", "bulk"), ("query.masked", query)])).await;
    assert!(message.contains("query.masked") && !message.contains("secret_"), "{message}");
}
