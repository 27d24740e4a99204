//! Which rows Aiven's connector 6.12 read in each mode, in which order, and where it stood afterwards, on MariaDB by the
//! driver of MariaDB, and on SQLite.
//!
//! A line of the data is a table, a configuration, the records and offsets of a first round, and those behind further
//! statements. Where this connector does something else on purpose, `here` says what, and `why`.

use api::config::Properties;
use rusqlite::Connection;
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;
use testkit::database::MariaDb;

use super::{Committed, properties, read_all};

const CASES: &str = include_str!("../../testdata/source-aiven-modes.jsonl");

/// A database that cases run against.
struct Place<'a> {
    /// The catalog in the partitions of offsets.
    catalog: &'a str,
    base: Properties,
    execute: &'a dyn Fn(&str),
}

impl Place<'_> {
    /// A text of the data, for a table of this database.
    fn filled(&self, text: &str, table: &str) -> String {
        text.replace("{t}", table).replace("{T}", &table.to_uppercase()).replace("{db}", self.catalog)
    }

    fn properties(&self, case: &Json, table: &str) -> Properties {
        let mut properties = self.base.clone();
        let config = case["config"].as_object().expect("a configuration");
        let prefix = if config.contains_key("query") { "topic.prefix" } else { "table.whitelist" };
        properties.insert(prefix.to_owned(), table.to_owned());
        for (key, value) in config {
            properties.insert(key.clone(), self.filled(value.as_str().expect("text"), table));
        }
        if let (Some(url), Some(more)) = (properties.get_mut("connection.url"), case["url"].as_str()) {
            url.push_str(more);
        }
        properties
    }

    /// What a case does here, in the form of the data: an answer for each round, the last of which may have failed.
    async fn run(&self, case: &Json, table: &str) -> Vec<Json> {
        (self.execute)(&self.filled(case["prepare"].as_str().expect("SQL"), table));
        let properties = self.properties(case, table);
        let rounds = case["rounds"].as_array().expect("rounds");
        let mut committed = Committed::default();
        let mut answers = Vec::new();
        for round in rounds {
            (self.execute)(&self.filled(round["sql"].as_str().unwrap_or_default(), table));
            match read_all(&properties, committed).await {
                Ok(read) => {
                    answers.push(json!({"records": read.payloads(), "offsets": offsets(&read.committed)}));
                    committed = read.committed;
                }
                Err(_) => {
                    answers.push(json!("fails"));
                    break;
                }
            }
        }
        answers
    }

    async fn check(&self, system: &str) {
        let cases = CASES.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
        let cases: Vec<Json> = cases.filter(|case| case["system"] == system).collect();
        assert!(cases.len() > 80, "{}", cases.len());
        let mut wrong = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            let table = format!("s_{number}");
            let found = self.run(case, &table).await;
            let expected = expected(case);
            let expected = self.filled(&expected.to_string(), &table);
            let expected: Vec<Json> = serde_json::from_str(&expected).expect("JSON");
            if found != expected {
                wrong.push(format!("{}: {}\n  expected {}", case["case"], json!(found), json!(expected)));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    }
}

/// What is expected of each round.
fn expected(case: &Json) -> Json {
    if let Some(here) = case.get("here") {
        assert!(case["why"].is_string(), "{}: why", case["case"]);
        return here.clone();
    }
    let answers = case["rounds"].as_array().expect("rounds").iter();
    answers
        .map(|round| match round.get("fails") {
            Some(_) => json!("fails"),
            None => json!({"records": round["records"], "offsets": round["offsets"]}),
        })
        .collect()
}

/// The committed offsets, ordered by their partitions.
fn offsets(committed: &Committed) -> Json {
    let entries = committed.0.iter().map(|(partition, offset)| {
        Map::from_iter([
            ("partition".to_owned(), Json::Object(partition.0.clone())),
            ("offset".to_owned(), Json::Object(offset.0.clone())),
        ])
    });
    let mut entries: Vec<Json> = entries.map(Json::Object).collect();
    entries.sort_by_key(|entry| entry["partition"].to_string());
    entries.into()
}

const AIVEN: [(&str, &str); 2] =
    [("connector.class", "io.aiven.connect.jdbc.JdbcSourceConnector"), ("topic.prefix", "")];

#[tokio::test]
async fn modes_of_mariadb_with_aivens_class() {
    let database = MariaDb::shared().create_database("aiven_modes").unwrap();
    let execute = |sql: &str| database.execute(sql).unwrap();
    let base = properties(&database, &AIVEN);
    Place { catalog: database.name(), base, execute: &execute }.check("mariadb").await;
}

#[tokio::test]
async fn modes_of_sqlite_with_aivens_class() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("modes.db");
    let connection = Connection::open(&file).unwrap();
    let execute = |sql: &str| connection.execute_batch(sql).unwrap();
    let url = format!("jdbc:sqlite:{}", file.display());
    let own = [
        ("connection.url", url.as_str()),
        ("poll.interval.ms", "3600000"),
        ("table.poll.interval.ms", "3600000"),
    ];
    let base =
        AIVEN.iter().chain(&own).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Place { catalog: "", base, execute: &execute }.check("sqlite").await;
}
