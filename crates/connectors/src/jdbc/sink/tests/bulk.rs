//! The fast paths write what the slow ones write, and find what is wrong as they do.

use std::sync::Arc;

use api::{Batch, Decimal, Record, Schema, Text, Type, Value, logical};
use testkit::database::{Database, MariaDb, Postgres};

use super::{Context, lines, properties, put, start, url_without_bulk};

/// Every type that both databases have, and an id.
fn schema() -> Arc<Schema> {
    let optional = |kind| Schema::of(kind).optional().build();
    Schema::structure()
        .field("id", Schema::int32())
        .field("i8", optional(Type::Int8))
        .field("i16", optional(Type::Int16))
        .field("i64", optional(Type::Int64))
        .field("f32", optional(Type::Float32))
        .field("f64", optional(Type::Float64))
        .field("b", optional(Type::Boolean))
        .field("s", optional(Type::String))
        .field("bytes", optional(Type::Bytes))
        .field("dec", logical::decimal(3).optional().build())
        .field("d", logical::date().optional().build())
        .field("t", logical::time().optional().build())
        .field("ts", logical::timestamp().optional().build())
        .field("m", Schema::map(Schema::string(), Schema::int32()).optional().build())
        .build()
}

fn row(id: i64) -> Value {
    if id % 7 == 3 {
        let mut nulls = vec![Value::Null; 14];
        nulls[0] = Value::Int(id);
        return Value::Struct(nulls.into());
    }
    let texts = ["plain", "tab\tand\nline\r\\N", "quote ' \" `", "äöü €", "", "\\", "{\"a\"}"];
    let wrapped = i64::from((id * 37) as i8);
    Value::Struct(Box::new([
        Value::Int(id),
        Value::Int(wrapped),
        Value::Int(wrapped * 200),
        Value::Int(id * 1_000_000_007_000),
        Value::Float(f64::from(id as f32 / 4.0)),
        Value::Float(id as f64 * -1.25e-3),
        Value::Bool(id % 2 == 0),
        Value::Text(Text::from(texts[id as usize % texts.len()])),
        Value::Bytes(vec![0, 255, id as u8, b'\n', b'\t', b'\\'].into()),
        Value::Decimal(Box::new(Decimal::new(id * 123_456_789 - 1_000_000_000, 3))),
        Value::Int(id * 100 - 5000),
        Value::Int(id * 86_399_999 / 200),
        Value::Int(id * 12_345_678_901 - 400_000_000_000),
        Value::Map(vec![(Value::from("k\"\t"), Value::Int(id))]),
    ]))
}

fn batch(ids: impl Iterator<Item = i64>, value: fn(i64) -> Value) -> Batch {
    let record = |(offset, id)| Record {
        value: Some(value(id)),
        partition: Some(0),
        offset: offset as i64,
        ..Record::default()
    };
    Batch {
        value_schema: Some(schema()),
        records: ids.enumerate().map(record).collect(),
        ..Batch::new("t".into())
    }
}

/// Writes the rows at once into a table, and one by one into another one.
async fn same(database: &Database, columns: &str, entries: &[(&str, &str)]) -> Vec<String> {
    let mut tables = Vec::new();
    for (table, at_once) in [("fast", 200), ("slow", 1)] {
        let mut entries = entries.to_vec();
        entries.extend([("auto.create", "true"), ("table.name.format", table)]);
        let mut task = start(&properties(database, &entries), Arc::default()).await;
        let ids: Vec<i64> = (0..200).collect();
        for ids in ids.chunks(at_once) {
            put(task.as_mut(), &[batch(ids.iter().copied(), row)]).await.unwrap();
        }
        tables.push(lines(database, &format!("SELECT {columns} FROM {table} ORDER BY id")));
        database.execute(&format!("DROP TABLE {table}")).unwrap();
    }
    assert_eq!(tables[0].len(), 200);
    assert_eq!(tables[0], tables[1]);
    tables.swap_remove(0)
}

const ALL: &str = "*";
/// MariaDB's client prints bytes as they are.
const HEXED: &str = "id,i8,i16,i64,f32,f64,b,s,HEX(bytes),`dec`,d,t,ts,m";

const UPSERT: [(&str, &str); 3] =
    [("insert.mode", "upsert"), ("pk.mode", "record_value"), ("pk.fields", "id")];

