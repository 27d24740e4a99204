//! The order in which Java's `HashMap` goes through its entries.
//!
//! Kafka's JsonConverter reads objects and maps into a `HashMap`, so that this order is what a schemaless map has
//! when it is printed or written again. Buckets that Java turned into trees (many keys of one hash) are left out.

use std::cmp::Ordering;

use api::{Schema, Type, Value, logical};

/// Puts entries into the order that a `HashMap` has once they were put into it one after the other.
///
/// Of entries with equal keys the last value counts, at the place of the first. Keys whose hash differs between
/// runs of Java (bytes and structs) keep their order. Keys without schema are text.
pub(crate) fn arrange(entries: &mut Vec<(Value, Value)>, schema: Option<&Schema>) {
    if entries.len() < 2 {
        return;
    }
    let hashes = entries.iter().map(|(key, _)| hash(key, schema));
    let Some(hashes) = hashes.collect::<Option<Vec<_>>>() else { return };
    let order = order(&hashes);
    let hash_at = |place: u64| hashes[place as u32 as usize];
    let twin = |pair: &[u64]| hash_at(pair[0]) == hash_at(pair[1]);
    // Sorted by bucket only: keys of one hash may have others of their bucket between them.
    let suspicious = order.chunk_by(|a, b| a >> 32 == b >> 32).any(|bucket| match bucket {
        [_] => false,
        [_, _] => twin(bucket),
        bucket => has_twins(bucket.iter().map(|place| hash_at(*place)).collect()),
    });
    if suspicious && remove_duplicates(entries, &hashes) {
        return arrange(entries, schema);
    }
    permute(entries, order);
}

fn has_twins(mut hashes: Vec<u32>) -> bool {
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| pair[0] == pair[1])
}

/// Each entry's bucket in the upper half and its place in the lower, sorted.
fn order(hashes: &[u32]) -> Vec<u64> {
    let buckets = table_size(hashes.len());
    let place =
        |(place, hash): (usize, &u32)| u64::from((hash ^ hash >> 16) & (buckets - 1)) << 32 | place as u64;
    let mut order: Vec<u64> = hashes.iter().enumerate().map(place).collect();
    order.sort_unstable();
    order
}

/// The size of the table once it has so many entries: it doubles when it is three quarters full.
fn table_size(count: usize) -> u32 {
    let mut size = 16;
    while count > size / 4 * 3 {
        size *= 2;
    }
    size as u32
}

fn permute(entries: &mut Vec<(Value, Value)>, order: Vec<u64>) {
    let mut arranged = Vec::with_capacity(entries.len());
    arranged.extend(order.into_iter().map(|place| std::mem::take(&mut entries[place as u32 as usize])));
    *entries = arranged;
}

/// Moves the last value of each key to its first entry and drops the other entries; false: all keys differ.
fn remove_duplicates(entries: &mut Vec<(Value, Value)>, hashes: &[u32]) -> bool {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let by_key = |a: &usize, b: &usize| {
        hashes[*a].cmp(&hashes[*b]).then_with(|| compare(&entries[*a].0, &entries[*b].0))
    };
    order.sort_by(by_key);
    let groups: Vec<Vec<usize>> =
        order.chunk_by(|a, b| by_key(a, b).is_eq()).map(<[usize]>::to_vec).collect();
    let mut dropped = vec![false; entries.len()];
    for group in &groups {
        let [first, .., last] = group[..] else { continue };
        entries[first].1 = std::mem::take(&mut entries[last].1);
        group[1..].iter().for_each(|place| dropped[*place] = true);
    }
    let mut marks = dropped.iter();
    entries.retain(|_| !marks.next().expect("one mark for each entry"));
    dropped.contains(&true)
}

