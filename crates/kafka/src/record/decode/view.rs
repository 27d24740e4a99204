//! Records as slices of their batch.

use bytes::Bytes;

use super::DecodedBatch;
use crate::record::reader::Reader;

/// One record of a batch; what it refers to lives as long as the batch.
#[derive(Clone, Debug)]
pub struct RecordView<'a> {
    /// The offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970: when it was created, or appended where the topic says so; -1 for none.
    pub timestamp_ms: i64,
    /// The key; `None` is Kafka's null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is Kafka's null (a tombstone).
    pub value: Option<&'a [u8]>,
    headers: &'a [u8],
    header_count: u32,
}

/// One header of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HeaderView<'a> {
    /// The key. Kafka wants UTF-8 but no broker checks it.
    pub key: &'a [u8],
    /// The value; `None` is Kafka's null.
    pub value: Option<&'a [u8]>,
}

impl<'a> RecordView<'a> {
    /// The headers, in order.
    pub fn headers(&self) -> Headers<'a> {
        Headers { reader: Reader::new(self.headers), left: self.header_count }
    }
}

/// Iterates over the headers of a record.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    reader: Reader<'a>,
    left: u32,
}

impl<'a> Iterator for Headers<'a> {
    type Item = HeaderView<'a>;

    fn next(&mut self) -> Option<HeaderView<'a>> {
        self.left = self.left.checked_sub(1)?;
        Some(HeaderView { key: self.reader.varint_bytes()??, value: self.reader.varint_bytes()? })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

/// Iterates over the records of a batch from some offset on.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    reader: Reader<'a>,
    left: i32,
    base_offset: i64,
    base_timestamp_ms: i64,
    append_time_ms: Option<i64>,
    from_offset: i64,
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordView<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordView<'a>> {
        while self.left > 0 {
            self.left -= 1;
            let fields = Fields::read(&mut self.reader)?;
            let offset = self.base_offset.wrapping_add(i64::from(fields.offset_delta));
            if offset >= self.from_offset {
                let created = self.base_timestamp_ms.wrapping_add(fields.timestamp_delta);
                return Some(RecordView {
                    offset,
                    timestamp_ms: self.append_time_ms.unwrap_or(created),
                    key: fields.key,
                    value: fields.value,
                    headers: fields.headers,
                    header_count: fields.header_count,
                });
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, usize::try_from(self.left).ok())
    }
}

impl DecodedBatch {
    /// The records from `offset` on.
    pub(crate) fn records_from(&self, from_offset: i64) -> Records<'_> {
        Records {
            reader: Reader::new(&self.records),
            left: self.count,
            base_offset: self.base_offset,
            base_timestamp_ms: self.base_timestamp_ms,
            append_time_ms: self.append_time_ms,
            from_offset,
        }
    }

    /// A share of the batch's buffer for a slice that one of its records gave out; nothing is copied.
    ///
    /// # Panics
    /// When the slice is not of this batch.
    pub(crate) fn share(&self, slice: &[u8]) -> Bytes {
        self.records.slice_ref(slice)
    }
}

/// The fields of one record as they are stored.
struct Fields<'a> {
    timestamp_delta: i64,
    offset_delta: i32,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: &'a [u8],
    header_count: u32,
}

impl<'a> Fields<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let length = usize::try_from(reader.varint()?).ok()?;
        let mut record = Reader::new(reader.slice(length)?);
        record.i8()?; // attributes, unused
        let timestamp_delta = record.varlong()?;
        let offset_delta = record.varint()?;
        let key = record.varint_bytes()?;
        let value = record.varint_bytes()?;
        let header_count = u32::try_from(record.varint()?).ok()?;
        let headers = record.slice(record.remaining())?;
        Some(Fields { timestamp_delta, offset_delta, key, value, headers, header_count })
    }
}

/// Whether `records` holds exactly `count` well-formed records, ascending up to at most `last_delta`.
pub(super) fn valid(records: &[u8], count: i32, last_delta: i64) -> bool {
    let mut reader = Reader::new(records);
    let mut after = -1;
    for _ in 0..count {
        let Some(fields) = Fields::read(&mut reader) else { return false };
        if fields.offset_delta <= after || !valid_headers(&fields) {
            return false;
        }
        after = fields.offset_delta;
    }
    count >= 0 && i64::from(after) <= last_delta && reader.remaining() == 0
}

fn valid_headers(fields: &Fields<'_>) -> bool {
    let mut headers = Reader::new(fields.headers);
    for _ in 0..fields.header_count {
        let (Some(Some(_)), Some(_)) = (headers.varint_bytes(), headers.varint_bytes()) else { return false };
    }
    headers.remaining() == 0
}
