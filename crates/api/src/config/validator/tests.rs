use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::Validator;
use crate::config::Parsed;

fn check_validator(validator: &Validator, values: &[Parsed], expected: Expect) {
    let mut actual = format!("{}\n", validator.description());
    for value in values {
        match validator.check("k", value) {
            Ok(()) => writeln!(actual, "{}", value.to_string().escape_debug()).unwrap(),
            Err(message) => {
                writeln!(actual, "{} -> {message:?}", value.to_string().escape_debug()).unwrap();
            }
        }
    }
    expected.assert_eq(&actual);
}

fn text(text: &str) -> Parsed {
    Parsed::String(text.to_owned())
}

fn list(items: &[&str]) -> Parsed {
    Parsed::List(items.iter().map(ToString::to_string).collect())
}

// The expected texts of this module are what `ConfigDef` of Apache Kafka 4.3.1 answers.

#[test]
fn ranges() {
    check_validator(
        &Validator::at_least(1),
        &[Parsed::Int(1), Parsed::Long(0), Parsed::Short(-5), Parsed::Null],
        expect![[r#"
            [1,...]
            1
            0 -> "Invalid value 0 for configuration k: Value must be at least 1"
            -5 -> "Invalid value -5 for configuration k: Value must be at least 1"
            null -> "Invalid value null for configuration k: Value must be non-null"
        "#]],
    );
    check_validator(
        &Validator::at_least(1.5),
        &[Parsed::Double(1.5), Parsed::Double(0.1)],
        expect![[r#"
            [1.5,...]
            1.5
            0.1 -> "Invalid value 0.1 for configuration k: Value must be at least 1.5"
        "#]],
    );
    check_validator(
        &Validator::between(1, 5),
        &[Parsed::Int(1), Parsed::Int(5), Parsed::Int(6), Parsed::Int(0), Parsed::Null],
        expect![[r#"
            [1,...,5]
            1
            5
            6 -> "Invalid value 6 for configuration k: Value must be no more than 5"
            0 -> "Invalid value 0 for configuration k: Value must be at least 1"
            null -> "Invalid value null for configuration k: Value must be non-null"
        "#]],
    );
}

#[test]
fn texts_among_others() {
    check_validator(
        &Validator::one_of(["a", "b"]),
        &[text("a"), text("A"), Parsed::Null],
        expect![[r#"
            [a, b]
            a
            A -> "Invalid value A for configuration k: String must be one of: a, b"
            null -> "Invalid value null for configuration k: String must be one of: a, b"
        "#]],
    );
    check_validator(
        &Validator::one_of_ignoring_case(["Abc", "b"]),
        &[text("abc"), text("ABC"), text("c"), Parsed::Null],
        expect![[r#"
            (case insensitive) [ABC, B]
            abc
            ABC
            c -> "Invalid value c for configuration k: String must be one of (case insensitive): ABC, B"
            null -> "Invalid value null for configuration k: String must be one of (case insensitive): ABC, B"
        "#]],
    );
}

#[test]
fn texts_with_characters() {
    check_validator(
        &Validator::non_empty(),
        &[text("a"), text(""), text("  "), Parsed::Null],
        expect![[r#"
            non-empty string
            a
             -> "Invalid value  for configuration k: String must be non-empty"
              
            null
        "#]],
    );
    check_validator(
        &Validator::non_empty_without_control_chars(),
        &[text("a b"), text(""), text("a\u{1}b\u{7}"), text("\u{7f}"), text("\u{85}x"), Parsed::Null],
        expect![[r#"
            non-empty string without ISO control characters
            a b
             -> "Invalid value  for configuration k: String may not be empty"
            a\u{1}b\u{7} -> "Invalid value a\u{1}b\u{7} for configuration k: String may not contain control sequences but had the following ASCII chars: 1, 7"
            \u{7f} -> "Invalid value \u{7f} for configuration k: String may not contain control sequences but had the following ASCII chars: 127"
            \u{85}x -> "Invalid value \u{85}x for configuration k: String may not contain control sequences but had the following ASCII chars: 133"
            null
        "#]],
    );
}

#[test]
fn lists_of_items() {
    let lists = [list(&["a"]), list(&["a", "c"]), list(&[]), list(&["a", "a"]), list(&[""]), Parsed::Null];
    check_validator(
        &Validator::list_of(["a", "b"], true),
        &lists,
        expect![[r#"
        [a, b]
        [a]
        [a, c] -> "Invalid value c for configuration k: String must be one of: a, b"
        []
        [a, a] -> "Configuration 'k' values must not be duplicated."
        [] -> "Configuration 'k' values must not be empty."
        null -> "Configuration 'k' values must not be null."
    "#]],
    );
    check_validator(
        &Validator::list_of(["a", "b"], false),
        &lists,
        expect![[r#"
        [a, b]
        [a]
        [a, c] -> "Invalid value c for configuration k: String must be one of: a, b"
        [] -> "Configuration 'k' must not be empty. Valid values include: [a, b]"
        [a, a] -> "Configuration 'k' values must not be duplicated."
        [] -> "Configuration 'k' values must not be empty."
        null -> "Configuration 'k' values must not be null."
    "#]],
    );
    check_validator(
        &Validator::distinct_list(true, true),
        &lists,
        expect![[r#"

        [a]
        [a, c]
        []
        [a, a] -> "Configuration 'k' values must not be duplicated."
        [] -> "Configuration 'k' values must not be empty."
        null
    "#]],
    );
    check_validator(
        &Validator::distinct_list(false, false),
        &lists,
        expect![[r#"

        [a]
        [a, c]
        [] -> "Configuration 'k' must not be empty. Valid values include: any non-empty value"
        [a, a] -> "Configuration 'k' values must not be duplicated."
        [] -> "Configuration 'k' values must not be empty."
        null -> "Configuration 'k' values must not be null."
    "#]],
    );
}

#[test]
fn several_checks_stop_at_the_first_that_fails() {
    check_validator(
        &Validator::all([Validator::non_null(), Validator::at_least(1)]),
        &[Parsed::Null, Parsed::Int(0), Parsed::Int(1)],
        expect![[r#"
            non-null string, [1,...]
            null -> "Invalid value null for configuration k: entry must be non null"
            0 -> "Invalid value 0 for configuration k: Value must be at least 1"
            1
        "#]],
    );
}

#[test]
fn a_range_may_be_left_out() {
    check_validator(
        &Validator::at_least(1).or_null(),
        &[Parsed::Null, Parsed::Int(0), Parsed::Int(1)],
        expect![[r#"
            [1,...]
            null
            0 -> "Invalid value 0 for configuration k: Value must be at least 1"
            1
        "#]],
    );
}

#[test]
fn a_check_of_ones_own_is_given_key_and_value() {
    let own = Validator::new("desc", |key, value| Err(format!("{key} is {value}")));
    check_validator(
        &own,
        &[list(&["a", "b"])],
        expect![[r#"
        desc
        [a, b] -> "k is [a, b]"
    "#]],
    );
}
