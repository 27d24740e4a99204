use std::sync::Arc;

use api::{Batch, Record, Schema, Value, logical};

use super::{EpochUnit, Kind, Plan};
use crate::jdbc::sink::Flavour;
use crate::jdbc::sink::cell::{Cell, Origin, Row};
use crate::jdbc::sink::config::Options;

fn options(entries: &[(&str, &str)]) -> Options {
    let url = ("connection.url".to_owned(), "jdbc:postgresql://localhost/db".to_owned());
    let entries = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Options::read(Flavour::Confluent, &entries.chain([url]).collect()).unwrap()
}

fn batch(key: Option<(Arc<Schema>, Value)>, value: Option<(Arc<Schema>, Value)>) -> Batch {
    let record = Record {
        key: key.as_ref().map(|(_, value)| value.clone()),
        value: value.as_ref().map(|(_, value)| value.clone()),
        partition: Some(3),
        offset: 7,
        ..Record::default()
    };
    Batch {
        key_schema: key.map(|(schema, _)| schema),
        value_schema: value.map(|(schema, _)| schema),
        records: vec![record],
        ..Batch::new("orders".into())
    }
}

fn key_of_two() -> (Arc<Schema>, Value) {
    let schema = Schema::structure().field("b", Schema::int32()).field("a", Schema::string()).build();
    (schema, Value::Struct(Box::new([Value::Int(1), Value::from("x")])))
}

fn value_of_three() -> (Arc<Schema>, Value) {
    let schema = Schema::structure()
        .field("z", Schema::optional_string())
        .field("a", Schema::string())
        .field("n", Schema::of(api::Type::Int64).optional().default(Value::Int(5)).build())
        .build();
    (schema, Value::Struct(Box::new([Value::Null, Value::from("v"), Value::Null])))
}

fn plan(entries: &[(&str, &str)], batch: &Batch) -> api::Result<Plan> {
    Plan::of("orders", &options(entries), Row { batch, record: &batch.records[0] })
}

fn names(plan: &Plan) -> String {
    let names: Vec<String> = plan
        .fields
        .iter()
        .map(|field| format!("{}{}", field.name, if field.key { "*" } else { "" }))
        .collect();
    names.join(" ")
}

fn check(entries: &[(&str, &str)], batch: &Batch, expected: &str) {
    match plan(entries, batch) {
        Ok(plan) => assert_eq!(names(&plan), expected),
        Err(error) => assert_eq!(error.message(), expected),
    }
}

#[test]
fn columns_are_in_the_order_of_java() {
    let both = batch(Some(key_of_two()), Some(value_of_three()));
    check(&[], &both, "z a n");
    check(&[("fields.whitelist", "n,z")], &both, "z n");
    check(&[("pk.mode", "kafka")], &both, "__connect_topic* __connect_partition* __connect_offset* z a n");
    check(&[("pk.mode", "kafka"), ("pk.fields", "t,p,o")], &both, "z a n o* p* t*");
    // `a` of the key comes instead of that of the value, in its place; `b` has none there.
    check(&[("pk.mode", "record_key")], &both, "z a* n b*");
    check(&[("pk.mode", "record_key"), ("pk.fields", "b")], &both, "z a n b*");
    check(&[("pk.mode", "record_value"), ("pk.fields", "n")], &both, "z a n*");
    check(&[("pk.mode", "record_value"), ("pk.fields", "n"), ("fields.whitelist", "a")], &both, "a n*");
    check(&[("pk.mode", "record_value")], &both, "z* a* n*");
}

#[test]
fn the_key_has_the_order_of_the_configuration() {
    let both = batch(Some(key_of_two()), Some(value_of_three()));
    let plan = plan(&[("pk.mode", "record_key"), ("pk.fields", "b,a")], &both).unwrap();
    assert_eq!(plan.key_fields().map(|field| &*field.name).collect::<Vec<_>>(), ["b", "a"]);
}

