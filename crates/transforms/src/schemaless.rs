//! Maps without schema, changed as Java changes a `HashMap`: entries are in the order of their hashes afterwards.

use api::{Text, Value};

/// Sets the value of a key, at its place or at the end.
pub(crate) fn put(entries: &mut Vec<(Value, Value)>, key: &Text, value: Value) {
    match entries.iter_mut().find(|(known, _)| is(known, key)) {
        Some((_, known)) => *known = value,
        None => entries.push((Value::Text(key.clone()), value)),
    }
}

/// The value of a key.
pub(crate) fn get<'a>(entries: &'a [(Value, Value)], key: &str) -> Option<&'a Value> {
    entries.iter().find(|(known, _)| is(known, key)).map(|(_, value)| value)
}

/// Whether a key of a map is this text.
pub(crate) fn is(key: &Value, text: &str) -> bool {
    matches!(key, Value::Text(known) if **known == *text)
}

/// The size of the table of `new HashMap<>(map)` for a map of so many entries, in Java 17.
pub(crate) fn copy_size(count: usize) -> usize {
    if count == 0 { 16 } else { (count * 4 / 3 + 1).next_power_of_two() }
}

/// The size of the table of `new HashMap<>(capacity)`.
pub(crate) fn capacity(count: usize) -> usize {
    count.next_power_of_two()
}

/// Brings entries into the order in which Java goes through a `HashMap` whose table had a size at first.
///
/// Keys that are not text leave the order as it is.
pub(crate) fn arrange(entries: &mut [(Value, Value)], size: usize) {
    let mut size = size;
    while entries.len() > size / 4 * 3 + size % 4 * 3 / 4 {
        size *= 2;
    }
    if entries.iter().all(|(key, _)| matches!(key, Value::Text(_))) {
        entries.sort_by_cached_key(|(key, _)| bucket(key, size));
    }
}

/// Brings names into the order in which Java goes through a `HashMap` or `HashSet` of them.
pub(crate) fn arrange_names<T>(names: &mut [T], name: impl Fn(&T) -> &Text, size: usize) {
    let mut size = size;
    while names.len() > size / 4 * 3 {
        size *= 2;
    }
    names.sort_by_cached_key(|item| bucket(&Value::Text(name(item).clone()), size));
}

fn bucket(key: &Value, size: usize) -> u32 {
    let Value::Text(text) = key else { return 0 };
    let hash = text.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    (hash ^ hash >> 16) & (size as u32).wrapping_sub(1)
}
