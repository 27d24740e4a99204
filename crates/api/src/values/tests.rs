use crate::Value;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::proptest;
use proptest::sample::select;

use super::{parse, print};

/// Checks the type of a text and how it is written again.
fn check(text: &str, kind: &str, again: &str) {
    let (schema, value) = parse(text).unwrap();
    let mut out = Vec::new();
    print(&value, schema.as_deref(), &mut out);
    let name =
        |schema: &crate::Schema| schema.name.as_deref().map_or(schema.kind.name().to_owned(), str::to_owned);
    assert_eq!(schema.map_or("none".to_owned(), |schema| name(&schema)), kind, "{text}");
    assert_eq!(String::from_utf8(out).unwrap(), again, "{text}");
}

#[test]
fn a_text_has_the_smallest_type_that_holds_it() {
    check("", "STRING", "");
    check("null", "none", "null");
    check("true", "BOOLEAN", "true");
    check("true}", "STRING", "true}");
    check("127", "INT8", "127");
    check("128", "INT16", "128");
    check("1.0", "INT8", "1");
    check("2147483648", "INT64", "2147483648");
    check("0.5", "FLOAT32", "0.5");
    check("1e40", "FLOAT64", "1.0E40");
    check("99999999999999999999", "org.apache.kafka.connect.data.Decimal", "99999999999999999999");
    check("abc", "STRING", "abc");
    check("1,2", "INT8", "1");
    check("+", "STRING", "+");
}

#[test]
fn dates_have_the_three_forms_of_kafka() {
    check("2019-08-23", "org.apache.kafka.connect.data.Date", "2019-08-23");
    check("14:34:54.346Z", "org.apache.kafka.connect.data.Time", "14:34:54.346Z");
    check("2019-08-23T14:34:54.346Z", "org.apache.kafka.connect.data.Timestamp", "2019-08-23T14:34:54.346Z");
    check(
        r"2019-08-23T14\:34\:54.346Z",
        "org.apache.kafka.connect.data.Timestamp",
        "2019-08-23T14:34:54.346Z",
    );
    check("2019-13-01", "org.apache.kafka.connect.data.Date", "2020-01-01");
}

#[test]
fn arrays_and_maps_have_the_schema_that_holds_their_values() {
    check("[]", "ARRAY", "[]");
    check("{}", "MAP", "{}");
    check("[1, 2.5]", "ARRAY", "[1.0,2.5]");
    check(r#"["a", 1]"#, "ARRAY", r#"["a",1]"#);
    check(r#"{"a":1,"b":300}"#, "MAP", r#"{"a":1,"b":300}"#);
    check("[1,null]", "STRING", "[1,null]");
    check("[1,,2]", "STRING", "[1,,2]");
    check("[1", "STRING", "[1");
}

#[test]
fn what_is_nested_too_deep_is_not_read() {
    assert!(parse(&"[".repeat(100_000)).is_err());
    assert!(parse(&r#"{"a":"#.repeat(100_000)).is_err());
    assert!(matches!(parse(&("[".repeat(200) + &"]".repeat(200))).unwrap().1, Value::Array(_)));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_words_make_it_panic(words in vec(word(), 0..12)) {
        let _ = parse(&words.concat());
    }
}

fn word() -> impl proptest::strategy::Strategy<Value = &'static str> {
    select(vec![
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "\"",
        "\\",
        "-",
        "T",
        "Z",
        ".",
        " ",
        "0",
        "9",
        "99",
        "999999999999999999",
        "2019-",
        "e",
        "true",
        "null",
        "é",
    ])
}
