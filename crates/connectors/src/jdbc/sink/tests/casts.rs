//! Text and nested values in columns of other types, on every path.

use std::sync::Arc;

use api::{Batch, Decimal, Record, Schema, Type, Value, logical};
use testkit::database::{Database, MariaDb, Postgres};

use super::{Context, lines, properties, put, start};

const MODES: [&str; 3] = ["insert", "upsert", "update"];

/// Enough rows for the bulk paths.
const ROWS: i64 = 40;

fn batch(schema: Option<Arc<Schema>>, value: impl Fn(i64) -> Value) -> Batch {
    let record = |id| Record { value: Some(value(id)), partition: Some(0), offset: id, ..Record::default() };
    Batch { value_schema: schema, records: (0..ROWS).map(record).collect(), ..Batch::new("t".into()) }
}

/// Writes many rows and a single one by each mode into a table of its own, and answers the distinct rows of all.
async fn on_every_path(database: &Database, columns: &str, batch: &Batch, shown: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mode in MODES {
        for rows in [ROWS, 1] {
            database
                .execute(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, {columns})"))
                .unwrap();
            if mode == "update" {
                let ids = (0..rows).map(|id| format!("({id})")).collect::<Vec<_>>().join(",");
                database.execute(&format!("INSERT INTO t (id) VALUES {ids}")).unwrap();
            }
            let key: &[(&str, &str)] =
                if mode == "insert" { &[] } else { &[("pk.mode", "record_value"), ("pk.fields", "id")] };
            let entries: Vec<_> = key.iter().copied().chain([("insert.mode", mode)]).collect();
            let mut task = start(&properties(database, &entries), Arc::default()).await;
            let mut batch = batch.clone();
            batch.records.truncate(usize::try_from(rows).unwrap());
            put(task.as_mut(), &[batch]).await.unwrap();
            assert_eq!(lines(database, "SELECT COUNT(*) FROM t"), [rows.to_string()], "{mode}");
            found.extend(lines(database, &format!("SELECT DISTINCT {shown} FROM t")));
        }
    }
    found.sort();
    found.dedup();
    found
}

const TEXTS: [(&str, &str); 9] = [
    ("u", "0e37df36-f698-11e6-8dd4-cb9ced3df976"),
    ("j", "{\"b\": [1, null]}"),
    ("jb", "{\"b\":[1,null]}"),
    ("e", "ok"),
    ("ts", "2024-02-29T12:00:00+02:00"),
    ("ip", "10.0.0.0/8"),
    ("iv", "1 day 02:00:00"),
    ("n", "12.50"),
    ("a", "{1,NULL,3}"),
];
const COLUMNS: &str =
    "u uuid, j json, jb jsonb, e mood, ts timestamptz, ip inet, iv interval, n numeric(6,2), a int[]";
const SHOWN: &str = "u, j::text, jb, e, ts AT TIME ZONE 'UTC', ip, iv, n, a";
const EXPECTED: &str = "0e37df36-f698-11e6-8dd4-cb9ced3df976|{\"b\": [1, null]}|{\"b\": [1, null]}|ok|2024-02-29 10:00:00|\
                        10.0.0.0/8|1 day 02:00:00|12.50|{1,NULL,3}";

#[tokio::test]
async fn text_takes_the_type_of_its_column_on_postgresql() {
    let database = Postgres::shared().create_database("sink_casts").unwrap();
    database.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')").unwrap();
    let mut schema = Schema::structure().field("id", Schema::int32());
    for (name, _) in TEXTS {
        schema = schema.field(name, Schema::optional_string());
    }
    let row = |id| {
        let texts = TEXTS.iter().map(|(_, text)| Value::from(*text));
        Value::Struct([Value::Int(id)].into_iter().chain(texts).collect())
    };
    let typed = batch(Some(schema.build()), row);
    assert_eq!(on_every_path(&database, COLUMNS, &typed, SHOWN).await, [EXPECTED]);
    let row = |id| {
        let texts = TEXTS.iter().map(|(name, text)| (Value::from(*name), Value::from(*text)));
        Value::Map([(Value::from("id"), Value::Int(id))].into_iter().chain(texts).collect())
    };
    assert_eq!(on_every_path(&database, COLUMNS, &batch(None, row), SHOWN).await, [EXPECTED]);
}

