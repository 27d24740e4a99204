//! What Java's connector did, case by case: the same tables and rows, except where it fails and this one does not.

use serde_json::Value as Json;
use testkit::database::{Database, MariaDb, Postgres};

use super::shown::{alike, definition, has_text_defaults, rows_alike, rows_of_mariadb};
use super::{Context, Reader, lines, properties, put, start};

const MODES: &str = include_str!("../../../../tests/jdbc-cases/sink-modes.jsonl");
const TYPES_POSTGRESQL: &str = include_str!("../../../../tests/jdbc-cases/sink-types-postgresql.jsonl");

const TYPES_MARIADB: &str = include_str!("../../../../tests/jdbc-cases/sink-types-mariadb.jsonl");

/// A case where Java fails or drops something, and this connector writes rows: its table then, by the name of the
/// case.
const BETTER: &[(&str, &[&str], &[&str])] = &[
    ("postgresql map", &["id integer NO", "v jsonb YES"], &["1|{\"a\": 1}"]),
    ("postgresql struct", &["id integer NO", "v jsonb YES"], &["1|{\"x\": 1}"]),
    (
        "postgresql string into existing timestamptz column",
        &["id integer YES", "v timestamp with time zone YES"],
        &["1|2024-02-29 00:00:00+00"],
    ),
    ("postgresql string into existing mood column", &["id integer YES", "v USER-DEFINED YES"], &["1|ok"]),
    ("postgresql string into existing int[] column", &["id integer YES", "v ARRAY YES"], &["1|{1}"]),
    ("postgresql string into existing inet column", &["id integer YES", "v inet YES"], &["1|::1"]),
];

/// The same for MariaDB: the columns as `SHOW CREATE TABLE` has them, with the key.
const BETTER_MARIADB: &[(&str, &[&str], &[&str])] = &[
    (
        "mariadb insert, pk kafka",
        &[
            "`__connect_topic` varchar(250) NOT NULL",
            "`__connect_partition` int(11) NOT NULL",
            "`__connect_offset` bigint(20) NOT NULL",
            "`id` int(11) NOT NULL",
            "`v` text DEFAULT NULL",
            "PRIMARY KEY (`__connect_topic`,`__connect_partition`,`__connect_offset`)",
        ],
        &["c18\t0\t0\t1\ta", "c18\t0\t1\t2\tb", "c18\t0\t2\t1\tc"],
    ),
    ("mariadb array_string", JSON_TABLE, &["1\t[\"a\",\"b\"]"]),
    ("mariadb array_int32", JSON_TABLE, &["1\t[1,null]"]),
    ("mariadb map", JSON_TABLE, &["1\t{\"a\":1}"]),
    ("mariadb struct", JSON_TABLE, &["1\t{\"x\":1}"]),
];

const JSON_TABLE: &[&str] = &[
    "`id` int(11) NOT NULL",
    "`v` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`v`))",
];

struct Case {
    json: Json,
    /// The name that topic and table had when the case was recorded, and have now.
    renamed: (String, String),
}

impl Case {
    fn all(text: &str, system: &str) -> Vec<Self> {
        let cases = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
        let ours = cases.enumerate().filter(|(_, case)| name(case).starts_with(system));
        ours.map(|(index, json)| {
            let renamed = (recorded_name(&json), format!("c{index}"));
            Self { json, renamed }
        })
        .collect()
    }

    fn name(&self) -> &str {
        name(&self.json)
    }

    fn topic(&self) -> &str {
        &self.renamed.1
    }

    /// Recorded lines, as they would be of our topic.
    fn texts(&self, path: &str) -> Vec<String> {
        let lines = self.json.pointer(path).and_then(Json::as_array);
        let line = |line: &Json| line.as_str().expect("text").replace(&self.renamed.0, &self.renamed.1);
        lines.map(|lines| lines.iter().map(line).collect()).unwrap_or_default()
    }

