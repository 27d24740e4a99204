//! The converters of text, bytes, numbers and booleans against Kafka's.

use api::{Schema, Type, Value};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use crate::case::{self, Config};
use crate::{generate, judge};

const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

const FIXED: [&str; 7] = [
    "org.apache.kafka.connect.converters.BooleanConverter",
    "org.apache.kafka.connect.converters.ByteArrayConverter",
    "org.apache.kafka.connect.converters.DoubleConverter",
    "org.apache.kafka.connect.converters.FloatConverter",
    "org.apache.kafka.connect.converters.IntegerConverter",
    "org.apache.kafka.connect.converters.LongConverter",
    "org.apache.kafka.connect.converters.ShortConverter",
];

fn charset() -> impl Strategy<Value = Config> {
    let names = [
        "UTF-8",
        "utf8",
        "UTF-16",
        "UTF-16BE",
        "UTF-16LE",
        "ISO-8859-1",
        "latin1",
        "ISO-8859-15",
        "windows-1252",
        "US-ASCII",
    ];
    select(names.to_vec()).prop_map(|name| vec![("converter.encoding", name.to_owned())])
}

#[test]
fn text_is_written_alike() {
    let schema = prop_oneof![
        Just(None),
        Just(Some(Schema::of(Type::String).build())),
        Just(Some(Schema::of(Type::String).optional().build())),
    ];
    let text =
        prop_oneof![1 => Just(Value::Null), 9 => generate::text().prop_map(|text| Value::Text(text.into()))];
    judge::compare(
        (charset(), schema, text),
        |(config, schema, text)| case::write_question(STRING, config, schema.as_ref(), text),
        |(config, schema, text)| case::write(STRING, config, schema.as_ref(), text),
    );
}

#[test]
fn every_byte_and_character_of_western_europe_is_alike() {
    let bytes: Vec<u8> = (0..=255).collect();
    let text: String = (0x20..0x180).chain(0x2010..0x2130).filter_map(char::from_u32).collect();
    let text = Value::Text(text.into());
    for name in ["ISO-8859-1", "ISO-8859-15", "l9", "cp923", "windows-1252", "Cp1252"] {
        let config: Config = vec![("converter.encoding", name.to_owned())];
        let questions = [
            case::read_question(STRING, &config, Some(&bytes)),
            case::write_question(STRING, &config, None, &text),
        ];
        let ours = [case::read(STRING, &config, Some(&bytes)), case::write(STRING, &config, None, &text)];
        assert_eq!(judge::ask(&questions), ours, "{name}");
    }
}

/// Java prints the identity of bytes and the bytes of nothing else: values with bytes in them are left out.
fn has_bytes(value: &Value) -> bool {
    match value {
        Value::Bytes(_) => true,
        Value::Array(elements) => elements.iter().any(has_bytes),
        Value::Map(entries) => entries.iter().any(|(key, value)| has_bytes(key) || has_bytes(value)),
        Value::Struct(values) => values.iter().any(has_bytes),
        _ => false,
    }
}

#[test]
fn other_values_are_printed_alike() {
    let printed =
        generate::schema_and_value().prop_filter("bytes have no text", |(_, value)| !has_bytes(value));
    judge::compare(
        printed,
        |(schema, value)| case::write_question(STRING, &vec![], Some(schema), value),
        |(schema, value)| case::write(STRING, &vec![], Some(schema), value),
    );
}

#[test]
fn text_is_read_alike() {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..16),
        generate::text().prop_map(String::into_bytes),
        generate::text().prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        vec(select(b"\xfe\xff\xd8\xdc\0a\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0".to_vec()), 0..8),
    ];
    let message = prop_oneof![1 => Just(None), 9 => bytes.prop_map(Some)];
    judge::compare(
        (charset(), message),
        |(config, bytes)| case::read_question(STRING, config, bytes.as_deref()),
        |(config, bytes)| case::read(STRING, config, bytes.as_deref()),
    );
}

#[test]
fn numbers_and_bytes_are_written_alike() {
    judge::compare(
        (select(FIXED.to_vec()), generate::simple_schema_and_value()),
        |(class, (schema, value))| case::write_question(class, &vec![], Some(schema), value),
        |(class, (schema, value))| case::write(class, &vec![], Some(schema), value),
    );
}

#[test]
fn numbers_and_bytes_are_read_alike() {
    let bytes = prop_oneof![1 => Just(None), 6 => vec(any::<u8>(), 0..10).prop_map(Some), 1 => vec(0..3u8, 1).prop_map(Some)];
    judge::compare(
        (select(FIXED.to_vec()), bytes),
        |(class, bytes)| case::read_question(class, &vec![], bytes.as_deref()),
        |(class, bytes)| case::read(class, &vec![], bytes.as_deref()),
    );
}
