//! Whether a record can be a row: Java's `RecordValidator`, with its words, and maps without schema beside structs.

use std::fmt;

use api::{Error, Result, Type, Value};

use super::cell::Row;
use super::config::{Options, PkMode};

/// What a record does to its table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    /// It is a row.
    Write,
    /// It deletes the row of its key.
    Delete,
}

/// What a record does.
///
/// # Errors
/// The record has not the key or value that the configuration asks for, and is to be rejected.
pub(super) fn action(options: &Options, row: Row<'_>) -> Result<Action> {
    let action = match value(options, row) {
        Some(action) => action,
        None => return Err(refused(options, row, Part::Value)),
    };
    if options.pk_mode == PkMode::RecordKey && !key(row) {
        return Err(refused(options, row, Part::Key));
    }
    Ok(action)
}

fn value(options: &Options, row: Row<'_>) -> Option<Action> {
    let schema = row.batch.value_schema.as_ref().map(|schema| schema.kind);
    match (&row.record.value, schema) {
        (None | Some(Value::Null), _) => options.delete_enabled.then_some(Action::Delete),
        (Some(Value::Struct(_)), Some(Type::Struct)) | (Some(Value::Map(_)), None) => Some(Action::Write),
        (Some(Value::Text(_)), Some(Type::String)) if options.string_column.is_some() => Some(Action::Write),
        _ => None,
    }
}

fn key(row: Row<'_>) -> bool {
    !matches!(row.record.key, None | Some(Value::Null))
}

#[derive(Clone, Copy)]
enum Part {
    Key,
    Value,
}

fn refused(options: &Options, row: Row<'_>, part: Part) -> Error {
    let (wanted, found, schema) = match part {
        Part::Key => (
            "key and non-null Struct or primitive key schema",
            Found(row.record.key.as_ref()),
            row.batch.key_schema.as_ref().filter(|_| row.record.key.is_some()),
        ),
        Part::Value => (
            "Struct or String value and non-null Struct or String schema",
            Found(row.record.value.as_ref()),
            row.batch.value_schema.as_ref().filter(|_| row.record.value.is_some()),
        ),
    };
    let part = match part {
        Part::Key => "key",
        Part::Value => "value",
    };
    let schema = schema.map_or("null", |schema| schema.kind.name());
    Error::reject(format_args!(
        "Sink connector '{}' is configured with 'delete.enabled={}' and 'pk.mode={}' and therefore requires \
         records with a non-null {wanted}, but found record at {} with a {found} {part} and {schema} {part} \
         schema.",
        options.connector,
        options.delete_enabled,
        options.pk_mode.name(),
        Place(row),
    ))
}

/// The name of what is there, as Java's class names tell it.
struct Found<'a>(Option<&'a Value>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None | Some(Value::Null) => "null",
            Some(Value::Map(_)) => "HashMap",
            Some(value) => value.kind(),
        })
    }
}

/// Where a record is, without its data (invariant 8).
pub(super) struct Place<'a>(pub(super) Row<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { batch, record } = self.0;
        let partition = record.partition.unwrap_or(-1);
        write!(f, "(topic='{}',partition={partition},offset={}", batch.offset_topic(), record.offset)?;
        match record.timestamp_ms {
            Some(timestamp) => write!(f, ",timestamp={timestamp})"),
            None => write!(f, ",timestamp=null)"),
        }
    }
}
