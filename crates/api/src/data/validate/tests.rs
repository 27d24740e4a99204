use std::sync::Arc;

use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::{Decimal, Schema, Type, Value, logical};

fn check(schema: &Schema, value: &Value, expected: Expect) {
    match schema.validate(value) {
        Ok(()) => expected.assert_eq("ok"),
        Err(error) => expected.assert_eq(&error.to_string()),
    }
}

fn decimal(text: &str) -> Value {
    Value::Decimal(Box::new(text.parse().unwrap()))
}

#[test]
fn null_needs_an_optional_schema_or_a_default() {
    check(&Schema::string(), &Value::Null, expect!["expected STRING, got null"]);
    check(&Schema::optional_string(), &Value::Null, expect!["ok"]);
    check(&Schema::of(Type::String).default(Value::from("x")).build(), &Value::Null, expect!["ok"]);
}

#[test]
fn numbers_fit_their_width() {
    for (schema, min, max) in [
        (Schema::int8(), i64::from(i8::MIN), i64::from(i8::MAX)),
        (Schema::int16(), i64::from(i16::MIN), i64::from(i16::MAX)),
        (Schema::int32(), i64::from(i32::MIN), i64::from(i32::MAX)),
    ] {
        assert!(schema.validate(&Value::Int(min)).is_ok() && schema.validate(&Value::Int(max)).is_ok());
        assert!(
            schema.validate(&Value::Int(min - 1)).is_err() && schema.validate(&Value::Int(max + 1)).is_err()
        );
    }
    check(&Schema::int64(), &Value::Int(i64::MIN), expect!["ok"]);
    check(&Schema::int8(), &Value::Float(1.0), expect!["expected INT8, got float"]);
    check(&Schema::float32(), &Value::Float(0.5), expect!["ok"]);
    check(&Schema::float32(), &Value::Float(f64::NAN), expect!["ok"]);
    check(&Schema::float32(), &Value::Float(f64::INFINITY), expect!["ok"]);
    check(
        &Schema::float32(),
        &Value::Float(0.1),
        expect!["expected FLOAT32, got a float of more precision or range"],
    );
    check(
        &Schema::float32(),
        &Value::Float(1e39),
        expect!["expected FLOAT32, got a float of more precision or range"],
    );
    check(&Schema::float64(), &Value::Float(0.1), expect!["ok"]);
    check(&Schema::float64(), &Value::Int(1), expect!["expected FLOAT64, got integer"]);
}

#[test]
fn logical_types_have_rules_of_their_own() {
    let scaled = logical::decimal(2).build();
    check(&scaled, &decimal("1.25"), expect!["ok"]);
    check(&scaled, &decimal("1.2"), expect!["expected a decimal of scale 2, got one of scale 1"]);
    check(
        &scaled,
        &Value::Bytes(Bytes::from_static(&[1])),
        expect!["expected BYTES (org.apache.kafka.connect.data.Decimal), got bytes"],
    );
    check(&Schema::bytes(), &decimal("1"), expect!["expected BYTES, got decimal"]);
    check(
        &Schema::of(Type::Bytes).name(logical::DECIMAL).parameter(logical::SCALE, "x").build(),
        &decimal("1"),
        expect!["Invalid scale parameter found in Decimal schema"],
    );
    let time = logical::time().build();
    check(&time, &Value::Int(logical::MILLIS_PER_DAY), expect!["ok"]);
    check(
        &time,
        &Value::Int(logical::MILLIS_PER_DAY + 1),
        expect!["expected org.apache.kafka.connect.data.Time, got an integer out of the range of a day"],
    );
    check(
        &time,
        &Value::Int(-1),
        expect!["expected org.apache.kafka.connect.data.Time, got an integer out of the range of a day"],
    );
    check(&logical::date().build(), &Value::Int(-1), expect!["ok"]);
    check(
        &logical::date().build(),
        &Value::Int(1 << 31),
        expect!["expected INT32, got an integer out of its range"],
    );
    check(&logical::timestamp().build(), &Value::Int(i64::MIN), expect!["ok"]);
}

