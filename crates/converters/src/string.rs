//! `StringConverter`: text in one of Java's character sets.

mod charset;

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type as KeyType, Values, Width};
use api::{Converter, Decoder, Encoder, Result, Schema, Type, Value, java};
use bytes::Bytes;

use crate::class::Class;
use crate::string::charset::Charset;

const ENCODING: &str = "converter.encoding";

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.storage.StringConverter", keys, configure };

fn keys() -> Vec<Key> {
    let documentation = "The name of the Java character set to use for encoding strings as byte arrays.";
    let encoding = Key::new(ENCODING, KeyType::String)
        .default("UTF-8")
        .importance(Importance::High)
        .documentation(documentation)
        .width(Width::Medium)
        .display_name("Encoding");
    vec![encoding]
}

fn configure(values: &Values) -> Result<Box<dyn Converter>, Problems> {
    let name = values.string(ENCODING).unwrap_or("UTF-8");
    let charset = Charset::named(name).ok_or_else(|| {
        Problem::invalid(ENCODING, name, format_args!("the supported character sets are {}", Charset::NAMES))
    })?;
    Ok(Box::new(StringConverter { charset, schema: Schema::of(Type::String).optional().build() }))
}

struct StringConverter {
    charset: Charset,
    schema: Arc<Schema>,
}

impl Converter for StringConverter {
    fn encoder(&self, _topic: &str, schema: Option<&Arc<Schema>>) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(TextEncoder { charset: self.charset, schema: schema.cloned(), printed: Vec::new() }))
    }

    fn decoder(&self, _topic: &str) -> Box<dyn Decoder> {
        Box::new(TextDecoder { charset: self.charset, schema: Arc::clone(&self.schema) })
    }
}

struct TextEncoder {
    charset: Charset,
    schema: Option<Arc<Schema>>,
    /// What is printed of a value that is no text, kept for its room.
    printed: Vec<u8>,
}

impl Encoder for TextEncoder {
    fn encode(&mut self, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
        match value {
            Value::Null => return Ok(false),
            Value::Text(text) => self.charset.encode(text, out),
            // Bytes stay what they are in every character set.
            Value::Bytes(bytes) => out.extend_from_slice(bytes),
            value if self.charset == Charset::Utf8 => java::print(value, self.schema.as_deref(), out),
            value => {
                self.printed.clear();
                java::print(value, self.schema.as_deref(), &mut self.printed);
                self.charset.encode(&String::from_utf8_lossy(&self.printed), out);
            }
        }
        Ok(true)
    }

    fn borrow<'a>(&self, value: &'a Value) -> Option<&'a [u8]> {
        match value {
            Value::Text(text) if self.charset == Charset::Utf8 => Some(text.as_bytes()),
            _ => None,
        }
    }
}

struct TextDecoder {
    charset: Charset,
    schema: Arc<Schema>,
}

impl Decoder for TextDecoder {
    fn decode(&mut self, message: Option<Bytes>) -> Result<Option<Value>> {
        Ok(Some(message.map_or(Value::Null, |bytes| Value::Text(self.charset.decode(bytes)))))
    }

    fn schema(&self) -> Option<&Arc<Schema>> {
        Some(&self.schema)
    }
}
