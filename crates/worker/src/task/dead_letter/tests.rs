use std::sync::Arc;

use api::{Decimal, Error, Schema, SourceOffset, SourcePartition, Value};
use serde_json::json;

use super::{Origin, context_headers, write_json};
use crate::provider::Secrets;
use crate::task::TaskId;
use crate::task::policy::{Refusal, Stage};

fn refusal(error: Error) -> Refusal {
    let class = "org.apache.kafka.connect.json.JsonConverter";
    Refusal { stage: Stage::ValueConverter, class, transform: None, error }
}

fn headers(origin: &Origin<'_>, refusal: &Refusal) -> Vec<(String, String)> {
    headers_without(&Secrets::default(), origin, refusal)
}

fn headers_without(secrets: &Secrets, origin: &Origin<'_>, refusal: &Refusal) -> Vec<(String, String)> {
    let id = TaskId { connector: "sink".into(), task: 2 };
    let headers = context_headers(&id, origin, refusal, secrets);
    let short = |name: String| name.strip_prefix("__connect.errors.").expect("the prefix").to_owned();
    headers.into_iter().map(|(name, value)| (short(name), value)).collect()
}

#[test]
fn a_dead_letter_of_a_sink_names_the_record_as_kafka_does() {
    let error = Error::reject("no JSON").caused_by("unexpected end");
    let origin = Origin::Sink { topic: "orders", partition: 3, offset: 12 };
    let expected = [
        ("topic", "orders"),
        ("partition", "3"),
        ("offset", "12"),
        ("connector.name", "sink"),
        ("task.id", "2"),
        ("stage", "VALUE_CONVERTER"),
        ("class.name", "org.apache.kafka.connect.json.JsonConverter"),
        ("exception.class.name", "org.apache.kafka.connect.errors.DataException"),
        ("exception.message", "no JSON"),
        (
            "exception.stacktrace",
            "org.apache.kafka.connect.errors.DataException: no JSON\nCaused by: unexpected end\n",
        ),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(headers(&origin, &refusal(error)), expected);
}

#[test]
fn what_came_from_a_provider_is_in_no_header() {
    let variable = "${file:/run/secrets:password}";
    let secrets = Secrets::default();
    secrets.remember(&[("hunter2-hunter2".to_owned(), variable.to_owned())]);
    let error = Error::reject("cannot log in with hunter2-hunter2").caused_by("no user `hunter2-hunter2`");
    let origin = Origin::Sink { topic: "orders", partition: 3, offset: 12 };
    let headers = headers_without(&secrets, &origin, &refusal(error));
    assert!(headers.iter().all(|(_, value)| !value.contains("hunter2")), "{headers:?}");
    let shown = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(shown("exception.message"), Some(format!("cannot log in with {variable}")));
    assert!(
        shown("exception.stacktrace").is_some_and(|trace| trace.contains(&format!("no user `{variable}`")))
    );
}

#[test]
fn a_dead_letter_of_a_source_names_its_place_in_the_source() {
    let partition = Arc::new(SourcePartition::of("filename", "a.txt"));
    let positions = [(partition, SourceOffset::of("position", 42))];
    let headers = headers(&Origin::Source { positions: &positions }, &refusal(Error::reject("bad")));
    assert_eq!(headers[0], ("source.partition".to_owned(), r#"{"filename":"a.txt"}"#.to_owned()));
    assert_eq!(headers[1], ("source.offset".to_owned(), r#"{"position":42}"#.to_owned()));
    assert_eq!(headers[2].0, "connector.name");
}

fn written(schema: Option<&Schema>, value: &Value) -> serde_json::Value {
    let mut out = Vec::new();
    write_json(schema, value, &mut out);
    serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)))
}

#[test]
fn every_value_has_a_form_in_json() {
    let fields =
        Schema::structure().field("a\"b", Schema::int64()).field("c", Schema::optional_bytes()).build();
    let value = Value::Struct(Box::new([Value::Int(7), Value::Bytes(b"xyz".as_slice().into())]));
    assert_eq!(written(Some(&fields), &value), json!({"a\"b": 7, "c": "eHl6"}));
    assert_eq!(written(None, &value), json!([7, "eHl6"]));
    let map = Value::Map(vec![(Value::from("k"), Value::Null), (Value::from("l"), Value::Float(f64::NAN))]);
    assert_eq!(written(None, &map), json!({"k": null, "l": "NaN"}));
    let pairs = Value::Map(vec![(Value::Int(1), Value::Float(1e300))]);
    assert_eq!(written(None, &pairs), json!([[1, 1e300]]));
    let decimal = Value::Decimal(Box::new(Decimal::new(1234, 2)));
    assert_eq!(written(None, &Value::Array(vec![decimal, true.into()])), json!(["12.34", true]));
}

#[test]
fn a_value_without_an_end_is_cut_off() {
    let deep = (0..100_000).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let mut out = Vec::new();
    write_json(None, &deep, &mut out);
    assert!(out.len() < 1_000);
    // Dropping it recursively would end the stack.
    let mut next = deep;
    while let Value::Array(mut items) = next {
        next = items.pop().unwrap_or_default();
    }
}
