use std::path::Path;

use api::{Reaction, Type, Value};
use tempfile::TempDir;

use super::Reader;
use crate::jdbc::dialect::sqlite::Sqlite;
use crate::jdbc::dialect::{Access, Block, Dialect, Scope, Select, Session, TableId};
use crate::jdbc::url::Url;
use crate::jdbc::value::{Calendar, Granularity, Mapping, Moment, Numeric, Zone};

fn mapping() -> Mapping {
    Mapping {
        numeric: Numeric::None,
        granularity: Granularity::ConnectLogical,
        calendar: Calendar::Legacy,
        zone: Zone::UTC,
        all_columns: true,
        tells_precision: true,
    }
}

fn access(file: &Path) -> Access {
    let url = format!("jdbc:sqlite:{}", file.display());
    Access { url: Url::parse(&url, &[]).unwrap(), user: None, password: None }
}

async fn reader(directory: &TempDir, sql: &str) -> Reader {
    let file = directory.path().join("test.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    Reader::open(&access(&file), &mapping()).await.unwrap()
}

fn select(sql: &str) -> Select {
    Select { sql: sql.to_owned(), ..Select::default() }
}

async fn rows(reader: &mut Reader) -> Result<Block, api::Error> {
    let mut all = Block::default();
    while let Some(block) = reader.next(2).await? {
        assert!(block.records.len() <= 2);
        all.records.extend(block.records);
        all.marks.extend(block.marks);
    }
    Ok(all)
}

fn fields(value: Option<Value>) -> Vec<Value> {
    let Some(Value::Struct(fields)) = value else { panic!("a row is a struct") };
    fields.into_vec()
}

#[tokio::test]
async fn declared_types_say_what_columns_become() {
    let directory = TempDir::new().unwrap();
    let mut reader = reader(
        &directory,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, b BOOLEAN NOT NULL, i8 TINYINT, i INT, big BIGINT, r REAL, \
         d DECIMAL(10,2), n NUMERIC(5,0), v VARCHAR(9), x BLOB, day DATE, t TIME, at TIMESTAMP, j JSON);
         INSERT INTO t VALUES (5000000000, 1, -1, 3000000000, 4, 0.1, 12.345, 7, 'ä', x'ff00', '2024-02-29', '12:00:00.5', \
         '2021-12-05 06:31:08', '{}');
         INSERT INTO t (b, at, day) VALUES (0, 1638685868000, 19782.0 + 2440587.5);
         INSERT INTO t (b, at) VALUES ('true', '2021-12-05T08:31:08.25+02:00');",
    )
    .await;
    let shape = reader
        .start(&Select { name: Some("t".to_owned()), ..select("SELECT * FROM t ORDER BY id DESC") })
        .await;
    let shape = shape.unwrap();
    let kinds: Vec<Type> = shape.value.fields.iter().map(|field| field.schema.kind).collect();
    use Type::{Boolean, Bytes, Float64, Int16, Int32, Int64, String};
    assert_eq!(
        kinds,
        [
            Int64, Boolean, Int16, Int64, Int64, Float64, Bytes, Bytes, String, Bytes, Int32, Int32, Int64,
            String
        ]
    );
    let optional: Vec<bool> = shape.value.fields.iter().map(|field| field.schema.optional).collect();
    assert_eq!(&optional[..3], [false, false, true]);
    let all = rows(&mut reader).await.unwrap().records;
    let last = fields(all[2].value.clone());
    assert_eq!(last[0], Value::Int(5_000_000_000));
    assert_eq!((&last[5], &last[8], &last[13]), (&Value::Float(0.1), &"ä".into(), &"{}".into()));
    let Value::Decimal(decimal) = &last[6] else { panic!("a decimal") };
    assert_eq!(decimal.to_string(), "12.35");
    assert_eq!(&last[10..13], [Value::Int(19_782), Value::Int(43_200_500), Value::Int(1_638_685_868_000)]);
    let integers = fields(all[1].value.clone());
    assert_eq!((&integers[10], &integers[12]), (&Value::Int(19_782), &Value::Int(1_638_685_868_000)));
    let zoned = fields(all[0].value.clone());
    assert_eq!((&zoned[1], &zoned[12]), (&Value::Bool(true), &Value::Int(1_638_685_868_250)));
}

