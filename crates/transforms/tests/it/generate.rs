//! Generated schemas, values and configurations for every class.

use std::sync::Arc;

use api::{ConnectorType, Decimal, Header, Headers, Record, Schema, SchemaBuilder, Type, Value, logical};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;

use crate::case::Case;
use crate::judge;

const NAMES: [&str; 7] = ["a", "b", "c", "d", "a.b", "é", "long_name"];

pub(crate) fn name() -> BoxedStrategy<String> {
    select(NAMES.to_vec()).prop_map(str::to_owned).boxed()
}

pub(crate) fn names() -> BoxedStrategy<String> {
    btree_set(name(), 1..4).prop_map(|names| names.into_iter().collect::<Vec<_>>().join(",")).boxed()
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        2 => "[a-z]{0,5}",
        2 => (-300i64..300).prop_map(|number| number.to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => select(vec!["true", "TRUE", "1.5", "-2e3", " 7 ", "+5", "NaN", "1f", "2020-01-02", "é€😀", "0x10", "."])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

pub(crate) fn leaf() -> BoxedStrategy<SchemaBuilder> {
    let plain = select(vec![
        Type::Int8,
        Type::Int16,
        Type::Int32,
        Type::Int64,
        Type::Float32,
        Type::Float64,
        Type::Boolean,
        Type::String,
        Type::Bytes,
    ]);
    prop_oneof![
        6 => plain.prop_map(Schema::of),
        1 => (0i32..4).prop_map(logical::decimal),
        1 => Just(logical::date()),
        1 => Just(logical::time()),
        1 => Just(logical::timestamp()),
    ]
    .boxed()
}

pub(crate) fn finished(builder: BoxedStrategy<SchemaBuilder>) -> BoxedStrategy<Arc<Schema>> {
    (builder, any::<bool>(), any::<bool>())
        .prop_flat_map(|(builder, optional, named)| {
            let mut builder = if optional { builder.optional() } else { builder };
            if named && builder.clone().build().name.is_none() {
                builder = builder.name("name").version(3).doc("doc").parameter("k", "v");
            }
            let schema = builder.clone().build();
            let default = match schema.kind {
                // Java's builder takes no default for a STRUCT.
                Type::Struct => Just(None).boxed(),
                _ => option::weighted(0.25, present(&schema)).boxed(),
            };
            default.prop_map(move |default| match default {
                Some(default) => builder.clone().default(default).build(),
                None => builder.clone().build(),
            })
        })
        .boxed()
}

pub(crate) fn structure(fields: BoxedStrategy<Arc<Schema>>, max: usize) -> BoxedStrategy<SchemaBuilder> {
    btree_set(name(), 0..max)
        .prop_flat_map(move |names| (Just(names.clone()), vec(fields.clone(), names.len())))
        .prop_map(|(names, schemas)| {
            let fields = names.into_iter().zip(schemas);
            fields.fold(Schema::structure(), |builder, (name, schema)| builder.field(&name, schema))
        })
        .boxed()
}

pub(crate) fn schema() -> BoxedStrategy<Arc<Schema>> {
    let leaf = finished(leaf());
    let nested = prop_oneof![
        12 => leaf.clone(),
        1 => finished(leaf.clone().prop_map(Schema::array).boxed()),
        1 => finished(leaf.clone().prop_map(|values| Schema::map(Schema::string(), values)).boxed()),
        4 => finished(structure(leaf.clone(), 4)),
    ]
    .boxed();
    let deep = prop_oneof![6 => nested.clone(), 1 => finished(structure(nested.clone(), 3))].boxed();
    prop_oneof![1 => nested, 8 => finished(structure(deep, 6))].boxed()
}

pub(crate) fn value(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 4 => present(schema)].boxed()
}

/// A value of a record: a field of its struct may be missing whatever the schema says.
pub(crate) fn whole(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    let field = |schema: &Arc<Schema>| prop_oneof![1 => Just(Value::Null), 12 => present(schema)].boxed();
    let there = if schema.kind == Type::Struct { structure_of(schema, field) } else { present(schema) };
    prop_oneof![1 => Just(Value::Null), 6 => there].boxed()
}

/// Java makes no struct within another without the values that it has to have.
fn element_or_default(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    if schema.optional || schema.default.is_some() { value(schema) } else { present(schema) }
}

fn structure_of(schema: &Schema, field: fn(&Arc<Schema>) -> BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let fields: Vec<_> = schema.fields.iter().map(|known| field(&known.schema)).collect();
    fields.prop_map(|values| Value::Struct(values.into())).boxed()
}

fn element(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    if schema.optional { value(schema) } else { present(schema) }
}

/// Numbers that every version of Java prints alike.
fn double() -> BoxedStrategy<f64> {
    prop_oneof![
        (-100_000i64..100_000).prop_map(|number| number as f64 / 8.0),
        (-1_000_000i64..1_000_000).prop_map(|number| number as f64 * 1e12),
        select(vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300]),
    ]
    .boxed()
}

