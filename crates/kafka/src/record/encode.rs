//! Builds the records of one batch into one buffer.

use bytes::Bytes;

use super::{
    batch::{BATCH_HEADER_BYTES, RecordBatch},
    varint,
};
use crate::{
    compression::{self, Codec, Compression},
    error::Error,
};

/// A header of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordHeader<'a> {
    /// Its name; names may repeat.
    pub key: &'a str,
    /// Its value, if not null.
    pub value: Option<&'a [u8]>,
}

/// Builds one batch: append records, look at [`BatchBuilder::size_with`] before each, then finish.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    body: Vec<u8>,
    records: i32,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
}

impl BatchBuilder {
    /// `capacity` is about what the records will weigh, so that the buffer need not grow.
    pub fn new(capacity: usize) -> BatchBuilder {
        BatchBuilder { body: Vec::with_capacity(capacity), ..BatchBuilder::default() }
    }

    /// How many records there are.
    pub fn records(&self) -> i32 {
        self.records
    }

    /// What the batch weighs now, with its header and without compression.
    pub fn bytes(&self) -> usize {
        BATCH_HEADER_BYTES + self.body.len()
    }

    /// What the batch would weigh at most with one more record of these lengths (`None` is null).
    pub fn size_with(&self, key: Option<usize>, value: Option<usize>, headers: &[RecordHeader<'_>]) -> usize {
        // Length, attributes, timestamp, offset, key and value length, number of headers: at their longest.
        const FRAME_BYTES_MAX: usize = 5 + 1 + varint::MAX_BYTES + 5 + 5 + 5 + 5;
        let headers: usize = headers.iter().map(header_bytes).sum();
        self.bytes() + FRAME_BYTES_MAX + key.unwrap_or(0) + value.unwrap_or(0) + headers
    }

    /// Appends a record; its offset follows that of the one before.
    ///
    /// # Panics
    /// With more than 2^31 - 1 records, or a field of more than 2 GiB.
    pub fn append(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader<'_>],
    ) {
        if self.records == 0 {
            self.base_timestamp_ms = timestamp_ms;
            self.max_timestamp_ms = timestamp_ms;
        }
        self.max_timestamp_ms = self.max_timestamp_ms.max(timestamp_ms);
        let delta_ms = timestamp_ms.wrapping_sub(self.base_timestamp_ms);
        let offset_delta = i64::from(self.records);
        let length = 1
            + varint::size(delta_ms)
            + varint::size(offset_delta)
            + field_bytes(key)
            + field_bytes(value)
            + varint::size(headers.len() as i64)
            + headers.iter().map(header_bytes).sum::<usize>();
        assert!(i32::try_from(length).is_ok(), "a record is smaller than 2 GiB");
        let body = &mut self.body;
        body.reserve(length + varint::MAX_BYTES);
        varint::put(body, length as i64);
        body.push(0); // attributes: none are defined
        varint::put(body, delta_ms);
        varint::put(body, offset_delta);
        put_field(body, key);
        put_field(body, value);
        varint::put(body, headers.len() as i64);
        for header in headers {
            put_field(body, Some(header.key.as_bytes()));
            put_field(body, header.value);
        }
        self.records = self.records.checked_add(1).expect("a batch has at most 2^31 - 1 records");
    }

    /// Compresses the records. `None` when there are none; an error only from a codec.
    pub fn finish(self, compression: Compression) -> Result<Option<RecordBatch>, Error> {
        if self.records == 0 {
            return Ok(None);
        }
        let uncompressed_bytes = self.body.len();
        let body = match compression.codec {
            Codec::None => Bytes::from(self.body),
            _ => Bytes::from(compression::compress(compression, &self.body)?),
        };
        Ok(Some(RecordBatch {
            codec: compression.codec,
            level: compression.level,
            records: self.records,
            base_timestamp_ms: self.base_timestamp_ms,
            max_timestamp_ms: self.max_timestamp_ms,
            body,
            uncompressed_bytes,
        }))
    }
}

fn header_bytes(header: &RecordHeader<'_>) -> usize {
    field_bytes(Some(header.key.as_bytes())) + field_bytes(header.value)
}

fn field_bytes(field: Option<&[u8]>) -> usize {
    field.map_or(1, |bytes| varint::size(bytes.len() as i64) + bytes.len())
}

/// Null is written as length -1.
#[inline]
fn put_field(body: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => varint::put(body, -1),
        Some(bytes) => {
            varint::put(body, bytes.len() as i64);
            body.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests;
