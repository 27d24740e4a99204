//! Java's `String.valueOf` of a value of Kafka Connect.

use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::date::date;
use super::float::{write_double, write_float};
use crate::logical::{DATE, MILLIS_PER_DAY, TIME, TIMESTAMP};
use crate::{Schema, Type, Value};

/// Appends what Java's `String.valueOf(record.value())` gives: `Struct{a=1,b=x}`, `{k=v, l=w}`, `[1, 2]`.
///
/// Where Java's text says nothing, this one does: bytes, of which Java prints the identity (`[B@1b2c3d`), are the
/// bytes themselves if they are the whole value, and Base64 within another value. Maps keep the order of their
/// entries, dates are in UTC.
pub fn print(value: &Value, schema: Option<&Schema>, out: &mut Vec<u8>) {
    match value {
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        value => write_value(value, schema, &mut Buffer(out)).expect("a buffer takes all text"),
    }
}

/// Lets `write!` append text to bytes.
pub struct Buffer<'a>(pub &'a mut Vec<u8>);

impl fmt::Write for Buffer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn write_value(value: &Value, schema: Option<&Schema>, out: &mut Buffer<'_>) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => out.write_str(if *value { "true" } else { "false" }),
        Value::Int(number) => write_integer(*number, schema, out),
        Value::Float(number) => {
            write_number(*number, schema, out);
            Ok(())
        }
        Value::Text(text) => out.write_str(text),
        Value::Bytes(bytes) => out.write_str(&STANDARD.encode(bytes)),
        Value::Decimal(decimal) => write!(out, "{decimal}"),
        Value::Array(elements) => write_array(elements, schema, out),
        Value::Map(entries) => write_map(entries, schema, out),
        Value::Struct(values) => write_struct(values, schema, out),
    }
}

/// A number, or the date it is; one that no date can be stays a number.
fn write_integer(number: i64, schema: Option<&Schema>, out: &mut Buffer<'_>) -> fmt::Result {
    let name = schema.and_then(|schema| Some((schema.name.as_deref()?, schema.kind)));
    match name {
        Some((DATE, Type::Int32)) if i32::try_from(number).is_ok() => date(number, 0, out),
        Some((TIME, Type::Int32)) | Some((TIMESTAMP, Type::Int64)) => {
            let seconds = number.rem_euclid(MILLIS_PER_DAY) / 1000;
            date(number.div_euclid(MILLIS_PER_DAY), seconds, out)
        }
        _ => out.write_str(itoa::Buffer::new().format(number)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a FLOAT32 holds what an f32 holds")]
fn write_number(number: f64, schema: Option<&Schema>, out: &mut Buffer<'_>) {
    match schema.map(|schema| schema.kind) {
        Some(Type::Float32) => write_float(number as f32, out.0),
        _ => write_double(number, out.0),
    }
}

fn write_array(elements: &[Value], schema: Option<&Schema>, out: &mut Buffer<'_>) -> fmt::Result {
    let element = schema.and_then(|schema| schema.value.as_deref());
    out.write_str("[")?;
    for (index, value) in elements.iter().enumerate() {
        out.write_str(if index > 0 { ", " } else { "" })?;
        write_value(value, element, out)?;
    }
    out.write_str("]")
}

fn write_map(entries: &[(Value, Value)], schema: Option<&Schema>, out: &mut Buffer<'_>) -> fmt::Result {
    let keys = schema.and_then(|schema| schema.key.as_deref());
    let values = schema.and_then(|schema| schema.value.as_deref());
    out.write_str("{")?;
    for (index, (key, value)) in entries.iter().enumerate() {
        out.write_str(if index > 0 { ", " } else { "" })?;
        write_value(key, keys, out)?;
        out.write_str("=")?;
        write_value(value, values, out)?;
    }
    out.write_str("}")
}

/// The fields that are not null; without a schema they have their index for a name.
fn write_struct(values: &[Value], schema: Option<&Schema>, out: &mut Buffer<'_>) -> fmt::Result {
    let mut separator = "";
    out.write_str("Struct{")?;
    for (index, value) in values.iter().enumerate().filter(|(_, value)| !value.is_null()) {
        out.write_str(separator)?;
        separator = ",";
        let field = schema.and_then(|schema| schema.fields.get(index));
        match field {
            Some(field) => write!(out, "{}=", field.name)?,
            None => write!(out, "{index}=")?,
        }
        write_value(value, field.map(|field| &*field.schema), out)?;
    }
    out.write_str("}")
}
