//! Our converters, asked the way the judge is.

use std::sync::Arc;

use api::{Converter, HeaderConverter, Registry, Role, Schema, Value};
use bytes::Bytes;
use serde_json::{Value as Json, json};

use crate::form;

pub(crate) const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// The configuration of a converter.
pub(crate) type Config = Vec<(&'static str, String)>;

pub(crate) fn converter(class: &str, config: &Config) -> Box<dyn Converter> {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    let plugin = registry.converters.iter().find(|plugin| plugin.description().class == class).unwrap();
    let properties = config.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    plugin.configure(&properties, Role::Value).unwrap()
}

fn config_form(config: &Config) -> Json {
    config.iter().map(|(key, value)| ((*key).to_owned(), Json::from(value.as_str()))).collect()
}

pub(crate) fn write_question(
    class: &str,
    config: &Config,
    schema: Option<&Arc<Schema>>,
    value: &Value,
) -> Json {
    json!({
        "do": "write",
        "class": class,
        "config": config_form(config),
        "schema": form::schema(schema),
        "value": form::value(value, schema.map(Arc::as_ref)),
    })
}

pub(crate) fn write(class: &str, config: &Config, schema: Option<&Arc<Schema>>, value: &Value) -> Json {
    let mut out = Vec::new();
    let written = converter(class, config).encoder("topic", schema).and_then(|mut encoder| {
        match encoder.borrow(value).map(<[u8]>::to_vec) {
            Some(bytes) => {
                out = bytes;
                Ok(true)
            }
            None => encoder.encode(value, &mut out),
        }
    });
    match written {
        Ok(true) => json!({"bytes": hex::encode(out)}),
        Ok(false) => json!({"bytes": null}),
        Err(error) => json!({"error": format!("{error:#}")}),
    }
}

pub(crate) fn read_question(class: &str, config: &Config, bytes: Option<&[u8]>) -> Json {
    json!({"do": "read", "class": class, "config": config_form(config), "bytes": bytes.map(hex::encode)})
}

pub(crate) fn read(class: &str, config: &Config, bytes: Option<&[u8]>) -> Json {
    let mut decoder = converter(class, config).decoder("topic");
    let first = read_once(decoder.as_mut(), bytes);
    // Once the schema is known another path is taken.
    let second = read_once(decoder.as_mut(), bytes);
    assert_eq!(first, second, "a message is read the same way again");
    first
}

fn read_once(decoder: &mut dyn api::Decoder, bytes: Option<&[u8]>) -> Json {
    match decoder.decode(bytes.map(Bytes::copy_from_slice)) {
        Ok(value) => json!({
            "schema": form::schema(decoder.schema()),
            "value": form::value(&value.unwrap_or_default(), decoder.schema().map(AsRef::as_ref)),
        }),
        Err(error) => {
            assert_eq!(error.reaction(), api::Reaction::Reject, "{error:?}");
            json!({"error": format!("{error:#}")})
        }
    }
}

pub(crate) fn header_converter(class: &str) -> Box<dyn HeaderConverter> {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    let plugin =
        registry.header_converters.iter().find(|plugin| plugin.description().class == class).unwrap();
    plugin.configure(&[].into()).unwrap()
}

pub(crate) fn write_header_question(class: &str, schema: Option<&Arc<Schema>>, value: &Value) -> Json {
    let mut question = write_question(class, &vec![], schema, value);
    question["do"] = "writeHeader".into();
    question
}

pub(crate) fn write_header(class: &str, schema: Option<&Arc<Schema>>, value: &Value) -> Json {
    let mut out = Vec::new();
    match header_converter(class).encode("topic", "h", schema, value, &mut out) {
        Ok(written) => json!({"bytes": written.then(|| hex::encode(out))}),
        Err(error) => json!({"error": format!("{error:#}")}),
    }
}

pub(crate) fn read_header_question(class: &str, bytes: Option<&[u8]>) -> Json {
    json!({"do": "readHeader", "class": class, "bytes": bytes.map(hex::encode)})
}

pub(crate) fn read_header(class: &str, bytes: Option<&[u8]>) -> Json {
    match header_converter(class).decode("topic", "h", bytes.map(Bytes::copy_from_slice)) {
        Ok((schema, value)) => json!({
            "schema": form::schema(schema.as_ref()),
            "value": form::value(&value, schema.as_deref()),
        }),
        Err(error) => json!({"error": format!("{error:#}")}),
    }
}