/// An order of keys in which those that Java's `equals` holds for equal are equal.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Float(left), Value::Float(right)) => left.total_cmp(right),
        (Value::Decimal(left), Value::Decimal(right)) => {
            left.scale.cmp(&right.scale).then_with(|| left.unscaled.cmp(&right.unscaled))
        }
        (Value::Array(left), Value::Array(right)) => {
            let elements = left.iter().zip(right).map(|(left, right)| compare(left, right));
            elements.fold(left.len().cmp(&right.len()), Ordering::then)
        }
        (Value::Map(left), Value::Map(right)) => {
            let entries = left
                .iter()
                .zip(right)
                .map(|(left, right)| compare(&left.0, &right.0).then_with(|| compare(&left.1, &right.1)));
            entries.fold(left.len().cmp(&right.len()), Ordering::then)
        }
        (left, right) => left.kind().cmp(right.kind()),
    }
}

/// Java's `hashCode` of a key; `None`: it differs between runs of Java.
fn hash(value: &Value, schema: Option<&Schema>) -> Option<u32> {
    Some(match value {
        Value::Null => 0,
        Value::Text(text) => hash_text(text),
        Value::Bool(true) => 1231,
        Value::Bool(false) => 1237,
        Value::Int(value) => hash_int(*value, schema),
        Value::Float(value) if schema.is_some_and(|schema| schema.kind == Type::Float32) => {
            (*value as f32).to_bits()
        }
        Value::Float(value) => fold(value.to_bits()),
        Value::Decimal(decimal) => {
            let (sign, words) = decimal.unscaled.to_u32_digits();
            let words = words.iter().rev().fold(0u32, |hash, word| hash.wrapping_mul(31).wrapping_add(*word));
            let words = if sign == num_bigint::Sign::Minus { words.wrapping_neg() } else { words };
            hash_decimal(words, decimal)
        }
        Value::Array(elements) => {
            let schema = schema.and_then(|schema| schema.value.as_deref());
            elements.iter().try_fold(1u32, |sum, element| {
                Some(sum.wrapping_mul(31).wrapping_add(hash(element, schema)?))
            })?
        }
        Value::Map(entries) => {
            let keys = schema.and_then(|schema| schema.key.as_deref());
            let values = schema.and_then(|schema| schema.value.as_deref());
            entries.iter().try_fold(0u32, |sum, (key, value)| {
                Some(sum.wrapping_add(hash(key, keys)? ^ hash(value, values)?))
            })?
        }
        Value::Bytes(_) | Value::Struct(_) => return None,
    })
}

fn hash_text(text: &str) -> u32 {
    let add = |hash: u32, unit: u32| hash.wrapping_mul(31).wrapping_add(unit);
    if text.is_ascii() {
        return text.bytes().fold(0, |hash, byte| add(hash, byte.into()));
    }
    text.encode_utf16().fold(0, |hash, unit| add(hash, unit.into()))
}

/// Java holds INT64 as `Long` and the logical types as `java.util.Date`, the others as what hashes to itself.
fn hash_int(value: i64, schema: Option<&Schema>) -> u32 {
    let Some(schema) = schema else { return fold(value as u64) };
    match (schema.name.as_deref(), schema.kind) {
        (Some(logical::DATE), _) => fold((value.wrapping_mul(logical::MILLIS_PER_DAY)) as u64),
        (Some(logical::TIME | logical::TIMESTAMP), _) | (_, Type::Int64) => fold(value as u64),
        _ => value as u32,
    }
}

fn fold(bits: u64) -> u32 {
    (bits ^ bits >> 32) as u32
}

/// Java's `BigDecimal.hashCode`, given the hash of its digits as a `BigInteger`.
fn hash_decimal(words: u32, decimal: &api::Decimal) -> u32 {
    let scale = decimal.scale as u32;
    match i64::try_from(&decimal.unscaled) {
        // What fits into 64 bits has a formula of its own.
        Ok(compact) if compact != i64::MIN => {
            let magnitude = compact.unsigned_abs();
            let hash = ((magnitude >> 32) as u32).wrapping_mul(31).wrapping_add(magnitude as u32);
            let hash = if compact < 0 { hash.wrapping_neg() } else { hash };
            hash.wrapping_mul(31).wrapping_add(scale)
        }
        _ => words.wrapping_mul(31).wrapping_add(scale),
    }
}

#[cfg(test)]
mod tests;
