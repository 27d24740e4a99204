//! What Aiven's connector 6.12 made of columns of each type, with its drivers: PostgreSQL's 42.7, MariaDB's 3.4,
//! Connector/J 8.4 and SQLite's 3.46.
//!
//! A line of the data is one column, its values, and what Java made of them (`java`). Where this connector does something
//! else on purpose, `here` says what, and `why`.

use std::collections::BTreeMap;

use api::config::Properties;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use testkit::database::{Database, MariaDb, Postgres};

use super::{Committed, failure, properties, read_all};

const CASES: &str = include_str!("../../testdata/source-aiven.jsonl");
const CLASS: &str = "io.aiven.connect.jdbc.JdbcSourceConnector";

/// The cases of a kind of URL, with the names of their tables.
fn cases(scheme: &str) -> Vec<(String, Json)> {
    let cases = CASES.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let ours = cases.filter(|case| case["scheme"] == scheme).enumerate();
    ours.map(|(number, case)| (format!("t_{number}"), case)).collect()
}

/// The statements that make the table of a case.
fn table((name, case): &(String, Json)) -> String {
    let declared = case["type"].as_str().expect("a type");
    let rows = case["values"].as_array().expect("values").iter().enumerate();
    let rows = rows.map(|(id, value)| {
        format!("INSERT INTO {name} VALUES ({}, {});", id + 1, value.as_str().expect("SQL"))
    });
    format!("CREATE TABLE {name} (id int PRIMARY KEY NOT NULL, v {declared}); {}\n", rows.collect::<String>())
}

/// What is expected: the field and the values, or neither where it fails.
fn expected(case: &Json) -> &Json {
    case.get("here").unwrap_or(&case["java"])
}

/// Reads the tables of all cases, those of one configuration at once, and compares.
async fn check(cases: &[(String, Json)], base: &Properties) {
    let mut by_config: BTreeMap<String, Vec<&(String, Json)>> = BTreeMap::new();
    for entry in cases {
        by_config.entry(entry.1["config"].to_string()).or_default().push(entry);
    }
    let mut wrong = Vec::new();
    for entries in by_config.values() {
        let mut config = base.clone();
        for (key, value) in entries[0].1["config"].as_object().expect("a configuration") {
            config.insert(key.clone(), value.as_str().expect("text").to_owned());
        }
        for (table, case) in entries.iter().filter(|(_, case)| expected(case).get("field").is_none()) {
            config.insert("table.whitelist".to_owned(), table.clone());
            let message = failure(&config).await;
            assert!(message.contains("column `v`"), "{}: {message}", case["type"]);
        }
        let readable: Vec<_> =
            entries.iter().filter(|(_, case)| expected(case).get("field").is_some()).collect();
        let tables: Vec<&str> = readable.iter().map(|(table, _)| table.as_str()).collect();
        config.insert("table.whitelist".to_owned(), tables.join(","));
        let read = read_all(&config, Committed::default()).await.expect("the rows");
        for (table, case) in readable {
            let of_table = read.topics.iter().zip(&read.values).filter(|(topic, _)| *topic == table);
            let values: Vec<&Json> = of_table.map(|(_, value)| value).collect();
            let found = json!({
                "field": values[0]["schema"]["fields"].get(1).unwrap_or(&Json::Null),
                "values": values.iter().map(|value| value["payload"].get("v")).collect::<Vec<_>>(),
            });
            if plain(&found) != plain(expected(case)) {
                wrong.push(format!(
                    "{} {}: {found}, expected {}",
                    case["type"],
                    case["config"],
                    expected(case)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Numbers with a point or an exponent in one form.
fn plain(value: &Json) -> Json {
    match value {
        Json::Number(number) if number.to_string().contains(['.', 'e', 'E']) => json!(number.as_f64()),
        Json::Array(elements) => elements.iter().map(plain).collect(),
        Json::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

fn of(database: &Database, url: &str) -> Properties {
    properties(
        database,
        &[("connector.class", CLASS), ("connection.url", url), ("mode", "bulk"), ("topic.prefix", "")],
    )
}

#[tokio::test]
async fn types_of_postgresql_with_aivens_class() {
    let database = Postgres::shared().create_database("aiven_types").unwrap();
    let cases = cases("postgresql");
    let types = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN mail AS text CHECK (value LIKE '%@%'); \
                 CREATE DOMAIN pos AS int CHECK (value > 0); CREATE DOMAIN posnum AS numeric(6,2);\n";
    database.execute(&format!("{types}{}", cases.iter().map(table).collect::<String>())).unwrap();
    check(&cases, &of(&database, &database.jdbc_url())).await;
}

/// The types of a server are read by the URL of one of its drivers.
async fn check_mariadb(scheme: &str) {
    let database = MariaDb::shared().create_database("aiven_types").unwrap();
    let newer =
        |case: &Json| ["uuid", "inet6", "json"].iter().any(|kind| case["type"].as_str() == Some(kind));
    let old = database.is_mysql() || database.version() < (10, 7);
    let cases: Vec<_> = cases(scheme).into_iter().filter(|(_, case)| !(old && newer(case))).collect();
    // Old servers take a timestamp as one that is not null unless it says so.
    let tables: String =
        cases.iter().map(table).map(|table| table.replace("v timestamp)", "v timestamp NULL)")).collect();
    database.execute(&format!("SET sql_mode = '';\n{tables}")).unwrap();
    let url = database.jdbc_url().replace("jdbc:mariadb:", &format!("jdbc:{scheme}:"));
    check(&cases, &of(&database, &url)).await;
}

#[tokio::test]
async fn types_of_mariadb_with_aivens_class_and_its_own_driver() {
    check_mariadb("mariadb").await;
}

#[tokio::test]
async fn types_of_mariadb_with_aivens_class_and_connector_j() {
    check_mariadb("mysql").await;
}

#[tokio::test]
async fn types_of_sqlite_with_aivens_class() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("types.db");
    let cases = cases("sqlite");
    let tables: String = cases.iter().map(table).collect();
    rusqlite::Connection::open(&file).unwrap().execute_batch(&tables).unwrap();
    let url = format!("jdbc:sqlite:{}", file.display());
    let entries = [
        ("connector.class", CLASS),
        ("connection.url", &url),
        ("mode", "bulk"),
        ("topic.prefix", ""),
        ("poll.interval.ms", "3600000"),
        ("table.poll.interval.ms", "3600000"),
    ];
    let base = entries.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
    check(&cases, &base).await;
}
