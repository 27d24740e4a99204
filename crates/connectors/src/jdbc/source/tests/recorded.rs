//! The recorded cases: what Java's connector made of each type of column and of each mode.

use std::collections::BTreeMap;

use api::config::Properties;
use serde_json::{Value as Json, json};
use testkit::database::{Database, MariaDb};

use super::refusing::Refusing;
use super::{Committed, Read, database, failure, properties, read_all};

const TYPES: &str = include_str!("../../testdata/source-types-postgresql.jsonl");
const ZONES: &str = include_str!("../../testdata/source-types-postgresql-zones.jsonl");
const OFFSETS: &str = include_str!("../../testdata/source-offsets.jsonl");

fn cases(lines: &str) -> impl Iterator<Item = Json> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn config(database: &Database, case: &Json) -> Properties {
    let entries = case["config"].as_object().unwrap().iter();
    let entries: Vec<(&str, &str)> = entries
        .filter(|(key, _)| *key != "connection.url")
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
        .collect();
    properties(database, &entries)
}

/// Creates the table of a case.
fn create(case: &Json, table: &str) -> String {
    let kind = case["case"].as_str().unwrap().strip_prefix("postgresql ").unwrap();
    let values: Vec<String> = case["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| format!("({})", value.as_str().unwrap()))
        .collect();
    let values = values.join(", ");
    format!(
        "CREATE TABLE {table} (id serial PRIMARY KEY, v {kind}); INSERT INTO {table} (v) VALUES {values};"
    )
}

/// What is here where Java fails, drops the column or damages the value: the field's schema and the values.
fn better(case: &str, mapping: Option<&str>) -> Option<(Json, Vec<Json>)> {
    let text = || json!({"type": "string", "optional": true, "field": "v"});
    let array = |kind: &str| {
        let items = json!({"type": kind, "optional": true});
        json!({"type": "array", "items": items, "optional": true, "field": "v"})
    };
    let decimal = || {
        json!({"type": "bytes", "optional": true, "name": "org.apache.kafka.connect.data.Decimal", "version": 1,
               "parameters": {"scale": "127", "connect.decimal.precision": "0"}, "field": "v"})
    };
    let date = || {
        json!({"type": "int32", "optional": true, "name": "org.apache.kafka.connect.data.Date",
                         "version": 1, "field": "v"})
    };
    Some(match case.strip_prefix("postgresql ")? {
        "bit(5)" => (json!({"type": "int8", "optional": true, "field": "v"}), vec![json!(21), Json::Null]),
        "int[]" => (array("int32"), vec![json!([1, 2, 3])]),
        "text[]" => (array("string"), vec![json!(["a", "b"])]),
        "inet" => (text(), vec![json!("192.168.0.1/32")]),
        "macaddr" => (text(), vec![json!("08:00:2b:01:02:03")]),
        "interval" => (text(), vec![json!("1 day 02:00:00")]),
        "point" => (text(), vec![json!("(1,2)")]),
        "int4range" => (text(), vec![json!("[1,5)")]),
        "tsvector" => (text(), vec![json!("'a' 'cat' 'fat'")]),
        "varbit(8)" => (text(), vec![json!("101")]),
        "date infinity" => (date(), vec![json!(i32::MAX)]),
        "numeric" if mapping.is_some() => {
            let value = "HH8lc3CMFDytNzECuVjGTTJfDZS194v0Mc8BelUPK1Bvp9VrAmQAAAAAAAAAAAAAAAAAAAAA";
            (decimal(), vec![json!(value), Json::Null, json!("AA==")])
        }
        _ => return None,
    })
}

/// Whether the server has the type of a case: a scale below zero came with PostgreSQL 15.
fn has_type_of(database: &Database, case: &Json) -> bool {
    !case["case"].as_str().unwrap().contains(",-") || database.version() >= (15, 0)
}

/// Whether the server copies queries.
#[derive(Clone, Copy, PartialEq)]
enum Copies {
    Yes,
    No,
}

async fn check_types(lines: &str, copies: Copies) {
    let database = database();
    let refusing = match copies {
        Copies::Yes => None,
        Copies::No => Some(Refusing::before(&database).await),
    };
    database.execute("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')").unwrap();
    let cases: Vec<(String, Json)> = cases(lines)
        .filter(|case| has_type_of(&database, case))
        .enumerate()
        .map(|(number, case)| (format!("t_{number}"), case))
        .collect();
    let tables: Vec<String> = cases.iter().map(|(table, case)| create(case, table)).collect();
    database.execute(&tables.concat()).unwrap();
    let mut by_config: BTreeMap<String, Vec<&(String, Json)>> = BTreeMap::new();
    for entry in &cases {
        by_config.entry(entry.1["config"].to_string()).or_default().push(entry);
    }
    for cases in by_config.values() {
        check_config(&database, refusing.as_ref(), cases).await;
    }
}

/// Reads the tables of cases of one configuration.
async fn check_config(database: &Database, refusing: Option<&Refusing>, cases: &[&(String, Json)]) {
    let config = |case| {
        let config = config(database, case);
        refusing.map_or(config.clone(), |refusing| refusing.properties(config))
    };
    let mut tables = Vec::new();
    for (table, case) in cases {
        let mut config = config(case);
        if no_number(case) {
            config.insert("table.whitelist".into(), table.clone());
            let error = failure(&config).await;
            assert!(error.contains("column `v`") && error.contains("NaN"), "{error}");
        } else {
            tables.push(table.clone());
        }
    }
    let mut config = config(&cases[0].1);
    config.insert("table.whitelist".into(), tables.join(","));
    let read = read_all(&config, Committed::default()).await.unwrap();
    let mut wrong = Vec::new();
    for (table, case) in cases.iter().filter(|(_, case)| !no_number(case)) {
        let values: Vec<&Json> = read
            .topics
            .iter()
            .zip(&read.values)
            .filter(|(topic, _)| topic == &table)
            .map(|(_, value)| value)
            .collect();
        wrong.extend(check_case(table, case, &values));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Java and this connector fail on a numeric that is no number.
fn no_number(case: &Json) -> bool {
    case["case"] == "postgresql numeric" && case["values"][0] == "'NaN'"
}

/// What is wrong with the records of a case.
fn check_case(table: &str, case: &Json, values: &[&Json]) -> Option<String> {
    let name = case["case"].as_str().unwrap();
    let infinite = name == "postgresql date" && case["values"][0] == "'infinity'";
    let key = format!("{name}{}", if infinite { " infinity" } else { "" });
    let (field, expected) =
        better(&key, case["config"]["numeric.mapping"].as_str()).unwrap_or_else(|| recorded(case));
    let id = json!({"type": "int32", "optional": false, "field": "id"});
    let expected_schema = json!({"type": "struct", "fields": [id, field], "optional": false, "name": table});
    let found: Vec<Json> = values.iter().map(|value| plain(&value["payload"]["v"])).collect();
    let expected: Vec<Json> = expected.iter().map(plain).collect();
    let schema = &values[0]["schema"];
    (*schema != expected_schema || found != expected).then(|| {
        format!("{key} {}: {schema} {found:?}, expected {expected_schema} {expected:?}", case["config"])
    })
}

/// A number with a point or an exponent in one form.
fn plain(value: &Json) -> Json {
    match value.as_f64() {
        Some(number) if value.to_string().contains(['.', 'e']) => json!(number),
        _ => value.clone(),
    }
}

fn recorded(case: &Json) -> (Json, Vec<Json>) {
    let payloads = case["payloads"].as_array().unwrap();
    (case["schema"]["fields"][1].clone(), payloads.iter().map(|payload| payload["v"].clone()).collect())
}

#[tokio::test]
async fn every_type_of_postgresql_becomes_what_java_makes_of_it() {
    check_types(TYPES, Copies::Yes).await;
}

#[tokio::test]
async fn every_type_is_the_same_where_the_server_does_not_copy() {
    check_types(TYPES, Copies::No).await;
}

#[tokio::test]
async fn zones_and_calendars_are_those_of_java() {
    check_types(ZONES, Copies::Yes).await;
}

#[tokio::test]
async fn modes_of_postgresql_read_what_java_reads() {
    check_modes("postgresql", &database(), "timestamp").await;
}

#[tokio::test]
async fn modes_of_mariadb_read_what_java_reads() {
    let database = MariaDb::shared().create_database("modes").unwrap();
    check_modes("mariadb", &database, "datetime(6)").await;
}

async fn check_modes(system: &str, database: &Database, timestamp: &str) {
    let create = format!(
        "CREATE TABLE offs (id int PRIMARY KEY, ts {timestamp}, v varchar(9)); INSERT INTO offs VALUES \
         (1,'2024-01-01 00:00:01.000001','r1'), (2,'2024-01-01 00:00:01.000001','r2'), \
         (3,'2024-01-01 00:00:02.5','r3'), (4,'2024-01-01 00:00:02.5','r4'), (5,'2024-01-01 00:00:03','r5'), \
         (6,null,'r6'), (-3,'2024-01-01 00:00:04','r-3'), (7,'1969-01-01 00:00:00','r7')"
    );
    database.execute(&create).unwrap();
    let mut count = 0;
    for case in cases(OFFSETS) {
        let name = case["case"].as_str().unwrap();
        if !name.starts_with(&format!("{system} ")) || case["create"].is_object() {
            continue;
        }
        count += 1;
        let mut config = config(database, &case);
        config.insert("poll.interval.ms".into(), "3600000".into());
        if let Some(trace) = case["trace"][0].as_str() {
            let words =
                trace.split_once(": ").unwrap().1.replace("`cases`", &format!("`{}`", database.name()));
            assert!(failure(&config).await.contains(&words), "{name}");
            continue;
        }
        let read = read_until_done(&config).await;
        let expected: Vec<Json> =
            case["records"].as_array().unwrap().iter().map(|record| record["value"].clone()).collect();
        assert_eq!(read.values, expected, "{name}");
    }
    assert_eq!(count, 10);
}

/// Reads round after round, as a suffix may limit one, until nothing comes.
async fn read_until_done(config: &Properties) -> Read {
    let mut read = read_all(config, Committed::default()).await.unwrap();
    if config["mode"] == "bulk" {
        return read;
    }
    loop {
        let more = read_all(config, read.committed.clone()).await.unwrap();
        read.committed = more.committed;
        if more.values.is_empty() {
            return read;
        }
        read.values.extend(more.values);
    }
}

#[tokio::test]
async fn offsets_are_those_of_java() {
    let database = database();
    database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, ts timestamptz NOT NULL); INSERT INTO t VALUES \
             (1,'2024-01-01 00:00:01.000001Z'), (2,'2024-01-01 00:00:01.000001Z'), (3,'2024-01-01 00:00:02.5Z')",
        )
        .unwrap();
    let both =
        [("timestamp.column.name", "ts"), ("incrementing.column.name", "id"), ("table.whitelist", "t")];
    let with = |mode| properties(&database, &[&both[..], &[("mode", mode)]].concat());
    let v1 = json!({"protocol": "1", "table": "public.t"});
    let check = async |mode, text: &str| {
        let (partition, offset) = read_all(&with(mode), Committed::default()).await.unwrap().offset();
        assert_eq!((partition.to_string(), offset.to_string()), (v1.to_string(), text.to_owned()));
    };
    check("incrementing", r#"{"incrementing":3}"#).await;
    check("timestamp", r#"{"timestamp_nanos":500000000,"timestamp":1704067202500}"#).await;
    check(
        "timestamp+incrementing",
        r#"{"timestamp_nanos":500000000,"incrementing":3,"timestamp":1704067202500}"#,
    )
    .await;
    // What Java wrote is where it goes on, by either protocol.
    for partition in [v1, json!({"table": "t"})] {
        let offset = json!({"timestamp_nanos": 1000, "incrementing": 1, "timestamp": 1_704_067_201_000_i64});
        let mut committed = Committed::default();
        let (Json::Object(partition), Json::Object(offset)) = (partition, offset) else { unreachable!() };
        committed.0.insert(api::SourcePartition(partition), api::SourceOffset(offset));
        let read = read_all(&with("timestamp+incrementing"), committed).await.unwrap();
        assert_eq!(read.payloads().iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>(), [2, 3]);
    }
}
