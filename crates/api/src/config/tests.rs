use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Definition, Importance, Key, Parsed, Problem, Properties, Type, Validator};

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

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
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

fn definition() -> Definition {
    let long = Key::new("long", Type::Long).default("10").validator(Validator::between(0, 20));
    Definition::new()
        .define(Key::new("int", Type::Int).default("5").validator(Validator::at_least(1)))
        .define(Key::new("int2", Type::Int).default("5").validator(Validator::at_least(1)))
        .define(Key::new("req", Type::String))
        .define(Key::new("reqint", Type::Int))
        .define(Key::new("reqv", Type::String).validator(Validator::non_empty()))
        .define(Key::new("reqi2", Type::Int).validator(Validator::at_least(1)))
        .define(Key::new("nul", Type::String).nullable())
        .define(Key::new("pw", Type::Password).nullable())
        .define(Key::new("pwd", Type::Password).default("zz"))
        .define(Key::new("pwr", Type::Password))
        .define(Key::new("lst", Type::List).default("a,b"))
        .define(Key::new("lst0", Type::List).default(""))
        .define(Key::new("dbl", Type::Double).default("100"))
        .define(long)
        .define(Key::new("cls", Type::Class).default("java.lang.String"))
}

fn check_validate(properties: &Properties, expected: Expect) {
    let mut actual = String::new();
    for value in definition().validate(properties) {
        writeln!(actual, "{} = {:?}", value.name, value.value).unwrap();
        value.errors.iter().for_each(|error| writeln!(actual, "    {error}").unwrap());
    }
    writeln!(actual, "---").unwrap();
    match definition().parse(properties) {
        Ok(values) => values.iter().for_each(|(key, value)| writeln!(actual, "{key}: {value}").unwrap()),
        Err(problems) => writeln!(actual, "{problems}").unwrap(),
    }
    expected.assert_eq(&actual);
}

