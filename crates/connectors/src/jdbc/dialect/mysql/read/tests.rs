use std::sync::Arc;

use api::config::{Password, Properties};
use api::{Reaction, Registry, Role, Schema, Value};
use serde_json::{Value as Json, json};
use testkit::{Database, MariaDb};

use super::Reader;
use crate::jdbc::dialect::{Access, Kind, Scope, Select, Session, TableId};
use crate::jdbc::url::Url;
use crate::jdbc::value::{Calendar, Granularity, Mapping, Numeric, Zone};

/// What the real connector did on MariaDB 10.11.
const CASES: &str = include_str!("../../../testdata/source-types-mariadb.jsonl");

/// By the URL of the driver that the cases were recorded with.
fn access(database: &Database) -> Access {
    access_by(&database.jdbc_url().replace("jdbc:mariadb:", "jdbc:mysql:"), database)
}

fn access_by(url: &str, database: &Database) -> Access {
    Access {
        url: Url::parse(url, &[]).unwrap(),
        user: Some(database.user().to_owned()),
        password: Some(Password::new(database.password())),
    }
}

fn mapping(config: &Json) -> Mapping {
    Mapping {
        numeric: match config["numeric.mapping"].as_str() {
            Some("precision_only") => Numeric::PrecisionOnly,
            Some("best_fit") => Numeric::BestFit,
            Some(other) => panic!("{other}"),
            None => Numeric::None,
        },
        granularity: match config["timestamp.granularity"].as_str() {
            Some("micros_long") => Granularity::MicrosLong,
            Some(other) => panic!("{other}"),
            None => Granularity::ConnectLogical,
        },
        calendar: Calendar::Legacy,
        zone: config["db.timezone"].as_str().map_or(Zone::UTC, |zone| Zone::parse(zone).unwrap()),
        all_columns: true,
        tells_precision: true,
    }
}

async fn reader(database: &Database, config: &Json) -> Reader {
    Reader::open(&access(database), &mapping(config)).await.unwrap()
}

fn select(sql: &str) -> Select {
    Select { sql: sql.to_owned(), ..Select::default() }
}

/// The messages that JsonConverter makes of all rows, parsed.
async fn messages(reader: &mut Reader, select: &Select) -> Result<Vec<Json>, String> {
    let shape = reader.start(select).await.map_err(|error| format!("{error:#}"))?;
    let mut all = Vec::new();
    while let Some(block) = reader.next(1000).await.map_err(|error| format!("{error:#}"))? {
        for record in block.records {
            all.push(encode(&shape.value, &record.value.unwrap())?);
        }
    }
    Ok(all)
}

fn encode(schema: &Arc<Schema>, value: &Value) -> Result<Json, String> {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    let plugin = registry.converters.iter().find(|p| p.description().answers_to("JsonConverter")).unwrap();
    let converter = plugin.configure(&Properties::new(), Role::Value).unwrap();
    let mut out = Vec::new();
    let mut encoder = converter.encoder("t", Some(schema)).unwrap();
    encoder.encode(value, &mut out).map_err(|error| format!("{error:#}"))?;
    Ok(serde_json::from_slice(&out).unwrap())
}

/// Floats as numbers: their texts differ in the exponent.
fn normal(json: &Json) -> Json {
    match json {
        Json::Number(number) if number.to_string().contains(['.', 'e', 'E']) => json!(number.as_f64()),
        Json::Array(elements) => elements.iter().map(normal).collect(),
        Json::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), normal(member))).collect()
        }
        other => other.clone(),
    }
}

/// Makes the table of a case under a name of its own.
fn table_sql(number: usize, case: &Json) -> String {
    let native = case["case"].as_str().unwrap().strip_prefix("mariadb ").unwrap();
    let values =
        case["values"].as_array().unwrap().iter().map(|value| format!("({})", value.as_str().unwrap()));
    format!(
        "CREATE TABLE case_{number} (id int auto_increment primary key, v {native}); \
         INSERT INTO case_{number} (v) VALUES {};\n",
        values.collect::<Vec<_>>().join(", ")
    )
}

/// Whether the server has the type of a case: some came with MariaDB 10.7 and 10.10, MySQL has none of these.
fn has_type_of(database: &Database, case: &Json) -> bool {
    let since = match case["case"].as_str().unwrap().split_whitespace().nth(1) {
        Some("uuid") => (10, 7),
        Some("inet4") => (10, 10),
        Some("inet6") => (10, 5),
        // A type of its own in MySQL, which writes a space where the recorded text has none.
        Some("json") => (0, 0),
        _ => return true,
    };
    !database.is_mysql() && database.version() >= since
}

