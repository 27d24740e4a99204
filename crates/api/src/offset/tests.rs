use std::collections::HashSet;

use super::{SourceOffset, SourcePartition};

fn partition(json: &str) -> SourcePartition {
    serde_json::from_str(json).unwrap()
}

fn check(a: &str, b: &str, same: bool) {
    let (a, b) = (partition(a), partition(b));
    assert_eq!(a == b, same, "{a:?} {b:?}");
    assert_eq!(b == a, same, "{b:?} {a:?}");
    let set = HashSet::from([a, b]);
    assert_eq!(set.len() == 1, same, "{set:?}");
}

#[test]
fn the_order_of_keys_does_not_count() {
    check(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, true);
    check(r#"{"x":{"a":1,"b":[{"p":1,"q":2}]}}"#, r#"{"x":{"b":[{"q":2,"p":1}],"a":1}}"#, true);
    check(r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false);
    check(r#"{"a":null}"#, r#"{"b":null}"#, false);
    check(r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false);
}

#[test]
fn numbers_are_those_of_java() {
    check(r#"{"a":1}"#, r#"{"a":1.0}"#, false);
    check(r#"{"a":1}"#, r#"{"a":"1"}"#, false);
    check(r#"{"a":1.0}"#, r#"{"a":1.00}"#, true);
    check(r#"{"a":10.0}"#, r#"{"a":1e1}"#, true);
    check(r#"{"a":-0}"#, r#"{"a":0}"#, true);
    check(r#"{"a":9223372036854775808}"#, r#"{"a":9223372036854775809}"#, false);
    check(r#"{"a":123456789012345678901234567890}"#, r#"{"a":123456789012345678901234567890}"#, true);
}

#[test]
fn the_text_is_kept_as_it_was() {
    let json = r#"{"z":1.00,"a":123456789012345678901234567890,"m":{"y":null,"x":2.50}}"#;
    assert_eq!(serde_json::to_string(&partition(json)).unwrap(), json);
    assert_eq!(serde_json::to_string(&SourceOffset::of("position", 42)).unwrap(), r#"{"position":42}"#);
}

#[test]
fn offsets_are_compared_in_the_same_way() {
    let offset = |json: &str| serde_json::from_str::<SourceOffset>(json).unwrap();
    assert_eq!(offset(r#"{"a":1,"b":2.50}"#), offset(r#"{"b":2.5,"a":1}"#));
    assert_ne!(offset(r#"{"a":1}"#), offset(r#"{"a":2}"#));
}
