//! `JsonConverter` against Kafka's.

use std::sync::Arc;

use api::{Schema, Value};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use crate::case::{self, Config, JSON};
use crate::{generate, judge};

fn config() -> impl Strategy<Value = Config> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(schemas, numeric, replace)| {
        vec![
            ("schemas.enable", schemas.to_string()),
            ("decimal.format", if numeric { "NUMERIC" } else { "base64" }.to_owned()),
            ("replace.null.with.default", replace.to_string()),
        ]
    })
}

#[test]
fn values_with_schema_are_written_alike() {
    judge::compare(
        (config(), generate::schema_and_value()),
        |(config, (schema, value))| case::write_question(JSON, config, Some(schema), value),
        |(config, (schema, value))| case::write(JSON, config, Some(schema), value),
    );
}

#[test]
fn values_without_schema_are_written_alike() {
    judge::compare(
        (config(), generate::schemaless()),
        |(config, value)| case::write_question(JSON, config, None, value),
        |(config, value)| case::write(JSON, config, None, value),
    );
}

/// What our own converter writes.
fn written(config: &Config, schema: Option<&Arc<Schema>>, value: &Value) -> Option<Vec<u8>> {
    hex::decode(case::write(JSON, config, schema, value)["bytes"].as_str()?).ok()
}

#[test]
fn what_was_written_is_read_alike() {
    judge::compare(
        (config(), generate::schema_and_value()),
        |(config, (schema, value))| {
            case::read_question(JSON, config, written(config, Some(schema), value).as_deref())
        },
        |(config, (schema, value))| case::read(JSON, config, written(config, Some(schema), value).as_deref()),
    );
}

/// Compares how messages are read.
fn compare_reading(strategy: impl Strategy<Value = (Config, Vec<u8>)>) {
    judge::compare(
        strategy,
        |(config, bytes)| case::read_question(JSON, config, Some(bytes)),
        |(config, bytes)| case::read(JSON, config, Some(bytes)),
    );
}

fn plain() -> Config {
    vec![("schemas.enable", "false".to_owned())]
}

#[test]
fn any_json_is_read_alike() {
    compare_reading((Just(plain()), generate::json_text()));
}

#[test]
fn malformed_json_is_refused_alike() {
    compare_reading((Just(plain()), generate::damaged(generate::json_text())));
}

/// JSON as UTF-16, without escapes: half pairs in names are read by another parser there.
fn utf16(bytes: fn(u16) -> [u8; 2]) -> impl Strategy<Value = Vec<u8>> {
    let text = generate::json_text().prop_map(|text| String::from_utf8_lossy(&text).replace("\\u", "u"));
    text.prop_map(move |text| text.encode_utf16().flat_map(bytes).collect())
}

#[test]
fn any_bytes_are_read_alike() {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..12),
        vec(select(b"\0\x01 1{}[]\"a:,\xfe\xff\xef\xbb\xbf".to_vec()), 0..12),
        utf16(u16::to_be_bytes),
        utf16(u16::to_le_bytes),
    ];
    compare_reading((Just(plain()), bytes));
}

/// An envelope of a schema and a payload that need not fit.
fn envelope(payload: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (generate::schema(), payload).prop_map(|(schema, payload)| {
        let config = vec![];
        let envelope =
            written(&config, Some(&Schema::array(schema).build()), &Value::Array(Vec::new())).unwrap();
        let envelope = String::from_utf8(envelope).unwrap();
        let schema = envelope.strip_prefix("{\"schema\":{\"type\":\"array\",\"items\":").unwrap();
        let schema = schema.strip_suffix(",\"optional\":false},\"payload\":[]}").unwrap();
        [b"{\"schema\":", schema.as_bytes(), b",\"payload\":", &payload, b"}"].concat()
    })
}

#[test]
fn payloads_that_do_not_fit_are_read_alike() {
    compare_reading((config(), envelope(generate::json_text())));
}

#[test]
fn damaged_envelopes_are_read_alike() {
    let envelope = generate::schema_and_value()
        .prop_filter_map("values without default are written", |(schema, value)| {
            written(&vec![], Some(&schema), &value)
        });
    compare_reading((config(), generate::damaged(envelope.boxed())));
}

#[test]
fn a_schema_of_the_configuration_is_used_alike() {
    let payload = prop_oneof![
        generate::schema_and_value().prop_filter_map("it is written", |(schema, value)| {
            let schemas = written(&vec![], Some(&schema), &value)?;
            let plain = written(&plain(), Some(&schema), &value)?;
            let schema = String::from_utf8(schemas[10..schemas.len() - plain.len() - 12].to_vec()).unwrap();
            Some((schema, plain))
        }),
        (Just("{\"type\":\"int32\"}".to_owned()), generate::json_text()),
        (Just("{\"type\":\"string\"}".to_owned()), Just(Vec::new())),
        (Just(String::new()), generate::json_text()),
    ];
    judge::compare(
        (any::<bool>(), payload),
        |(schemas, (schema, bytes))| case::read_question(JSON, &content(*schemas, schema), Some(bytes)),
        |(schemas, (schema, bytes))| case::read(JSON, &content(*schemas, schema), Some(bytes)),
    );
}

fn content(schemas: bool, schema: &str) -> Config {
    vec![("schemas.enable", schemas.to_string()), ("schema.content", schema.to_owned())]
}