#[tokio::test]
async fn every_recorded_type_becomes_what_it_became_in_java() {
    let database = MariaDb::shared().create_database("types").unwrap();
    let cases = CASES.lines().map(|line| serde_json::from_str(line).unwrap());
    let cases: Vec<Json> = cases.filter(|case| has_type_of(&database, case)).collect();
    let tables: String = cases.iter().enumerate().map(|(number, case)| table_sql(number, case)).collect();
    database.execute(&format!("SET sql_mode = '';\n{tables}")).unwrap();
    for (number, case) in cases.iter().enumerate() {
        let mut reader = reader(&database, &case["config"]).await;
        let name = case["schema"]["name"].as_str().map(str::to_owned);
        let select = Select { name, ..select(&format!("SELECT * FROM case_{number}")) };
        match (messages(&mut reader, &select).await, case.get("trace")) {
            (Ok(messages), None) => {
                let payloads = case["payloads"].as_array().unwrap();
                let expected =
                    payloads.iter().map(|payload| json!({"schema": case["schema"], "payload": payload}));
                let expected: Vec<Json> = expected.map(|message| normal(&message)).collect();
                assert_eq!(messages.iter().map(normal).collect::<Vec<_>>(), expected, "{}", case["case"]);
            }
            (Err(_), Some(_)) => {}
            (ours, java) => panic!("{}: {ours:?}, and Java {java:?}", case["case"]),
        }
    }
}

#[tokio::test]
async fn tables_and_columns_are_described() {
    let database = MariaDb::shared().create_database("described").unwrap();
    database
        .execute(
            "CREATE TABLE b (x int, id bigint unsigned auto_increment, day date not null default '2024-01-01', \
             amount decimal(12,2), name varchar(20) not null, twice int as (x * 2) stored, flag bit(5), \
             at datetime(3), primary key (day, id), key (id)); CREATE TABLE a (id int); CREATE VIEW v AS SELECT * FROM a",
        )
        .unwrap();
    let mut reader = reader(&database, &json!({})).await;
    let scope =
        |types: &[&str]| Scope { types: types.iter().map(|t| (*t).to_owned()).collect(), ..Scope::default() };
    let mut names = async |types: &[&str]| -> Vec<String> {
        reader.tables(&scope(types)).await.unwrap().into_iter().map(|table| table.id.plain()).collect()
    };
    let name = database.name();
    assert_eq!(names(&["TABLE"]).await, [format!("{name}.a"), format!("{name}.b")]);
    assert_eq!(
        names(&["VIEW", "TABLE"]).await,
        [format!("{name}.a"), format!("{name}.b"), format!("{name}.v")]
    );

    let table = TableId { catalog: None, schema: None, name: "b".to_owned() };
    let columns = reader.columns(&table).await.unwrap();
    let find = |name: &str| columns.iter().find(|column| column.name == name).unwrap();
    let id = find("id");
    assert!(id.auto_increment && id.default && !id.nullable);
    assert_eq!((id.kind.clone(), id.primary_key), (Kind::Int64, Some(2)));
    assert_eq!(find("day").primary_key, Some(1));
    assert!(find("day").default && find("x").nullable && !find("x").default && !find("amount").default);
    assert_eq!((find("amount").precision, find("amount").scale), (Some(12), Some(2)));
    assert_eq!((find("name").length, find("name").native.as_str()), (Some(20), "varchar"));
    assert!(find("twice").generated && !find("twice").default);
    assert_eq!((find("flag").kind.clone(), find("at").scale), (Kind::Bytes, Some(3)));
    let prepared = reader.prepare("SELECT b.*, 1 AS one FROM b").await.unwrap();
    assert_eq!(prepared.last().unwrap().name, "one");
    for column in &columns {
        let prepared = prepared.iter().find(|p| p.name == column.name).unwrap();
        assert_eq!((&prepared.kind, prepared.nullable), (&column.kind, column.nullable), "{}", column.name);
    }
    let missing = TableId { name: "missing".to_owned(), ..table };
    assert_eq!(reader.columns(&missing).await.unwrap_err().reaction(), Reaction::Fail);
}

