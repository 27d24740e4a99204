//! JSON for what a source polled and no converter of the connector takes: it can be written of every value.

use std::io::Write as _;

use api::{Schema, SourceOffset, SourcePartition, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

/// Deeper values are no record of anybody's; the stack is not to end before they do.
const DEPTH_MAX: usize = 200;
const TOO_DEEP: &str = "nested too deeply";

/// A source partition as JSON.
pub(in crate::task) fn partition_json(partition: &SourcePartition) -> String {
    map_json(&partition.0)
}

/// A source offset as JSON.
pub(in crate::task) fn offset_json(offset: &SourceOffset) -> String {
    map_json(&offset.0)
}

fn map_json(map: &Map<String, Json>) -> String {
    serde_json::to_string(map).expect("a map with text keys is JSON")
}

/// Appends a value without its schema. Bytes are in base64, decimals are text, dates and times are numbers as in Kafka;
/// a map is an object when its keys are text, and an array of pairs otherwise.
pub(in crate::task) fn write(schema: Option<&Schema>, value: &Value, out: &mut Vec<u8>) {
    write_at(schema, value, DEPTH_MAX, out);
}

fn write_at(schema: Option<&Schema>, value: &Value, depth: usize, out: &mut Vec<u8>) {
    let Some(depth) = depth.checked_sub(1) else { return text(TOO_DEEP, out) };
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => put(format_args!("{value}"), out),
        Value::Int(value) => put(format_args!("{value}"), out),
        Value::Float(value) if value.is_finite() => put(format_args!("{value:?}"), out),
        Value::Float(value) => text(&value.to_string(), out),
        Value::Text(value) => text(value, out),
        Value::Bytes(value) => text(&STANDARD.encode(value), out),
        Value::Decimal(value) => text(&value.to_string(), out),
        Value::Array(items) => {
            let element = schema.and_then(|schema| schema.value.as_deref());
            list(b"[]", items, out, |item, out| write_at(element, item, depth, out));
        }
        Value::Map(entries) => map(schema, entries, depth, out),
        Value::Struct(values) => structure(schema, values, depth, out),
    }
}

fn map(schema: Option<&Schema>, entries: &[(Value, Value)], depth: usize, out: &mut Vec<u8>) {
    let keys = schema.and_then(|schema| schema.key.as_deref());
    let values = schema.and_then(|schema| schema.value.as_deref());
    if entries.iter().all(|(key, _)| matches!(key, Value::Text(_))) {
        return list(b"{}", entries, out, |(key, value), out| {
            write_at(keys, key, depth, out);
            out.push(b':');
            write_at(values, value, depth, out);
        });
    }
    list(b"[]", entries, out, |(key, value), out| {
        out.push(b'[');
        write_at(keys, key, depth, out);
        out.push(b',');
        write_at(values, value, depth, out);
        out.push(b']');
    });
}

fn structure(schema: Option<&Schema>, values: &[Value], depth: usize, out: &mut Vec<u8>) {
    match schema.filter(|schema| schema.fields.len() == values.len()) {
        Some(schema) => {
            let fields: Vec<_> = schema.fields.iter().zip(values).collect();
            list(b"{}", &fields, out, |(field, value), out| {
                text(&field.name, out);
                out.push(b':');
                write_at(Some(&field.schema), value, depth, out);
            });
        }
        None => list(b"[]", values, out, |value, out| write_at(None, value, depth, out)),
    }
}

fn list<T>(brackets: &[u8; 2], items: &[T], out: &mut Vec<u8>, mut write: impl FnMut(&T, &mut Vec<u8>)) {
    out.push(brackets[0]);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(brackets[1]);
}

fn text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a vector takes all bytes");
}

fn put(number: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
    out.write_fmt(number).expect("a vector takes all bytes");
}
