//! One value on its way into a column, and where in a record it is found.

use api::{Batch, Decimal, Record, Value};

/// A value of a record for a column, borrowed.
#[derive(Clone, Copy, Debug)]
pub(in crate::jdbc) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Decimal(&'a Decimal),
    /// An array, a map or a struct.
    Nested(&'a Value),
}

impl<'a> Cell<'a> {
    /// The name of the kind, for messages: never the data.
    pub(in crate::jdbc) fn kind(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "float",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Decimal(_) => "decimal",
            Self::Nested(value) => value.kind(),
        }
    }

    /// An estimate of its bytes.
    pub(in crate::jdbc) fn size(self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Nested(value) => nested_size(value),
            _ => 8,
        }
    }
}

fn nested_size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len() * 2,
        Value::Array(values) => values.iter().map(nested_size).sum::<usize>() + 2,
        Value::Struct(values) => values.iter().map(nested_size).sum::<usize>() + 16,
        Value::Map(entries) => entries.iter().map(|(key, value)| nested_size(key) + nested_size(value)).sum(),
        _ => 8,
    }
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Decimal(decimal) => Self::Decimal(decimal),
            Value::Array(_) | Value::Map(_) | Value::Struct(_) => Self::Nested(value),
        }
    }
}

/// A record and the batch that holds it.
#[derive(Clone, Copy)]
pub(in crate::jdbc) struct Row<'a> {
    pub(in crate::jdbc) batch: &'a Batch,
    pub(in crate::jdbc) record: &'a Record,
}

/// Where the value of a column is found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum Origin {
    /// The topic of the record.
    Topic,
    /// Its partition.
    Partition,
    /// Its offset.
    Offset,
    /// The key, which is a primitive.
    Key,
    /// A field of the key.
    KeyField(usize),
    /// An entry of the key, which is a map without schema.
    KeyEntry,
    /// The value, which is text.
    Value,
    /// A field of the value.
    ValueField(usize),
    /// An entry of the value, which is a map without schema.
    ValueEntry,
}

impl Origin {
    /// The value for the column `name`; what is not there is null.
    pub(in crate::jdbc) fn cell<'a>(&self, name: &str, row: Row<'a>) -> Cell<'a> {
        let Row { batch, record } = row;
        let found = match self {
            // The topic as it is called now: a transform may have routed the record.
            Self::Topic => return Cell::Text(&batch.topic),
            Self::Partition => return record.partition.map_or(Cell::Null, |number| Cell::Int(number.into())),
            Self::Offset => return Cell::Int(record.offset),
            Self::Key => record.key.as_ref(),
            Self::KeyField(index) => field(record.key.as_ref(), *index),
            Self::KeyEntry => entry(record.key.as_ref(), name),
            Self::Value => record.value.as_ref(),
            Self::ValueField(index) => field(record.value.as_ref(), *index),
            Self::ValueEntry => entry(record.value.as_ref(), name),
        };
        found.map_or(Cell::Null, Cell::from)
    }
}

fn field(value: Option<&Value>, index: usize) -> Option<&Value> {
    match value {
        Some(Value::Struct(fields)) => fields.get(index),
        _ => None,
    }
}

fn entry<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    let Some(Value::Map(entries)) = value else { return None };
    let of_name = |(key, _): &&(Value, Value)| matches!(key, Value::Text(key) if *key == *name);
    entries.iter().find(of_name).map(|(_, value)| value)
}
