//! Values as parameters of statements, and as text for LOAD DATA.

use std::fmt::Write;

use mysql_async::Value;

use crate::jdbc::sink::cell::Cell;
use crate::jdbc::sink::clock::{Clock, moment};
use crate::jdbc::sink::plan::{Field, Kind};
use crate::jdbc::sink::text;
use crate::jdbc::sink::writer::{Column, Refusal};
use crate::jdbc::value::Local;

use super::table::{BYTES, textual};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A value as a parameter.
pub(super) fn parameter(
    clock: &Clock,
    field: &Field,
    column: &Column,
    cell: Cell<'_>,
) -> Result<Value, Refusal> {
    let misfit = || Refusal::misfit(column, format_args!("such {}", cell.kind()));
    if let (Kind::Timestamp | Kind::Epoch(_), false) = (field.kind, matches!(cell, Cell::Null)) {
        let local = clock.local(moment(field.kind, cell).ok_or_else(misfit)?);
        return datetime(local).ok_or_else(misfit);
    }
    Ok(match (field.kind, cell) {
        (_, Cell::Null) => Value::NULL,
        (Kind::Date, Cell::Int(days)) => {
            let local = Local { days: clock.date(days), nanos: 0 };
            let sent = datetime(local).ok_or_else(misfit)?;
            // In text the server would spell it with a time.
            if textual(column) { Value::Bytes(day(local).into_bytes()) } else { sent }
        }
        (Kind::Time, Cell::Int(millis)) => time(clock.time(millis)),
        (_, Cell::Bool(value)) => Value::Int(value.into()),
        (_, Cell::Int(number)) => Value::Int(number),
        #[expect(clippy::cast_possible_truncation, reason = "FLOAT32 holds it exactly")]
        (Kind::Float32, Cell::Float(number)) if number.is_finite() => Value::Float(number as f32),
        (_, Cell::Float(number)) if number.is_finite() => Value::Double(number),
        (_, Cell::Text(text)) => Value::Bytes(text.as_bytes().to_vec()),
        (_, Cell::Bytes(bytes)) => Value::Bytes(bytes.to_vec()),
        (_, Cell::Decimal(number)) => Value::Bytes(text::decimal(number).ok_or_else(misfit)?.into_bytes()),
        (_, Cell::Nested(value)) => {
            let mut json = String::new();
            text::json(value, field.schema.as_deref(), &mut json);
            Value::Bytes(json.into_bytes())
        }
        // The databases have neither infinity nor what is no number.
        (_, Cell::Float(_)) => return Err(misfit()),
    })
}

fn day(local: Local) -> String {
    let mut text = String::new();
    text::date(local.days, &mut text);
    text
}

fn datetime(local: Local) -> Option<Value> {
    let (year, month, day) = local.date();
    let (year, month, day) = (u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let (hour, minute, second) = clock(local.nanos);
    (year <= 9999).then(|| Value::Date(year, month, day, hour, minute, second, local.subsecond() / 1000))
}

fn time(nanos: i64) -> Value {
    let (hour, minute, second) = clock(nanos);
    let micros = u32::try_from(nanos % NANOS_PER_SECOND / 1000).expect("below a second");
    Value::Time(false, 0, hour, minute, second, micros)
}

fn clock(nanos: i64) -> (u8, u8, u8) {
    let seconds = nanos / NANOS_PER_SECOND;
    let part = |number: i64| u8::try_from(number).expect("a part of a time of day");
    (part(seconds / 3600), part(seconds / 60 % 60), part(seconds % 60))
}

/// Appends a value to a line of LOAD DATA. Bytes are written as digits of base 16.
pub(super) fn append(
    clock: &Clock,
    field: &Field,
    column: &Column,
    cell: Cell<'_>,
    scratch: &mut String,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let misfit = || Refusal::misfit(column, format_args!("such {}", cell.kind()));
    scratch.clear();
    match (field.kind, cell) {
        (_, Cell::Null) => {
            out.extend_from_slice(b"\\N");
            return Ok(());
        }
        (Kind::Timestamp | Kind::Epoch(_), cell) => {
            let local = clock.local(moment(field.kind, cell).ok_or_else(misfit)?);
            datetime(local).ok_or_else(misfit)?;
            text::timestamp(local, "", scratch);
        }
        (Kind::Date, Cell::Int(days)) => {
            let local = Local { days: clock.date(days), nanos: 0 };
            datetime(local).ok_or_else(misfit)?;
            text::date(local.days, scratch);
        }
        (Kind::Time, Cell::Int(millis)) => text::time(clock.time(millis), scratch),
        (_, Cell::Bool(value)) => scratch.push(if value { '1' } else { '0' }),
        (_, Cell::Int(number)) => write!(scratch, "{number}").expect("a string takes all text"),
        (kind, Cell::Float(number)) if number.is_finite() => {
            text::float(number, kind == Kind::Float32, scratch);
        }
        (_, Cell::Text(text)) if column.code == BYTES => text::hex(text.as_bytes(), scratch),
        (_, Cell::Text(text)) => {
            escape(text, out);
            return Ok(());
        }
        (_, Cell::Bytes(bytes)) if column.code == BYTES => text::hex(bytes, scratch),
        (_, Cell::Decimal(number)) => scratch.push_str(&text::decimal(number).ok_or_else(misfit)?),
        (_, Cell::Nested(value)) => {
            text::json(value, field.schema.as_deref(), scratch);
            escape(scratch, out);
            return Ok(());
        }
        (_, Cell::Float(_) | Cell::Bytes(_)) => return Err(misfit()),
    }
    out.extend_from_slice(scratch.as_bytes());
    Ok(())
}

fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0 => out.extend_from_slice(b"\\0"),
            other => out.push(other),
        }
    }
}
