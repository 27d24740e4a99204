//! How rows of a query become records: which columns are fields, keys and marks.

use std::sync::Arc;

use api::{Error, Result, Schema};

use super::{Column, Select, Shape};
use crate::jdbc::value::{Mapping, Target};

/// The places of a query's columns in its records.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// What the rows look like.
    pub(super) shape: Arc<Shape>,
    /// What each column of the result becomes; `None`: it is dropped.
    pub(super) targets: Vec<Option<Target>>,
    /// The fields that make the key, in its order.
    pub(super) key: Vec<usize>,
    /// The incrementing column's place in the result.
    pub(super) incrementing: Option<usize>,
    /// The timestamp columns' places in the result; the first that is not null counts.
    pub(super) timestamps: Vec<usize>,
}

impl Layout {
    /// Finds the columns that a query names in its result.
    ///
    /// # Errors
    /// One is not there, or two have one name.
    pub(super) fn new(columns: Vec<Column>, select: &Select, mapping: &Mapping) -> Result<Self> {
        let targets = columns.iter().map(|column| mapping.target(column)).collect();
        Self::of(columns, targets, select, mapping)
    }

    /// The same, where it is known already what each column becomes.
    ///
    /// # Errors
    /// As [`Layout::new`].
    pub(super) fn of(
        columns: Vec<Column>,
        targets: Vec<Option<Target>>,
        select: &Select,
        mapping: &Mapping,
    ) -> Result<Self> {
        let fields = fields(&columns, &targets, mapping)?;
        let mut value = Schema::structure();
        for (name, schema) in &fields {
            value = value.field(name, schema.clone());
        }
        if let Some(name) = &select.name {
            value = value.name(name);
        }
        let (key, key_schema) = key(&fields, &select.key)?;
        let incrementing =
            select.incrementing.as_ref().map(|name| incrementing(&columns, name)).transpose()?;
        let timestamps =
            select.timestamps.iter().map(|name| timestamp(&columns, name)).collect::<Result<_>>()?;
        let shape = Arc::new(Shape { value: value.build(), key: key_schema, columns });
        Ok(Self { shape, targets, key, incrementing, timestamps })
    }

    /// Whether rows have marks.
    pub(super) fn marked(&self) -> bool {
        self.incrementing.is_some() || !self.timestamps.is_empty()
    }
}

type Field = (String, Arc<Schema>);

fn fields(columns: &[Column], targets: &[Option<Target>], mapping: &Mapping) -> Result<Vec<Field>> {
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len());
    for (column, target) in columns.iter().zip(targets) {
        let Some(target) = target else { continue };
        if fields.iter().any(|(name, _)| *name == column.name) {
            return Err(Error::fail(format_args!(
                "the query has two columns `{}`; give one of them another name with AS",
                column.name
            )));
        }
        fields.push((column.name.clone(), mapping.schema(column, target)));
    }
    Ok(fields)
}

fn key(fields: &[Field], names: &[String]) -> Result<(Vec<usize>, Option<Arc<Schema>>)> {
    if names.is_empty() {
        return Ok((Vec::new(), None));
    }
    let (mut schema, mut places) = (Schema::structure(), Vec::with_capacity(names.len()));
    for name in names {
        let place = fields.iter().position(|(field, _)| field == name);
        let place =
            place.ok_or_else(|| Error::fail(format_args!("the key column `{name}` is not in the result")))?;
        schema = schema.field(name, fields[place].1.clone());
        places.push(place);
    }
    Ok((places, Some(schema.build())))
}

fn incrementing(columns: &[Column], name: &str) -> Result<usize> {
    let place = columns.iter().position(|column| column.name == name);
    place.ok_or_else(|| Error::fail(format_args!("the incrementing column `{name}` is not in the result")))
}

/// The column of a name in the same letters, or else the only one in any.
fn timestamp(columns: &[Column], name: &str) -> Result<usize> {
    if let Some(place) = columns.iter().position(|column| column.name == name) {
        return Ok(place);
    }
    let wanted = name.to_lowercase();
    let mut found = (0..columns.len()).filter(|place| columns[*place].name.to_lowercase() == wanted);
    match (found.next(), found.next()) {
        (Some(place), None) => Ok(place),
        (None, _) => Err(Error::fail(format_args!("the timestamp column `{name}` is not in the result"))),
        (Some(_), Some(_)) => Err(Error::fail(format_args!(
            "the timestamp column `{name}` could be several columns of the result; write it in the letters of one"
        ))),
    }
}
