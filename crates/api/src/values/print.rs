//! Values as text, which reading makes the same value of again where that is possible.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Schema, Type, Value, java, logical};

/// Kafka's `Values.convertToString`.
pub fn print(value: &Value, schema: Option<&Schema>, out: &mut Vec<u8>) {
    write(value, schema, false, out);
}

fn write(value: &Value, schema: Option<&Schema>, embedded: bool, out: &mut Vec<u8>) {
    let element = schema.and_then(|schema| schema.value.as_deref());
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Int(value) => write_int(*value, schema, out),
        Value::Float(value) if schema.is_some_and(|schema| schema.kind == Type::Float32) => {
            java::write_float(*value as f32, out);
        }
        Value::Float(value) => java::write_double(*value, out),
        Value::Decimal(value) => write_display(value, out),
        Value::Text(text) => write_text(text, embedded, out),
        Value::Bytes(bytes) => write_text(&STANDARD.encode(bytes), embedded, out),
        Value::Array(elements) => {
            write_list(b"[]", elements, out, |value, out| write(value, element, true, out));
        }
        Value::Map(entries) => {
            let keys = schema.and_then(|schema| schema.key.as_deref());
            write_list(b"{}", entries, out, |(key, value), out| {
                write(key, keys, true, out);
                out.push(b':');
                write(value, element, true, out);
            });
        }
        Value::Struct(values) => {
            let fields = schema.map_or(&[][..], |schema| &schema.fields);
            let fields: Vec<_> = fields.iter().zip(values).collect();
            write_list(b"{}", &fields, out, |(field, value), out| {
                write_text(&field.name, true, out);
                out.push(b':');
                let value = field.schema.default.as_ref().filter(|_| value.is_null()).unwrap_or(value);
                write(value, Some(&field.schema), true, out);
            });
        }
    }
}

fn write_list<T>(brackets: &[u8; 2], items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(brackets[0]);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(brackets[1]);
}

fn write_text(text: &str, embedded: bool, out: &mut Vec<u8>) {
    if !embedded {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn write_int(value: i64, schema: Option<&Schema>, out: &mut Vec<u8>) {
    match schema.and_then(|schema| schema.name.as_deref()) {
        Some(logical::DATE) => write_date(value.saturating_mul(logical::MILLIS_PER_DAY), out),
        Some(logical::TIME | logical::TIMESTAMP) => write_date(value, out),
        _ => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
    }
}

/// Java chooses the form by the value alone: before January 2nd, 1970, a time; at midnight a date.
fn write_date(millis: i64, out: &mut Vec<u8>) {
    let time = millis.rem_euclid(logical::MILLIS_PER_DAY);
    if millis < logical::MILLIS_PER_DAY {
        return write_time(time, out);
    }
    let (year, month, day) = civil(millis / logical::MILLIS_PER_DAY);
    write_display(&format_args!("{year:04}-{month:02}-{day:02}"), out);
    if time != 0 {
        out.push(b'T');
        write_time(time, out);
    }
}

fn write_time(millis: i64, out: &mut Vec<u8>) {
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, millis) = (millis / 1000 % 60, millis % 1000);
    write_display(&format_args!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z"), out);
}

fn write_display(value: &dyn std::fmt::Display, out: &mut Vec<u8>) {
    write!(java::Buffer(out), "{value}").expect("a buffer takes all text");
}

/// Year, month and day of a day since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // From March 1st of the year 0, in periods of 400 years.
    let days = days + 719_468;
    let (period, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (period * 400 + year, if month < 10 { month + 3 } else { month - 9 });
    (if month <= 2 { year + 1 } else { year }, month, day)
}
