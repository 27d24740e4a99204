//! Messages of the formats before Kafka 0.11 (magic 0 and 1), rewritten as records of today's format.
//!
//! Brokers up to 3.x still store them for old topics. They are rare, so clarity wins over a copy.

use bytes::Bytes;

use super::{Corrupt, DECOMPRESSED_MAX, DecodeOptions, DecodedBatch};
use crate::{
    compression::{self, Codec},
    record::{reader::Reader, varint},
};

const TIMESTAMP_TYPE: i8 = 1 << 3;
const NO_TIMESTAMP: i64 = -1;

struct Message<'a> {
    offset: i64,
    magic: i8,
    attributes: i8,
    timestamp_ms: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
}

/// Decodes one message and, where it is a compressed wrapper, all messages in it.
pub(super) fn decode(bytes: &Bytes, options: DecodeOptions) -> Result<DecodedBatch, Corrupt> {
    let wrapper = read_message(&mut Reader::new(bytes), options)?;
    let codec = codec(wrapper.attributes)?;
    if matches!(codec, Codec::None) {
        let last_offset = wrapper.offset;
        return transcode(&[wrapper], last_offset, None);
    }
    let value = wrapper.value.ok_or(Corrupt("a compressed message without a value"))?;
    let inner = compression::decompress(codec, value, DECOMPRESSED_MAX)
        .map_err(|_| Corrupt("a message that cannot be decompressed"))?;
    let mut messages = read_messages(&inner, options)?;
    if wrapper.magic == 1 {
        make_absolute(&mut messages, wrapper.offset)?;
    }
    let append_time_ms = (wrapper.attributes & TIMESTAMP_TYPE != 0).then_some(wrapper.timestamp_ms);
    transcode(&messages, wrapper.offset, append_time_ms)
}

fn codec(attributes: i8) -> Result<Codec, Corrupt> {
    Codec::of_attributes(i16::from(attributes & 0x7)).ok_or(Corrupt("a message of an unknown compression"))
}

fn read_messages(inner: &[u8], options: DecodeOptions) -> Result<Vec<Message<'_>>, Corrupt> {
    let mut reader = Reader::new(inner);
    let mut messages = Vec::new();
    while reader.remaining() > 0 {
        let message = read_message(&mut reader, options)?;
        if !matches!(codec(message.attributes)?, Codec::None) {
            return Err(Corrupt("a compressed message within a compressed message"));
        }
        messages.push(message);
    }
    Ok(messages)
}

fn read_message<'a>(reader: &mut Reader<'a>, options: DecodeOptions) -> Result<Message<'a>, Corrupt> {
    let short = Corrupt("a message shorter than its header");
    let offset = reader.i64().ok_or(short)?;
    let length = reader.i32().and_then(|length| usize::try_from(length).ok()).ok_or(short)?;
    let body = reader.slice(length).ok_or(short)?;
    let mut fields = Reader::new(body);
    let crc = fields.u32().ok_or(short)?;
    if options.check_crcs && crc32(&body[4..]) != crc {
        return Err(Corrupt("a message whose checksum is wrong"));
    }
    read_fields(offset, &mut fields).ok_or(short)
}

fn read_fields<'a>(offset: i64, fields: &mut Reader<'a>) -> Option<Message<'a>> {
    let magic = fields.i8()?;
    let attributes = fields.i8()?;
    let timestamp_ms = if magic == 0 { NO_TIMESTAMP } else { fields.i64()? };
    let key = fields.i32_bytes()?;
    let value = fields.i32_bytes()?;
    Some(Message { offset, magic, attributes, timestamp_ms, key, value })
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Inner offsets of magic 1 count from 0; the wrapper has the offset of the last one.
fn make_absolute(messages: &mut [Message<'_>], wrapper_offset: i64) -> Result<(), Corrupt> {
    let range = Corrupt("an offset out of range");
    let Some(last) = messages.last().map(|message| message.offset) else { return Ok(()) };
    let base = wrapper_offset.checked_sub(last).ok_or(range)?;
    for message in messages {
        message.offset = message.offset.checked_add(base).ok_or(range)?;
    }
    Ok(())
}

fn transcode(
    messages: &[Message<'_>],
    last_offset: i64,
    append_time_ms: Option<i64>,
) -> Result<DecodedBatch, Corrupt> {
    let base_offset = messages.first().map_or(last_offset, |message| message.offset);
    let base_timestamp_ms = messages.first().map_or(NO_TIMESTAMP, |message| message.timestamp_ms);
    let mut records = Vec::new();
    let mut record = Vec::new();
    for message in messages {
        let range = Corrupt("an offset out of range");
        let delta = message.offset.checked_sub(base_offset).ok_or(range)?;
        record.clear();
        record.push(0);
        varint::put(&mut record, message.timestamp_ms.wrapping_sub(base_timestamp_ms));
        varint::put(&mut record, i64::from(i32::try_from(delta).map_err(|_| range)?));
        put_bytes(&mut record, message.key);
        put_bytes(&mut record, message.value);
        varint::put(&mut record, 0);
        varint::put(&mut records, record.len() as i64);
        records.extend_from_slice(&record);
    }
    let count = i32::try_from(messages.len()).map_err(|_| Corrupt("too many messages"))?;
    if !super::view::valid(&records, count, last_offset - base_offset) {
        return Err(Corrupt("messages out of order"));
    }
    Ok(DecodedBatch {
        records: records.into(),
        base_offset,
        base_timestamp_ms,
        append_time_ms,
        count,
        last_offset,
        leader_epoch: -1,
    })
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint::put(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend_from_slice(bytes.unwrap_or_default());
}