#[test]
fn every_key_is_validated_and_every_problem_told() {
    check_validate(
        &properties(&[]),
        expect![[r#"
        int = Some("5")
        int2 = Some("5")
        req = None
            Missing required configuration "req" which has no default value.
        reqint = None
            Missing required configuration "reqint" which has no default value.
        reqv = None
            Missing required configuration "reqv" which has no default value.
        reqi2 = None
            Missing required configuration "reqi2" which has no default value.
            Invalid value null for configuration reqi2: Value must be non-null
        nul = None
        pw = None
        pwd = Some("[hidden]")
        pwr = None
            Missing required configuration "pwr" which has no default value.
        lst = Some("a,b")
        lst0 = Some("")
        dbl = Some("100.0")
        long = Some("10")
        cls = Some("java.lang.String")
        ---
        Missing required configuration "req" which has no default value.
        Missing required configuration "reqint" which has no default value.
        Missing required configuration "reqv" which has no default value.
        Missing required configuration "reqi2" which has no default value.
        Missing required configuration "pwr" which has no default value.
    "#]],
    );
    check_validate(
        &properties(&[
            ("int", "0"),
            ("int2", "many"),
            ("reqint", "x"),
            ("reqv", ""),
            ("reqi2", "0"),
            ("pw", " s "),
            ("lst", " p , q "),
            ("dbl", "1e3"),
            ("long", "21"),
            ("unknown", "is ignored"),
        ]),
        expect![[r#"
            int = Some("0")
                Invalid value 0 for configuration int: Value must be at least 1
            int2 = None
                Invalid value many for configuration int2: Not a number of type INT
                Invalid value null for configuration int2: Value must be non-null
            req = None
                Missing required configuration "req" which has no default value.
            reqint = None
                Invalid value x for configuration reqint: Not a number of type INT
            reqv = Some("")
                Invalid value  for configuration reqv: String must be non-empty
            reqi2 = Some("0")
                Invalid value 0 for configuration reqi2: Value must be at least 1
            nul = None
            pw = Some("[hidden]")
            pwd = Some("[hidden]")
            pwr = None
                Missing required configuration "pwr" which has no default value.
            lst = Some("p,q")
            lst0 = Some("")
            dbl = Some("1000.0")
            long = Some("21")
                Invalid value 21 for configuration long: Value must be no more than 20
            cls = Some("java.lang.String")
            ---
            Invalid value 0 for configuration int: Value must be at least 1
            Invalid value many for configuration int2: Not a number of type INT
            Missing required configuration "req" which has no default value.
            Invalid value x for configuration reqint: Not a number of type INT
            Invalid value  for configuration reqv: String must be non-empty
            Invalid value 0 for configuration reqi2: Value must be at least 1
            Missing required configuration "pwr" which has no default value.
            Invalid value 21 for configuration long: Value must be no more than 20
        "#]],
    );
    check_validate(
        &properties(&[("req", "r"), ("reqint", "1"), ("reqv", "v"), ("reqi2", "2"), ("pwr", "hush")]),
        expect![[r#"
            int = Some("5")
            int2 = Some("5")
            req = Some("r")
            reqint = Some("1")
            reqv = Some("v")
            reqi2 = Some("2")
            nul = None
            pw = None
            pwd = Some("[hidden]")
            pwr = Some("[hidden]")
            lst = Some("a,b")
            lst0 = Some("")
            dbl = Some("100.0")
            long = Some("10")
            cls = Some("java.lang.String")
            ---
            cls: java.lang.String
            dbl: 100.0
            int: 5
            int2: 5
            long: 10
            lst: [a, b]
            lst0: []
            nul: null
            pw: null
            pwd: [hidden]
            pwr: [hidden]
            req: r
            reqi2: 2
            reqint: 1
            reqv: v
        "#]],
    );
}

#[test]
fn values_are_read_by_type() {
    let set = properties(&[("req", "r"), ("reqint", "1"), ("reqv", "v"), ("reqi2", "2"), ("pwr", "hush")]);
    let values = definition().parse(&set).unwrap();
    assert_eq!(values.string("req"), Some("r"));
    assert_eq!(values.string("nul"), None);
    assert_eq!(values.string("reqint"), None);
    assert_eq!(values.int("reqint"), Some(1));
    assert_eq!(values.long("long"), Some(10));
    assert_eq!(values.double("dbl"), Some(100.0));
    assert_eq!(values.list("lst"), ["a", "b"]);
    assert_eq!(values.list("nul"), [""; 0]);
    assert_eq!(values.class("cls"), Some("java.lang.String"));
    assert_eq!(values.password("pwr").map(super::Password::expose), Some("hush"));
    assert_eq!(values.password("pw"), None);
    assert_eq!(values.boolean("no such key"), None);
    assert!(values.field::<i32>("nul").is_err());
}

#[test]
fn defaults_are_shown_in_the_form_of_their_type() {
    let definition = definition();
    let default = |name: &str| definition.key(name).unwrap().default_text();
    assert_eq!(default("dbl").as_deref(), Some("100.0"));
    assert_eq!(default("lst0").as_deref(), Some(""));
    assert_eq!(default("pwd").as_deref(), Some("[hidden]"));
    assert_eq!(default("nul"), None);
    assert_eq!(default("req"), None);
}

#[test]
fn a_key_carries_what_a_form_shows() {
    let key = Key::new("a.b", Type::Int);
    assert_eq!((key.order_in_group, &*key.display_name, key.width.name()), (-1, "a.b", "NONE"));
    let key = key.group("Common", 2).display_name("A B").importance(Importance::High).recommended(["1", "2"]);
    assert_eq!((key.group.as_deref(), key.order_in_group), (Some("Common"), 2));
    assert_eq!((key.importance.name(), key.kind.name()), ("HIGH", "INT"));
    let values = Definition::new().define(key.default("1")).validate(&properties(&[]));
    assert_eq!(values[0].recommended, ["1", "2"]);
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
