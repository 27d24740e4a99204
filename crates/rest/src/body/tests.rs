use expect_test::{Expect, expect};
use serde_json::Value;

use super::{config, object};
use crate::RestError;

fn show<T: std::fmt::Debug>(result: Result<T, RestError>, expected: Expect) {
    let actual = match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{} {}", error.status.as_u16(), error.message),
    };
    expected.assert_eq(&actual);
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn scalars_are_taken_for_strings_as_they_were_written() {
    show(
        config(json(
            r#"{"a": 1, "b": 1.50, "c": true, "d": null, "e": " x ", "f": 12345678901234567890123}"#,
        )),
        expect![[
            r#"{"a": Some("1"), "b": Some("1.50"), "c": Some("true"), "d": None, "e": Some(" x "), "f": Some("12345678901234567890123")}"#
        ]],
    );
}

#[test]
fn nested_values_are_refused_without_being_shown() {
    show(
        config(json(r#"{"a": {"b": "secret"}}"#)),
        expect![[r#"400 the value of "a" has to be a string, not an object"#]],
    );
    show(
        config(json(r#"{"a": ["secret"]}"#)),
        expect![[r#"400 the value of "a" has to be a string, not an array"#]],
    );
    show(config(json("3")), expect!["400 the configuration has to be a JSON object, not a number"]);
}

#[test]
fn unknown_properties_are_told_with_the_known_ones() {
    show(
        object(json(r#"{"name": "a", "extra": 1}"#), &["config", "name"]),
        expect![[r#"400 Unrecognized field "extra", known properties are: "config", "name""#]],
    );
    show(
        object(json("[]"), &[]),
        expect!["400 the body of the request has to be a JSON object, not an array"],
    );
}
