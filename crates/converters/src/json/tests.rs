use std::sync::Arc;

use api::config::{Definition, Properties};
use api::{Converter, ConverterPlugin as _, Decoder, Reaction, Role, Schema, Type, Value};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::proptest;
use proptest::sample::select;

use super::CLASS;

fn converter(properties: &[(&str, &str)]) -> Box<dyn Converter> {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    CLASS.configure(&properties, Role::Value).unwrap()
}

fn decode(decoder: &mut dyn Decoder, message: &str) -> (Option<Arc<Schema>>, Option<Value>) {
    let value = decoder.decode(Some(Bytes::copy_from_slice(message.as_bytes()))).unwrap();
    (decoder.schema().cloned(), value)
}

const INT: &str = r#"{"schema":{"type":"int32"},"payload":1}"#;
const TEXT: &str = r#"{"schema":{"type":"string"},"payload":"a"}"#;
const SPACED: &str = r#"{"payload":1, "schema":{"type":"int32"}}"#;

#[test]
fn the_same_schema_is_the_same_arc() {
    let mut decoder = converter(&[]).decoder("topic");
    let first = decode(decoder.as_mut(), INT).0.unwrap();
    let text = decode(decoder.as_mut(), TEXT).0.unwrap();
    assert!(Arc::ptr_eq(&first, &decode(decoder.as_mut(), INT).0.unwrap()));
    assert!(Arc::ptr_eq(&text, &decode(decoder.as_mut(), TEXT).0.unwrap()));
    assert!(Arc::ptr_eq(&first, &decode(decoder.as_mut(), SPACED).0.unwrap()));
}

#[test]
fn a_full_cache_forgets_the_schema_used_longest_ago() {
    let mut decoder = converter(&[("schemas.cache.size", "1")]).decoder("topic");
    let first = decode(decoder.as_mut(), INT).0.unwrap();
    assert!(Arc::ptr_eq(&first, &decode(decoder.as_mut(), INT).0.unwrap()));
    decode(decoder.as_mut(), TEXT);
    assert!(!Arc::ptr_eq(&first, &decode(decoder.as_mut(), INT).0.unwrap()));
}

#[test]
fn a_cache_of_no_size_still_keeps_the_last_schema() {
    let mut decoder = converter(&[("schemas.cache.size", "0")]).decoder("topic");
    let first = decode(decoder.as_mut(), INT).0.unwrap();
    assert!(Arc::ptr_eq(&first, &decode(decoder.as_mut(), INT).0.unwrap()));
}