#[tokio::test]
async fn rows_stand_where_their_columns_say() {
    let database = MariaDb::shared().create_database("marks").unwrap();
    database
        .execute(
            "CREATE TABLE t (id int primary key, made datetime(6), changed timestamp(3) null); \
             INSERT INTO t VALUES (1, '2024-01-01 00:00:01.000001', null), (2, null, '2024-01-01 00:00:02'), (3, null, null)",
        )
        .unwrap();
    let mut reader = reader(&database, &json!({})).await;
    let select = Select {
        incrementing: Some("id".to_owned()),
        timestamps: vec!["Changed".to_owned(), "made".to_owned()],
        key: vec!["id".to_owned()],
        ..select("SELECT * FROM t ORDER BY id")
    };
    let shape = reader.start(&select).await.unwrap();
    assert_eq!(shape.key.as_ref().unwrap().fields[0].name.as_ref(), "id");
    // Two at a time, whatever the reader holds.
    let first = reader.next(2).await.unwrap().unwrap();
    assert_eq!(first.records[1].key, Some(Value::Struct([Value::Int(2)].into())));
    let marks: Vec<_> =
        first.marks.iter().map(|m| (m.incrementing, m.timestamp.map(|t| (t.millis(), t.nanos)))).collect();
    assert_eq!(marks, [(Some(1), Some((1_704_067_201_000, 1000))), (Some(2), Some((1_704_067_202_000, 0)))]);
    let second = reader.next(2).await.unwrap().unwrap();
    assert_eq!((second.marks[0].incrementing, second.marks[0].timestamp), (Some(3), None));
    assert!(reader.next(2).await.unwrap().is_none());
    assert_eq!(reader.integer("SELECT max(id) FROM t").await.unwrap(), Some(3));
    assert_eq!(reader.integer("SELECT max(id) FROM t WHERE id > 9").await.unwrap(), None);
    for (role, sql) in [
        ("incrementing", "SELECT 'a' AS id, now() AS made, now() AS changed"),
        ("timestamp", "SELECT 1 AS id, 2 AS made, 3 AS changed"),
    ] {
        let mut reader = self::reader(&database, &json!({})).await;
        let error = reader.start(&Select { sql: sql.to_owned(), ..select.clone() }).await.unwrap_err();
        assert!(error.to_string().contains(role), "{error}");
    }
}

#[tokio::test]
async fn errors_call_for_the_right_reaction_and_hold_no_data() {
    let database = MariaDb::shared().create_database("errors").unwrap();
    for (sql, reaction) in [
        ("SELECT * FROM missing", Reaction::Fail),
        ("SELEC 'secret'", Reaction::Fail),
        ("SELECT * FROM (SELECT 1 AS a) t WHERE 1 = (SELECT 'secret' UNION SELECT 'other')", Reaction::Fail),
    ] {
        let mut reader = reader(&database, &json!({})).await;
        let outcome = match reader.start(&select(sql)).await {
            Ok(_) => reader.next(10).await.map(drop),
            Err(error) => Err(error),
        };
        let error = outcome.unwrap_err();
        assert_eq!(error.reaction(), reaction, "{error:#}");
        assert!(!format!("{error:#}").contains("secret"), "{error:#}");
    }
    let mut wrong = access(&database);
    wrong.password = Some(Password::new("wrong"));
    let error = Reader::open(&wrong, &mapping(&json!({}))).await.err().unwrap();
    assert_eq!(error.reaction(), Reaction::Fail, "{error:#}");
    let port = testkit::ports::free();
    let url = format!("jdbc:mysql://127.0.0.1:{port}/d");
    let nobody = Access { url: Url::parse(&url, &[]).unwrap(), user: None, password: None };
    let error = Reader::open(&nobody, &mapping(&json!({}))).await.err().unwrap();
    assert_eq!(error.reaction(), Reaction::Retry, "{error:#}");
}

#[tokio::test]
async fn a_large_result_is_read_in_blocks_and_may_be_given_up() {
    let database = MariaDb::shared().create_database("large").unwrap();
    database.sequence(1_000_000);
    let rows = "SELECT seq AS id, repeat('x', 100) AS v FROM seq_1_to_1000000";
    let mut reader = reader(&database, &json!({})).await;
    // Not by their texts: MySQL 9 cannot read this list while a statement of anybody holds bytes that are no text.
    let threads = "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND command <> 'Sleep' \
                   AND id <> connection_id()";
    reader.start(&select(rows)).await.unwrap();
    let block = reader.next(100_000).await.unwrap().unwrap();
    assert!((100..10_000).contains(&block.records.len()), "{}", block.records.len());
    assert_eq!(reader.integer("SELECT 1").await.unwrap_err().reaction(), Reaction::Retry);
    assert_eq!(database.query(threads).unwrap(), [[Some("1".to_owned())]]);

    drop(reader);

    for _ in 0..1200 {
        if database.query(threads).unwrap() == [[Some("0".to_owned())]] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the query still runs");
}
