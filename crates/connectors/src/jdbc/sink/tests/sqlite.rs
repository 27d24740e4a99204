//! The sinks against files of SQLite, seen through SQLite itself.

use std::sync::Arc;

use api::config::Properties;
use api::{Batch, Decimal, Reaction, Record, Schema, TopicPartition, Type, Value, logical};
use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use tempfile::TempDir;

use super::{Context, put, start};

struct File {
    _directory: TempDir,
    path: String,
}

impl File {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("sink.db").display().to_string();
        Self { _directory: directory, path }
    }

    fn properties(&self, parameters: &str, entries: &[(&str, &str)]) -> Properties {
        let url = format!("jdbc:sqlite:{}{parameters}", self.path);
        let all = [("name", "case"), ("connection.url", url.as_str()), ("retry.backoff.ms", "50")];
        let all = all.iter().chain(entries);
        all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn rows(&self, sql: &str) -> Vec<Vec<SqlValue>> {
        let connection = Connection::open(&self.path).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let count = statement.column_count();
        let rows = statement.query_map((), |row| (0..count).map(|index| row.get(index)).collect());
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn text(&self, sql: &str) -> String {
        let rows = self.rows(sql);
        let cell = |cell: &SqlValue| match cell {
            SqlValue::Null => String::new(),
            SqlValue::Integer(number) => number.to_string(),
            SqlValue::Real(number) => format!("{number:?}"),
            SqlValue::Text(text) => text.clone(),
            SqlValue::Blob(bytes) => format!("{bytes:x?}"),
        };
        let row = |row: &Vec<SqlValue>| row.iter().map(cell).collect::<Vec<_>>().join("|");
        rows.iter().map(row).collect::<Vec<_>>().join("\n")
    }
}

fn batch(schema: &Arc<Schema>, offset: i64, rows: &[&[Value]]) -> Batch {
    let record = |(index, row): (usize, &&[Value])| Record {
        value: Some(Value::Struct((*row).into())),
        partition: Some(0),
        offset: offset + index as i64,
        ..Record::default()
    };
    Batch {
        value_schema: Some(schema.clone()),
        records: rows.iter().enumerate().map(record).collect(),
        ..Batch::new("t".into())
    }
}

fn id_and_text() -> Arc<Schema> {
    Schema::structure().field("id", Schema::int32()).field("v", Schema::optional_string()).build()
}

fn pair(id: i64, text: &str) -> [Value; 2] {
    [Value::Int(id), Value::from(text)]
}

#[tokio::test]
async fn types_are_stored_as_the_java_driver_stores_them() {
    let file = File::new();
    let optional = |kind| Schema::of(kind).optional().build();
    let schema = Schema::structure()
        .field("i", optional(Type::Int8))
        .field("f", optional(Type::Float64))
        .field("b", optional(Type::Boolean))
        .field("s", Schema::of(Type::String).optional().default(Value::from("it's")).build())
        .field("y", optional(Type::Bytes))
        .field("n", logical::decimal(2).optional().build())
        .field("d", logical::date().optional().build())
        .field("t", logical::time().optional().build())
        .field("ts", logical::timestamp().optional().build())
        .field("m", Schema::map(Schema::string(), Schema::int32()).optional().build())
        .build();
    let row = [
        Value::Int(-5),
        Value::Float(1.5),
        Value::Bool(true),
        Value::Null,
        Value::Bytes(vec![222, 173].into()),
        Value::Decimal(Box::new(Decimal::new(57_005, 2))),
        Value::Int(19_782),
        Value::Int(86_399_123),
        Value::Int(1_709_210_096_789),
        Value::Map(vec![(Value::from("a"), Value::Int(1))]),
    ];
    let mut task = start(&file.properties("", &[("auto.create", "true")]), Arc::default()).await;
    put(task.as_mut(), &[batch(&schema, 0, &[&row])]).await.unwrap();
    assert_eq!(
        file.text("SELECT sql FROM sqlite_master WHERE name = 't'"),
        "CREATE TABLE \"t\" (\n\"i\" INTEGER NULL,\n\"f\" REAL NULL,\n\"b\" INTEGER NULL,\n\
         \"s\" TEXT DEFAULT 'it''s',\n\"y\" BLOB NULL,\n\"n\" NUMERIC NULL,\n\"d\" NUMERIC NULL,\n\
         \"t\" NUMERIC NULL,\n\"ts\" NUMERIC NULL,\n\"m\" TEXT NULL)"
    );
    let expected = "-5|1.5|1|it's|[de, ad]|570.05|1709164800000|86399123|1709210096789|{\"a\":1}";
    assert_eq!(file.text("SELECT * FROM t"), expected);
    let text = file.properties("?date_class=TEXT", &[("table.name.format", "x"), ("auto.create", "true")]);
    let mut task = start(&text, Arc::default()).await;
    put(task.as_mut(), &[batch(&schema, 0, &[&row])]).await.unwrap();
    assert_eq!(file.text("SELECT d, ts FROM x"), "2024-02-29 00:00:00.000|2024-02-29 12:34:56.789");
}

#[tokio::test]
async fn modes_and_new_columns() {
    let file = File::new();
    let keyed = [
        ("auto.create", "true"),
        ("auto.evolve", "true"),
        ("insert.mode", "upsert"),
        ("pk.mode", "record_value"),
        ("pk.fields", "id"),
    ];
    let mut task = start(&file.properties("", &keyed), Arc::default()).await;
    let rows = [pair(1, "a"), pair(2, "b"), pair(1, "c")];
    put(task.as_mut(), &[batch(&id_and_text(), 0, &rows.each_ref().map(|row| &row[..]))]).await.unwrap();
    assert_eq!(file.text("SELECT * FROM t ORDER BY id"), "1|c\n2|b");
    let wider = Schema::structure()
        .field("id", Schema::int32())
        .field("w", Schema::optional_int64())
        .field("x", Schema::optional_string())
        .build();
    put(task.as_mut(), &[batch(&wider, 3, &[&[Value::Int(2), Value::Int(7), Value::Null]])]).await.unwrap();
    assert_eq!(file.text("SELECT id, v, w, x FROM t ORDER BY id"), "1|c||\n2|b|7|");
    let update = [("insert.mode", "update"), ("pk.mode", "record_value"), ("pk.fields", "id")];
    let mut task = start(&file.properties("", &update), Arc::default()).await;
    let rows = [pair(1, "new"), pair(9, "nobody")];
    put(task.as_mut(), &[batch(&id_and_text(), 4, &rows.each_ref().map(|row| &row[..]))]).await.unwrap();
    assert_eq!(file.text("SELECT id, v FROM t ORDER BY id"), "1|new\n2|b");
}

#[tokio::test]
async fn an_upsert_inserts_where_a_table_has_no_key_and_fails_where_it_has_another() {
    let file = File::new();
    let setup = Connection::open(&file.path).unwrap();
    setup.execute_batch("CREATE TABLE t (id INTEGER, v TEXT)").unwrap();
    let upsert = [("insert.mode", "upsert"), ("pk.mode", "record_value"), ("pk.fields", "id")];
    let mut task = start(&file.properties("", &upsert), Arc::default()).await;
    for (offset, text) in ["a", "b"].into_iter().enumerate() {
        let rows = [pair(1, text)];
        let batch = batch(&id_and_text(), offset as i64, &rows.each_ref().map(|row| &row[..]));
        put(task.as_mut(), &[batch]).await.unwrap();
    }
    assert_eq!(file.text("SELECT * FROM t ORDER BY v"), "1|a\n1|b");
    // As soon as it has one, rows are replaced.
    setup.execute_batch("DELETE FROM t; CREATE UNIQUE INDEX u ON t (id)").unwrap();
    let rows = [pair(1, "c"), pair(1, "d")];
    put(task.as_mut(), &[batch(&id_and_text(), 2, &rows.each_ref().map(|row| &row[..]))]).await.unwrap();
    assert_eq!(file.text("SELECT * FROM t"), "1|d");
    setup.execute_batch("DROP INDEX u; CREATE UNIQUE INDEX u ON t (v)").unwrap();
    let rows = [pair(2, "d")];
    let error = put(task.as_mut(), &[batch(&id_and_text(), 4, &rows.each_ref().map(|row| &row[..]))]).await;
    assert!(format!("{:#}", error.unwrap_err()).contains("no unique constraint or primary key"));
    assert_eq!(file.text("SELECT * FROM t"), "1|d");
}

#[tokio::test]
async fn bad_rows_are_found() {
    let file = File::new();
    let setup = Connection::open(&file.path).unwrap();
    setup.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT CHECK (length(v) < 4))").unwrap();
    let context = Context::tolerant();
    let mut task = start(&file.properties("", &[]), context.clone()).await;
    let rows = [pair(1, "a"), pair(2, "too long"), pair(3, "c"), pair(1, "d")];
    put(task.as_mut(), &[batch(&id_and_text(), 0, &rows.each_ref().map(|row| &row[..]))]).await.unwrap();
    assert_eq!(context.offsets(), [1, 3]);
    assert!(!format!("{:?}", context.rejected.lock()).contains("too long"));
    assert_eq!(file.text("SELECT * FROM t"), "1|a\n3|c");
}

