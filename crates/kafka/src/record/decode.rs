//! Reads what a fetch returned: record batches of every format, checked once, then iterated without a copy.
//!
//! Everything here is hostile until decoded: [`decode_batch`] verifies lengths, counts and the checksum of a
//! whole batch, so that iterating over a [`DecodedBatch`] can neither fail nor panic.

mod aborted;
mod legacy;
mod view;

use bytes::Bytes;

pub(crate) use self::aborted::AbortedTransactions;
pub use self::view::{HeaderView, Headers, RecordView, Records};
use super::reader::Reader;
use crate::compression::{self, Codec};

/// The most one batch may grow to when it is decompressed.
const DECOMPRESSED_MAX: usize = 256 * 1024 * 1024;
/// Bytes of a batch before its length starts to count: base offset and length.
const LENGTH_PREFIX: usize = 12;
/// Bytes of a magic 2 batch before its first record.
const HEADER: usize = 61;
/// Where the checksummed part of a magic 2 batch starts.
const CRC_COVERS_FROM: usize = 21;
const MAGIC_AT: usize = 16;
const LAST_OFFSET_DELTA_AT: usize = 23;

/// Bytes from a broker that are no record batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Corrupt(pub(crate) &'static str);

/// How record sets are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DecodeOptions {
    /// Whether checksums are verified (`check.crcs`).
    pub(crate) check_crcs: bool,
}

/// One batch as it stands in a record set, only its frame looked at.
#[derive(Clone, Debug)]
pub(crate) struct RawBatch {
    /// The whole batch, from its base offset on.
    pub(crate) bytes: Bytes,
    /// The offset after the last record of this batch.
    pub(crate) next_offset: i64,
}

/// One decoded batch: its uncompressed records and what they count from.
#[derive(Clone, Debug)]
pub(crate) struct DecodedBatch {
    pub(crate) records: Bytes,
    pub(crate) base_offset: i64,
    pub(crate) base_timestamp_ms: i64,
    /// The time of the append when the topic stamps records itself.
    pub(crate) append_time_ms: Option<i64>,
    pub(crate) count: i32,
    pub(crate) last_offset: i64,
    pub(crate) leader_epoch: i32,
}

/// Cuts the next whole batch off a record set; `None` at its end, where a broker may leave a part of one.
pub(crate) fn split_batch(set: &mut Bytes) -> Result<Option<RawBatch>, Corrupt> {
    let mut reader = Reader::new(set);
    let (Some(base_offset), Some(length)) = (reader.i64(), reader.i32()) else { return Ok(None) };
    let length = usize::try_from(length).map_err(|_| Corrupt("a batch of negative length"))?;
    let Some(body) = reader.slice(length) else { return Ok(None) };
    let last_offset = last_offset(base_offset, body)?;
    let next_offset = last_offset.checked_add(1).ok_or(Corrupt("an offset out of range"))?;
    Ok(Some(RawBatch { bytes: set.split_to(LENGTH_PREFIX + length), next_offset }))
}

/// The last offset of a batch, from its body (what follows the length).
fn last_offset(base_offset: i64, body: &[u8]) -> Result<i64, Corrupt> {
    let magic = *body.get(MAGIC_AT - LENGTH_PREFIX).ok_or(Corrupt("a batch without a magic byte"))?;
    if base_offset < 0 {
        return Err(Corrupt("a negative offset"));
    }
    if magic < 2 {
        return Ok(base_offset); // the offset of a legacy wrapper is that of its last message
    }
    let delta = body.get(LAST_OFFSET_DELTA_AT - LENGTH_PREFIX..).and_then(|rest| Reader::new(rest).i32());
    match delta {
        Some(delta) if delta >= 0 => {
            base_offset.checked_add(i64::from(delta)).ok_or(Corrupt("an offset out of range"))
        }
        _ => Err(Corrupt("a batch without a last offset")),
    }
}

/// Decodes one batch; `None` when it holds nothing for a reader: control batches and aborted transactions.
pub(crate) fn decode_batch(
    batch: &RawBatch,
    options: DecodeOptions,
    aborted: &mut AbortedTransactions,
) -> Result<Option<DecodedBatch>, Corrupt> {
    match batch.bytes.get(MAGIC_AT) {
        Some(0 | 1) => legacy::decode(&batch.bytes, options).map(Some),
        Some(2) => decode_current(batch, options, aborted),
        _ => Err(Corrupt("a batch of an unknown magic")),
    }
}

fn decode_current(
    batch: &RawBatch,
    options: DecodeOptions,
    aborted: &mut AbortedTransactions,
) -> Result<Option<DecodedBatch>, Corrupt> {
    let header = Header::read(&batch.bytes).ok_or(Corrupt("a batch shorter than its header"))?;
    if options.check_crcs && crc32c::crc32c(&batch.bytes[CRC_COVERS_FROM..]) != header.crc {
        return Err(Corrupt("a batch whose checksum is wrong"));
    }
    let last_offset = batch.next_offset - 1;
    let records = batch.bytes.slice(HEADER..);
    if aborted.skip(&header, last_offset, &records) {
        return Ok(None);
    }
    let records = decompressed(header.attributes, records)?;
    if !view::valid(&records, header.count, last_offset - header.base_offset) {
        return Err(Corrupt("a batch whose records do not add up"));
    }
    let append_time_ms =
        (header.attributes & Header::LOG_APPEND_TIME != 0).then_some(header.max_timestamp_ms);
    Ok(Some(DecodedBatch {
        records,
        base_offset: header.base_offset,
        base_timestamp_ms: header.base_timestamp_ms,
        append_time_ms,
        count: header.count,
        last_offset,
        leader_epoch: header.leader_epoch,
    }))
}

fn decompressed(attributes: i16, records: Bytes) -> Result<Bytes, Corrupt> {
    let codec = Codec::of_attributes(attributes).ok_or(Corrupt("a batch of an unknown compression"))?;
    if codec == Codec::None {
        return Ok(records); // still the bytes of the answer
    }
    let decompressed = compression::decompress(codec, &records, DECOMPRESSED_MAX);
    decompressed.map(Bytes::from).map_err(|_| Corrupt("a batch that cannot be decompressed"))
}

/// The header of a magic 2 batch, as far as a reader needs it.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) base_offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) crc: u32,
    pub(crate) attributes: i16,
    pub(crate) base_timestamp_ms: i64,
    pub(crate) max_timestamp_ms: i64,
    pub(crate) producer_id: i64,
    pub(crate) count: i32,
}

impl Header {
    pub(crate) const LOG_APPEND_TIME: i16 = 1 << 3;
    pub(crate) const TRANSACTIONAL: i16 = 1 << 4;
    pub(crate) const CONTROL: i16 = 1 << 5;

    fn read(bytes: &[u8]) -> Option<Header> {
        let mut reader = Reader::new(bytes);
        let base_offset = reader.i64()?;
        reader.i32()?; // length
        let leader_epoch = reader.i32()?;
        reader.i8()?; // magic
        let crc = reader.u32()?;
        let attributes = reader.i16()?;
        reader.i32()?; // last offset delta
        let base_timestamp_ms = reader.i64()?;
        let max_timestamp_ms = reader.i64()?;
        let producer_id = reader.i64()?;
        reader.slice(6)?; // producer epoch and base sequence
        let count = reader.i32()?;
        Some(Header {
            base_offset,
            leader_epoch,
            crc,
            attributes,
            base_timestamp_ms,
            max_timestamp_ms,
            producer_id,
            count,
        })
    }
}

#[cfg(test)]
mod tests;