#[tokio::test]
async fn rows_of_postgresql_are_the_same_on_every_path() {
    let database = Postgres::shared().create_database("sink_bulk").unwrap();
    let copied = same(&database, ALL, &[]).await;
    assert_eq!(same(&database, ALL, &UPSERT).await, copied);
    let first = "0|0|0|0|0|-0|t|plain|\\x00ff000a095c|-1000000.000|1956-04-24|00:00:00|1957-04-29 08:53:20|{\"k\\\"\\t\": 0}";
    assert_eq!(copied[0], first);
    assert_eq!(copied[3], "3|||||||||||||");
}

#[tokio::test]
async fn rows_of_mariadb_are_the_same_on_every_path() {
    let database = MariaDb::shared().create_database("sink_bulk").unwrap();
    let at_once = same(&database, HEXED, &[]).await;
    assert_eq!(at_once[3], "3|||||||||||||");
    let without_bulk = url_without_bulk(&database);
    let without_bulk = ("connection.url", without_bulk.as_str());
    assert_eq!(same(&database, HEXED, &[without_bulk]).await, at_once, "LOAD DATA");
    assert_eq!(same(&database, HEXED, &UPSERT).await, at_once);
    let upsert: Vec<(&str, &str)> = UPSERT.into_iter().chain([without_bulk]).collect();
    assert_eq!(same(&database, HEXED, &upsert).await, at_once, "statements of several rows");
}

#[tokio::test]
async fn a_put_of_many_requests_of_mariadb_is_written_once() {
    let database = MariaDb::shared().create_database("sink_requests").unwrap();
    // More rows than a request takes, more bytes than one takes, and a first request whose column is all null.
    database.execute("CREATE TABLE t (id int PRIMARY KEY, s longtext, i8 tinyint)").unwrap();
    let value = |id: i64| {
        let text =
            if id < 100 { Value::Null } else { Value::Text("x".repeat((id % 10) as usize * 5000).into()) };
        let mut fields = vec![Value::Null; 14];
        (fields[0], fields[7]) = (Value::Int(id), text);
        Value::Struct(fields.into())
    };
    let entries = [("fields.whitelist", "id,s,i8"), ("batch.size", "100")];
    let mut task = start(&properties(&database, &entries), Arc::default()).await;
    put(task.as_mut(), &[batch(0..1000, value)]).await.unwrap();
    let sums = lines(&database, "SELECT COUNT(*), SUM(id), SUM(LENGTH(s)), SUM(s IS NULL), COUNT(i8) FROM t");
    assert_eq!(sums, ["1000|499500|20250000|100|0"]);
}

#[tokio::test]
async fn rows_of_mariadb_are_changed_where_they_are() {
    let database = MariaDb::shared().create_database("sink_update").unwrap();
    let mut changed = Vec::new();
    for url in [database.jdbc_url(), url_without_bulk(&database)] {
        let there: Vec<String> = (50..=150).map(|id| format!("({id})")).collect();
        let insert = format!("INSERT INTO t (id) VALUES {}", there.join(","));
        database
            .execute(&format!("CREATE TABLE t (id int PRIMARY KEY, s text, i64 bigint); {insert}"))
            .unwrap();
        let entries = [
            ("connection.url", url.as_str()),
            ("insert.mode", "update"),
            ("pk.mode", "record_value"),
            ("pk.fields", "id"),
            ("fields.whitelist", "s,i64"),
        ];
        let mut task = start(&properties(&database, &entries), Arc::default()).await;
        put(task.as_mut(), &[batch(0..100, row)]).await.unwrap();
        changed.push(lines(&database, "SELECT * FROM t ORDER BY id"));
        database.execute("DROP TABLE t").unwrap();
    }
    assert_eq!((changed[0].len(), changed[0][6].as_str()), (101, "56|plain|56000000392000"));
    assert_eq!(changed[0], changed[1]);
}

#[tokio::test]
async fn times_are_those_of_the_zone() {
    let database = Postgres::shared().create_database("sink_zone").unwrap();
    let berlin = [("db.timezone", "Europe/Berlin"), ("fields.whitelist", "id,d,t,ts")];
    let there = same(&database, ALL, &berlin).await;
    assert_eq!(there[0], "0|1956-04-24|01:00:00|1957-04-29 09:53:20");
    let west = [("db.timezone", "America/New_York"), ("fields.whitelist", "id,d")];
    assert_eq!(same(&database, ALL, &west).await[0], "0|1956-04-23");
    let dates = [("date.timezone", "UTC"), west[0], west[1]];
    assert_eq!(same(&database, ALL, &dates).await[0], "0|1956-04-24");
}

