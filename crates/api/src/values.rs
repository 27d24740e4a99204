//! Kafka's `Values`: text of values as headers have it, and what that text says when it is read.

mod number;
mod parse;
mod print;
mod schema;
mod temporal;
mod token;

pub use parse::parse;
pub use print::print;

use std::sync::Arc;

use crate::{Decimal, Schema, Value, logical};

/// A value while it is read: its Java class counts until the schema around it is known.
#[derive(Clone, Debug)]
enum Item {
    Null,
    Bool(bool),
    /// Any whole number that fits into 64 bits, whose class is the smallest that holds it.
    Int(i64),
    Float(f32),
    Double(f64),
    Decimal(Decimal),
    Text(String),
    /// Milliseconds since 1970-01-01 UTC: Java has one class for dates, times and timestamps.
    Date(i64),
    List(Vec<Item>),
    Map(Vec<(Item, Item)>),
}

impl PartialEq for Item {
    /// Java's `equals`.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Int(left), Self::Int(right)) | (Self::Date(left), Self::Date(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left.to_bits() == right.to_bits(),
            (Self::Double(left), Self::Double(right)) => left.to_bits() == right.to_bits(),
            (Self::Decimal(left), Self::Decimal(right)) => left == right,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::List(left), Self::List(right)) => left == right,
            (Self::Map(left), Self::Map(right)) => {
                left.len() == right.len() && left.iter().all(|entry| right.contains(entry))
            }
            _ => false,
        }
    }
}

/// An item and its schema; no schema: null.
struct Parsed {
    schema: Option<Arc<Schema>>,
    item: Item,
}

impl Parsed {
    fn of(schema: Arc<Schema>, item: Item) -> Self {
        Self { schema: Some(schema), item }
    }

    fn null() -> Self {
        Self { schema: None, item: Item::Null }
    }
}

impl Item {
    /// The value as a schema has it.
    fn into_value(self, schema: Option<&Schema>) -> Value {
        let element = |schema: Option<&Schema>| schema.and_then(|schema| schema.value.clone());
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value.into()),
            Self::Double(value) => Value::Float(value),
            Self::Decimal(value) => Value::Decimal(Box::new(value)),
            Self::Text(text) => Value::Text(text.into()),
            Self::Date(millis)
                if schema.is_some_and(|schema| schema.name.as_deref() == Some(logical::DATE)) =>
            {
                Value::Int(millis.div_euclid(logical::MILLIS_PER_DAY))
            }
            Self::Date(millis) => Value::Int(millis),
            Self::List(items) => {
                let element = element(schema);
                Value::Array(items.into_iter().map(|item| item.into_value(element.as_deref())).collect())
            }
            Self::Map(entries) => {
                let (key, value) = (schema.and_then(|schema| schema.key.clone()), element(schema));
                let entry = |(left, right): (Self, Self)| {
                    (left.into_value(key.as_deref()), right.into_value(value.as_deref()))
                };
                Value::Map(entries.into_iter().map(entry).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests;
