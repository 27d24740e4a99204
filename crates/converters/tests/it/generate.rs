//! Schemas, values of them, and JSON that is nearly right.

use std::sync::Arc;

use api::{Decimal, Schema, SchemaBuilder, Type, Value, logical};
use bytes::Bytes;
use num_bigint::BigInt;
use proptest::collection::{hash_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;

pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[a-z]{0,8}",
        2 => "[ -~]{0,24}",
        1 => "[\\x00-\\x7f]{0,24}",
        1 => "(?s:.){0,12}",
        1 => select(vec!["é€", "😀 und 🜁", "\u{7f}\u{80}\u{2028}\u{feff}", "\"\\/\u{8}\u{c}\n\r\t\u{1}", "<>&'="])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

pub(crate) fn long() -> BoxedStrategy<i64> {
    prop_oneof![any::<i64>(), -100i64..100, any::<i32>().prop_map(i64::from)].boxed()
}

pub(crate) fn double() -> BoxedStrategy<f64> {
    prop_oneof![
        any::<f64>(),
        any::<u64>().prop_map(f64::from_bits).prop_filter("one NaN is enough", |value| !value.is_nan()),
        (-1_000_000i64..1_000_000, 0i32..8).prop_map(|(digits, scale)| digits as f64 / 10f64.powi(scale)),
        (1u64..10_000, -330i32..310).prop_map(|(digits, exponent)| format!("{digits}e{exponent}").parse().unwrap()),
        (-1074i32..1024).prop_map(|exponent| 2f64.powi(exponent)),
        select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324]),
    ]
    .boxed()
}

pub(crate) fn float() -> BoxedStrategy<f32> {
    prop_oneof![
        any::<u32>().prop_map(f32::from_bits).prop_filter("one NaN is enough", |value| !value.is_nan()),
        (-1_000_000i32..1_000_000, 0i32..8).prop_map(|(digits, scale)| digits as f32 / 10f32.powi(scale)),
        (-149i32..128).prop_map(|exponent| 2f32.powi(exponent)),
        select(vec![0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-45]),
    ]
    .boxed()
}

fn big() -> BoxedStrategy<BigInt> {
    prop_oneof![
        any::<i64>().prop_map(BigInt::from),
        (-1000i64..1000).prop_map(BigInt::from),
        vec(any::<u8>(), 1..24).prop_map(|bytes| BigInt::from_signed_bytes_be(&bytes)),
    ]
    .boxed()
}

/// A schema without its properties, and of which kind of value it is.
fn leaf() -> BoxedStrategy<SchemaBuilder> {
    let plain = select(vec![
        Type::Int8,
        Type::Int16,
        Type::Int32,
        Type::Int64,
        Type::Float32,
        Type::Float64,
        Type::Boolean,
        Type::String,
        Type::String,
        Type::Bytes,
    ]);
    prop_oneof![
        6 => plain.prop_map(Schema::of),
        1 => (-3i32..6).prop_map(logical::decimal),
        1 => Just(logical::date()),
        1 => Just(logical::time()),
        1 => Just(logical::timestamp()),
    ]
    .boxed()
}

fn with_properties(builder: BoxedStrategy<SchemaBuilder>) -> BoxedStrategy<Arc<Schema>> {
    let named = (builder, any::<bool>(), option::weighted(0.2, text()), option::weighted(0.2, any::<i32>()));
    let properties = (named, option::weighted(0.2, text()), option::weighted(0.2, (text(), text())));
    properties
        .prop_flat_map(|((builder, optional, name, version), doc, parameter)| {
            let mut builder = builder;
            let logical = builder.clone().build().name.is_some();
            if optional {
                builder = builder.optional();
            }
            if let (Some(name), false) = (name, logical) {
                builder = builder.name(&name);
            }
            if let (Some(version), false) = (version, logical) {
                builder = builder.version(version);
            }
            if let Some(doc) = doc {
                builder = builder.doc(&doc);
            }
            if let (Some((key, value)), false) = (parameter, logical) {
                builder = builder.parameter(&key, &value);
            }
            let schema = builder.clone().build();
            // Java's builder takes no default for a STRUCT.
            let default = if schema.kind == Type::Struct { Just(None).boxed() } else { default_of(schema) };
            default.prop_map(move |default| match default {
                Some(default) => builder.clone().default(default).build(),
                None => builder.clone().build(),
            })
        })
        .boxed()
}

fn default_of(schema: Arc<Schema>) -> BoxedStrategy<Option<Value>> {
    option::weighted(0.2, present(&schema)).boxed()
}