#[tokio::test]
async fn mariadb_cuts_nothing_and_leaves_nothing_out() {
    let database = MariaDb::shared().create_database("sink_cut").unwrap();
    nothing_is_cut(&database, database.jdbc_url()).await;
}

/// The server only warns about such values there.
#[tokio::test]
async fn load_data_cuts_nothing_and_leaves_nothing_out() {
    let database = MariaDb::shared().create_database("sink_cut_load").unwrap();
    nothing_is_cut(&database, url_without_bulk(&database)).await;
}

async fn nothing_is_cut(database: &Database, url: String) {
    database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, s varchar(9), i8 tinyint unsigned); \
             INSERT INTO t (id, s) VALUES (14, 'there')",
        )
        .unwrap();
    let context = Context::tolerant();
    let entries = [("fields.whitelist", "id,s,i8"), ("connection.url", &url)];
    let mut task = start(&properties(database, &entries), context.clone()).await;
    put(task.as_mut(), &[batch(0..100, row)]).await.unwrap();
    // Longer than its column, out of the range of its column, or there already.
    let bad: Vec<i64> = (0..100)
        .filter(|id| *id == 14 || id % 7 != 3 && (matches!(id % 7, 1 | 2) || (id * 37) as i8 <= -1))
        .collect();
    assert_eq!(context.offsets(), bad);
    let words = context.rejected.lock().iter().map(|(_, words)| words.clone()).collect::<Vec<_>>().join("\n");
    assert!(
        words.contains("a number is out of the range of its column")
            && words.contains("a key is there already"),
        "{words}"
    );
    assert!(!words.contains("plain"), "{words}");
    let count = 100 - bad.len() + 1;
    assert_eq!(lines(database, "SELECT COUNT(*) FROM t"), [count.to_string()]);
}

#[tokio::test]
async fn a_server_without_load_data_takes_statements() {
    let settings = testkit::database::Settings::default().option("--local-infile=0");
    let server = MariaDb::start_with(settings).unwrap();
    let database = server.create_database("sink_local").unwrap();
    let without_bulk = url_without_bulk(&database);
    let without_bulk = ("connection.url", without_bulk.as_str());
    let rows = same(&database, HEXED, &[without_bulk]).await;
    assert_eq!(same(&database, HEXED, &[without_bulk, ("batch.size", "3")]).await, rows);
    assert_eq!(same(&database, HEXED, &[("batch.size", "3")]).await, rows, "bulk execution needs no right");
}

#[tokio::test]
async fn maps_without_schema_go_to_a_table_that_exists() {
    let database = Postgres::shared().create_database("sink_maps").unwrap();
    database
        .execute("CREATE TABLE t (id int PRIMARY KEY, v jsonb, n numeric(6,2), at timestamptz DEFAULT '1970-01-01 00:00:00+00', a int[])")
        .unwrap();
    let map = |entries: &[(&str, Value)]| {
        Value::Map(entries.iter().map(|(key, value)| (Value::from(*key), value.clone())).collect())
    };
    let first = map(&[
        ("id", Value::Int(1)),
        ("v", map(&[("x", Value::Array(vec![Value::Bool(true), Value::Null]))])),
        ("n", Value::Float(1.5)),
        ("at", Value::from("2024-02-29T12:00:00Z")),
        ("a", Value::Array(vec![Value::Int(1), Value::Null])),
    ]);
    let second = map(&[("id", Value::Int(2)), ("n", Value::from("2.25"))]);
    let third = map(&[("n", Value::Int(7)), ("id", Value::Int(1))]);
    let record = |(offset, value): (usize, Value)| Record {
        value: Some(value),
        partition: Some(0),
        offset: offset as i64,
        ..Record::default()
    };
    let records = [first, second, third].into_iter().enumerate().map(record).collect();
    let mut task = start(&properties(&database, &UPSERT), Arc::default()).await;
    put(task.as_mut(), &[Batch { records, ..Batch::new("t".into()) }]).await.unwrap();
    // What a record does not name stays as it is, or has its default.
    let rows = lines(&database, "SELECT id, v, n, at AT TIME ZONE 'UTC', a FROM t ORDER BY id");
    assert_eq!(
        rows,
        ["1|{\"x\": [true, null]}|7.00|2024-02-29 12:00:00|{1,NULL}", "2||2.25|1970-01-01 00:00:00|"]
    );
}
