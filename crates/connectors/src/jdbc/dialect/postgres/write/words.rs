//! PostgreSQL's words for new tables and columns.

use std::fmt::Write;

use api::{Schema, Type, Value};

use crate::jdbc::dialect::Quoting;
use crate::jdbc::dialect::postgres::WORDS;
use crate::jdbc::sink::cell::Cell;
use crate::jdbc::sink::clock::{Clock, moment};
use crate::jdbc::sink::ddl::Ddl;
use crate::jdbc::sink::plan::{Field, Kind};
use crate::jdbc::sink::text;

/// How tables are defined.
pub(super) struct Definitions {
    /// Whether names keep their case.
    pub(super) quoting: Quoting,
    pub(super) clock: Clock,
}

impl Ddl for Definitions {
    fn quoted(&self, name: &str) -> String {
        WORDS.column(&folded(name, self.quoting), Quoting::Always)
    }

    fn column_type(&self, field: &Field, _key_columns: usize) -> String {
        match (field.kind, field.schema.as_deref()) {
            (Kind::Array, Some(schema)) => array_type(schema),
            (kind, _) => plain_type(kind).to_owned(),
        }
    }

    fn text(&self, text: &str) -> String {
        quoted(text)
    }

    fn literal(&self, field: &Field, value: &Value) -> Option<String> {
        let mut out = String::new();
        match (field.kind, Cell::from(value)) {
            (Kind::Date, Cell::Int(days)) => {
                let before = text::date(self.clock.date(days), &mut out);
                out.push_str(if before { " BC" } else { "" });
                Some(quoted(&out))
            }
            (Kind::Time, Cell::Int(millis)) => {
                text::time(self.clock.time(millis), &mut out);
                Some(quoted(&out))
            }
            (Kind::Timestamp, cell) => {
                text::timestamp(self.clock.local(moment(Kind::Timestamp, cell)?), "", &mut out);
                Some(quoted(&out))
            }
            (_, Cell::Bool(value)) => Some(if value { "TRUE" } else { "FALSE" }.to_owned()),
            (_, Cell::Int(number)) => Some(number.to_string()),
            (kind, Cell::Float(number)) => {
                text::float(number, kind == Kind::Float32, &mut out);
                Some(if number.is_finite() { out } else { quoted(&out) })
            }
            (_, Cell::Decimal(number)) => text::decimal(number),
            (_, Cell::Text(text)) => Some(quoted(text)),
            (_, Cell::Bytes(bytes)) => {
                text::hex(bytes, &mut out);
                Some(format!("'\\x{out}'"))
            }
            (_, Cell::Null | Cell::Nested(_)) => None,
        }
    }
}

/// What becomes of a name that is not quoted.
pub(super) fn folded(name: &str, quoting: Quoting) -> String {
    match quoting {
        Quoting::Always => name.to_owned(),
        Quoting::Never => name.to_lowercase(),
    }
}

/// Text in quotes; a backslash in it is one, whatever the server is set to.
fn quoted(text: &str) -> String {
    if text.contains('\\') {
        return format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn plain_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int8 | Kind::Int16 => "SMALLINT",
        Kind::Int32 => "INT",
        Kind::Int64 => "BIGINT",
        Kind::Float32 => "REAL",
        Kind::Float64 => "DOUBLE PRECISION",
        Kind::Boolean => "BOOLEAN",
        Kind::Text | Kind::Any => "TEXT",
        Kind::Bytes => "BYTEA",
        Kind::Decimal(_) => "DECIMAL",
        Kind::Date => "DATE",
        Kind::Time => "TIME",
        Kind::Timestamp | Kind::Epoch(_) => "TIMESTAMP",
        Kind::Array | Kind::Map | Kind::Struct => "JSONB",
    }
}

/// The type of an array: one of PostgreSQL as far as its elements have one.
fn array_type(schema: &Schema) -> String {
    let mut dimensions = String::new();
    let mut element = schema;
    while let (Type::Array, Some(inner)) = (element.kind, element.value.as_deref()) {
        dimensions.push_str("[]");
        element = inner;
    }
    match Kind::of(element) {
        Kind::Array | Kind::Map | Kind::Struct => "JSONB".to_owned(),
        kind => {
            let mut name = plain_type(kind).to_owned();
            write!(name, "{dimensions}").expect("a string takes all text");
            name
        }
    }
}