    fn entries(&self) -> Vec<(String, String)> {
        let config = self.json.get("config").and_then(Json::as_object);
        let Some(config) = config else { return vec![("auto.create".to_owned(), "true".to_owned())] };
        config.iter().map(|(key, value)| (key.clone(), value.as_str().expect("text").to_owned())).collect()
    }

    /// The messages, in the steps in which they were sent.
    fn steps(&self) -> Vec<Vec<(String, String)>> {
        match self.json.get("records").and_then(Json::as_array) {
            Some(steps) => steps.iter().map(messages).collect(),
            None => vec![self.values()],
        }
    }

    /// A record for each value of a type.
    fn values(&self) -> Vec<(String, String)> {
        let values = self.json["values"].as_array().expect("values").iter().enumerate();
        let id = serde_json::json!({"type": "int32", "optional": false, "field": "id"});
        let schema = serde_json::json!({
            "type": "struct", "optional": false, "name": "rec", "fields": [id, self.json["field"]],
        });
        let message = |(index, value): (usize, &Json)| {
            let payload = serde_json::json!({"id": index + 1, "v": value});
            (String::new(), serde_json::json!({"schema": schema, "payload": payload}).to_string())
        };
        values.map(message).collect()
    }
}

fn name(case: &Json) -> &str {
    case["case"].as_str().expect("a name")
}

