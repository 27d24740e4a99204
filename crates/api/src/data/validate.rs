//! Whether a value is one of a schema's: the rules of Kafka's `ConnectSchema.validateValue`, `Struct.validate` and
//! of the logical types.

use std::fmt;

use super::logical::{DECIMAL, MILLIS_PER_DAY, TIME};
use super::{DataError, Schema, Type, Value, logical};

impl Schema {
    /// Checks that a value is one of this schema's.
    ///
    /// Null is one if the schema is optional or has a default; Kafka says so for the fields of a struct, and this
    /// for any value.
    ///
    /// # Errors
    /// Names the path of the field, what was expected, and what kind of value is there.
    pub fn validate(&self, value: &Value) -> Result<(), DataError> {
        check(self, value).map_err(|Mismatch { path, reason }| match path.as_str() {
            "" => DataError::new(reason),
            path => DataError::new(format_args!("`{}`: {reason}", path.trim_start_matches('.'))),
        })
    }
}

/// What is wrong and where; the path grows on the way out, so that nothing is made for a value that is right.
struct Mismatch {
    path: String,
    reason: String,
}

impl Mismatch {
    fn new(reason: impl fmt::Display) -> Self {
        Self { path: String::new(), reason: reason.to_string() }
    }

    fn within(mut self, segment: impl fmt::Display) -> Self {
        self.path = format!("{segment}{}", self.path);
        self
    }
}

fn check(schema: &Schema, value: &Value) -> Result<(), Mismatch> {
    match (schema.kind, value) {
        (_, Value::Null) if schema.optional || stands_in(schema) => Ok(()),
        (Type::Int8, Value::Int(number)) => integer(schema, *number, i8::try_from(*number).is_ok()),
        (Type::Int16, Value::Int(number)) => integer(schema, *number, i16::try_from(*number).is_ok()),
        (Type::Int32, Value::Int(number)) => integer(schema, *number, i32::try_from(*number).is_ok()),
        (Type::Int64, Value::Int(_)) => Ok(()),
        (Type::Float32, Value::Float(number)) => float32(*number),
        (Type::Float64, Value::Float(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::String, Value::Text(_)) => Ok(()),
        (Type::Bytes, value) => bytes(schema, value),
        (Type::Array, Value::Array(elements)) => array(schema, elements),
        (Type::Map, Value::Map(entries)) => map(schema, entries),
        (Type::Struct, Value::Struct(values)) => structure(schema, values),
        _ => Err(unexpected(schema, value)),
    }
}

/// Whether there is a default for null.
fn stands_in(schema: &Schema) -> bool {
    schema.default.as_ref().is_some_and(|default| !default.is_null())
}

fn unexpected(schema: &Schema, value: &Value) -> Mismatch {
    let expected = schema.kind.name();
    match &schema.name {
        Some(name) => Mismatch::new(format_args!("expected {expected} ({name}), got {}", value.kind())),
        None => Mismatch::new(format_args!("expected {expected}, got {}", value.kind())),
    }
}

fn integer(schema: &Schema, number: i64, in_range: bool) -> Result<(), Mismatch> {
    if !in_range {
        let expected = schema.kind.name();
        return Err(Mismatch::new(format_args!("expected {expected}, got an integer out of its range")));
    }
    match schema.name.as_deref() {
        Some(TIME) if schema.kind == Type::Int32 && !(0..=MILLIS_PER_DAY).contains(&number) => {
            Err(Mismatch::new(format_args!("expected {TIME}, got an integer out of the range of a day")))
        }
        _ => Ok(()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "that is what is asked")]
fn float32(number: f64) -> Result<(), Mismatch> {
    if number.is_nan() || f64::from(number as f32) == number {
        return Ok(());
    }
    Err(Mismatch::new("expected FLOAT32, got a float of more precision or range"))
}

fn bytes(schema: &Schema, value: &Value) -> Result<(), Mismatch> {
    match (schema.name.as_deref(), value) {
        (Some(DECIMAL), Value::Decimal(decimal)) => {
            let Some(scale) = logical::scale(schema) else {
                return Err(Mismatch::new("Invalid scale parameter found in Decimal schema"));
            };
            if decimal.scale == scale {
                return Ok(());
            }
            let found = decimal.scale;
            Err(Mismatch::new(format_args!("expected a decimal of scale {scale}, got one of scale {found}")))
        }
        (Some(DECIMAL), value) => Err(unexpected(schema, value)),
        (_, Value::Bytes(_)) => Ok(()),
        (_, value) => Err(unexpected(schema, value)),
    }
}

fn array(schema: &Schema, elements: &[Value]) -> Result<(), Mismatch> {
    let Some(element) = schema.value.as_deref() else { return Ok(()) };
    elements.iter().enumerate().try_for_each(|(index, value)| {
        check(element, value).map_err(|mismatch| mismatch.within(format_args!("[{index}]")))
    })
}

fn map(schema: &Schema, entries: &[(Value, Value)]) -> Result<(), Mismatch> {
    let (Some(keys), Some(values)) = (schema.key.as_deref(), schema.value.as_deref()) else { return Ok(()) };
    entries.iter().enumerate().try_for_each(|(index, (key, value))| {
        check(keys, key).map_err(|mismatch| mismatch.within(format_args!("{{key {index}}}")))?;
        check(values, value).map_err(|mismatch| mismatch.within(format_args!("{{value {index}}}")))
    })
}

fn structure(schema: &Schema, values: &[Value]) -> Result<(), Mismatch> {
    let (expected, found) = (schema.fields.len(), values.len());
    if expected != found {
        return Err(Mismatch::new(format_args!(
            "expected a struct of {expected} fields, got one of {found}"
        )));
    }
    schema.fields.iter().zip(values).try_for_each(|(field, value)| {
        check(&field.schema, value).map_err(|mismatch| mismatch.within(format_args!(".{}", field.name)))
    })
}

#[cfg(test)]
mod tests;