#[test]
fn an_error_names_the_field_and_no_data() {
    let item = Schema::structure().field("count", Schema::int16()).build();
    let schema = Schema::structure()
        .field("name", Schema::string())
        .field("items", Schema::array(item).build())
        .field("by_name", Schema::map(Schema::string(), Schema::int8()).optional().build())
        .build();
    let value = |count: Value, map: Value| {
        let item = Value::Struct(Box::new([count]));
        Value::Struct(Box::new([Value::from("secret"), Value::Array(vec![item]), map]))
    };
    let entry = |key: Value, value: Value| Value::Map(vec![(key, value)]);
    check(&schema, &value(Value::Int(1), Value::Null), expect!["ok"]);
    check(
        &schema,
        &value(Value::from("secret"), Value::Null),
        expect!["`items[0].count`: expected INT16, got text"],
    );
    check(
        &schema,
        &value(Value::Int(1), entry(Value::Int(1), Value::Int(1))),
        expect!["`by_name{key 0}`: expected STRING, got integer"],
    );
    check(
        &schema,
        &value(Value::Int(1), entry(Value::from("secret"), Value::Int(200))),
        expect!["`by_name{value 0}`: expected INT8, got an integer out of its range"],
    );
    check(
        &schema,
        &Value::Struct(Box::new([Value::from("secret")])),
        expect!["expected a struct of 3 fields, got one of 1"],
    );
}

/// A schema with one of its values.
fn schema_and_value() -> impl Strategy<Value = (Arc<Schema>, Value)> {
    let leaf = prop_oneof![
        any::<i8>().prop_map(|number| (Schema::int8(), Value::Int(number.into()))),
        any::<i16>().prop_map(|number| (Schema::optional_int16(), Value::Int(number.into()))),
        any::<i32>().prop_map(|number| (logical::date().build(), Value::Int(number.into()))),
        any::<i64>().prop_map(|number| (Schema::int64(), Value::Int(number))),
        any::<f32>().prop_map(|number| (Schema::float32(), Value::Float(number.into()))),
        any::<f64>().prop_map(|number| (Schema::float64(), Value::Float(number))),
        any::<bool>().prop_map(|value| (Schema::boolean(), Value::Bool(value))),
        ".{0,4}".prop_map(|text| (Schema::string(), Value::from(text.as_str()))),
        Just((Schema::optional_bytes(), Value::Null)),
        (any::<i64>(), -20..20).prop_map(|(digits, scale)| {
            (logical::decimal(scale).build(), Value::Decimal(Box::new(Decimal::new(digits, scale))))
        }),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(schema, value)| {
                (Schema::array(schema).build(), Value::Array(vec![value.clone(), value]))
            }),
            (inner.clone(), inner.clone()).prop_map(|((keys, key), (values, value))| {
                (Schema::map(keys, values).build(), Value::Map(vec![(key, value)]))
            }),
            prop::collection::vec(inner, 1..4).prop_map(|fields| {
                let (schemas, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
                let builder =
                    schemas.into_iter().enumerate().fold(Schema::structure(), |builder, (index, schema)| {
                        builder.field(&format!("f{index}"), schema)
                    });
                (builder.try_build().unwrap(), Value::Struct(values.into()))
            }),
        ]
    })
}

/// The value with one part of it replaced by what the schema of that part never holds.
fn spoilt(schema: &Schema, value: &Value, choice: usize) -> Value {
    let inner = |schema: &Option<Arc<Schema>>, value| spoilt(schema.as_ref().unwrap(), value, choice / 4);
    match value {
        _ if choice.is_multiple_of(4) => wrong(schema),
        Value::Array(elements) => Value::Array(vec![elements[0].clone(), inner(&schema.value, &elements[1])]),
        Value::Map(entries) if choice % 4 == 1 => {
            Value::Map(vec![(inner(&schema.key, &entries[0].0), entries[0].1.clone())])
        }
        Value::Map(entries) => Value::Map(vec![(entries[0].0.clone(), inner(&schema.value, &entries[0].1))]),
        Value::Struct(values) => {
            let mut values = values.clone();
            let index = choice % values.len();
            values[index] = spoilt(&schema.fields[index].schema, &values[index], choice / 4);
            Value::Struct(values)
        }
        _ => wrong(schema),
    }
}

fn wrong(schema: &Schema) -> Value {
    match (schema.kind, schema.optional) {
        (Type::Int8, _) => Value::Int(128),
        (Type::Int16 | Type::Int32, _) => Value::Int(i64::MAX),
        (Type::Float32, _) => Value::Float(0.1),
        (Type::Boolean, _) => Value::Int(1),
        (Type::Struct, _) => Value::Struct(Box::default()),
        (Type::Array | Type::Map, false) => Value::Null,
        _ => Value::Bool(true),
    }
}

proptest! {
    #[test]
    fn a_value_made_of_the_schema_is_valid((schema, value) in schema_and_value()) {
        prop_assert_eq!(schema.validate(&value), Ok(()));
    }

    #[test]
    fn a_value_with_a_wrong_part_is_not((schema, value) in schema_and_value(), choice: usize) {
        prop_assert!(schema.validate(&spoilt(&schema, &value, choice)).is_err());
    }
}
