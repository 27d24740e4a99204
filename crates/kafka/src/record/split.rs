//! Splits a batch that a topic refuses as too large.

use super::{batch::RecordBatch, encode::BatchBuilder, encode::RecordHeader, varint};
use crate::{
    compression::{self, Compression},
    error::Error,
};

impl RecordBatch {
    /// Two batches with the records of this one, in order; `None` when it has only one.
    pub(crate) fn split(&self) -> Result<Option<(RecordBatch, RecordBatch)>, Error> {
        if self.records < 2 {
            return Ok(None);
        }
        let body = compression::decompress(self.codec, &self.body, self.uncompressed_bytes)?;
        let half = self.records / 2;
        let mut rest = &body[..];
        let first = self.part(&mut rest, half)?;
        let second = self.part(&mut rest, self.records - half)?;
        Ok(Some((first, second)))
    }

    fn part(&self, rest: &mut &[u8], records: i32) -> Result<RecordBatch, Error> {
        let mut builder = BatchBuilder::new(rest.len());
        for _ in 0..records {
            copy_record(rest, self.base_timestamp_ms, &mut builder).ok_or_else(unreadable)?;
        }
        let compression = Compression { codec: self.codec, level: self.level };
        builder.finish(compression)?.ok_or_else(unreadable)
    }
}

fn unreadable() -> Error {
    Error::corrupt("record batch that was to be split")
}

fn copy_record(rest: &mut &[u8], base_timestamp_ms: i64, builder: &mut BatchBuilder) -> Option<()> {
    let length = varint::take(rest)?;
    let mut record = take_bytes(rest, length)?;
    let fields = &mut record;
    take_bytes(fields, 1)?; // attributes
    let timestamp_ms = base_timestamp_ms.wrapping_add(varint::take(fields)?);
    varint::take(fields)?; // offset delta, to be given anew
    let key = take_field(fields)?;
    let value = take_field(fields)?;
    let count = usize::try_from(varint::take(fields)?).ok()?;
    let mut headers = Vec::new();
    for _ in 0..count {
        let key = std::str::from_utf8(take_field(fields)??).ok()?;
        headers.push(RecordHeader { key, value: take_field(fields)? });
    }
    builder.append(timestamp_ms, key, value, &headers);
    Some(())
}

/// The outer `None` is for bytes that end early, the inner one for null.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match varint::take(bytes)? {
        -1 => Some(None),
        length => take_bytes(bytes, length).map(Some),
    }
}

fn take_bytes<'a>(bytes: &mut &'a [u8], length: i64) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests;
