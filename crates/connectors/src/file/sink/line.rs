//! Values as lines, as Java's `println` prints them.

use api::{Batch, Value, java};

/// Prints each record of a batch as a line; a tombstone is `null`.
pub(super) fn print(batch: &Batch, out: &mut Vec<u8>) {
    let schema = batch.value_schema.as_deref();
    for record in &batch.records {
        match &record.value {
            Some(Value::Text(text)) => out.extend_from_slice(text.as_bytes()),
            Some(value) => java::print(value, schema, out),
            None => out.extend_from_slice(b"null"),
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests;
