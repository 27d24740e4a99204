//! The order in which Java's `HashMap` goes through its entries.
//!
//! Kafka's JsonConverter reads objects and maps into a `HashMap`, so that this order is what a schemaless map has
//! when it is printed or written again. Buckets that Java turned into trees (many keys of one hash) are left out.

use std::cmp::Ordering;

use api::java::hash_text;
use api::{Schema, Type, Value, logical};

/// Up to this many entries the order is worked out without memory of its own.
const FEW: usize = 32;

/// The entries in the order that a `HashMap` has once they were put into it one after the other; what they are
/// taken from is left without values.
///
/// Of entries with equal keys the last value counts, at the place of the first. Keys whose hash differs between
/// runs of Java (bytes and structs) keep their order. Keys without schema are text.
pub(crate) fn arrange(entries: &mut [(Value, Value)], schema: Option<&Schema>) -> Vec<(Value, Value)> {
    let mut few = [0; FEW];
    let mut many = Vec::new();
    let order = match entries.len() {
        count @ ..=FEW => &mut few[..count],
        count => {
            many.resize(count, 0);
            &mut many[..]
        }
    };
    if !fill_order(entries, schema, order) {
        return entries.iter_mut().map(std::mem::take).collect();
    }
    if has_twins(entries, order) {
        let mut unique = unique(entries, schema);
        if unique.len() < entries.len() {
            return arrange(&mut unique, schema);
        }
        return arrange_unique(&mut unique, order);
    }
    arrange_unique(entries, order)
}

fn arrange_unique(entries: &mut [(Value, Value)], order: &[u64]) -> Vec<(Value, Value)> {
    order.iter().map(|place| std::mem::take(&mut entries[*place as u32 as usize])).collect()
}

/// Writes each entry's bucket in the upper half and its place in the lower, sorted; false: there is no order.
fn fill_order(entries: &[(Value, Value)], schema: Option<&Schema>, order: &mut [u64]) -> bool {
    let buckets = table_size(entries.len());
    for (place, ((key, _), slot)) in entries.iter().zip(&mut *order).enumerate() {
        let Some(hash) = hash(key, schema) else { return false };
        *slot = u64::from((hash ^ hash >> 16) & (buckets - 1)) << 32 | place as u64;
    }
    order.sort_unstable();
    true
}

/// Whether two entries of a bucket may have the same key: surely not where this is false.
fn has_twins(entries: &[(Value, Value)], order: &[u64]) -> bool {
    let key = |place: u64| &entries[place as u32 as usize].0;
    order.chunk_by(|a, b| a >> 32 == b >> 32).any(|bucket| match bucket {
        [_] => false,
        [a, b] => compare(key(*a), key(*b)).is_eq(),
        [a, b, c] => {
            let (a, b, c) = (key(*a), key(*b), key(*c));
            compare(a, b).is_eq() || compare(a, c).is_eq() || compare(b, c).is_eq()
        }
        // Few buckets have more, unless somebody wants it so: sorting finds out.
        _ => true,
    })
}

/// The size of the table once it has so many entries: it doubles when it is three quarters full.
fn table_size(count: usize) -> u32 {
    let mut size = 16;
    while count > size / 4 * 3 {
        size *= 2;
    }
    size as u32
}

/// The entries without those whose key comes again, at the place of the first with the value of the last.
fn unique(entries: &mut [(Value, Value)], schema: Option<&Schema>) -> Vec<(Value, Value)> {
    let hashes: Vec<Option<u32>> = entries.iter().map(|(key, _)| hash(key, schema)).collect();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let by_key = |a: &usize, b: &usize| {
        hashes[*a].cmp(&hashes[*b]).then_with(|| compare(&entries[*a].0, &entries[*b].0))
    };
    order.sort_by(by_key);
    // The last entry of each group gives its value to the first.
    let groups = order.chunk_by(|a, b| by_key(a, b).is_eq());
    let mut kept: Vec<(usize, usize)> = groups.map(|group| (group[0], group[group.len() - 1])).collect();
    kept.sort_unstable();
    let entry = |(first, last): (usize, usize)| {
        (std::mem::take(&mut entries[first].0), std::mem::take(&mut entries[last].1))
    };
    kept.into_iter().map(entry).collect()
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
