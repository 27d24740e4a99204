//! What Aiven's connector 6.12 wrote: the tables that it made and the rows in them, on three systems.
//!
//! A line of the data is a configuration, the statements that ran before, the records of a topic, and the tables
//! afterwards; `fails` where Java's task failed, or was not made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use api::SinkPlugin;
use api::config::Properties;
use rusqlite::Connection;
use serde_json::Value as Json;
use tempfile::TempDir;
use testkit::database::{Database, MariaDb, Postgres};

use super::shown::{alike, definition, rows_of_mariadb};
use super::{Context, Flavour, JdbcSink, Reader, lines, properties, put};

const CASES: &str = include_str!("../../../../tests/jdbc-cases/sink-aiven.jsonl");

/// What a table is: its definition and its rows, in the form of the data.
type Seen = BTreeMap<&'static str, Vec<String>>;

fn cases(system: &str) -> Vec<Json> {
    let cases = CASES.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let cases: Vec<Json> = cases.filter(|case| case["system"] == system).collect();
    assert!(cases.len() > 90, "{}", cases.len());
    cases
}

fn text(json: &Json) -> &str {
    json.as_str().expect("text")
}

fn texts(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().map(|line| text(line).to_owned()).collect()
}

/// Writes the records of a case.
async fn write(case: &Json, mut properties: Properties) -> api::Result<()> {
    for (key, value) in case["config"].as_object().expect("a configuration") {
        properties.insert(key.clone(), text(value).to_owned());
    }
    let context = Arc::new(Context::default());
    let mut task = JdbcSink(Flavour::Aiven).task(&properties, context).await?;
    let pairs = case["records"].as_array().expect("records");
    let messages: Vec<(&str, &str)> = pairs.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
    put(task.as_mut(), &Reader::new(text(&case["topic"])).read(&messages)).await?;
    task.stop().await
}

/// Runs all cases of a system, and compares the tables.
async fn check(
    cases: Vec<Json>,
    base: &Properties,
    prepare: impl Fn(&str),
    expected: impl Fn(&Json) -> Seen,
    found: impl Fn(&str) -> Seen,
) {
    let mut wrong = Vec::new();
    for case in cases {
        let name = text(&case["case"]);
        if let Some(sql) = case["prepare"].as_str() {
            prepare(sql);
        }
        let done = write(&case, base.clone()).await;
        if done.is_err() != (case["fails"] == true) {
            wrong.push(format!("{name}: {done:?}"));
        }
        for (table, tells) in case["tables"].as_object().expect("tables") {
            let (expected, found) = (expected(tells), found(table));
            if expected != found {
                wrong.push(format!("{name}: `{table}`: {found:?}, expected {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

fn of_postgresql(database: &Database, table: &str) -> Seen {
    let columns = lines(
        database,
        &format!(
            "SELECT table_schema||'.'||table_name||': '||column_name||' '||data_type\
             ||coalesce('('||character_maximum_length||')','')||coalesce('('||numeric_precision||','||numeric_scale||')','')\
             ||' '||is_nullable||coalesce(' default '||column_default,'') FROM information_schema.columns \
             WHERE table_name = '{table}' ORDER BY ordinal_position"
        ),
    );
    let Some(schema) = columns.first().and_then(|line| line.split('.').next()) else { return Seen::new() };
    let named = format!("{schema}.\"{table}\"");
    let keys =
        format!("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{named}'::regclass");
    Seen::from([
        ("keys", lines(database, &keys)),
        ("rows", sorted(lines(database, &format!("SELECT * FROM {named}")))),
        ("columns", columns),
    ])
}

#[tokio::test]
async fn tables_of_postgresql_with_aivens_class() {
    let database = Postgres::shared().create_database("sink_aiven").unwrap();
    database.execute("CREATE SCHEMA other").unwrap();
    let expected = |tells: &Json| match tells.is_null() {
        true => Seen::new(),
        false => ["columns", "keys", "rows"].map(|part| (part, texts(&tells[part]))).into(),
    };
    let prepare = |sql: &str| database.execute(sql).unwrap();
    check(cases("postgresql"), &properties(&database, &[]), prepare, expected, |table| {
        of_postgresql(&database, table)
    })
    .await;
}

#[tokio::test]
async fn tables_of_mariadb_with_aivens_class() {
    let database = MariaDb::shared().create_database("sink_aiven").unwrap();
    let plain = |lines: Vec<String>| if database.is_mysql() { alike(&lines) } else { lines };
    let expected = |tells: &Json| match tells["create"].as_str() {
        None => Seen::new(),
        Some(create) => {
            [("create", plain(definition(create))), ("rows", sorted(texts(&tells["rows"])))].into()
        }
    };
    let found = |table: &str| match database.query(&format!("SHOW CREATE TABLE `{table}`")) {
        Err(_) => Seen::new(),
        Ok(rows) => {
            let create = definition(rows[0][1].as_deref().expect("text"));
            [("create", plain(create)), ("rows", rows_of_mariadb(&database, table))].into()
        }
    };
    // Old servers take a timestamp as one that is not null unless it says so.
    let prepare = |sql: &str| database.execute(&sql.replace("v timestamp)", "v timestamp null)")).unwrap();
    let no_uuid = database.is_mysql() || database.version() < (10, 7);
    let cases = cases("mariadb").into_iter();
    let cases = cases.filter(|case| !(no_uuid && case["case"] == "my string to uuid")).collect();
    check(cases, &properties(&database, &[]), prepare, expected, found).await;
}

fn of_sqlite(file: &Path, table: &str) -> rusqlite::Result<Seen> {
    let connection = Connection::open(file)?;
    let create: String =
        connection.query_row("SELECT sql FROM sqlite_master WHERE name = ?1", [table], |row| row.get(0))?;
    let quoted = table.replace('"', "\"\"");
    let select = connection.prepare(&format!("SELECT * FROM \"{quoted}\""))?;
    let columns =
        select.column_names().into_iter().map(|name| format!("quote(\"{}\")", name.replace('"', "\"\"")));
    let columns = columns.collect::<Vec<_>>().join(" || '|' || ");
    let mut rows = connection.prepare(&format!("SELECT {columns} FROM \"{quoted}\""))?;
    let rows: rusqlite::Result<Vec<String>> = rows.query_map([], |row| row.get(0))?.collect();
    Ok([("create", vec![create]), ("rows", sorted(rows?))].into())
}

#[tokio::test]
async fn tables_of_sqlite_with_aivens_class() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("sink.db");
    let entries = [
        ("name", "case".to_owned()),
        ("connection.url", format!("jdbc:sqlite:{}", file.display())),
        ("retry.backoff.ms", "50".to_owned()),
    ];
    let base = entries.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
    let expected = |tells: &Json| match tells["create"].as_str() {
        None => Seen::new(),
        Some(create) => [("create", vec![create.to_owned()]), ("rows", texts(&tells["rows"]))].into(),
    };
    let prepare = |sql: &str| Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    check(cases("sqlite"), &base, prepare, expected, |table| of_sqlite(&file, table).unwrap_or_default())
        .await;
}
