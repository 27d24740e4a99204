//! When two partitions or offsets are the same: as the maps that a Java worker makes of them.
//!
//! The order of keys does not count. Whole numbers are never equal to others (1 is not 1.0, as `Long` is not
//! `Double`), others are compared as doubles (1.0 is 1.00), and whole numbers of any size keep all their digits.

use std::hash::{Hash, Hasher};

use serde_json::{Map, Number, Value as Json};

pub(super) fn same_map(a: &Map<String, Json>, b: &Map<String, Json>) -> bool {
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
}

pub(super) fn hash_map(map: &Map<String, Json>, state: &mut impl Hasher) {
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort_unstable();
    for key in keys {
        key.hash(state);
        hash(&map[key], state);
    }
}

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => same_map(a, b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Number(a), Json::Number(b)) => a == b || Canonical::of(a) == Canonical::of(b),
        _ => a == b,
    }
}

fn hash(value: &Json, state: &mut impl Hasher) {
    match value {
        Json::Object(map) => hash_map(map, state),
        Json::Array(items) => items.iter().for_each(|item| hash(item, state)),
        Json::Number(number) => Canonical::of(number).hash(state),
        Json::String(text) => text.hash(state),
        Json::Bool(value) => value.hash(state),
        Json::Null => {}
    }
}

/// A number as Java reads it.
#[derive(Eq, Hash, PartialEq)]
enum Canonical<'a> {
    Whole(&'a str),
    Double(u64),
}

impl<'a> Canonical<'a> {
    fn of(number: &'a Number) -> Self {
        match number.as_str() {
            "-0" => Self::Whole("0"),
            text if text.contains(['.', 'e', 'E']) => {
                // Every number of JSON is one of Rust; what is too large is infinite in both languages.
                Self::Double(text.parse::<f64>().map_or(0, f64::to_bits))
            }
            text => Self::Whole(text),
        }
    }
}