fn single() -> BoxedStrategy<f64> {
    prop_oneof![
        (-1_000i32..1_000).prop_map(|number| f64::from(number as f32 / 8.0)),
        select(vec![0.0, f64::INFINITY, f64::NAN]),
    ]
    .boxed()
}

pub(crate) fn present(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    match schema.name.as_deref() {
        Some(logical::DECIMAL) => {
            let scale = logical::scale(schema).unwrap();
            let digits = prop_oneof![any::<i64>(), -5000i64..5000];
            return digits
                .prop_map(move |digits| Value::Decimal(Box::new(Decimal::new(digits, scale))))
                .boxed();
        }
        Some(logical::DATE) => {
            return (-100_000i64..100_000).prop_map(Value::Int).boxed();
        }
        Some(logical::TIME) => return (0..logical::MILLIS_PER_DAY).prop_map(Value::Int).boxed(),
        Some(logical::TIMESTAMP) => return crate::dates::millis().prop_map(Value::Int).boxed(),
        _ => {}
    }
    match schema.kind {
        Type::Int8 => any::<i8>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int16 => any::<i16>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int32 => any::<i32>().prop_map(|value| Value::Int(value.into())).boxed(),
        Type::Int64 => prop_oneof![any::<i64>(), -300i64..300].prop_map(Value::Int).boxed(),
        Type::Float32 => single().prop_map(Value::Float).boxed(),
        Type::Float64 => double().prop_map(Value::Float).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::String => text().prop_map(|text| Value::Text(text.into())).boxed(),
        Type::Bytes => vec(any::<u8>(), 0..8).prop_map(|bytes| Value::Bytes(bytes.into())).boxed(),
        Type::Array => vec(element(schema.value.as_ref().unwrap()), 0..3).prop_map(Value::Array).boxed(),
        Type::Map => (btree_set(name(), 0..3), vec(element(schema.value.as_ref().unwrap()), 3))
            .prop_map(|(names, values)| {
                let keys = names.into_iter().map(|name| Value::Text(name.into()));
                Value::Map(keys.zip(values).collect())
            })
            .boxed(),
        Type::Struct => structure_of(schema, element_or_default),
    }
}

/// A value as JSON without schema has them.
pub(crate) fn schemaless() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-300i64..300).prop_map(Value::Int),
        double().prop_map(Value::Float),
        text().prop_map(|text| Value::Text(text.into())),
    ];
    let leaf = leaf.boxed();
    let nested = prop_oneof![6 => leaf.clone(), 1 => vec(leaf.clone(), 0..3).prop_map(Value::Array), 2 => map(leaf.clone(), 5)];
    prop_oneof![1 => leaf, 6 => map(nested.boxed(), 20)].boxed()
}

