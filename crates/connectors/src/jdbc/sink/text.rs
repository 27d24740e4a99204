//! Values as text: numbers, dates, times and JSON, in the spelling that every dialect reads.

use std::fmt::Write;

use api::{Decimal, Schema, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::plan::Kind;
use crate::jdbc::value::{Local, Moment, Zone};

const MILLIS_PER_DAY: i64 = 86_400_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Writes `2024-02-29`, and answers whether the year is one before Christ.
pub(in crate::jdbc) fn date(days: i64, out: &mut String) -> bool {
    let (year, month, day) = Local { days, nanos: 0 }.date();
    let before = year <= 0;
    let year = if before { 1 - year } else { year };
    write!(out, "{year:04}-{month:02}-{day:02}").expect("a string takes all text");
    before
}

/// Writes nanoseconds since midnight as `12:34:56.789`, without the fraction where there is none.
pub(in crate::jdbc) fn time(nanos: i64, out: &mut String) {
    let (seconds, nanos) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write!(out, "{hour:02}:{minute:02}:{second:02}").expect("a string takes all text");
    let (digits, width) = match nanos {
        0 => return,
        nanos if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
        nanos if nanos % 1000 == 0 => (nanos / 1000, 6),
        nanos => (nanos, 9),
    };
    write!(out, ".{digits:0width$}").expect("a string takes all text");
}

/// Writes `2024-02-29 12:34:56.789`; `offset`: what stands behind the time, such as `+00`.
pub(in crate::jdbc) fn timestamp(local: Local, offset: &str, out: &mut String) {
    let before = date(local.days, out);
    out.push(' ');
    time(local.nanos, out);
    out.push_str(offset);
    if before {
        out.push_str(" BC");
    }
}

/// Writes a number as `double` or `real` reads it, with the fewest digits; `single`: it is a FLOAT32.
pub(in crate::jdbc) fn float(number: f64, single: bool, out: &mut String) {
    let written = if number.is_nan() {
        write!(out, "NaN")
    } else if number.is_infinite() {
        write!(out, "{}Infinity", if number < 0.0 { "-" } else { "" })
    } else if single {
        write!(out, "{:e}", number as f32)
    } else {
        write!(out, "{number:e}")
    };
    written.expect("a string takes all text");
}

/// A decimal without an exponent; `None`: it would take more digits than any column holds.
pub(in crate::jdbc) fn decimal(number: &Decimal) -> Option<String> {
    number.plain().ok()
}

/// Writes bytes as digits of base 16.
pub(in crate::jdbc) fn hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// Writes a value as JSON: dates and times in ISO 8601, decimals as numbers, bytes in base 64.
pub(in crate::jdbc) fn json(value: &Value, schema: Option<&Schema>, out: &mut String) {
    match (value, schema) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
        (Value::Int(number), schema) => json_integer(*number, schema, out),
        (Value::Float(number), _) => json_float(*number, schema.map(Kind::of) == Some(Kind::Float32), out),
        (Value::Text(text), _) => json_text(text, out),
        (Value::Bytes(bytes), _) => json_text(&BASE64.encode(bytes), out),
        (Value::Decimal(number), _) => match decimal(number) {
            Some(plain) => out.push_str(&plain),
            None => json_text(&number.to_string(), out),
        },
        (Value::Array(values), schema) => {
            let element = schema.and_then(|schema| schema.value.as_deref());
            json_list(values.iter(), '[', ']', out, |value, out| json(value, element, out));
        }
        (Value::Map(entries), schema) => {
            let element = schema.and_then(|schema| schema.value.as_deref());
            json_list(entries.iter(), '{', '}', out, |(key, value), out| {
                json_key(key, out);
                json(value, element, out);
            });
        }
        (Value::Struct(values), Some(schema)) => {
            json_list(schema.fields.iter().zip(values), '{', '}', out, |(field, value), out| {
                json_text(&field.name, out);
                out.push(':');
                json(value, Some(&field.schema), out);
            });
        }
        (Value::Struct(_), None) => out.push_str("null"),
    }
}

fn json_list<T>(
    items: impl Iterator<Item = T>,
    open: char,
    close: char,
    out: &mut String,
    mut write: impl FnMut(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

/// The keys of JSON are text, whatever those of the map are.
fn json_key(key: &Value, out: &mut String) {
    match key {
        Value::Text(text) => json_text(text, out),
        other => {
            let mut text = String::new();
            json(other, None, &mut text);
            json_text(&text, out);
        }
    }
    out.push(':');
}

fn json_integer(number: i64, schema: Option<&Schema>, out: &mut String) {
    match schema.map(Kind::of) {
        Some(Kind::Date) => {
            out.push('"');
            date(number, out);
            out.push('"');
        }
        Some(Kind::Time) => {
            out.push('"');
            time(number.rem_euclid(MILLIS_PER_DAY) * 1_000_000, out);
            out.push('"');
        }
        Some(Kind::Timestamp) => {
            let local = Zone::UTC.local(Moment::of_millis(number));
            out.push('"');
            date(local.days, out);
            out.push('T');
            time(local.nanos, out);
            out.push_str("Z\"");
        }
        _ => write!(out, "{number}").expect("a string takes all text"),
    }
}

fn json_float(number: f64, single: bool, out: &mut String) {
    if number.is_finite() {
        float(number, single, out);
    } else {
        // JSON has no number for it.
        out.push_str("null");
    }
}

fn json_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", u32::from(control)).expect("a string takes all text");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