fn messages(step: &Json) -> Vec<(String, String)> {
    let text = |json: &Json| json.as_str().expect("text").to_owned();
    step.as_array().expect("records").iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

/// The topics were called `m` or `k` and a number of six digits.
fn recorded_name(case: &Json) -> String {
    let text = case.to_string();
    let digits =
        |at: usize| text.get(at..at + 6).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let starts = text.match_indices(['m', 'k']).map(|(at, _)| at);
    let found = starts.into_iter().find(|at| digits(at + 1) && text[at + 1..].starts_with("720"));
    found.map_or_else(|| "no name".to_owned(), |at| text[at..at + 7].to_owned())
}

/// The table that a case needs before it begins.
fn prepared(case: &Case) -> Option<String> {
    let table = case.topic();
    if case.name().contains("fewer fields than columns") {
        return Some(format!("CREATE TABLE {table} (id int, v varchar(10))"));
    }
    let (_, rest) = case.name().split_once("existing ")?;
    let kind = rest.strip_suffix(" column")?;
    Some(format!("CREATE TABLE {table} (id int, v {kind})"))
}

async fn run(case: &Case, database: &Database) -> api::Result<()> {
    if let Some(sql) = prepared(case) {
        database.execute(&sql).expect("the table");
    }
    let entries = case.entries();
    let entries: Vec<(&str, &str)> = entries.iter().map(|(key, value)| (&**key, &**value)).collect();
    let context = std::sync::Arc::new(Context::default());
    let mut task = start(&properties(database, &entries), context).await;
    let mut reader = Reader::new(case.topic());
    for step in case.steps() {
        let step: Vec<(&str, &str)> = step.iter().map(|(key, value)| (&**key, &**value)).collect();
        put(task.as_mut(), &reader.read(&step)).await?;
    }
    task.stop().await
}

/// What `information_schema` says of a table, in the form in which the cases have it.
fn columns_of_postgresql(database: &Database, table: &str) -> Vec<String> {
    lines(
        database,
        &format!(
            "SELECT column_name || ' ' || data_type \
             || coalesce('(' || character_maximum_length || ')', '') || ' ' || is_nullable || coalesce(' default ' || column_default, '') \
             FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
        ),
    )
}

fn sorted_rows(database: &Database, table: &str) -> Vec<String> {
    let mut rows = lines(database, &format!("SELECT * FROM {table}"));
    rows.sort();
    rows
}

async fn check_postgresql(case: &Case, database: &Database) {
    let name = case.name();
    let done = run(case, database).await;
    let better = BETTER.iter().find(|(better, ..)| *better == name);
    let fails = case.json.get("trace").is_some() && better.is_none();
    assert_eq!(done.is_err(), fails, "{name}: {done:?}");
    let (columns, rows) = match better {
        Some((_, columns, rows)) => (owned(columns), owned(rows)),
        None => (case.texts("/table/columns"), case.texts("/table/rows")),
    };
    assert_eq!(columns_of_postgresql(database, case.topic()), columns, "{name}");
    if !columns.is_empty() {
        assert_eq!(sorted_rows(database, case.topic()), rows, "{name}");
        let keys = format!(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{}'::regclass \
             AND contype = 'p'",
            case.topic()
        );
        assert_eq!(lines(database, &keys), case.texts("/table/keys"), "{name}");
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn modes_of_postgresql() {
    let database = Postgres::shared().create_database("sink_modes").expect("a database");
    database.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')").expect("a type");
    let cases = Case::all(MODES, "postgresql");
    assert_eq!(cases.len(), 24);
    for case in &cases {
        check_postgresql(case, &database).await;
    }
}

#[tokio::test]
async fn types_of_postgresql() {
    let database = Postgres::shared().create_database("sink_types").expect("a database");
    let cases = Case::all(TYPES_POSTGRESQL, "postgresql");
    assert_eq!(cases.len(), 20);
    for case in &cases {
        check_postgresql(case, &database).await;
    }
}

/// The definition of a table as recorded: its lines without the name.
fn recorded_definition(case: &Case) -> Vec<String> {
    let create = case.json.pointer("/table/create").and_then(Json::as_str);
    create.map(|create| definition(&create.replace("\\n", "\n"))).unwrap_or_default()
}

async fn check_mariadb(case: &Case, database: &Database) {
    let name = case.name();
    let done = run(case, database).await;
    if name == "mariadb string_default" && !has_text_defaults(database) {
        let error = done.expect_err("no default of a TEXT column");
        assert!(format!("{error:#}").contains("cannot create table"), "{error:#}");
        return;
    }
    let better = BETTER_MARIADB.iter().find(|(better, ..)| *better == name);
    let fails = case.json.get("trace").is_some() && better.is_none();
    assert_eq!(done.is_err(), fails, "{name}: {done:?}");
    let (columns, rows) = match better {
        Some((_, columns, rows)) => (owned(columns), owned(rows)),
        None => (recorded_definition(case), case.texts("/table/rows")),
    };
    let create = database.query(&format!("SHOW CREATE TABLE `{}`", case.topic()));
    let found = create.map(|rows| definition(rows[0][1].as_deref().expect("text"))).unwrap_or_default();
    if database.is_mysql() {
        assert_eq!(alike(&found), alike(&columns), "{name}");
    } else {
        assert_eq!(found, columns, "{name}");
    }
    if name == "mariadb bytes" {
        let hex = lines(database, &format!("SELECT id, HEX(v) FROM `{}`", case.topic()));
        assert_eq!(hex, ["1|DEADBEEF"]);
    } else if !columns.is_empty() {
        let found = rows_of_mariadb(database, case.topic());
        if database.is_mysql() {
            assert_eq!(rows_alike(&found), rows_alike(&rows), "{name}");
        } else {
            assert_eq!(found, rows, "{name}");
        }
    }
}

#[tokio::test]
async fn modes_of_mariadb() {
    let database = MariaDb::shared().create_database("sink_modes").expect("a database");
    let cases = Case::all(MODES, "mariadb");
    assert_eq!(cases.len(), 17);
    for case in &cases {
        check_mariadb(case, &database).await;
    }
}

#[tokio::test]
async fn types_of_mariadb() {
    let database = MariaDb::shared().create_database("sink_types").expect("a database");
    let cases = Case::all(TYPES_MARIADB, "mariadb");
    assert_eq!(cases.len(), 20);
    for case in &cases {
        check_mariadb(case, &database).await;
    }
}
