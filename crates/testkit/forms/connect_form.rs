//! Schemas and values as the judges write them (see `java/ConnectForm.java`).
//!
//! A module of the tests that ask the judges, not of the testkit, which knows no crate.

use std::sync::Arc;

use api::{Schema, Type, Value, logical};
use serde_json::{Map, Value as Json, json};

pub(crate) fn schema(schema: Option<&Arc<Schema>>) -> Json {
    let Some(schema) = schema else { return Json::Null };
    let mut form = Map::new();
    form.insert("type".into(), schema.kind.name().into());
    form.insert("optional".into(), schema.optional.into());
    if let Some(name) = &schema.name {
        form.insert("name".into(), (&**name).into());
    }
    if let Some(version) = schema.version {
        form.insert("version".into(), version.into());
    }
    if let Some(doc) = &schema.doc {
        form.insert("doc".into(), (&**doc).into());
    }
    if !schema.parameters.is_empty() {
        let parameters = schema.parameters.iter().map(|(key, value)| json!([key, value]));
        form.insert("parameters".into(), parameters.collect());
    }
    if let Some(default) = &schema.default {
        form.insert("default".into(), value(default, Some(schema)));
    }
    if schema.kind == Type::Map {
        form.insert("key".into(), self::schema(schema.key.as_ref()));
    }
    if matches!(schema.kind, Type::Map | Type::Array) {
        form.insert("value".into(), self::schema(schema.value.as_ref()));
    }
    if schema.kind == Type::Struct {
        let field =
            |field: &api::Field| json!({"name": field.name, "schema": self::schema(Some(&field.schema))});
        form.insert("fields".into(), schema.fields.iter().map(field).collect());
    }
    form.into()
}

pub(crate) fn value(value: &Value, schema: Option<&Schema>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(["bool", value]),
        Value::Int(value) => int(*value, schema),
        // Lists of lists have the schema of the last one: a FLOAT32 may stand for what no f32 holds.
        Value::Float(value)
            if schema.is_some_and(|schema| schema.kind == Type::Float32)
                && (value.is_nan() || f64::from(*value as f32) == *value) =>
        {
            json!(["f32", format!("{:x}", (*value as f32).to_bits())])
        }
        Value::Float(value) => json!(["f64", format!("{:x}", value.to_bits())]),
        Value::Text(text) => json!(["str", &**text]),
        Value::Bytes(bytes) => json!(["bytes", hex::encode(bytes)]),
        Value::Decimal(decimal) => json!(["dec", decimal.unscaled.to_string(), decimal.scale]),
        Value::Array(elements) => {
            let schema = schema.and_then(|schema| schema.value.as_deref());
            let elements: Json = elements.iter().map(|element| self::value(element, schema)).collect();
            json!(["list", elements])
        }
        Value::Map(entries) => {
            let keys = schema.and_then(|schema| schema.key.as_deref());
            let values = schema.and_then(|schema| schema.value.as_deref());
            let entry =
                |(key, value): &(Value, Value)| json!([self::value(key, keys), self::value(value, values)]);
            json!(["map", entries.iter().map(entry).collect::<Json>()])
        }
        Value::Struct(values) => {
            let fields = &schema.expect("a struct has a schema").fields;
            assert_eq!(values.len(), fields.len(), "a struct has a value for each field");
            let values =
                values.iter().zip(fields).map(|(value, field)| self::value(value, Some(&field.schema)));
            json!(["struct", values.collect::<Json>()])
        }
    }
}

fn int(value: i64, schema: Option<&Schema>) -> Json {
    let Some(schema) = schema else { return json!(["i64", value.to_string()]) };
    match (schema.name.as_deref(), schema.kind) {
        // Java has no dates in fewer bits, whatever their name.
        (_, Type::Int8) => json!(["i8", value.to_string()]),
        (_, Type::Int16) => json!(["i16", value.to_string()]),
        (Some(logical::DATE), _) => json!(["date", value.wrapping_mul(logical::MILLIS_PER_DAY).to_string()]),
        (Some(logical::TIME | logical::TIMESTAMP), _) => json!(["date", value.to_string()]),
        (_, Type::Int32) => json!(["i32", value.to_string()]),
        _ => json!(["i64", value.to_string()]),
    }
}
