//! Converters and header converters.

use std::sync::Arc;

use api::{Converter, ConverterPlugin, HeaderConverterPlugin, Registry, Role, Schema, Value};
use bytes::Bytes;

use crate::{settings, split_line};

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
/// The classes that read a message as a whole, and what they are configured with.
const PLAIN: [(&str, &str); 12] = [
    ("org.apache.kafka.connect.storage.StringConverter", "UTF-8"),
    ("org.apache.kafka.connect.storage.StringConverter", "UTF-16"),
    ("org.apache.kafka.connect.storage.StringConverter", "UTF-16LE"),
    ("org.apache.kafka.connect.storage.StringConverter", "UTF-32"),
    ("org.apache.kafka.connect.storage.StringConverter", "US-ASCII"),
    ("org.apache.kafka.connect.storage.StringConverter", "ISO-8859-1"),
    ("org.apache.kafka.connect.storage.StringConverter", "windows-1252"),
    ("org.apache.kafka.connect.converters.LongConverter", ""),
    ("org.apache.kafka.connect.converters.DoubleConverter", ""),
    ("org.apache.kafka.connect.converters.FloatConverter", ""),
    ("org.apache.kafka.connect.converters.ShortConverter", ""),
    ("org.apache.kafka.connect.converters.BooleanConverter", ""),
];

/// Every plugin that is built in.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    transforms::register(&mut registry);
    registry
}

fn plugin(class: &str) -> Arc<dyn ConverterPlugin> {
    let found = registry().converters.into_iter().find(|plugin| plugin.description().class == class);
    found.expect("a class that is built in")
}

/// A JsonConverter for values.
pub(crate) fn json(pairs: &[(&str, &str)]) -> Option<Box<dyn Converter>> {
    plugin(JSON).configure(&settings(pairs), Role::Value).ok()
}

/// What the converter reads it writes, and reads again.
fn round(converter: &dyn Converter, data: &[u8]) {
    let Some((schema, value)) = decode(converter, data) else { return };
    let mut written = Vec::new();
    // A default may be what cannot be written, as in Java: a decimal number whose scale is not that of its schema.
    let Ok(mut encoder) = converter.encoder("t", schema.as_ref()) else { return };
    let outcome = match &value {
        Some(value) => encoder.encode(value, &mut written),
        None => encoder.encode_absent(&mut written),
    };
    if let Ok(true) = outcome {
        decode(converter, &written);
    }
}

/// The schema and the value of a message, if it can be read.
pub(crate) fn decode(converter: &dyn Converter, data: &[u8]) -> Option<(Option<Arc<Schema>>, Option<Value>)> {
    let mut decoder = converter.decoder("t");
    let value = decoder.decode(Some(Bytes::copy_from_slice(data))).ok()?;
    Some((decoder.schema().cloned(), value))
}

/// `schemas.enable=false`.
pub fn json_schemaless(data: &[u8]) {
    round(&*json(&[("schemas.enable", "false")]).expect("a converter"), data);
}

/// `schemas.enable=true`: an envelope of schema and payload.
pub fn json_envelope(data: &[u8]) {
    let numbers = [("schemas.enable", "true"), ("decimal.format", "NUMERIC")];
    for pairs in [&numbers[..1], &numbers[..]] {
        round(&*json(pairs).expect("a converter"), data);
    }
}

/// `schema.content` in the first line, the payload in the rest.
pub fn json_schema_content(data: &[u8]) {
    let Some((schema, payload)) = split_line(data) else { return };
    if let Some(converter) = json(&[("schemas.enable", "true"), ("schema.content", schema)]) {
        round(&*converter, payload);
    }
}

/// The classes that read a message as a whole: the first byte says which.
pub fn plain_converters(data: &[u8]) {
    let Some((which, message)) = data.split_first() else { return };
    let (class, encoding) = PLAIN[usize::from(*which) % PLAIN.len()];
    let pairs = [("converter.encoding", encoding)];
    let pairs = if encoding.is_empty() { &[][..] } else { &pairs[..] };
    // An encoding that is not supported is refused here.
    if let Ok(converter) = plugin(class).configure(&settings(pairs), Role::Value) {
        round(&*converter, message);
    }
}

/// SimpleHeaderConverter, and with it `Values.parseString`.
pub fn header_values(data: &[u8]) {
    let class = "org.apache.kafka.connect.storage.SimpleHeaderConverter";
    let mut plugins = registry().header_converters.into_iter();
    let plugin: Arc<dyn HeaderConverterPlugin> =
        plugins.find(|plugin| plugin.description().class == class).expect("a class that is built in");
    let converter = plugin.configure(&settings(&[])).expect("it has no keys");
    let Ok((schema, value)) = converter.decode("t", "h", Some(Bytes::copy_from_slice(data))) else { return };
    let mut written = Vec::new();
    if let Ok(true) = converter.encode("t", "h", schema.as_ref(), &value, &mut written) {
        converter.decode("t", "h", Some(written.into())).ok();
    }
}
