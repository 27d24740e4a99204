use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::Parsed;
use crate::config::{Problem, Type};

fn check(kind: Type, texts: &[&str], expected: Expect) {
    let mut actual = String::new();
    for text in texts {
        match Parsed::parse(kind, "k", text) {
            Ok(value) => writeln!(actual, "{text:?} -> {:?}", value.text().unwrap()).unwrap(),
            Err(Problem { message, .. }) => writeln!(actual, "{text:?} -> error: {message:?}").unwrap(),
        }
    }
    expected.assert_eq(&actual);
}

fn list(items: &[&str]) -> Parsed {
    Parsed::List(items.iter().map(ToString::to_string).collect())
}

// The expected texts of this module are what `ConfigDef` of Apache Kafka 4.3.1 answers.

#[test]
fn booleans() {
    check(
        Type::Boolean,
        &["true", " TRUE ", "False", "yes", "", "1"],
        expect![[r#"
            "true" -> "true"
            " TRUE " -> "true"
            "False" -> "false"
            "yes" -> error: "Invalid value yes for configuration k: Expected value to be either true or false"
            "" -> error: "Invalid value  for configuration k: Expected value to be either true or false"
            "1" -> error: "Invalid value 1 for configuration k: Expected value to be either true or false"
        "#]],
    );
}

#[test]
fn texts_are_trimmed_of_what_java_trims() {
    check(
        Type::String,
        &["a", "\ta \n", " a\u{a0}", ""],
        expect![[r#"
            "a" -> "a"
            "\ta \n" -> "a"
            " a\u{a0}" -> "a\u{a0}"
            "" -> ""
        "#]],
    );
}

#[test]
fn whole_numbers() {
    check(
        Type::Int,
        &["1", "+1", " -5 ", "-0", "2147483647", "2147483648", "1.0", "0x1", "", "1_000", "1L", "+"],
        expect![[r#"
            "1" -> "1"
            "+1" -> "1"
            " -5 " -> "-5"
            "-0" -> "0"
            "2147483647" -> "2147483647"
            "2147483648" -> error: "Invalid value 2147483648 for configuration k: Not a number of type INT"
            "1.0" -> error: "Invalid value 1.0 for configuration k: Not a number of type INT"
            "0x1" -> error: "Invalid value 0x1 for configuration k: Not a number of type INT"
            "" -> error: "Invalid value  for configuration k: Not a number of type INT"
            "1_000" -> error: "Invalid value 1_000 for configuration k: Not a number of type INT"
            "1L" -> error: "Invalid value 1L for configuration k: Not a number of type INT"
            "+" -> error: "Invalid value + for configuration k: Not a number of type INT"
        "#]],
    );
    check(
        Type::Short,
        &["-32768", "32768", " x "],
        expect![[r#"
            "-32768" -> "-32768"
            "32768" -> error: "Invalid value 32768 for configuration k: Not a number of type SHORT"
            " x " -> error: "Invalid value  x  for configuration k: Not a number of type SHORT"
        "#]],
    );
    check(
        Type::Long,
        &["9223372036854775807", "9223372036854775808"],
        expect![[r#"
            "9223372036854775807" -> "9223372036854775807"
            "9223372036854775808" -> error: "Invalid value 9223372036854775808 for configuration k: Not a number of type LONG"
        "#]],
    );
}

#[test]
fn doubles() {
    check(
        Type::Double,
        &[
            "1",
            "1e3",
            "1d",
            "1F",
            ".5",
            "5.",
            "+.5e+1F",
            "NaN",
            "-Infinity",
            "1e400",
            "1e-7",
            "-0",
            "inf",
            "nan",
            "infinity",
            "1_0",
            "",
            ".",
            "d",
            "1dd",
            "+-1",
        ],
        expect![[r#"
            "1" -> "1.0"
            "1e3" -> "1000.0"
            "1d" -> "1.0"
            "1F" -> "1.0"
            ".5" -> "0.5"
            "5." -> "5.0"
            "+.5e+1F" -> "5.0"
            "NaN" -> "NaN"
            "-Infinity" -> "-Infinity"
            "1e400" -> "Infinity"
            "1e-7" -> "1.0E-7"
            "-0" -> "-0.0"
            "inf" -> error: "Invalid value inf for configuration k: Not a number of type DOUBLE"
            "nan" -> error: "Invalid value nan for configuration k: Not a number of type DOUBLE"
            "infinity" -> error: "Invalid value infinity for configuration k: Not a number of type DOUBLE"
            "1_0" -> error: "Invalid value 1_0 for configuration k: Not a number of type DOUBLE"
            "" -> error: "Invalid value  for configuration k: Not a number of type DOUBLE"
            "." -> error: "Invalid value . for configuration k: Not a number of type DOUBLE"
            "d" -> error: "Invalid value d for configuration k: Not a number of type DOUBLE"
            "1dd" -> error: "Invalid value 1dd for configuration k: Not a number of type DOUBLE"
            "+-1" -> error: "Invalid value +-1 for configuration k: Not a number of type DOUBLE"
        "#]],
    );
}

#[test]
fn lists() {
    check(
        Type::List,
        &["a,b", " a , b ", "", "  ", "a,,b", ",", "a,", ",a", "a\n,\tb", "a\u{a0},b", "a b,c"],
        expect![[r#"
            "a,b" -> "a,b"
            " a , b " -> "a,b"
            "" -> ""
            "  " -> ""
            "a,,b" -> "a,,b"
            "," -> ","
            "a," -> "a,"
            ",a" -> ",a"
            "a\n,\tb" -> "a,b"
            "a\u{a0},b" -> "a\u{a0},b"
            "a b,c" -> "a b,c"
        "#]],
    );
    assert_eq!(Parsed::parse(Type::List, "k", ""), Ok(list(&[])));
    assert_eq!(Parsed::parse(Type::List, "k", " , "), Ok(list(&["", ""])));
}

#[test]
fn classes_and_passwords() {
    check(
        Type::Class,
        &[" java.util.ArrayList ", ""],
        expect![[r#"
            " java.util.ArrayList " -> "java.util.ArrayList"
            "" -> error: "Invalid value  for configuration k: Class  could not be found."
        "#]],
    );
    let secret = Parsed::parse(Type::Password, "k", " secret ").unwrap();
    assert_eq!(secret.text().unwrap(), "[hidden]");
    assert_eq!(format!("{secret:?} {secret}"), "Password([hidden]) [hidden]");
    let Parsed::Password(password) = secret else { panic!("not a password") };
    assert_eq!(password.expose(), "secret");
}

proptest! {
    #[test]
    fn items_of_a_list_come_back(items in prop::collection::vec("[a-z.]{1,5}( [a-z]{1,3})?", 1..6)) {
        let joined = items.join(" ,\t");
        prop_assert_eq!(Parsed::parse(Type::List, "k", &joined).unwrap(), Parsed::List(items.clone()));
        let shown = Parsed::List(items.clone()).text().unwrap();
        prop_assert_eq!(Parsed::parse(Type::List, "k", &shown).unwrap(), Parsed::List(items));
    }

    #[test]
    fn numbers_come_back(long: i64, double: f64) {
        prop_assert_eq!(Parsed::parse(Type::Long, "k", &long.to_string()).unwrap(), Parsed::Long(long));
        let text = Parsed::Double(double).text().unwrap();
        prop_assert_eq!(Parsed::parse(Type::Double, "k", &text).unwrap(), Parsed::Double(double));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,12}") {
        for kind in [Type::Boolean, Type::Int, Type::Double, Type::List, Type::Class, Type::Password] {
            let _ = Parsed::parse(kind, "k", &text);
        }
    }
}