fn map(values: BoxedStrategy<Value>, max: usize) -> BoxedStrategy<Value> {
    let key = prop_oneof![2 => name(), 1 => "[a-zA-Z_]{1,9}"];
    btree_set(key, 0..max)
        .prop_flat_map(move |names| (Just(names.clone()), vec(values.clone(), names.len())))
        .prop_map(|(names, values)| {
            let keys = names.into_iter().map(|name| Value::Text(name.into()));
            Value::Map(keys.zip(values).collect())
        })
        .boxed()
}

pub(crate) fn headers() -> BoxedStrategy<Headers> {
    let header = (name(), any::<bool>(), 0i64..9).prop_map(|(name, text, number)| Header {
        key: name.into(),
        schema: Some(if text { Schema::string() } else { Schema::int64() }),
        value: if text { Value::from("x") } else { Value::Int(number) },
    });
    vec(header, 0..3).prop_map(|headers| headers.into_iter().collect()).boxed()
}

/// Records whose values have a schema or not; some are not there.
type Sides = (Option<Arc<Schema>>, Vec<Option<Value>>);

fn sides() -> BoxedStrategy<Sides> {
    let with_schema = schema().prop_flat_map(|schema| {
        let value = prop_oneof![1 => Just(None), 8 => whole(&schema).prop_map(Some)];
        (Just(Some(schema)), vec(value, 1..5))
    });
    let without = vec(option::weighted(0.9, schemaless()), 1..5).prop_map(|values| (None, values));
    prop_oneof![3 => with_schema, 1 => without].boxed()
}

pub(crate) type Config = Vec<(String, String)>;

fn compare(class: &'static str, config: BoxedStrategy<Config>) {
    let meta = (
        vec((headers(), option::weighted(0.8, crate::dates::millis()), 0i32..9), 5),
        any::<bool>(),
        select(vec!["t", "topic-1", "a.b_c", "2024"]),
    );
    judge::compare((config, sides(), meta).prop_map(
        move |(config, (schema, values), (meta, source, topic))| {
            let key = class.ends_with("$Key");
            let record =
                |((place, value), (headers, timestamp_ms, partition)): ((usize, Option<Value>), _)| Record {
                    key: if key { value.clone() } else { None },
                    value: if key { None } else { value },
                    headers,
                    timestamp_ms,
                    partition: Some(partition),
                    offset: place as i64,
                };
            Case {
                class: class.to_owned(),
                config,
                connector: if source { ConnectorType::Source } else { ConnectorType::Sink },
                topic: topic.to_owned(),
                key_schema: schema.clone().filter(|_| key),
                value_schema: schema.filter(|_| !key),
                records: values.into_iter().enumerate().zip(meta).map(record).collect(),
            }
        },
    ));
}