#[tokio::test]
async fn what_a_column_cannot_be_is_an_error_and_not_zero() {
    let directory = TempDir::new().unwrap();
    let mut reader = reader(&directory, "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), ('secret')").await;
    reader.start(&select("SELECT * FROM t")).await.unwrap();
    let error = rows(&mut reader).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Fail);
    let text = format!("{error:#}");
    assert!(text.contains("column `n`") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn expressions_are_what_their_first_value_is() {
    let directory = TempDir::new().unwrap();
    let mut reader = reader(&directory, "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2)").await;
    let shape =
        reader.start(&select("SELECT count(*) AS c, avg(n) AS a, 'x' AS s, NULL AS z FROM t")).await.unwrap();
    let kinds: Vec<Type> = shape.value.fields.iter().map(|field| field.schema.kind).collect();
    assert_eq!(kinds, [Type::Int64, Type::Float64, Type::String, Type::String]);
    let all = rows(&mut reader).await.unwrap().records;
    assert_eq!(fields(all[0].value.clone()), [Value::Int(2), Value::Float(1.5), "x".into(), Value::Null]);
}

#[tokio::test]
async fn tables_views_and_keys_are_described() {
    let directory = TempDir::new().unwrap();
    let mut reader = reader(
        &directory,
        "CREATE TABLE b (x INTEGER PRIMARY KEY AUTOINCREMENT, y INT NOT NULL DEFAULT 3, z INT AS (y * 2)); \
         CREATE TABLE a (k TEXT, l INT, PRIMARY KEY (l, k)) WITHOUT ROWID; CREATE VIEW v AS SELECT * FROM a;",
    )
    .await;
    let scope = Scope { types: vec!["TABLE".to_owned(), "VIEW".to_owned()], ..Scope::default() };
    let names: Vec<String> = reader.tables(&scope).await.unwrap().into_iter().map(|t| t.id.plain()).collect();
    assert_eq!(names, ["a", "b", "v"]);
    let table = |name: &str| TableId { name: name.to_owned(), ..TableId::default() };
    let b = reader.columns(&table("b")).await.unwrap();
    assert!(b[0].auto_increment && !b[0].nullable && b[0].primary_key == Some(1));
    assert!(b[1].default && !b[1].nullable && b[2].generated);
    let a = reader.columns(&table("a")).await.unwrap();
    assert_eq!((a[0].primary_key, a[1].primary_key), (Some(2), Some(1)));
    assert_eq!(reader.columns(&table("missing")).await.unwrap_err().reaction(), Reaction::Fail);
    let missing =
        Reader::open(&access(&directory.path().join("missing.db")), &mapping()).await.err().unwrap();
    assert_eq!(missing.reaction(), Reaction::Retry);
}

#[tokio::test]
async fn timestamps_of_every_form_are_compared_with_moments() {
    let directory = TempDir::new().unwrap();
    let mut reader = reader(
        &directory,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMP); INSERT INTO t VALUES \
         (1, '2024-01-01 00:00:01'), (2, '2024-01-01 00:00:01.000'), (3, 1704067201000), (4, '2024-01-01T00:00:01.001'), \
         (5, 1704067200999), (6, NULL), (7, 2460310.5 + 1.0 / 86400)",
    )
    .await;
    let at = Sqlite.timestamp("\"at\"");
    let moment = Sqlite.moment(Moment::of_millis(1_704_067_201_000), &Zone::UTC);
    let mut ids = async |comparison: &str| -> Vec<Value> {
        reader
            .start(&select(&format!("SELECT id FROM t WHERE {at} {comparison} {moment} ORDER BY id")))
            .await
            .unwrap();
        rows(&mut reader).await.unwrap().records.into_iter().map(|r| fields(r.value).remove(0)).collect()
    };
    assert_eq!(ids("=").await, [1, 2, 3, 7].map(Value::Int));
    assert_eq!(ids(">").await, [Value::Int(4)]);
    assert_eq!(ids("<").await, [Value::Int(5)]);
    let marked = Select {
        incrementing: Some("id".to_owned()),
        timestamps: vec!["AT".to_owned()],
        ..select("SELECT * FROM t ORDER BY id")
    };
    reader.start(&marked).await.unwrap();
    let marks = rows(&mut reader).await.unwrap().marks;
    assert_eq!(marks[3].timestamp.map(Moment::millis), Some(1_704_067_201_001));
    assert_eq!((marks[5].incrementing, marks[5].timestamp), (Some(6), None));
    let now = reader.now().await.unwrap().millis();
    assert!(now > 1_704_067_201_000);
    assert_eq!(reader.integer("SELECT max(id) FROM t").await.unwrap(), Some(7));
}

#[tokio::test]
async fn only_texts_without_an_offset_are_of_the_databases_zone() {
    let directory = TempDir::new().unwrap();
    let mut reader = reader(
        &directory,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TIMESTAMP, b TIMESTAMP); INSERT INTO t VALUES \
         (1, '2024-01-01 01:00:01', NULL), (2, '2024-01-01 00:00:01Z', 1), (3, 1704067201000, NULL), \
         (4, '2024-01-01T01:00:01.000+01:00', NULL), (5, 2460310.5 + 1.0 / 86400, NULL), (6, NULL, 1704067201000), \
         (7, NULL, '2024-01-01 00:00:01'), (8, '2024-01-01', 1704067201000)",
    )
    .await;
    let zone = Zone::parse("Europe/Amsterdam").unwrap();
    let columns = ["\"a\"".to_owned(), "\"b\"".to_owned()];
    let mut ids = async |operator: &str| -> Vec<Value> {
        let compared = Sqlite.compared(&columns, operator, Moment::of_millis(1_704_067_201_000), &zone);
        reader.start(&select(&format!("SELECT id FROM t WHERE {compared} ORDER BY id"))).await.unwrap();
        rows(&mut reader).await.unwrap().records.into_iter().map(|r| fields(r.value).remove(0)).collect()
    };
    assert_eq!(ids("=").await, [1, 2, 3, 4, 5, 6].map(Value::Int));
    assert_eq!(ids("<").await, [7, 8].map(Value::Int));
    assert_eq!(ids(">").await, []);
}

#[tokio::test]
async fn a_query_that_is_given_up_does_not_hold_the_database() {
    let directory = TempDir::new().unwrap();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n, t";
    let mut reader = reader(&directory, "CREATE TABLE t (x INT); INSERT INTO t VALUES (1)").await;
    reader.start(&select(endless)).await.unwrap();
    reader.next(10).await.unwrap().unwrap();
    drop(reader);
    let file = directory.path().join("test.db");
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(120)).unwrap();
    // A reader would keep it from being committed.
    connection.execute_batch("INSERT INTO t VALUES (2)").unwrap();
}
