use expect_test::{Expect, expect};
use proptest::{collection, proptest};

use super::*;

fn check(text: &str, expected: Expect) {
    let shown = match parse(text.as_bytes()) {
        Ok(properties) => format!("{properties:?}"),
        Err(reason) => reason,
    };
    expected.assert_eq(&shown);
}

#[test]
fn keys_and_values_are_parted_as_java_parts_them() {
    check(
        "a=1\nb:2\nc 3\nd\t=\t4\ne = = 5",
        expect![[r#"{"a": "1", "b": "2", "c": "3", "d": "4", "e": "= 5"}"#]],
    );
    check("empty=\nalone\n  indented = x  ", expect![[r#"{"alone": "", "empty": "", "indented": "x  "}"#]]);
    check(r"a\ b\=c\:d=1", expect![[r#"{"a b=c:d": "1"}"#]]);
    check(r"a\\=1", expect![[r#"{"a\\": "1"}"#]]);
    check("a=1\na=2", expect![[r#"{"a": "2"}"#]]);
    check("=x", expect![[r#"{"": "x"}"#]]);
}

#[test]
fn lines_are_continued_and_comments_are_not() {
    check("a=1,\\\n    2,\\\r\n\t3", expect![[r#"{"a": "1,2,3"}"#]]);
    check("a=x\\\\\nb=y", expect![[r#"{"a": "x\\", "b": "y"}"#]]);
    check("# c \\\na=1\n  ! d\n\n \t\nb=2", expect![[r#"{"a": "1", "b": "2"}"#]]);
    check("a=1\\\n# no comment", expect![[r##"{"a": "1# no comment"}"##]]);
    check("a=1\\\n\nb=2", expect![[r#"{"a": "1", "b": "2"}"#]]);
    check("\\\n# c\n\\\n\nb=2", expect![[r#"{"b": "2"}"#]]);
    check("a=1\\", expect![[r#"{"a": "1"}"#]]);
    check("a=1\rb=2\r\nc=3", expect![[r#"{"a": "1", "b": "2", "c": "3"}"#]]);
}

#[test]
fn escapes_are_those_of_java() {
    check(r"a=\t\n\f\r\q\\", expect![[r#"{"a": "\t\n\u{c}\rq\\"}"#]]);
    check(r"a=\u00e4\ud83d\ude00", expect![[r#"{"a": "ä😀"}"#]]);
    check("x=1\npass=\\u00x", expect!["line 2: malformed \\uXXXX in the value of `pass`"]);
}

#[test]
fn bytes_are_characters_of_latin_1() {
    let properties = parse(b"a=\xe4\xc3\xa4").expect("properties");
    assert_eq!(properties["a"], "ä\u{c3}\u{a4}");
}

proptest! {
    #[test]
    fn no_bytes_upset_the_parser(bytes in collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = parse(&bytes);
    }
}