/// A configuration of some keys, each of which may be left out.
pub(crate) fn config(keys: Vec<(&'static str, f64, BoxedStrategy<String>)>) -> BoxedStrategy<Config> {
    let keys: Vec<_> = keys
        .into_iter()
        .map(|(key, weight, value)| {
            let value = option::weighted(weight, value);
            value.prop_map(move |value| value.map(|value| (key.to_owned(), value)))
        })
        .collect();
    keys.prop_map(|pairs| pairs.into_iter().flatten().collect()).boxed()
}

pub(crate) fn bool_text() -> BoxedStrategy<String> {
    any::<bool>().prop_map(|value| value.to_string()).boxed()
}

pub(crate) const REPLACE: &str = "replace.null.with.default";

pub(crate) fn words(words: &[&'static str]) -> BoxedStrategy<String> {
    select(words.to_vec()).prop_map(str::to_owned).boxed()
}

const TYPES: [&str; 9] =
    ["int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string", "INT32"];

fn cast() -> BoxedStrategy<Config> {
    let field = (name(), select(TYPES.to_vec())).prop_map(|(name, kind)| format!("{name}:{kind}"));
    let spec = prop_oneof![
        1 => words(&TYPES),
        6 => vec(field, 1..4).prop_map(|fields| fields.join(",")),
        1 => words(&["", "a:bytes", "x", "a:b:c", "int8,a:int8", ":", "a:"]),
    ];
    config(vec![("spec", 0.98, spec.boxed()), (REPLACE, 0.5, bool_text())])
}

#[test]
fn cast_of_values() {
    compare("Cast$Value", cast());
}

#[test]
fn cast_of_keys() {
    compare("Cast$Key", cast());
}

#[test]
fn drop_headers() {
    compare("DropHeaders", config(vec![("headers", 0.98, names())]));
}

#[test]
fn extract_field() {
    let field = prop_oneof![
        6 => name(),
        3 => vec(name(), 1..4).prop_map(|names| names.join(".")),
        2 => vec(name(), 1..3).prop_map(|names| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(".")),
        1 => "[ab.`\\\\]{0,6}",
    ];
    let keys = vec![
        ("field", 0.98, field.boxed()),
        ("field.syntax.version", 0.6, words(&["V1", "V2", "v2", "V3"])),
        (REPLACE, 0.5, bool_text()),
    ];
    compare("ExtractField$Value", config(keys));
}

#[test]
fn filter() {
    compare("Filter", config(vec![]));
}

#[test]
fn flatten() {
    compare("Flatten$Value", config(vec![("delimiter", 0.5, words(&[".", "_", "", "::"]))]));
}

#[test]
fn header_from() {
    let keys = vec![
        ("fields", 0.98, names()),
        ("headers", 0.98, words(&["h", "h,i", "h,h,i", ""])),
        ("operation", 0.98, words(&["move", "copy", "copy", "move", "x"])),
        (REPLACE, 0.5, bool_text()),
    ];
    compare("HeaderFrom$Value", config(keys));
}

#[test]
fn hoist_field() {
    let keys = vec![("field", 0.98, words(&["a", "magic", ""]))];
    compare("HoistField$Key", config(keys.clone()));
    compare("HoistField$Value", config(keys));
}

#[test]
fn insert_field() {
    let keys = vec![
        ("topic.field", 0.5, words(&["topic", "topic!", "topic?", "a"])),
        ("partition.field", 0.3, words(&["partition", "partition!", "p?"])),
        ("offset.field", 0.2, words(&["offset", "offset!"])),
        ("timestamp.field", 0.4, words(&["ts", "ts!"])),
        ("static.field", 0.3, words(&["static", "static!", "b"])),
        ("static.value", 0.6, words(&["x", ""])),
        (REPLACE, 0.5, bool_text()),
    ];
    compare("InsertField$Value", config(keys));
}

#[test]
fn insert_header() {
    let piece = prop_oneof![
        3 => text(),
        2 => words(&["[", "]", "{", "}", ":", ",", "\"", " ", "null", "true", "\\", "12:34:56.789Z"]),
    ];
    let literal = prop_oneof![2 => text(), 3 => vec(piece, 0..9).prop_map(|pieces| pieces.concat())];
    let keys = vec![("header", 0.98, name()), ("value.literal", 0.98, literal.boxed())];
    compare("InsertHeader", config(keys));
}

#[test]
fn mask_field() {
    let keys = vec![
        ("fields", 0.98, names()),
        ("replacement", 0.5, words(&["1", "300", "-5.75", "x", "1e3", ""])),
        (REPLACE, 0.5, bool_text()),
    ];
    compare("MaskField$Value", config(keys));
}

#[test]
fn regex_router() {
    let keys = vec![
        (
            "regex",
            0.98,
            words(&[
                "(.*)",
                "t",
                "(\\w+)-(\\d+)",
                "[a-z.]+_?c",
                "(?<n>[^-]*)-?.*",
                "t|topic-1",
                "(x)?t",
                "(",
                "\\d{4}",
            ]),
        ),
        (
            "replacement",
            0.98,
            words(&["x", "$1", "$1-$2", "${n}", "pre-$0", "\\$1", "$10", "$", "\\", "${x}", "$3"]),
        ),
    ];
    compare("RegexRouter", config(keys));
}

#[test]
fn replace_field() {
    let rename = (name(), name()).prop_map(|(from, to)| format!("{from}:{to}"));
    let renames = prop_oneof![
        6 => rename,
        2 => words(&["a:z", "a:z,b:y", "a:b,b:a", "a", "a:b:c"]),
    ];
    let keys = vec![
        ("exclude", 0.4, names()),
        ("include", 0.4, names()),
        ("renames", 0.6, renames.boxed()),
        (REPLACE, 0.5, bool_text()),
    ];
    compare("ReplaceField$Value", config(keys));
}

#[test]
fn set_schema_metadata() {
    let keys = vec![
        ("schema.name", 0.7, words(&["n", "a.b.C", ""])),
        ("schema.version", 0.6, words(&["1", "-3", "x"])),
        (REPLACE, 0.5, bool_text()),
    ];
    compare("SetSchemaMetadata$Value", config(keys));
}

fn timestamp_converter_keys(field: f64) -> BoxedStrategy<Config> {
    config(vec![
        ("field", field, name()),
        ("target.type", 0.98, words(&["string", "unix", "Date", "Time", "Timestamp", "date"])),
        ("format", 0.7, words(&["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss.SSS", "q", " ", "yyyyMMdd"])),
        ("unix.precision", 0.5, words(&["seconds", "milliseconds", "microseconds", "nanoseconds", "x"])),
        (REPLACE, 0.5, bool_text()),
    ])
}

#[test]
fn timestamp_converter_of_fields() {
    compare("TimestampConverter$Value", timestamp_converter_keys(0.98));
}

#[test]
fn timestamp_converter_of_whole_values() {
    let schema = finished(
        prop_oneof![
            3 => select(vec![logical::date(), logical::time(), logical::timestamp(), Schema::of(Type::Int64), Schema::of(Type::String)]),
            1 => leaf(),
        ]
        .boxed(),
    );
    let values = schema.prop_flat_map(|schema| {
        let value = prop_oneof![1 => Just(None), 8 => whole(&schema).prop_map(Some)];
        (Just(Some(schema)), vec(value, 1..5))
    });
    judge::compare((timestamp_converter_keys(0.02), values).prop_map(|(config, (schema, values))| {
        Case {
            class: "TimestampConverter$Value".to_owned(),
            config,
            connector: ConnectorType::Sink,
            topic: "t".to_owned(),
            key_schema: None,
            value_schema: schema,
            records: values
                .into_iter()
                .enumerate()
                .map(|(place, value)| Record {
                    value,
                    partition: Some(0),
                    offset: place as i64,
                    ..Record::default()
                })
                .collect(),
        }
    }));
}

#[test]
fn timestamp_router() {
    let keys = vec![
        (
            "topic.format",
            0.5,
            words(&["${topic}", "x-${timestamp}", "${timestamp}${topic}${topic}", "plain"]),
        ),
        ("timestamp.format", 0.6, words(&["yyyyMM", "yyyy-MM-dd'T'HH", "EEE", "b", "HHmmssSSS"])),
    ];
    compare("TimestampRouter", config(keys));
}

#[test]
fn value_to_key() {
    compare("ValueToKey", config(vec![("fields", 0.98, names()), (REPLACE, 0.5, bool_text())]));
}

#[test]
fn predicates() {
    compare("predicates.HasHeaderKey", config(vec![("name", 0.95, words(&["a", "b", "z", ""]))]));
    compare("predicates.RecordIsTombstone", config(vec![]));
    let pattern = words(&["t", ".*", "topic-\\d", "(?i)T", "[", "", "\\Qa.b\\E_c", "\\p{Digit}+", "a\\.b.*"]);
    compare("predicates.TopicNameMatches", config(vec![("pattern", 0.95, pattern)]));
}
