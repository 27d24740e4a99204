use expect_test::{Expect, expect};

use crate::expand;

fn check(code: &str, expected: Expect) {
    let input = syn::parse_str(code).unwrap();
    match expand::config(&input) {
        Ok(_) => expected.assert_eq("ok"),
        Err(error) => expected.assert_eq(&error.to_string()),
    }
}

fn check_field(attribute: &str, kind: &str, expected: Expect) {
    check(&format!("struct Options {{ #[config({attribute})] batch_size: {kind} }}"), expected);
}

#[test]
fn only_structs_with_named_fields_are_configurations() {
    check("struct Options { a: i32 }", expect!["ok"]);
    check("struct Options {}", expect!["ok"]);
    check("struct Options(i32);", expect!["`Config` needs a struct with named fields"]);
    check("enum Options { A }", expect!["`Config` needs a struct with named fields"]);
}

#[test]
fn what_an_option_may_be_is_told() {
    check_field(
        "defualt = 1",
        "i32",
        expect![
            "expected one of `name`, `default`, `importance`, `validator`, `group`, `order`, `width`, `display`, `dependents`, `recommended`"
        ],
    );
    check_field("importance = highest", "i32", expect!["expected one of `high`, `medium`, `low`"]);
    check_field("width = 3", "i32", expect!["expected identifier"]);
    check_field("width = wide", "i32", expect!["expected one of `short`, `medium`, `long`"]);
    check_field("default = 1, default = 2", "i32", expect!["this option is there twice"]);
    check_field("group = \"A\"", "i32", expect!["`group` needs an `order`"]);
    check_field("order = 1", "i32", expect!["`order` needs a `group`"]);
    check_field("name = 1", "i32", expect!["expected string literal"]);
    check_field("recommended = [1]", "i32", expect!["expected a string literal"]);
}

#[test]
fn a_default_is_a_literal_of_the_type_of_the_field() {
    check_field("default = -1", "i32", expect!["ok"]);
    check_field("default = null", "Option<String>", expect!["ok"]);
    check_field("default = \"a,b\"", "Vec<String>", expect!["ok"]);
    check_field("default = 2_000", "std::option::Option<i64>", expect!["ok"]);
    check_field("default = 1", "f64", expect!["ok"]);
    check_field("default = \"many\"", "i32", expect!["expected a whole number that an `i32` holds"]);
    check_field("default = 40000", "Option<i16>", expect!["expected a whole number that an `i16` holds"]);
    check_field("default = 1", "bool", expect!["expected `true` or `false` for a `bool`"]);
    check_field("default = one()", "i32", expect!["expected a string, a number, `true`, `false`, or `null`"]);
    check_field("default = -x", "i32", expect!["expected a number behind `-`"]);
}

#[test]
fn two_fields_have_two_keys() {
    check(
        "struct Options { #[config(name = \"b.c\")] a: i32, b_c: i32 }",
        expect!["the key `b.c` is defined twice"],
    );
}
