//! Maps without schema, changed as Java changes a `HashMap`: entries are in the order of their hashes afterwards.

use api::{Text, Value, java};

/// Up to this many entries the order is worked out without memory of its own.
const FEW: usize = 32;

/// Sets the value of a key, at its place or at the end.
pub(crate) fn put(entries: &mut Vec<(Value, Value)>, key: &Text, value: Value) {
    match entries.iter_mut().find(|(known, _)| is(known, key)) {
        Some((_, known)) => *known = value,
        None => entries.push((Value::Text(key.clone()), value)),
    }
}

/// Takes the value of a key.
pub(crate) fn take(entries: &mut [(Value, Value)], key: &str) -> Option<Value> {
    get_mut(entries, key).map(std::mem::take)
}

/// The value of a key, to be changed.
pub(crate) fn get_mut<'a>(entries: &'a mut [(Value, Value)], key: &str) -> Option<&'a mut Value> {
    entries.iter_mut().find(|(known, _)| is(known, key)).map(|(_, value)| value)
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
    if !entries.iter().all(|(key, _)| matches!(key, Value::Text(_))) {
        return;
    }
    match entries.len() {
        count @ ..=FEW => arrange_few(entries, &mut [0; FEW][..count], size),
        _ => entries.sort_by_cached_key(|(key, _)| bucket(key, size)),
    }
}

/// Sorts entries by their buckets; of one bucket they stay as they are.
fn arrange_few(entries: &mut [(Value, Value)], order: &mut [u64], size: usize) {
    for (place, ((key, _), slot)) in entries.iter().zip(&mut *order).enumerate() {
        *slot = u64::from(bucket(key, size)) << 32 | place as u64;
    }
    if order.is_sorted() {
        return;
    }
    order.sort_unstable();
    let source = |place: usize| order[place] as u32 as usize;
    for place in 0..entries.len() {
        // What stood at an earlier place has gone to where that one's entry came from.
        let mut from = source(place);
        while from < place {
            from = source(from);
        }
        entries.swap(place, from);
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
    let hash = java::hash_text(text);
    (hash ^ hash >> 16) & (size as u32).wrapping_sub(1)
}

#[cfg(test)]
mod tests;
