//! Values in PostgreSQL's binary form, chosen once for each column.

use api::{Decimal, Schema};

use crate::jdbc::sink::cell::Cell;
use crate::jdbc::sink::clock::{Clock, moment};
use crate::jdbc::sink::plan::{Field, Kind};
use crate::jdbc::sink::text;
use crate::jdbc::sink::writer::{Column, Refusal};
use crate::jdbc::value::Moment;

use super::numeric;

/// Days from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_SECONDS: i64 = EPOCH_DAYS * 86_400;
/// The version of jsonb's binary form.
const JSONB_VERSION: u8 = 1;

/// The form in which the values of a column are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Json,
    Jsonb,
    Bytea,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    /// As text, which the input function of the type reads.
    Literal,
}

/// The types' numbers in the catalog of every PostgreSQL.
mod oid {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const NAME: u32 = 19;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const JSON: u32 = 114;
    pub(super) const FLOAT4: u32 = 700;
    pub(super) const FLOAT8: u32 = 701;
    pub(super) const BPCHAR: u32 = 1042;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const DATE: u32 = 1082;
    pub(super) const TIME: u32 = 1083;
    pub(super) const TIMESTAMP: u32 = 1114;
    pub(super) const TIMESTAMPTZ: u32 = 1184;
    pub(super) const NUMERIC: u32 = 1700;
    pub(super) const JSONB: u32 = 3802;
}

impl Encoding {
    /// The form for values of a kind in a column of a type.
    pub(super) fn of(kind: Kind, code: u32) -> Self {
        let integer = matches!(kind, Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64);
        let float = matches!(kind, Kind::Float32 | Kind::Float64);
        let nested = matches!(kind, Kind::Array | Kind::Map | Kind::Struct);
        match (kind, code) {
            (_, oid::INT2) if integer => Self::Int2,
            (_, oid::INT4) if integer => Self::Int4,
            (_, oid::INT8) if integer => Self::Int8,
            (_, oid::FLOAT4) if float => Self::Float4,
            (_, oid::FLOAT8) if float || integer => Self::Float8,
            (Kind::Decimal(_), oid::NUMERIC) => Self::Numeric,
            (_, oid::NUMERIC) if integer => Self::Numeric,
            (Kind::Boolean, oid::BOOL) => Self::Bool,
            (Kind::Text, oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME) => Self::Text,
            (Kind::Text, oid::JSON) => Self::Json,
            (Kind::Text, oid::JSONB) => Self::Jsonb,
            (_, oid::JSON) if nested => Self::Json,
            (_, oid::JSONB) if nested => Self::Jsonb,
            (Kind::Bytes, oid::BYTEA) => Self::Bytea,
            (Kind::Date, oid::DATE) => Self::Date,
            (Kind::Time, oid::TIME) => Self::Time,
            (Kind::Timestamp | Kind::Epoch(_), oid::TIMESTAMP) => Self::Timestamp,
            (Kind::Timestamp | Kind::Epoch(_), oid::TIMESTAMPTZ) => Self::Timestamptz,
            _ => Self::Literal,
        }
    }

    /// The type of the elements when a column is sent as an array.
    pub(super) fn element(self) -> (&'static str, u32) {
        match self {
            Self::Bool => ("bool", oid::BOOL),
            Self::Int2 => ("int2", oid::INT2),
            Self::Int4 => ("int4", oid::INT4),
            Self::Int8 => ("int8", oid::INT8),
            Self::Float4 => ("float4", oid::FLOAT4),
            Self::Float8 => ("float8", oid::FLOAT8),
            Self::Numeric => ("numeric", oid::NUMERIC),
            Self::Json => ("json", oid::JSON),
            Self::Jsonb => ("jsonb", oid::JSONB),
            Self::Bytea => ("bytea", oid::BYTEA),
            Self::Date => ("date", oid::DATE),
            Self::Time => ("time", oid::TIME),
            Self::Timestamp => ("timestamp", oid::TIMESTAMP),
            Self::Timestamptz => ("timestamptz", oid::TIMESTAMPTZ),
            Self::Text | Self::Literal => ("text", oid::TEXT),
        }
    }

    /// Whether elements of [`Encoding::element`] have to be cast to the type of the column.
    pub(super) fn cast(self, code: u32) -> bool {
        match self {
            Self::Literal => true,
            Self::Text => matches!(code, oid::BPCHAR | oid::NAME),
            _ => false,
        }
    }