/// A struct in a struct, a list of structs, a map.
fn nested() -> Batch {
    let point = || Schema::structure().field("x", Schema::int32()).field("s", Schema::optional_string());
    let schema = Schema::structure()
        .field("id", Schema::int32())
        .field("p", point().field("in", point().optional().build()).optional().build())
        .field("l", Schema::array(point().build()).optional().build())
        .field("m", Schema::map(Schema::string(), Schema::of(Type::Float64).build()).optional().build())
        .build();
    let inner = || Value::Struct(Box::new([Value::Int(2), Value::from("in\"ner\\")]));
    batch(Some(schema), move |id| {
        Value::Struct(Box::new([
            Value::Int(id),
            Value::Struct(Box::new([Value::Int(1), Value::Null, inner()])),
            Value::Array(vec![inner(), Value::Struct(Box::new([Value::Int(3), Value::Null]))]),
            Value::Map(vec![(Value::from("k"), Value::Float(0.5))]),
        ]))
    })
}

#[tokio::test]
async fn nested_values_are_json() {
    let expected = "{\"x\": 1, \"s\": null, \"in\": {\"x\": 2, \"s\": \"in\\\"ner\\\\\"}}|\
                    [{\"x\": 2, \"s\": \"in\\\"ner\\\\\"}, {\"x\": 3, \"s\": null}]|{\"k\": 0.5}";
    let postgres = Postgres::shared().create_database("sink_nested").unwrap();
    let rows =
        on_every_path(&postgres, "p json, l json, m json", &nested(), "p::text, l::text, m::text").await;
    let plain = |text: &str| text.replace(": ", ":").replace(", ", ",").replace("5e-1", "0.5");
    assert_eq!(rows.iter().map(|row| plain(row)).collect::<Vec<_>>(), [plain(expected)]);
    let mariadb = MariaDb::shared().create_database("sink_nested").unwrap();
    let rows = on_every_path(&mariadb, "p json, l json, m json", &nested(), "p, l, m").await;
    assert_eq!(rows.iter().map(|row| plain(row)).collect::<Vec<_>>(), [plain(expected)]);
}

/// A date, a time, a moment, a decimal and numbers of both widths.
fn values() -> Batch {
    let schema = Schema::structure()
        .field("id", Schema::int32())
        .field("d", logical::date().build())
        .field("t", logical::time().build())
        .field("ts", logical::timestamp().build())
        .field("n", logical::decimal(9).build())
        .field("f", Schema::of(Type::Float64).build())
        .field("g", Schema::of(Type::Float64).build())
        .field("s", Schema::of(Type::Float32).build())
        .build();
    batch(Some(schema), |id| {
        Value::Struct(Box::new([
            Value::Int(id),
            Value::Int(19_782),
            Value::Int(45_296_123),
            Value::Int(1_709_210_096_123),
            Value::Decimal(Box::new(Decimal::new(100, 9))),
            Value::Float(1.5),
            Value::Float(1e21),
            Value::Float(0.5),
        ]))
    })
}

/// What Aiven's connector 6.12 writes, but for the offset of the zone which it has behind dates and times in
/// PostgreSQL.
#[tokio::test]
async fn values_in_columns_of_text_are_spelled_as_the_database_does() {
    let columns =
        |kind: &str| ["d", "t", "ts", "n", "f", "g", "s"].map(|name| format!("{name} {kind}")).join(", ");
    let postgres = Postgres::shared().create_database("sink_text").unwrap();
    assert_eq!(
        on_every_path(&postgres, &columns("text"), &values(), "d, t, ts, n, f, g, s").await,
        ["2024-02-29|12:34:56.123|2024-02-29 12:34:56.123|0.000000100|1.5|1e+21|0.5"]
    );
    let mariadb = MariaDb::shared().create_database("sink_text").unwrap();
    assert_eq!(
        on_every_path(&mariadb, &columns("varchar(60)"), &values(), "d, t, ts, n, f, g, s").await,
        ["2024-02-29|12:34:56.123000|2024-02-29 12:34:56.123000|0.000000100|1.5|1e21|0.5"]
    );
}

