//! Values as text that the input function of a type reads: for every type that there is.

use std::fmt::Write;

use api::{Schema, Value};

use crate::jdbc::sink::cell::Cell;
use crate::jdbc::sink::clock::{Clock, moment};
use crate::jdbc::sink::plan::{Field, Kind};
use crate::jdbc::sink::text;
use crate::jdbc::sink::writer::{Column, Refusal};

/// Appends a value that is not null.
pub(super) fn append(
    clock: &Clock,
    field: &Field,
    column: &Column,
    cell: Cell<'_>,
    out: &mut String,
) -> Result<(), Refusal> {
    match cell {
        Cell::Nested(value @ Value::Array(_)) if column.declared.ends_with("[]") => {
            array(clock, column, value, field.schema.as_deref(), out)
        }
        Cell::Nested(value) => {
            text::json(value, field.schema.as_deref(), out);
            Ok(())
        }
        cell => plain(clock, field.kind, column, cell, out),
    }
}

fn plain(
    clock: &Clock,
    kind: Kind,
    column: &Column,
    cell: Cell<'_>,
    out: &mut String,
) -> Result<(), Refusal> {
    if let Kind::Timestamp | Kind::Epoch(_) = kind {
        let misfit = || Refusal::misfit(column, format_args!("such {}", cell.kind()));
        timestamp(clock, moment(kind, cell).ok_or_else(misfit)?, &column.cast, out);
        return Ok(());
    }
    match (kind, cell) {
        (Kind::Date, Cell::Int(days)) => {
            let before = text::date(clock.date(days), out);
            out.push_str(if before { " BC" } else { "" });
        }
        (Kind::Time, Cell::Int(millis)) => text::time(clock.time(millis), out),
        (_, Cell::Bool(value)) => out.push_str(boolean(value, &column.cast)),
        (_, Cell::Int(number)) => write!(out, "{number}").expect("a string takes all text"),
        (kind, Cell::Float(number)) => float(number, kind == Kind::Float32, out),
        (_, Cell::Text(text)) => out.push_str(text),
        (_, Cell::Bytes(bytes)) => {
            out.push_str("\\x");
            text::hex(bytes, out);
        }
        (_, Cell::Decimal(number)) => {
            let plain = text::decimal(number);
            out.push_str(&plain.ok_or_else(|| Refusal::misfit(column, "such decimal"))?);
        }
        (_, Cell::Null | Cell::Nested(_)) => return Err(Refusal::misfit(column, cell.kind())),
    }
    Ok(())
}

/// A number as PostgreSQL itself spells it, as it stays that way in a column of text.
fn float(number: f64, single: bool, out: &mut String) {
    let mut short = String::new();
    text::float(number, single, &mut short);
    let exponent =
        short.split_once('e').and_then(|(digits, exponent)| Some((digits, exponent.parse().ok()?)));
    match exponent {
        Some((digits, exponent @ (..-4 | 6..))) if single || !(6..15).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(out, "{digits}e{sign}{:02}", i32::abs(exponent))
        }
        Some(_) if single => write!(out, "{}", number as f32),
        Some(_) => write!(out, "{number}"),
        None => write!(out, "{short}"),
    }
    .expect("a string takes all text");
}

fn boolean(value: bool, cast: &str) -> &'static str {
    match (cast, value) {
        ("boolean", true) => "t",
        ("boolean", false) => "f",
        ("smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" | "\"bit\"", value) => {
            if value {
                "1"
            } else {
                "0"
            }
        }
        (_, true) => "true",
        (_, false) => "false",
    }
}

/// A column with a zone is told the offset of the moment, one without takes the wall clock.
fn timestamp(clock: &Clock, moment: crate::jdbc::value::Moment, cast: &str, out: &mut String) {
    let zoned = cast.ends_with("with time zone");
    let mut offset = String::new();
    if zoned {
        let seconds = clock.times.offset(moment);
        let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
        write!(offset, "{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
            .expect("a string takes all text");
    }
    text::timestamp(clock.local(moment), &offset, out);
}

fn array(
    clock: &Clock,
    column: &Column,
    value: &Value,
    schema: Option<&Schema>,
    out: &mut String,
) -> Result<(), Refusal> {
    let Value::Array(elements) = value else { return Err(Refusal::misfit(column, value.kind())) };
    let element = schema.and_then(|schema| schema.value.as_deref());
    let kind = element.map_or(Kind::Any, Kind::of);
    out.push('{');
    for (index, value) in elements.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match Cell::from(value) {
            Cell::Null => out.push_str("NULL"),
            Cell::Nested(value @ Value::Array(_)) => array(clock, column, value, element, out)?,
            Cell::Nested(value) => {
                let mut json = String::new();
                text::json(value, element, &mut json);
                quote(&json, out);
            }
            cell => {
                let mut text = String::new();
                plain(clock, kind, column, cell, &mut text)?;
                quote(&text, out);
            }
        }
    }
    out.push('}');
    Ok(())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}
