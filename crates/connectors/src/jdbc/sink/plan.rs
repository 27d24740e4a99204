//! Which columns records are written to: Java's `FieldsMetadata`, with its rules and its words.

mod columns;

use std::sync::Arc;

use api::{Error, Result, Schema, Type, Value, logical};

use super::cell::{Cell, Origin, Row};
use super::config::{EpochUnit, Options, PkMode};
use columns::Columns;

/// What a column holds, as far as the schema tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum Kind {
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Boolean,
    Text,
    Bytes,
    /// Of a scale.
    Decimal(i32),
    /// Days since 1970-01-01.
    Date,
    /// Milliseconds since midnight.
    Time,
    /// Milliseconds since 1970-01-01 UTC.
    Timestamp,
    /// A number, or text of digits, since 1970-01-01 UTC.
    Epoch(EpochUnit),
    Array,
    Map,
    Struct,
    /// There is no schema: each value tells by itself.
    Any,
}

impl Kind {
    /// What the values of a schema are.
    pub(in crate::jdbc) fn of(schema: &Schema) -> Self {
        match (schema.kind, schema.name.as_deref()) {
            (Type::Bytes, Some(logical::DECIMAL)) => Self::Decimal(logical::scale(schema).unwrap_or(0)),
            (Type::Int32, Some(logical::DATE)) => Self::Date,
            (Type::Int32, Some(logical::TIME)) => Self::Time,
            (Type::Int64, Some(logical::TIMESTAMP)) => Self::Timestamp,
            (Type::Int8, _) => Self::Int8,
            (Type::Int16, _) => Self::Int16,
            (Type::Int32, _) => Self::Int32,
            (Type::Int64, _) => Self::Int64,
            (Type::Float32, _) => Self::Float32,
            (Type::Float64, _) => Self::Float64,
            (Type::Boolean, _) => Self::Boolean,
            (Type::String, _) => Self::Text,
            (Type::Bytes, _) => Self::Bytes,
            (Type::Array, _) => Self::Array,
            (Type::Map, _) => Self::Map,
            (Type::Struct, _) => Self::Struct,
        }
    }
}

/// A column to be written.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Field {
    pub(in crate::jdbc) name: Box<str>,
    pub(in crate::jdbc) kind: Kind,
    /// `None`: there is none.
    pub(in crate::jdbc) schema: Option<Arc<Schema>>,
    pub(in crate::jdbc) origin: Origin,
    /// Whether it is of the primary key.
    pub(in crate::jdbc) key: bool,
    /// What stands for null.
    pub(in crate::jdbc) stand_in: Option<Value>,
}

impl Field {
    /// The value of a row for this column.
    pub(in crate::jdbc) fn cell<'a>(&'a self, row: Row<'a>) -> Cell<'a> {
        match (self.origin.cell(&self.name, row), &self.stand_in) {
            (Cell::Null, Some(value)) => Cell::from(value),
            (cell, _) => cell,
        }
    }

    /// Whether the column of a new table may be null.
    pub(in crate::jdbc) fn optional(&self) -> bool {
        !self.key && self.schema.as_ref().is_none_or(|schema| schema.optional)
    }

    /// The default of the column of a new table.
    pub(in crate::jdbc) fn default(&self) -> Option<&Value> {
        self.schema.as_ref()?.default.as_ref().filter(|value| !value.is_null())
    }
}

/// The columns of records of one key schema and one value schema.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Plan {
    /// All columns in the order of a new table.
    pub(in crate::jdbc) fields: Vec<Field>,
    /// The indices of those of the primary key, in its order.
    pub(in crate::jdbc) keys: Vec<usize>,
}

impl Plan {
    /// The columns of the primary key in its order.
    pub(in crate::jdbc) fn key_fields(&self) -> impl ExactSizeIterator<Item = &Field> {
        self.keys.iter().map(|index| &self.fields[*index])
    }

    /// The columns for records like this one.
    ///
    /// # Errors
    /// Key and value do not have the fields that the configuration asks for: then none of their records can be
    /// written.
    pub(in crate::jdbc) fn of(table: &str, options: &Options, row: Row<'_>) -> Result<Self> {
        let mut columns = Columns::new(table, options);
        match options.pk_mode {
            PkMode::None => {}
            PkMode::Kafka => columns.kafka()?,
            PkMode::RecordKey => columns.record_key(row)?,
            PkMode::RecordValue => columns.record_value(row)?,
        }
        columns.values(row);
        if columns.is_empty() {
            let hint = match options.fields_whitelist.is_empty() {
                true => "",
                false => ", hint: `fields.whitelist` names no field of the records",
            };
            return Err(Error::fail(format_args!(
                "No fields found using key and value schemas for table: {table}{hint}"
            )));
        }
        Ok(columns.ordered(row.batch.value_schema.as_deref()))
    }
}

/// The keys of a map that are text, which are those that can name a column.
pub(super) fn names(entries: &[(Value, Value)]) -> impl Iterator<Item = &str> {
    entries.iter().filter_map(|(key, _)| match key {
        Value::Text(key) => Some(&**key),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
