//! The schema that the elements of an array or a map have in common.

use std::sync::Arc;

use super::Item;
use crate::{Schema, Type, logical};

/// Values that do not come together under one schema: the whole is text.
pub(super) struct Mismatch;

/// Finds the schema that holds all of some values.
#[derive(Default)]
pub(super) struct Merger {
    common: Option<Arc<Schema>>,
    incompatible: bool,
}

impl Merger {
    /// Takes the schema of one more value; null has none and fits everywhere.
    pub(super) fn merge(&mut self, schema: Option<Arc<Schema>>) {
        let (Some(schema), false) = (schema, self.incompatible) else { return };
        self.common = match self.common.take() {
            None => Some(schema),
            Some(common) => merge(common, schema),
        };
        self.incompatible = self.common.is_none();
    }

    pub(super) fn common(self) -> Option<Arc<Schema>> {
        self.common
    }
}

/// Of one type the later schema counts, of numbers the wider one.
fn merge(previous: Arc<Schema>, next: Arc<Schema>) -> Option<Arc<Schema>> {
    if previous.kind == next.kind {
        return Some(next);
    }
    match (width(previous.kind)?, width(next.kind)?) {
        (previous, next) if previous < next => Some(()),
        _ => None,
    }
    .map_or(Some(previous), |()| Some(next))
}

/// The place of a type of numbers in their order of width.
fn width(kind: Type) -> Option<u8> {
    Some(match kind {
        Type::Int8 => 0,
        Type::Int16 => 1,
        Type::Int32 => 2,
        Type::Int64 => 3,
        Type::Float32 => 4,
        Type::Float64 => 5,
        _ => return None,
    })
}

/// The schema of a map whose values are all null.
pub(super) fn map_of_nulls(keys: Arc<Schema>) -> Arc<Schema> {
    let mut schema = Schema::clone(&Schema::of(Type::Map).build());
    schema.key = Some(keys);
    Arc::new(schema)
}

/// Converts a value to the common schema.
pub(super) fn align(schema: &Schema, item: Item) -> Result<Item, Mismatch> {
    let is_date = matches!(schema.name.as_deref(), Some(logical::DATE | logical::TIME | logical::TIMESTAMP));
    Ok(match (schema.kind, item) {
        // No schema that comes of text is optional.
        (_, Item::Null) => return Err(Mismatch),
        (Type::Int32 | Type::Int64, Item::Int(value)) if is_date => date(schema, value)?,
        (Type::Int32 | Type::Int64, Item::Date(millis)) if is_date => Item::Date(millis),
        (_, Item::Date(_)) => return Err(Mismatch),
        (Type::Float32, Item::Int(value)) => Item::Float(value as f64 as f32),
        (Type::Float64, Item::Int(value)) => Item::Double(value as f64),
        (Type::Float64, Item::Float(value)) => Item::Double(value.into()),
        (_, item) => item,
    })
}

/// A number where a date is expected.
fn date(schema: &Schema, value: i64) -> Result<Item, Mismatch> {
    match schema.name.as_deref() {
        Some(logical::DATE) => Ok(Item::Date(i64::from(value as i32) * logical::MILLIS_PER_DAY)),
        Some(logical::TIME) => match i64::from(value as i32) {
            millis @ 0..=logical::MILLIS_PER_DAY => Ok(Item::Date(millis)),
            _ => Err(Mismatch),
        },
        _ => Ok(Item::Date(value)),
    }
}

/// Converts keys and values; of equal keys the last value counts, at the place of the first.
pub(super) fn align_entries(
    keys: Option<&Arc<Schema>>,
    values: Option<&Arc<Schema>>,
    entries: Vec<(Item, Item)>,
) -> Result<Vec<(Item, Item)>, Mismatch> {
    let mut aligned = Vec::with_capacity(entries.len());
    // Before the conversion as well: a value that another one replaces is not converted.
    for (key, value) in unique(entries) {
        let key = keys.map_or(Ok(key.clone()), |schema| align(schema, key))?;
        let value = values.map_or(Ok(value.clone()), |schema| align(schema, value))?;
        aligned.push((key, value));
    }
    Ok(unique(aligned))
}

fn unique(entries: Vec<(Item, Item)>) -> Vec<(Item, Item)> {
    let mut unique: Vec<(Item, Item)> = Vec::with_capacity(entries.len());
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for (key, value) in entries {
        // Equal items look the same to `Debug`, so that this finds them without comparing all with all.
        match places.entry(format!("{key:?}")) {
            std::collections::hash_map::Entry::Occupied(place) => unique[*place.get()].1 = value,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(unique.len());
                unique.push((key, value));
            }
        }
    }
    unique
}
