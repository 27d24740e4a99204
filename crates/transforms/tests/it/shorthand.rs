//! Schemas and values in few letters, for cases picked by hand.
//!
//! A schema is `"i32"`, `"i32?"` (optional), `"i32=5"` (with a default), `{"a": "i32"}` (a struct), `["i32"]` (an
//! array), `["str", "i32"]` (a map), or an object with `"$"`, the schema, and `"?"`, `"name"`, `"version"`, `"doc"`,
//! `"parameters"`. A value is JSON, and `{"$hex": ".."}` are bytes, `{"$dec": ["digits", scale]}` is a decimal.

use std::sync::Arc;

use api::{Decimal, Schema, SchemaBuilder, Type, Value, logical};
use serde_json::Value as Json;

pub(crate) fn schema(short: &Json) -> Option<Arc<Schema>> {
    (!short.is_null()).then(|| builder(short).build())
}

fn builder(short: &Json) -> SchemaBuilder {
    let inner = |short: &Json| builder(short).build();
    match short {
        Json::String(text) => leaf(text),
        Json::Array(parts) if parts.len() == 1 => Schema::array(inner(&parts[0])),
        Json::Array(parts) => Schema::map(inner(&parts[0]), inner(&parts[1])),
        Json::Object(members) if members.contains_key("$") => {
            let mut start = builder(&members["$"]);
            if members.contains_key("?") {
                start = start.optional();
            }
            if let Some(name) = short["name"].as_str() {
                start = start.name(name);
            }
            if let Some(version) = short["version"].as_i64() {
                start = start.version(version as i32);
            }
            if let Some(doc) = short["doc"].as_str() {
                start = start.doc(doc);
            }
            let parameters = short["parameters"].as_object().into_iter().flatten();
            parameters.fold(start, |start, (key, value)| start.parameter(key, value.as_str().unwrap()))
        }
        Json::Object(members) => {
            members.iter().fold(Schema::structure(), |start, (name, short)| start.field(name, inner(short)))
        }
        other => panic!("no schema: {other}"),
    }
}

fn leaf(text: &str) -> SchemaBuilder {
    let (text, default) = text.split_once('=').map_or((text, None), |(text, default)| (text, Some(default)));
    let (name, optional) = text.strip_suffix('?').map_or((text, false), |name| (name, true));
    let mut start = match name {
        "i8" => Schema::of(Type::Int8),
        "i16" => Schema::of(Type::Int16),
        "i32" => Schema::of(Type::Int32),
        "i64" => Schema::of(Type::Int64),
        "f32" => Schema::of(Type::Float32),
        "f64" => Schema::of(Type::Float64),
        "bool" => Schema::of(Type::Boolean),
        "str" => Schema::of(Type::String),
        "bytes" => Schema::of(Type::Bytes),
        "date" => logical::date(),
        "time" => logical::time(),
        "ts" => logical::timestamp(),
        "dec" => logical::decimal(2),
        other => panic!("no schema: {other}"),
    };
    if optional {
        start = start.optional();
    }
    match default {
        Some(default) => {
            let schema = start.clone().build();
            let default = match schema.kind {
                Type::String => Value::from(default),
                _ => value(&serde_json::from_str(default).unwrap(), Some(&schema)),
            };
            start.default(default)
        }
        None => start,
    }
}

pub(crate) fn value(short: &Json, schema: Option<&Schema>) -> Value {
    match (short, schema) {
        (Json::Null, _) => Value::Null,
        (Json::Bool(value), _) => Value::Bool(*value),
        (Json::Number(number), Some(schema)) if matches!(schema.kind, Type::Float32 | Type::Float64) => {
            Value::Float(number.as_f64().unwrap())
        }
        (Json::Number(number), _) => match number.as_i64() {
            Some(value) => Value::Int(value),
            None => Value::Float(number.as_f64().unwrap()),
        },
        (Json::String(text), _) => Value::from(text.as_str()),
        (Json::Array(elements), _) => {
            let schema = schema.and_then(|schema| schema.value.as_deref());
            Value::Array(elements.iter().map(|element| value(element, schema)).collect())
        }
        (Json::Object(members), _) if members.contains_key("$hex") => {
            Value::Bytes(hex::decode(short["$hex"].as_str().unwrap()).unwrap().into())
        }
        (Json::Object(members), _) if members.contains_key("$dec") => {
            let digits: i64 = short["$dec"][0].as_str().unwrap().parse().unwrap();
            Value::Decimal(Box::new(Decimal::new(digits, short["$dec"][1].as_i64().unwrap() as i32)))
        }
        (Json::Object(members), Some(schema)) if schema.kind == Type::Struct => {
            let field = |field: &api::Field| {
                value(members.get(&*field.name).unwrap_or(&Json::Null), Some(&field.schema))
            };
            Value::Struct(schema.fields.iter().map(field).collect())
        }
        (Json::Object(members), schema) => {
            let schema = schema.and_then(|schema| schema.value.as_deref());
            let entry = |(key, short): (&String, &Json)| (Value::from(key.as_str()), value(short, schema));
            Value::Map(members.iter().map(entry).collect())
        }
    }
}
