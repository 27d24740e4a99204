//! Whether columns that were found for one record are those of another one.

use std::sync::Arc;

use api::{Batch, Schema, Value};

use super::cell::Row;
use super::config::{Options, PkMode};
use super::plan::names;

/// What the columns of a record depend on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    key: Part,
    value: Part,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// Nothing depends on it.
    Unused,
    Absent,
    Schema(Arc<Schema>),
    /// The keys of a map without schema, in its order.
    Entries(Vec<Box<str>>),
    Plain,
}

impl Shape {
    /// The shape of a record.
    pub(super) fn of(options: &Options, row: Row<'_>) -> Self {
        let Row { batch, record } = row;
        let key = match options.pk_mode {
            PkMode::RecordKey => Part::of(batch.key_schema.as_ref(), record.key.as_ref()),
            _ => Part::Unused,
        };
        Self { key, value: Part::of(batch.value_schema.as_ref(), record.value.as_ref()) }
    }

    /// Whether a record has this shape.
    pub(super) fn fits(&self, row: Row<'_>) -> bool {
        self.key_fits(row) && self.value.fits(row.batch.value_schema.as_ref(), row.record.value.as_ref())
    }

    /// Whether the key of a record has this shape.
    pub(super) fn key_fits(&self, row: Row<'_>) -> bool {
        self.key.fits(row.batch.key_schema.as_ref(), row.record.key.as_ref())
    }
}

impl Part {
    fn of(schema: Option<&Arc<Schema>>, value: Option<&Value>) -> Self {
        match (schema, value) {
            (_, None) => Self::Absent,
            (Some(schema), Some(_)) => Self::Schema(schema.clone()),
            (None, Some(Value::Map(entries))) => Self::Entries(names(entries).map(Into::into).collect()),
            (None, Some(_)) => Self::Plain,
        }
    }

    fn fits(&self, schema: Option<&Arc<Schema>>, value: Option<&Value>) -> bool {
        match (self, schema, value) {
            (Self::Unused, ..) | (Self::Absent, _, None) => true,
            (Self::Schema(ours), Some(schema), Some(_)) => Arc::ptr_eq(ours, schema) || ours == schema,
            (Self::Entries(ours), None, Some(Value::Map(entries))) => {
                ours.iter().map(|name| &**name).eq(names(entries))
            }
            (Self::Plain, None, Some(value)) => !matches!(value, Value::Map(_)),
            _ => false,
        }
    }
}

/// Whether records of a batch that are written all have one shape.
pub(super) fn uniform(options: &Options, batch: &Batch) -> bool {
    batch.value_schema.is_some() && (options.pk_mode != PkMode::RecordKey || batch.key_schema.is_some())
}