    /// Appends a value that is not null.
    pub(super) fn append(
        self,
        clock: &Clock,
        field: &Field,
        column: &Column,
        cell: Cell<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let misfit = || Refusal::misfit(column, format_args!("such {}", cell.kind()));
        match (self, cell) {
            (Self::Bool, Cell::Bool(value)) => out.push(u8::from(value)),
            (Self::Int2, Cell::Int(number)) => {
                put(i16::try_from(number).ok().map(i16::to_be_bytes), out).ok_or_else(misfit)?
            }
            (Self::Int4, Cell::Int(number)) => {
                put(i32::try_from(number).ok().map(i32::to_be_bytes), out).ok_or_else(misfit)?
            }
            (Self::Int8, Cell::Int(number)) => out.extend_from_slice(&number.to_be_bytes()),
            (Self::Float4, Cell::Float(number)) => {
                put(single(number).map(f32::to_be_bytes), out).ok_or_else(misfit)?
            }
            (Self::Float8, Cell::Float(number)) => out.extend_from_slice(&number.to_be_bytes()),
            #[expect(clippy::cast_precision_loss, reason = "what a cast of the database does, too")]
            (Self::Float8, Cell::Int(number)) => out.extend_from_slice(&(number as f64).to_be_bytes()),
            (Self::Numeric, Cell::Decimal(number)) => numeric::append(number, out).ok_or_else(misfit)?,
            (Self::Numeric, Cell::Int(number)) => {
                numeric::append(&Decimal::new(number, 0), out).ok_or_else(misfit)?
            }
            (Self::Text | Self::Json, Cell::Text(text)) => out.extend_from_slice(text.as_bytes()),
            (Self::Jsonb, Cell::Text(text)) => {
                out.push(JSONB_VERSION);
                out.extend_from_slice(text.as_bytes());
            }
            (Self::Json, Cell::Nested(value)) => nested(value, field.schema.as_deref(), out),
            (Self::Jsonb, Cell::Nested(value)) => {
                out.push(JSONB_VERSION);
                nested(value, field.schema.as_deref(), out);
            }
            (Self::Bytea, Cell::Bytes(bytes)) => out.extend_from_slice(bytes),
            (Self::Date, Cell::Int(days)) => put(date(clock, days), out).ok_or_else(misfit)?,
            (Self::Time, Cell::Int(millis)) => {
                out.extend_from_slice(&(clock.time(millis) / 1000).to_be_bytes());
            }
            (Self::Timestamp, cell) => {
                let local = clock.local(moment(field.kind, cell).ok_or_else(misfit)?);
                let local = Moment { seconds: local.seconds(), nanos: local.subsecond() };
                put(micros(local), out).ok_or_else(misfit)?;
            }
            (Self::Timestamptz, cell) => {
                let moment = moment(field.kind, cell).ok_or_else(misfit)?;
                put(micros(moment), out).ok_or_else(misfit)?;
            }
            _ => return Err(misfit()),
        }
        Ok(())
    }
}

fn put<const N: usize>(bytes: Option<[u8; N]>, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&bytes?);
    Some(())
}

#[expect(clippy::cast_possible_truncation, reason = "what a cast of the database does, too")]
fn single(number: f64) -> Option<f32> {
    let single = number as f32;
    (single.is_finite() || !number.is_finite()).then_some(single)
}

fn nested(value: &api::Value, schema: Option<&Schema>, out: &mut Vec<u8>) {
    let mut json = String::new();
    text::json(value, schema, &mut json);
    out.extend_from_slice(json.as_bytes());
}

fn date(clock: &Clock, days: i64) -> Option<[u8; 4]> {
    let days = clock.date(days).checked_sub(EPOCH_DAYS)?;
    i32::try_from(days).ok().map(i32::to_be_bytes)
}

/// Microseconds since PostgreSQL's epoch, rounded.
fn micros(moment: Moment) -> Option<[u8; 8]> {
    let seconds = moment.seconds.checked_sub(EPOCH_SECONDS)?.checked_mul(1_000_000)?;
    seconds.checked_add(i64::from((moment.nanos + 500) / 1000)).map(i64::to_be_bytes)
}
