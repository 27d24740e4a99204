use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{Definition, Importance, Key, Properties, Type, Validator};

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

// The expected texts of this module are what `ConfigDef` of Apache Kafka 4.3.1 answers.

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

#[test]
fn what_comes_twice_is_refused_by_validation_and_read_once() {
    let key = Key::new("fields", Type::List).validator(Validator::distinct_list(false, false));
    let definition: Definition = std::iter::once(key).collect();
    let properties = Properties::from([("fields".to_owned(), "a,b,a".to_owned())]);
    assert_eq!(
        definition.validate(&properties)[0].errors,
        ["Configuration 'fields' values must not be duplicated."]
    );
    assert_eq!(definition.parse(&properties).unwrap().list("fields"), ["a", "b"]);
}
