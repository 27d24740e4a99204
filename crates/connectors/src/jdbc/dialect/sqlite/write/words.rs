//! SQLite's words for new tables and columns, and its values.

use api::Value;
use rusqlite::types::Value as SqlValue;

use crate::jdbc::dialect::Quoting;
use crate::jdbc::dialect::sqlite::WORDS;
use crate::jdbc::sink::cell::Cell;
use crate::jdbc::sink::clock::{Clock, moment};
use crate::jdbc::sink::ddl::Ddl;
use crate::jdbc::sink::plan::{Field, Kind};
use crate::jdbc::sink::text;
use crate::jdbc::value::{Moment, Zone};

const SECONDS_PER_DAY: i64 = 86_400;

/// How dates and times are stored: SQLite has no type for them, and Java's driver asks the URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dates {
    /// Milliseconds since 1970-01-01, the default of the driver.
    Millis,
    /// Seconds since 1970-01-01 (`date_precision=seconds`).
    Seconds,
    /// Text such as `2024-02-29 12:34:56.789` (`date_class=TEXT`).
    Text,
}

/// How tables are defined and values are stored.
#[derive(Clone)]
pub(super) struct Definitions {
    pub(super) clock: Clock,
    pub(super) dates: Dates,
}

impl Ddl for Definitions {
    fn quoted(&self, name: &str) -> String {
        WORDS.column(name, Quoting::Always)
    }

    fn column_type(&self, field: &Field, _key_columns: usize) -> String {
        let name = match field.kind {
            Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 | Kind::Boolean => "INTEGER",
            Kind::Float32 | Kind::Float64 => "REAL",
            Kind::Text | Kind::Any | Kind::Array | Kind::Map | Kind::Struct => "TEXT",
            Kind::Bytes => "BLOB",
            Kind::Decimal(_) | Kind::Date | Kind::Time | Kind::Timestamp | Kind::Epoch(_) => "NUMERIC",
        };
        name.to_owned()
    }

    fn text(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn literal(&self, field: &Field, value: &Value) -> Option<String> {
        Some(match self.value(field, Cell::from(value))? {
            SqlValue::Null => return None,
            SqlValue::Integer(number) => number.to_string(),
            SqlValue::Real(number) => {
                let mut out = String::new();
                text::float(number, false, &mut out);
                out
            }
            SqlValue::Text(text) => self.text(&text),
            SqlValue::Blob(bytes) => {
                let mut out = String::new();
                text::hex(&bytes, &mut out);
                format!("X'{out}'")
            }
        })
    }

    fn adds_many(&self) -> bool {
        false
    }
}

impl Definitions {
    /// A value as it is stored; `None`: it cannot be.
    pub(super) fn value(&self, field: &Field, cell: Cell<'_>) -> Option<SqlValue> {
        Some(match (field.kind, cell) {
            (_, Cell::Null) => SqlValue::Null,
            (Kind::Timestamp | Kind::Epoch(_), cell) => self.moment(moment(field.kind, cell)?),
            (Kind::Date, Cell::Int(days)) => {
                let days = if self.dates == Dates::Text { self.clock.date(days) } else { days };
                self.stored(Moment { seconds: days.checked_mul(SECONDS_PER_DAY)?, nanos: 0 }, &Zone::UTC)
            }
            (Kind::Time, Cell::Int(millis)) => self.moment(Moment::of_millis(millis)),
            (_, Cell::Bool(value)) => SqlValue::Integer(value.into()),
            (_, Cell::Int(number)) => SqlValue::Integer(number),
            // Null is how SQLite stores what is no number.
            (_, Cell::Float(number)) if number.is_nan() => return None,
            (_, Cell::Float(number)) => SqlValue::Real(number),
            (_, Cell::Text(text)) => SqlValue::Text(text.to_owned()),
            (_, Cell::Bytes(bytes)) => SqlValue::Blob(bytes.to_vec()),
            (_, Cell::Decimal(number)) => SqlValue::Text(text::decimal(number)?),
            (_, Cell::Nested(value)) => {
                let mut json = String::new();
                text::json(value, field.schema.as_deref(), &mut json);
                SqlValue::Text(json)
            }
        })
    }

    fn moment(&self, moment: Moment) -> SqlValue {
        self.stored(moment, &self.clock.times)
    }

    fn stored(&self, moment: Moment, zone: &Zone) -> SqlValue {
        match self.dates {
            Dates::Millis => SqlValue::Integer(moment.millis()),
            Dates::Seconds => SqlValue::Integer(moment.seconds),
            Dates::Text => {
                let text = zone.local(moment).to_string();
                // Milliseconds are all that the driver's format has.
                SqlValue::Text(text[..text.len() - 6].to_owned())
            }
        }
    }
}
