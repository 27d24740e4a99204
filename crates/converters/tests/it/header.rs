//! Header converters against Kafka's.

use std::sync::Arc;

use api::{Schema, Value};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;

use crate::{case, generate, judge};

const SIMPLE: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

#[test]
fn headers_are_written_alike() {
    judge::compare(
        generate::schema_and_value(),
        |(schema, value)| case::write_header_question(SIMPLE, Some(schema), value),
        |(schema, value)| case::write_header(SIMPLE, Some(schema), value),
    );
}

#[test]
fn what_was_written_is_read_alike() {
    let written = |schema: &Arc<Schema>, value: &Value| {
        let answer = case::write_header(SIMPLE, Some(schema), value);
        answer["bytes"].as_str().map(|bytes| hex::decode(bytes).unwrap())
    };
    compare_reading(generate::schema_and_value().prop_map(move |(schema, value)| written(&schema, &value)));
}

#[test]
fn any_header_is_read_alike() {
    let text = vec(prop_oneof![3 => word(), 1 => any::<char>().prop_map(String::from)], 0..9);
    compare_reading(text.prop_map(|words| Some(words.concat().into_bytes())));
}

#[test]
fn collections_are_read_alike() {
    let collection = prop_oneof![collection(date()), collection(time())];
    compare_reading(collection.prop_map(|text| Some(text.into_bytes())));
}

#[test]
fn bytes_that_are_no_text_are_read_alike() {
    // Digits of other scripts are digits for Java and text for us.
    let other_digit = |bytes: &Vec<u8>| {
        let text = String::from_utf8_lossy(bytes);
        text.trim_start_matches(|char: char| char <= ' ')
            .starts_with(|char: char| char.is_numeric() && !char.is_ascii())
    };
    let bytes = vec(any::<u8>(), 0..12).prop_filter("other digits", move |bytes| !other_digit(bytes));
    compare_reading(bytes.prop_map(Some));
}

fn compare_reading(strategy: impl Strategy<Value = Option<Vec<u8>>>) {
    judge::compare(
        strategy,
        |bytes| case::read_header_question(SIMPLE, bytes.as_deref()),
        |bytes| case::read_header(SIMPLE, bytes.as_deref()),
    );
}

fn number() -> BoxedStrategy<String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        "[-+]?[0-9]{1,22}(\\.[0-9]{0,9})?([eE][-+]?[0-9]{1,3})?",
        "[-+.0-9eE]{1,6}",
        select(vec![
            "1.0",
            "127",
            "128",
            "-129",
            "32768",
            "2147483648",
            "9223372036854775808",
            "0.1",
            "-0.0",
            "1e39",
            "1e309",
            "1e-400",
            "100e-2",
            "1e18",
            "1e19",
            "0e99",
            "5e-324",
            "12345678901234567890.5"
        ])
        .prop_map(str::to_owned),
    ]
    .boxed()
}

fn date() -> BoxedStrategy<String> {
    prop_oneof!["[0-9]{4}-[0-1][0-9]-[0-3][0-9]", "[0-9 ]{1,4}-[0-9 ]{1,3}-[0-9 ]{1,4}"].boxed()
}

fn time() -> BoxedStrategy<String> {
    prop_oneof![
        "[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z",
        "[0-9]{2}\\\\:[0-9]{2}\\\\:[0-9]{2}\\.[0-9]{3}Z",
        "[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}\\.[0-9]{1,6}Z",
    ]
    .boxed()
}

fn timestamp() -> BoxedStrategy<String> {
    "(1[6-9]|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}(\\\\)?:[0-9]{2}(\\\\)?:[0-9]{2}\\.[0-9]{3}Z".boxed()
}

fn word() -> BoxedStrategy<String> {
    prop_oneof![
        number(),
        date(),
        select(vec![
            "true", "false", "null", "[", "]", "{", "}", ":", ",", "\"", "\\", " ", "\t", "[]", "{}", "a",
            "\\\"", "[1,2]"
        ])
        .prop_map(str::to_owned),
    ]
    .boxed()
}

/// Arrays and maps, most of them well formed.
///
/// Dates and times are not mixed: Java makes dates of times, which no number of days tells.
fn collection(moment: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let moment = prop_oneof![3 => moment, 1 => timestamp()];
    let leaf = prop_oneof![
        3 => number(),
        2 => moment.clone(),
        2 => moment.prop_map(|moment| format!("\"{moment}\"")),
        3 => "\"[a-z ]{0,4}\"",
        2 => select(vec!["true", "false", "null", " ", "", "abc", "\"a\\\"b\"", "\"a:b\""]).prop_map(str::to_owned),
    ];
    let small = prop_oneof![4 => "[0-9]{1,5}", 1 => leaf.clone()];
    prop_oneof![leaf, small.clone()]
        .prop_recursive(3, 20, 5, move |inner| {
            let elements = prop_oneof![vec(inner.clone(), 0..4), vec(small.clone(), 0..4)];
            let key = prop_oneof!["\"[a-c]\"".prop_map(String::from), small.clone(), inner.clone()];
            let separator = select(vec![",", ",", ",", " , ", "", ",,"]);
            let entry = (key, select(vec![":", ":", ":", " : ", ""]), inner)
                .prop_map(|(key, colon, value)| format!("{key}{colon}{value}"));
            let end = |end: &'static str| prop_oneof![9 => Just(end), 1 => select(vec!["", "]", "}", ","])];
            prop_oneof![
                (elements, separator.clone(), end("]"))
                    .prop_map(|(list, comma, end)| format!("[{}{end}", list.join(comma))),
                (vec(entry, 0..4), separator, end("}"))
                    .prop_map(|(list, comma, end)| format!("{{{}{end}", list.join(comma))),
            ]
        })
        .boxed()
}