#[tokio::test]
async fn numbers_in_columns_of_text_have_the_form_of_postgresqls_own() {
    let database = Postgres::shared().create_database("sink_numbers").unwrap();
    database.execute("CREATE TABLE t (id int PRIMARY KEY, f text, s text)").unwrap();
    let schema = Schema::structure()
        .field("id", Schema::int32())
        .field("f", Schema::of(Type::Float64).build())
        .field("s", Schema::of(Type::Float32).build())
        .build();
    let all = batch(Some(schema), |id| {
        let number = 1.234_567 * 10f64.powi(i32::try_from(id).unwrap() - 20);
        let number = if id % 2 == 0 { number } else { -number.round() };
        Value::Struct(Box::new([
            Value::Int(id),
            Value::Float(number),
            Value::Float(f64::from(number as f32)),
        ]))
    });
    let mut task = start(&properties(&database, &[]), Arc::default()).await;
    put(task.as_mut(), &[all]).await.unwrap();
    // PostgreSQL has more digits than it takes to tell a few whole numbers of FLOAT32 apart.
    let others = "SELECT id, f, s FROM t WHERE f <> f::float8::text \
                  OR (s LIKE '%e+%') <> (s::float4::text LIKE '%e+%') OR (s LIKE '%e-%') <> (s::float4::text LIKE '%e-%')";
    assert_eq!(lines(&database, others), [""; 0]);
    assert_eq!(lines(&database, "SELECT count(*) FROM t"), [ROWS.to_string()]);
}

/// Dates that are none, or that only some servers have, as text.
#[tokio::test]
async fn zero_dates_are_taken_or_refused_alike_on_every_path_of_mariadb() {
    const DATES: [&str; 5] = ["0000-00-00", "2024-02-30", "2024-00-10", "2024-02-29", "10000-01-01"];
    let database = MariaDb::shared().create_database("sink_zero").unwrap();
    let schema =
        Schema::structure().field("id", Schema::int32()).field("d", Schema::optional_string()).build();
    let all = batch(Some(schema), |id| {
        Value::Struct(Box::new([
            Value::Int(id),
            Value::from(DATES[usize::try_from(id).unwrap() % DATES.len()]),
        ]))
    });
    for mode in ["", ",NO_ZERO_DATE,NO_ZERO_IN_DATE"] {
        let setting = format!("sql_mode='STRICT_TRANS_TABLES{mode}'");
        let mut outcomes = Vec::new();
        for at_once in [ROWS, 1] {
            database.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, d date)").unwrap();
            let context = Context::tolerant();
            let entries = [("connection.sessionVariables", setting.as_str())];
            let mut task = start(&properties(&database, &entries), context.clone()).await;
            for records in all.records.chunks(usize::try_from(at_once).unwrap()) {
                put(task.as_mut(), &[Batch { records: records.to_vec(), ..all.clone() }]).await.unwrap();
            }
            outcomes
                .push((context.offsets(), lines(&database, "SELECT id, CAST(d AS CHAR) FROM t ORDER BY id")));
        }
        assert_eq!(outcomes[0], outcomes[1], "{mode}");
        let zero_taken = outcomes[0].1.contains(&"0|0000-00-00".to_owned());
        assert_eq!(zero_taken, mode.is_empty());
        assert!(outcomes[0].1.contains(&"3|2024-02-29".to_owned()) && outcomes[0].0.contains(&1));
    }
}
