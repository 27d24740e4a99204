//! `SimpleDateFormat` against Java's, through the transforms that use it.

use api::{ConnectorType, Record, Value};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;
use serde_json::json;

use crate::case::Case;
use crate::judge;

const PATTERNS: [&str; 18] = [
    "yyyy-MM-dd",
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
    "EEE MMM dd HH:mm:ss z yyyy",
    "EEEE, d MMMM yyyy",
    "yyyyMMddHHmmssSSS",
    "yyyyMMdd",
    "dd/MM/yyyy hh:mm:ss a",
    "YYYY-'W'ww-u",
    "yyyy-DDD",
    "yyyy MM W E",
    "yyyy MM F EEE",
    "G y.M.d K:m a Z",
    "kk:mm LLL yyyy",
    "'o''clock' HH",
    "yyyy-MM-dd HH:mm:ss.SSSSSS zzzz",
    "MMMd HHX",
];

pub(crate) fn pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => (select("GyYMLwWDdFEuaHkKhmsSzZX".chars().collect::<Vec<_>>()), 1..5usize)
            .prop_map(|(letter, count)| if letter == 'X' { "X".repeat(count.min(3)) } else { letter.to_string().repeat(count) }),
        4 => select(vec!["-", " ", ":", "/", ".", "'T'", "''", ", "]).prop_map(str::to_owned),
    ];
    prop_oneof![
        3 => select(PATTERNS.to_vec()).prop_map(str::to_owned),
        2 => vec(piece, 1..8).prop_map(|pieces| pieces.concat()),
    ]
}

pub(crate) fn millis() -> impl Strategy<Value = i64> {
    prop_oneof![
        -11_000_000_000_000i64..200_000_000_000_000,
        0i64..4_102_444_800_000,
        (-30_000i64..30_000).prop_map(|days| days * 86_400_000),
    ]
}

fn case(pattern: &str, records: Vec<Record>, target: &str) -> Case {
    Case {
        class: "TimestampConverter$Value".to_owned(),
        config: vec![
            ("target.type".to_owned(), target.to_owned()),
            ("format".to_owned(), pattern.to_owned()),
        ],
        connector: ConnectorType::Sink,
        topic: "t".to_owned(),
        key_schema: None,
        value_schema: None,
        records,
    }
}

fn records(values: Vec<Value>) -> Vec<Record> {
    let record = |(place, value): (usize, Value)| Record {
        value: Some(value),
        partition: Some(0),
        offset: place as i64,
        ..Record::default()
    };
    values.into_iter().enumerate().map(record).collect()
}

#[test]
fn moments_are_written_alike() {
    judge::compare((pattern(), vec(millis(), 1..5)).prop_map(|(pattern, moments)| {
        case(&pattern, records(moments.into_iter().map(Value::Int).collect()), "string")
    }));
}

/// What Java wrote, some of it damaged, is read again.
#[test]
fn text_is_read_alike() {
    let damage =
        (any::<proptest::sample::Index>(), select("0123456789-+: ./aZ".chars().collect::<Vec<_>>()), 0..6);
    let text = (select(PATTERNS.to_vec()), vec((millis(), damage), 1..5));
    judge::compare(text.prop_map(|(pattern, moments)| {
        let damaged = |(millis, (place, character, kind)): (i64, (proptest::sample::Index, char, i32))| {
            let question = json!({"do": "format", "pattern": pattern, "millis": millis});
            let mut text: Vec<char> =
                judge::ask(&[question])[0]["text"].as_str().unwrap_or("2024").chars().collect();
            let place = place.index(text.len().max(1));
            match kind {
                0 if !text.is_empty() => text[place] = character,
                1 if !text.is_empty() => drop(text.remove(place)),
                2 => text.insert(place.min(text.len()), character),
                _ => {}
            }
            Value::Text(text.into_iter().collect::<String>().into())
        };
        case(pattern, records(moments.into_iter().map(damaged).collect()), "unix")
    }));
}
