//! The converters of one number or boolean, big endian as Kafka's own serialisers write them.

use std::sync::Arc;

use api::{Converter, Decoder, Encoder, Error, Result, Schema, Type, Value, logical};
use bytes::Bytes;

use crate::class::Class;

/// A class for each type.
pub(crate) const CLASSES: [Class; 6] = [
    class("org.apache.kafka.connect.converters.BooleanConverter", |_| configure(Type::Boolean)),
    class("org.apache.kafka.connect.converters.DoubleConverter", |_| configure(Type::Float64)),
    class("org.apache.kafka.connect.converters.FloatConverter", |_| configure(Type::Float32)),
    class("org.apache.kafka.connect.converters.IntegerConverter", |_| configure(Type::Int32)),
    class("org.apache.kafka.connect.converters.LongConverter", |_| configure(Type::Int64)),
    class("org.apache.kafka.connect.converters.ShortConverter", |_| configure(Type::Int16)),
];

type Configured = Result<Box<dyn Converter>, api::config::Problems>;

const fn class(name: &'static str, configure: fn(&api::config::Values) -> Configured) -> Class {
    Class { name, keys: Vec::new, configure }
}

fn configure(kind: Type) -> Configured {
    Ok(Box::new(Primitive { kind, schema: Schema::of(kind).optional().build() }))
}

struct Primitive {
    kind: Type,
    schema: Arc<Schema>,
}

impl Converter for Primitive {
    fn encoder(&self, _topic: &str, schema: Option<&Arc<Schema>>) -> Result<Box<dyn Encoder>> {
        let fits = schema.is_none_or(|schema| schema.kind == self.kind && !is_date(schema));
        Ok(Box::new(PrimitiveEncoder { kind: self.kind, fits }))
    }

    fn decoder(&self, _topic: &str) -> Box<dyn Decoder> {
        Box::new(PrimitiveDecoder { kind: self.kind, schema: Arc::clone(&self.schema) })
    }
}

/// Whether Java holds values of the schema as dates, which no serialiser of numbers takes.
fn is_date(schema: &Schema) -> bool {
    matches!(schema.name.as_deref(), Some(logical::DATE | logical::TIME | logical::TIMESTAMP))
}

struct PrimitiveEncoder {
    kind: Type,
    /// Whether values of the schema are of the type.
    fits: bool,
}

impl Encoder for PrimitiveEncoder {
    fn encode(&mut self, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
        // Only the converter of booleans looks at the schema first.
        if value.is_null() && (self.fits || self.kind != Type::Boolean) {
            return Ok(false);
        }
        match (self.fits && write(self.kind, value, out)).then_some(true) {
            Some(written) => Ok(written),
            None => Err(Error::reject(format_args!(
                "cannot write {:?}: the value is {}",
                self.kind,
                value.kind()
            ))),
        }
    }
}

/// Appends a value; false: it is not one of the type.
fn write(kind: Type, value: &Value, out: &mut Vec<u8>) -> bool {
    match (kind, value) {
        (Type::Boolean, Value::Bool(value)) => out.push(u8::from(*value)),
        (Type::Int16, Value::Int(value)) => match i16::try_from(*value) {
            Ok(value) => out.extend_from_slice(&value.to_be_bytes()),
            Err(_) => return false,
        },
        (Type::Int32, Value::Int(value)) => match i32::try_from(*value) {
            Ok(value) => out.extend_from_slice(&value.to_be_bytes()),
            Err(_) => return false,
        },
        (Type::Int64, Value::Int(value)) => out.extend_from_slice(&value.to_be_bytes()),
        (Type::Float32, Value::Float(value)) => out.extend_from_slice(&(*value as f32).to_be_bytes()),
        (Type::Float64, Value::Float(value)) => out.extend_from_slice(&value.to_be_bytes()),
        _ => return false,
    }
    true
}

struct PrimitiveDecoder {
    kind: Type,
    schema: Arc<Schema>,
}

impl Decoder for PrimitiveDecoder {
    fn decode(&mut self, message: Option<Bytes>) -> Result<Option<Value>> {
        let value = match message {
            None => Value::Null,
            Some(bytes) => read(self.kind, &bytes).ok_or_else(|| {
                Error::reject(format_args!(
                    "cannot read {:?} of a message of {} bytes",
                    self.kind,
                    bytes.len()
                ))
            })?,
        };
        Ok(Some(value))
    }

    fn schema(&self) -> Option<&Arc<Schema>> {
        Some(&self.schema)
    }
}

fn read(kind: Type, bytes: &[u8]) -> Option<Value> {
    Some(match kind {
        Type::Boolean => match bytes {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return None,
        },
        Type::Int16 => Value::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::Int32 => Value::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::Int64 => Value::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        Type::Float32 => Value::Float(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::Float64 => Value::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => return None,
    })
}