#[tokio::test]
async fn a_foreign_key_that_is_checked_at_the_commit_finds_its_row() {
    let file = File::new();
    let setup = Connection::open(&file.path).unwrap();
    setup
        .execute_batch(
            "PRAGMA foreign_keys=OFF; CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (3); \
             CREATE TABLE t (id INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED, v TEXT); \
             INSERT INTO t VALUES (77, 'from long ago')",
        )
        .unwrap();
    let context = Context::tolerant();
    let mut task = start(&file.properties("?foreign_keys=true", &[]), context.clone()).await;
    let rows = [pair(1, "a"), pair(2, "b"), pair(3, "c")];
    put(task.as_mut(), &[batch(&id_and_text(), 0, &rows.each_ref().map(|row| &row[..]))]).await.unwrap();
    assert_eq!(context.offsets(), [1]);
    assert_eq!(file.text("SELECT * FROM t WHERE id < 9"), "1|a\n3|c");
}

#[tokio::test]
async fn a_database_that_is_locked_is_tried_again() {
    let file = File::new();
    let other = Connection::open(&file.path).unwrap();
    other.execute_batch("CREATE TABLE t (id INTEGER, v TEXT); BEGIN EXCLUSIVE").unwrap();
    let mut task = start(&file.properties("?busy_timeout=20", &[]), Arc::default()).await;
    let rows = [pair(1, "a")];
    let batches = [batch(&id_and_text(), 0, &rows.each_ref().map(|row| &row[..]))];
    assert_eq!(task.put(&batches).await.unwrap_err().reaction(), Reaction::Retry);
    other.execute_batch("COMMIT").unwrap();
    put(task.as_mut(), &batches).await.unwrap();
    assert_eq!(file.text("SELECT * FROM t"), "1|a");
}

#[tokio::test]
async fn exactly_once_leaves_out_what_is_written() {
    let file = File::new();
    let entries = [("delivery.guarantee", "exactly_once"), ("auto.create", "true")];
    let rows = [pair(1, "a"), pair(2, "b"), pair(3, "c")];
    let rows = rows.each_ref().map(|row| &row[..]);
    let mut task = start(&file.properties("", &entries), Arc::default()).await;
    task.open(&[TopicPartition::new("t", 0)]).await.unwrap();
    put(task.as_mut(), &[batch(&id_and_text(), 0, &rows[..2])]).await.unwrap();
    let context = Arc::new(Context::default());
    let mut next = start(&file.properties("", &entries), context.clone()).await;
    next.open(&[TopicPartition::new("t", 0)]).await.unwrap();
    assert_eq!(*context.sought.lock(), [(TopicPartition::new("t", 0), 2)].into());
    put(next.as_mut(), &[batch(&id_and_text(), 0, &rows)]).await.unwrap();
    assert_eq!(file.text("SELECT id FROM t"), "1\n2\n3");
}
