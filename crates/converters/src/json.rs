//! `JsonConverter`: JSON with or without its schema.

mod base64;
mod cache;
mod convert;
mod decode;
mod direct;
mod encode;
mod encoding;
mod node;
mod number;
mod scan;
mod schema;
mod schemaless;
mod text;

use std::sync::Arc;

use api::config::{Importance, Key, Problem, Problems, Type, Validator, Values, Width};
use api::{Converter, Decoder, Encoder, Error, Result, Schema};
use bytes::Bytes;

use crate::class::Class;

const SCHEMAS_ENABLE: &str = "schemas.enable";
const SCHEMAS_CACHE_SIZE: &str = "schemas.cache.size";
const SCHEMA_CONTENT: &str = "schema.content";
const DECIMAL_FORMAT: &str = "decimal.format";
const REPLACE_NULL: &str = "replace.null.with.default";

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.json.JsonConverter", keys, configure };

/// How decimals are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum DecimalFormat {
    /// The unscaled value in bytes.
    Base64,
    /// A number.
    Numeric,
}

/// A configuration.
struct Options {
    /// Whether messages are envelopes of schema and payload.
    schemas: bool,
    /// How many schemas are remembered.
    cache: usize,
    decimal: DecimalFormat,
    /// Whether the default of a schema stands for null.
    replace_null: bool,
    /// The schema of all messages that are read.
    content: Option<Arc<cache::Known>>,
}

fn keys() -> Vec<Key> {
    schema_keys().into_iter().chain(serialization_keys()).collect()
}

fn schema_keys() -> [Key; 3] {
    let key = |name, kind, order, display| {
        Key::new(name, kind)
            .importance(Importance::High)
            .group("Schemas", order)
            .width(Width::Medium)
            .display_name(display)
    };
    [
        key(SCHEMAS_ENABLE, Type::Boolean, 0, "Enable Schemas")
            .default("true")
            .documentation("Include schemas within each of the serialized values and keys."),
        key(SCHEMAS_CACHE_SIZE, Type::Int, 1, "Schema Cache Size")
            .default("1000")
            .documentation("The maximum number of schemas that can be cached in this converter instance."),
        key(SCHEMA_CONTENT, Type::String, 2, "Schema Content").nullable().documentation(
            "When set, this is used as the schema for all messages, and the schemas within each of the message \
             will be ignored.Otherwise, the schema will be included in the content of each message. This \
             configuration applies only 'schemas.enable' is true, and it exclusively affects the sink connector.",
        ),
    ]
}

fn serialization_keys() -> [Key; 2] {
    let key = |name, kind, order, display| {
        Key::new(name, kind).group("Serialization", order).width(Width::Medium).display_name(display)
    };
    [
        key(DECIMAL_FORMAT, Type::String, 0, "Decimal Format")
            .default("BASE64")
            .validator(Validator::one_of_ignoring_case(["NUMERIC", "BASE64"]))
            .documentation(
                "Controls which format this converter will serialize decimals in. This value is case insensitive \
                 and can be either 'BASE64' (default) or 'NUMERIC'",
            ),
        key(REPLACE_NULL, Type::Boolean, 1, "Replace null with default").default("true").documentation(
            "Whether to replace fields that have a default value and that are null to the default value. When \
             set to true, the default value is used, otherwise null is used.",
        ),
    ]
}

fn configure(values: &Values) -> Result<Box<dyn Converter>, Problems> {
    let replace_null = values.boolean(REPLACE_NULL).unwrap_or(true);
    let numeric = values.string(DECIMAL_FORMAT).is_some_and(|format| format.eq_ignore_ascii_case("NUMERIC"));
    let content = values.string(SCHEMA_CONTENT).filter(|content| !content.is_empty());
    let content =
        content.map(|content| cache::Known::parse(&Bytes::copy_from_slice(content.as_bytes()), replace_null));
    let content = content.transpose().map_err(|error| Problem {
        key: SCHEMA_CONTENT.to_owned(),
        message: format!("The value of {SCHEMA_CONTENT} is wrong: {error:#}"),
    })?;
    Ok(Box::new(JsonConverter(Options {
        schemas: values.boolean(SCHEMAS_ENABLE).unwrap_or(true),
        cache: values.int(SCHEMAS_CACHE_SIZE).map_or(0, |size| size.max(0) as usize),
        decimal: if numeric { DecimalFormat::Numeric } else { DecimalFormat::Base64 },
        replace_null,
        content: content.map(Arc::new),
    })))
}

struct JsonConverter(Options);

impl Converter for JsonConverter {
    fn encoder(&self, _topic: &str, schema: Option<&Arc<Schema>>) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(encode::JsonEncoder::new(&self.0, schema)?))
    }

    fn decoder(&self, _topic: &str) -> Box<dyn Decoder> {
        Box::new(decode::JsonDecoder::new(&self.0))
    }
}

/// The error of a message that is no JSON.
fn unreadable(malformed: scan::Malformed) -> Error {
    Error::reject("cannot read JSON").caused_by(malformed)
}

#[cfg(test)]
mod tests;