#[test]
fn what_is_missing_is_said_in_the_words_of_java() {
    let both = batch(Some(key_of_two()), Some(value_of_three()));
    check(
        &[("pk.mode", "record_key"), ("pk.fields", "q")],
        &both,
        "PK mode for table 'orders' is RECORD_KEY with configured PK fields [q], but record key schema does not \
         contain field: q",
    );
    check(
        &[("pk.mode", "record_value"), ("pk.fields", "q")],
        &both,
        "PK mode for table 'orders' is RECORD_VALUE with configured PK fields [q], but record value schema does \
         not contain field: q",
    );
    check(
        &[("pk.mode", "record_key")],
        &batch(None, Some(value_of_three())),
        "PK mode for table 'orders' is RECORD_KEY, but record key schema is missing",
    );
    let primitive = batch(Some((Schema::int32(), Value::Int(1))), Some(value_of_three()));
    check(
        &[("pk.mode", "record_key")],
        &primitive,
        "Need exactly one PK column defined since the key schema for records is a primitive type, defined \
         columns are: []",
    );
    check(&[("pk.mode", "record_key"), ("pk.fields", "id")], &primitive, "z a n id*");
    let list = (Schema::array(Schema::int32()).build(), Value::Array(Vec::new()));
    check(
        &[("pk.mode", "record_key")],
        &batch(Some(list), Some(value_of_three())),
        "Key schema must be primitive type or Struct, but is of type: ARRAY",
    );
    let empty = (Schema::structure().build(), Value::Struct(Box::new([])));
    check(&[], &batch(None, Some(empty)), "No fields found using key and value schemas for table: orders");
    check(
        &[("fields.whitelist", "nope")],
        &batch(None, Some(value_of_three())),
        "No fields found using key and value schemas for table: orders, hint: `fields.whitelist` names no field of the \
         records",
    );
}

#[test]
fn values_come_from_where_the_plan_says() {
    let both = batch(Some(key_of_two()), Some(value_of_three()));
    let row = Row { batch: &both, record: &both.records[0] };
    let plan = plan(&[("pk.mode", "kafka")], &both).unwrap();
    let cells: Vec<String> = plan.fields.iter().map(|field| format!("{:?}", field.cell(row))).collect();
    assert_eq!(cells, ["Text(\"orders\")", "Int(3)", "Int(7)", "Null", "Text(\"v\")", "Int(5)"]);
    // The default of a field that may be null stands for null, unless the configuration says otherwise.
    let kept = self::plan(&[("replace.null.with.default", "false")], &both).unwrap();
    assert!(matches!(kept.fields[2].cell(row), Cell::Null));
}

#[test]
fn maps_without_schema_have_the_columns_of_their_keys() {
    let map = |entries: &[(&str, i64)]| {
        Value::Map(entries.iter().map(|(key, value)| (Value::from(*key), Value::Int(*value))).collect())
    };
    let mut batch = Batch::new("orders".into());
    batch.records.push(Record {
        key: Some(map(&[("id", 1)])),
        value: Some(map(&[("z", 2), ("a", 3)])),
        ..Record::default()
    });
    let plan = plan(&[("pk.mode", "record_key")], &batch).unwrap();
    assert_eq!(names(&plan), "a id* z");
    assert_eq!(plan.fields[1].origin, Origin::KeyEntry);
    let row = Row { batch: &batch, record: &batch.records[0] };
    assert!(matches!(plan.fields[2].cell(row), Cell::Int(2)));
}

#[test]
fn kinds_are_those_of_the_schema_and_the_configuration() {
    assert_eq!(Kind::of(&logical::decimal(2).build()), Kind::Decimal(2));
    assert_eq!(Kind::of(&logical::date().build()), Kind::Date);
    assert_eq!(Kind::of(&logical::time().build()), Kind::Time);
    assert_eq!(Kind::of(&logical::timestamp().build()), Kind::Timestamp);
    let both = batch(None, Some(value_of_three()));
    let plan =
        plan(&[("timestamp.fields.list", "n"), ("timestamp.precision.mode", "nanoseconds")], &both).unwrap();
    assert_eq!(plan.fields[2].kind, Kind::Epoch(EpochUnit::Nanoseconds));
}

#[test]
fn text_goes_to_a_column_of_its_own() {
    let text = batch(None, Some((Schema::string(), Value::from("x"))));
    check(&[], &text, "record_value");
    check(&[("string.output.value.column.name", "line")], &text, "line");
}