/// Any schema, some levels deep.
pub(crate) fn schema() -> BoxedStrategy<Arc<Schema>> {
    with_properties(leaf())
        .prop_recursive(3, 24, 6, |inner| {
            let keys = with_properties(prop_oneof![
                2 => Just(Schema::of(Type::String)),
                1 => select(vec![Type::Int32, Type::Int64, Type::Boolean, Type::Float64]).prop_map(Schema::of),
                1 => (0i32..3).prop_map(logical::decimal),
            ].boxed());
            let fields = hash_set(text().prop_filter("a name has characters", |name| !name.is_empty()), 0..6);
            let structure = (fields, vec(inner.clone(), 6)).prop_map(|(names, schemas)| {
                let fields = names.into_iter().zip(schemas);
                fields.fold(Schema::structure(), |builder, (name, schema)| builder.field(&name, schema))
            });
            with_properties(prop_oneof![
                1 => inner.clone().prop_map(Schema::array),
                1 => (keys, inner).prop_map(|(keys, values)| Schema::map(keys, values)),
                3 => structure,
            ].boxed())
        })
        .boxed()
}

/// A value of a schema; null where the schema allows it or has a default.
pub(crate) fn value(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    if schema.optional || schema.default.is_some() {
        prop_oneof![1 => Just(Value::Null), 4 => present(schema)].boxed()
    } else {
        present(schema)
    }
}

fn present(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    match schema.name.as_deref() {
        Some(logical::DECIMAL) => {
            let scale = logical::scale(schema).unwrap();
            return big().prop_map(move |digits| Value::Decimal(Box::new(Decimal::new(digits, scale)))).boxed();
        }
        Some(logical::DATE) => return any::<i32>().prop_map(|days| Value::Int(days.into())).boxed(),
        Some(logical::TIME) => return (0..=logical::MILLIS_PER_DAY).prop_map(Value::Int).boxed(),
        _ => {}
    }
    match schema.kind {
        Type::Int8 => any::<i8>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int16 => any::<i16>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int32 => any::<i32>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int64 => long().prop_map(Value::Int).boxed(),
        Type::Float32 => float().prop_map(|value| Value::Float(value.into())).boxed(),
        Type::Float64 => double().prop_map(Value::Float).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::String => text().prop_map(|text| Value::Text(text.into())).boxed(),
        Type::Bytes => vec(any::<u8>(), 0..20).prop_map(|bytes| Value::Bytes(Bytes::from(bytes))).boxed(),
        Type::Array => vec(value(schema.value.as_ref().unwrap()), 0..5).prop_map(Value::Array).boxed(),
        Type::Map => map(schema),
        Type::Struct => schema
            .fields
            .iter()
            .map(|field| value(&field.schema))
            .collect::<Vec<_>>()
            .prop_map(|values| Value::Struct(values.into()))
            .boxed(),
    }
}

fn map(schema: &Schema) -> BoxedStrategy<Value> {
    let entries = vec((value(schema.key.as_ref().unwrap()), value(schema.value.as_ref().unwrap())), 0..5);
    entries
        .prop_map(|entries| {
            let mut unique: Vec<(Value, Value)> = Vec::new();
            for (key, value) in entries {
                if !unique.iter().any(|(known, _)| same_in_json(known, &key)) {
                    unique.push((key, value));
                }
            }
            Value::Map(unique)
        })
        .boxed()
}

/// Whether two keys are one in JSON: null is written as text or as the default.
fn same_in_json(left: &Value, right: &Value) -> bool {
    left == right || left.is_null() || right.is_null() || matches!((left, right), (Value::Float(left), Value::Float(right)) if left.to_bits() == right.to_bits())
}

pub(crate) fn schema_and_value() -> BoxedStrategy<(Arc<Schema>, Value)> {
    schema().prop_flat_map(|schema| (Just(Arc::clone(&schema)), value(&schema))).boxed()
}

/// A value without a schema, as JSON has them.
pub(crate) fn schemaless() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        long().prop_map(Value::Int),
        double().prop_map(Value::Float),
        text().prop_map(|text| Value::Text(text.into())),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Value::Bytes(Bytes::from(bytes))),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let key = prop_oneof![8 => text().prop_map(|text| Value::Text(text.into())), 1 => inner.clone()];
        let entries = vec((key, inner.clone()), 0..8).prop_map(|entries| {
            let mut unique: Vec<(Value, Value)> = Vec::new();
            for (key, value) in entries {
                if !unique.iter().any(|(known, _)| format!("{known:?}") == format!("{key:?}")) {
                    unique.push((key, value));
                }
            }
            Value::Map(unique)
        });
        prop_oneof![vec(inner, 0..6).prop_map(Value::Array), entries]
    })
    .boxed()
}
