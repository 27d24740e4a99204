//! `ByteArrayConverter`: bytes as they are.

use std::sync::Arc;

use api::{Converter, Decoder, Encoder, Error, Result, Schema, Type, Value};
use bytes::Bytes;

use crate::class::Class;

pub(crate) const CLASS: Class = Class {
    name: "org.apache.kafka.connect.converters.ByteArrayConverter",
    keys: Vec::new,
    configure: |_| Ok(Box::new(ByteArray { schema: Schema::of(Type::Bytes).optional().build() })),
};

struct ByteArray {
    schema: Arc<Schema>,
}

impl Converter for ByteArray {
    fn encoder(&self, _topic: &str, schema: Option<&Arc<Schema>>) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(ByteEncoder {
            refused: schema.map(|schema| schema.kind).filter(|kind| *kind != Type::Bytes),
        }))
    }

    fn decoder(&self, _topic: &str) -> Box<dyn Decoder> {
        Box::new(ByteDecoder { schema: Arc::clone(&self.schema) })
    }
}

struct ByteEncoder {
    /// The type of a schema that has no bytes.
    refused: Option<Type>,
}

impl Encoder for ByteEncoder {
    fn encode(&mut self, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
        if let Some(kind) = self.refused {
            return Err(Error::reject(format_args!("cannot write bytes: the schema is {kind:?}")));
        }
        match value {
            Value::Null => Ok(false),
            Value::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                Ok(true)
            }
            other => Err(Error::reject(format_args!("cannot write bytes: the value is {}", other.kind()))),
        }
    }

    fn borrow<'a>(&self, value: &'a Value) -> Option<&'a [u8]> {
        match value {
            Value::Bytes(bytes) if self.refused.is_none() => Some(bytes),
            _ => None,
        }
    }
}

struct ByteDecoder {
    schema: Arc<Schema>,
}

impl Decoder for ByteDecoder {
    fn decode(&mut self, message: Option<Bytes>) -> Result<Option<Value>> {
        Ok(Some(message.map_or(Value::Null, Value::Bytes)))
    }

    fn schema(&self) -> Option<&Arc<Schema>> {
        Some(&self.schema)
    }
}
