use api::{Schema, Type, Value};

use super::arrange;

fn check(keys: &[&str], expected: &str) {
    let mut entries: Vec<(Value, Value)> =
        keys.iter().enumerate().map(|(place, key)| (Value::from(*key), Value::Int(place as i64))).collect();
    let arranged = arrange(&mut entries, None);
    let show = |(key, value): &(Value, Value)| match (key, value) {
        (Value::Text(key), Value::Int(value)) => format!("{key}={value}"),
        other => panic!("an unexpected entry: {other:?}"),
    };
    assert_eq!(arranged.iter().map(show).collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn keys_come_by_bucket() {
    check(&["b", "a", "c"], "a=1 b=0 c=2");
    check(&[], "");
    check(&["z"], "z=0");
}

#[test]
fn keys_of_one_hash_keep_their_order() {
    check(&["BB", "Aa"], "BB=0 Aa=1");
    check(&["Aa", "BB"], "Aa=0 BB=1");
}

#[test]
fn the_last_value_of_a_key_counts_at_the_place_of_the_first() {
    check(&["Aa", "BB", "Aa"], "Aa=2 BB=1");
    check(&["a", "a", "a"], "a=2");
    check(&["AaAa", "BBBB", "AaBB", "BBAa", "BBBB", "c"], "c=5 AaAa=0 BBBB=4 AaBB=2 BBAa=3");
}

#[test]
fn many_keys_of_one_hash_take_no_time() {
    // Every combination of `Aa` and `BB` has the same hash.
    let key =
        |number: u32| (0..14).map(|bit| if number >> bit & 1 == 0 { "Aa" } else { "BB" }).collect::<String>();
    let mut entries: Vec<(Value, Value)> =
        (0..1 << 14).map(|number| (Value::Text(key(number).into()), Value::Null)).collect();
    assert_eq!(arrange(&mut entries, None).len(), 1 << 14);
}

#[test]
fn keys_without_a_lasting_hash_keep_their_order() {
    let schema = Schema::of(Type::Bytes).build();
    let mut entries =
        vec![(Value::Bytes("b".into()), Value::Int(1)), (Value::Bytes("a".into()), Value::Int(2))];
    let expected = entries.clone();
    assert_eq!(arrange(&mut entries, Some(&schema)), expected);
}