#[test]
fn text_is_a_slice_of_the_message() {
    for (schemas, message) in [("true", TEXT), ("false", r#""abc""#), ("false", r#"{"k":"abc"}"#)] {
        let message = Bytes::copy_from_slice(message.as_bytes());
        let mut decoder = converter(&[("schemas.enable", schemas)]).decoder("topic");
        for _ in 0..2 {
            let value = decoder.decode(Some(message.clone())).unwrap().unwrap();
            let text = match value {
                Value::Text(text) => text,
                Value::Map(mut entries) => match entries.remove(0).1 {
                    Value::Text(text) => text,
                    other => panic!("no text: {other:?}"),
                },
                other => panic!("no text: {other:?}"),
            };
            assert!(message.as_ptr_range().contains(&text.as_bytes().as_ptr()));
        }
    }
}

#[test]
fn objects_of_the_same_names_are_read_like_the_first() {
    let mut decoder = converter(&[("schemas.enable", "false")]).decoder("topic");
    let mut alone = |message: &str| {
        let fresh = decode(converter(&[("schemas.enable", "false")]).decoder("topic").as_mut(), message);
        assert_eq!(decode(decoder.as_mut(), message), fresh, "{message}");
    };
    let messages = [
        r#"{"id":1,"name":"a","e\nd":[{"id":1}]}"#,
        r#"{"id":2,"name":{"id":3,"name":4},"e\nd":null}"#,
        r#"{ "id":2, "name" : "b" , "e\nd":3}"#,
        r#"{"id":2,"name":"b"}"#,
        r#"{"id":2,"name":"b","e\nd":1,"more":2}"#,
        r#"{"id":2,"id":3,"e\nd":1}"#,
        r#"{"name":2,"id":3,"e\nd":1}"#,
        "{}",
        "[1]",
    ];
    for _ in 0..4 {
        messages.iter().for_each(|message| alone(message));
    }
    // Often enough that other names are remembered.
    for message in messages {
        (0..20).for_each(|_| alone(message));
    }
}

#[test]
fn a_null_message_is_no_value() {
    let mut decoder = converter(&[]).decoder("topic");
    decode(decoder.as_mut(), INT);
    assert_eq!((decoder.decode(None).unwrap(), decoder.schema()), (None, None));
}

#[test]
fn problems_of_the_configuration_name_the_key() {
    for (key, value) in
        [("schemas.enable", "maybe"), ("decimal.format", "HEX"), ("schema.content", "{\"type\":1}")]
    {
        let properties = [(key.to_owned(), value.to_owned())].into();
        let Err(problems) = CLASS.configure(&properties, Role::Value) else { panic!("{key} is taken") };
        assert_eq!(problems.0[0].key, key);
    }
    let definition: Definition = api::ConverterPlugin::definition(&CLASS);
    assert!(definition.key("converter.type").is_some_and(api::config::Key::required));
}

#[test]
fn errors_reject_the_record_and_do_not_show_it() {
    let mut decoder = converter(&[]).decoder("topic");
    for message in [
        r#"{"schema":{"type":"secret"},"payload":"secret"}"#,
        r#"{"schema":{"type":"struct","fields":[]},"payload":"secret"}"#,
        r#"{"schema":{"type":"bytes"},"payload":"secret!"}"#,
        r#"{"secret":{"type":"bytes"}}"#,
        r#""secret"#,
    ] {
        let error = decoder.decode(Some(Bytes::copy_from_slice(message.as_bytes()))).unwrap_err();
        assert_eq!(error.reaction(), Reaction::Reject);
        assert!(!format!("{error:#}").contains("secret"), "{error:#}");
    }
}

#[test]
fn a_value_that_does_not_fit_its_schema_is_rejected() {
    let schema = Schema::structure().field("a", Schema::of(Type::Int8).build()).build();
    let mut encoder = converter(&[]).encoder("topic", Some(&schema)).unwrap();
    for value in [
        Value::from("text"),
        Value::Struct([].into()),
        Value::Struct([Value::Int(128)].into()),
        Value::Struct([Value::Bool(true)].into()),
        Value::Struct([Value::Null].into()),
    ] {
        let error = encoder.encode(&value, &mut Vec::new()).unwrap_err();
        assert_eq!(error.reaction(), Reaction::Reject, "{error:?}");
    }
}

#[test]
fn deep_nesting_is_refused_and_never_overflows_the_stack() {
    let nested = |open: &str, middle: &str, close: &str, depth: usize| {
        open.repeat(depth) + middle + &close.repeat(depth)
    };
    let schema = nested(r#"{"type":"array","items":"#, r#"{"type":"int8"}"#, "}", 190);
    for message in [
        nested("[", "", "]", 100_000),
        nested("[", "", "", 1_000_000),
        nested("{\"a\":", "1", "}", 100_000),
        format!("{{\"schema\":{},\"payload\":1}}", nested("[", "", "]", 100_000)),
        format!("{{\"schema\":{schema},\"payload\":{}}}", nested("[", "", "]", 195)),
        format!("{{\"payload\":{},\"schema\":{schema}}}", nested("[", "\"\"", "]", 190)),
    ] {
        for schemas in ["true", "false"] {
            let mut decoder = converter(&[("schemas.enable", schemas)]).decoder("topic");
            // Most are errors; that it answers at all is what counts.
            if let Ok(Some(value)) = decoder.decode(Some(message.clone().into())) {
                let mut out = Vec::new();
                let encoder = converter(&[]).encoder("topic", decoder.schema());
                let _ = encoder.and_then(|mut encoder| encoder.encode(&value, &mut out));
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..64)) {
        for schemas in ["true", "false"] {
            let _ = converter(&[("schemas.enable", schemas)]).decoder("topic").decode(Some(bytes.clone().into()));
        }
    }

    #[test]
    fn no_text_like_json_makes_it_panic(text in pieces()) {
        for schemas in ["true", "false"] {
            let _ = converter(&[("schemas.enable", schemas)]).decoder("topic").decode(Some(text.clone().into()));
        }
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "{\"schema\":",
        ",\"payload\":",
        "{\"type\":\"",
        "int8",
        "struct",
        "map",
        "array",
        "bytes",
        "\"}",
        "\"fields\":[",
        "\"items\":",
        "\"keys\":",
        "\"values\":",
        "\"default\":",
        "\"optional\":true",
        "\"field\":\"a\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "d800",
        "1",
        "-",
        ".",
        "e",
        "null",
        "true",
        " ",
        "\"name\":\"org.apache.kafka.connect.data.Decimal\"",
        "\"parameters\":{\"scale\":\"2\"}",
    ]);
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}
