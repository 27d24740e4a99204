use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::{
    Compression,
    record::{batch::Stamp, encode::BatchBuilder, encode::RecordHeader, varint},
};

const CHECKED: DecodeOptions = DecodeOptions { check_crcs: true };
const PRODUCER: Stamp = Stamp { producer_id: 7, epoch: 0, sequence: 0, transactional: false };

type Headers = Vec<(String, Option<Vec<u8>>)>;
type Record = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Headers);

fn wire(records: &[Record], codec: Codec, base_offset: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    for (timestamp_ms, key, value, headers) in records {
        let headers: Vec<RecordHeader<'_>> =
            headers.iter().map(|(key, value)| RecordHeader { key, value: value.as_deref() }).collect();
        builder.append(*timestamp_ms, key.as_deref(), value.as_deref(), &headers);
    }
    let batch = builder.finish(Compression { codec, level: 3 }).unwrap().unwrap();
    let mut bytes = batch.header(PRODUCER).to_vec();
    bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
    bytes.extend_from_slice(batch.body());
    bytes
}

fn plain(values: &[&str], base_offset: i64) -> Vec<u8> {
    let record = |value: &&str| (1000, None, Some(value.as_bytes().to_vec()), Vec::new());
    wire(&values.iter().map(record).collect::<Vec<_>>(), Codec::None, base_offset)
}

/// Changes the attributes of a batch and puts the checksum right again.
fn with_attributes(mut batch: Vec<u8>, attributes: i16) -> Vec<u8> {
    batch[21..23].copy_from_slice(&attributes.to_be_bytes());
    let crc = crc32c::crc32c(&batch[CRC_COVERS_FROM..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    batch
}

/// A control batch whose key has this type: 0 aborts, 1 commits.
fn marker(kind: i16, base_offset: i64) -> Vec<u8> {
    let mut key = vec![0, 0];
    key.extend_from_slice(&kind.to_be_bytes());
    let batch = wire(&[(1000, Some(key), Some(vec![0; 6]), Vec::new())], Codec::None, base_offset);
    with_attributes(batch, Header::CONTROL | Header::TRANSACTIONAL)
}

fn batches(
    set: &[u8],
    options: DecodeOptions,
    aborted: Vec<(i64, i64)>,
) -> Result<Vec<DecodedBatch>, Corrupt> {
    let mut set = Bytes::copy_from_slice(set);
    let mut aborted = AbortedTransactions::new(aborted);
    let mut decoded = Vec::new();
    while let Some(raw) = split_batch(&mut set)? {
        decoded.extend(decode_batch(&raw, options, &mut aborted)?);
    }
    Ok(decoded)
}

fn values(batches: &[DecodedBatch]) -> Vec<(i64, String)> {
    let records = batches.iter().flat_map(|batch| batch.records_from(0));
    records
        .map(|record| (record.offset, String::from_utf8(record.value.unwrap_or_default().to_vec()).unwrap()))
        .collect()
}

fn pairs(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(offset, value)| (*offset, (*value).to_owned())).collect()
}

fn any_record() -> impl Strategy<Value = Record> {
    let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..200));
    let headers = prop::collection::vec((".{0,8}", bytes()), 0..3);
    (0..i64::from(i32::MAX), bytes(), bytes(), headers)
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(
        records in prop::collection::vec(any_record(), 1..40),
        codec in prop::sample::select(Codec::ALL.to_vec()),
        base_offset in 0..i64::MAX / 2,
    ) {
        let decoded = batches(&wire(&records, codec, base_offset), CHECKED, vec![]).unwrap();
        prop_assert_eq!(decoded.len(), 1);
        let read: Vec<(i64, Record)> = decoded[0]
            .records_from(0)
            .map(|view| {
                let headers = view.headers().map(|header| {
                    (String::from_utf8(header.key.to_vec()).unwrap(), header.value.map(<[u8]>::to_vec))
                });
                let headers = headers.collect();
                let (key, value) = (view.key.map(<[u8]>::to_vec), view.value.map(<[u8]>::to_vec));
                (view.offset, (view.timestamp_ms, key, value, headers))
            })
            .collect();
        let expected: Vec<(i64, Record)> = (base_offset..).zip(records).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = batches(&bytes, DecodeOptions { check_crcs: false }, vec![(1, 2)]);
    }

    /// Without the checksum, so that the damage gets as far as it can.
    #[test]
    fn a_damaged_batch_is_read_or_refused(
        records in prop::collection::vec(any_record(), 1..6),
        codec in prop::sample::select(Codec::ALL.to_vec()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        magic in prop::sample::select(vec![0u8, 1, 2]),
    ) {
        let mut bytes = wire(&records, codec, 5);
        bytes[MAGIC_AT] = magic;
        for (index, byte) in damage {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Ok(decoded) = batches(&bytes, DecodeOptions { check_crcs: false }, vec![]) {
            for record in decoded.iter().flat_map(|batch| batch.records_from(0)) {
                prop_assert_eq!(record.headers().count(), record.headers().size_hint().0);
            }
        }
    }

    #[test]
    fn a_changed_bit_fails_the_checksum(bit in 8 * CRC_COVERS_FROM..8 * 100) {
        let mut bytes = plain(&["a".repeat(100).as_str()], 0);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(batches(&bytes, CHECKED, vec![]).is_err());
    }
}

#[test]
fn a_batch_that_was_cut_off_waits_for_the_next_answer() {
    let mut set = plain(&["a", "b"], 10);
    let whole = set.len();
    set.extend(plain(&["c"], 12));
    for length in whole..set.len() {
        assert_eq!(
            values(&batches(&set[..length], CHECKED, vec![]).unwrap()),
            pairs(&[(10, "a"), (11, "b")])
        );
    }
}

#[test]
fn reading_begins_in_the_middle_of_a_batch() {
    let decoded = batches(&plain(&["a", "b", "c"], 10), CHECKED, vec![]).unwrap();
    let offsets: Vec<i64> = decoded[0].records_from(11).map(|record| record.offset).collect();
    assert_eq!(offsets, [11, 12]);
}

#[test]
fn values_share_the_buffer_of_the_answer() {
    let decoded = batches(&plain(&["shared"], 0), CHECKED, vec![]).unwrap();
    let record = decoded[0].records_from(0).next().unwrap();
    let shared = decoded[0].share(record.value.unwrap());
    assert_eq!(shared.as_ptr(), record.value.unwrap().as_ptr());
}

#[test]
fn a_topic_may_stamp_the_records_itself() {
    let batch = with_attributes(plain(&["a"], 0), Header::LOG_APPEND_TIME);
    let mut stamped = batch.clone();
    stamped[35..43].copy_from_slice(&77i64.to_be_bytes());
    let stamped = with_attributes(stamped, Header::LOG_APPEND_TIME);
    let decoded = batches(&stamped, CHECKED, vec![]).unwrap();
    assert_eq!(decoded[0].records_from(0).next().unwrap().timestamp_ms, 77);
}

#[test]
fn control_batches_are_skipped() {
    let set = [plain(&["a"], 0), marker(1, 1), plain(&["b"], 2)].concat();
    assert_eq!(values(&batches(&set, CHECKED, vec![]).unwrap()), pairs(&[(0, "a"), (2, "b")]));
}

#[test]
fn aborted_transactions_are_left_out_up_to_their_marker() {
    let open = |value, offset| with_attributes(plain(&[value], offset), Header::TRANSACTIONAL);
    let set =
        [open("aborted", 0), marker(0, 1), open("committed", 2), marker(1, 3), open("aborted", 4)].concat();
    let decoded = batches(&set, CHECKED, vec![(7, 0), (7, 4)]).unwrap();
    assert_eq!(values(&decoded), pairs(&[(2, "committed")]));
}

#[test]
fn an_abort_of_another_producer_or_of_later_offsets_hides_nothing() {
    let set = with_attributes(plain(&["a"], 3), Header::TRANSACTIONAL);
    let decoded = batches(&set, CHECKED, vec![(8, 0), (7, 4)]).unwrap();
    assert_eq!(values(&decoded), pairs(&[(3, "a")]));
}

#[test]
fn a_count_that_is_a_lie_is_refused() {
    let mut batch = plain(&["a", "b"], 0);
    for count in [i32::MAX, -1, 1, 3] {
        batch[57..61].copy_from_slice(&count.to_be_bytes());
        let batch = with_attributes(batch.clone(), 0);
        assert!(batches(&batch, CHECKED, vec![]).is_err(), "{count}");
    }
}

/// A message of magic 0 or 1.
fn message(magic: u8, offset: i64, attributes: u8, timestamp_ms: i64, value: &[u8]) -> Vec<u8> {
    let mut body = BytesMut::new();
    body.put_u8(magic);
    body.put_u8(attributes);
    if magic == 1 {
        body.put_i64(timestamp_ms);
    }
    body.put_i32(-1);
    body.put_i32(value.len() as i32);
    body.put_slice(value);
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let mut message = BytesMut::new();
    message.put_i64(offset);
    message.put_i32(4 + body.len() as i32);
    message.put_u32(crc.sum());
    message.put_slice(&body);
    message.to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn messages_of_the_old_formats_are_read() {
    let set = [message(0, 5, 0, 0, b"zero"), message(1, 6, 0, 99, b"one")].concat();
    let decoded = batches(&set, CHECKED, vec![]).unwrap();
    assert_eq!(values(&decoded), pairs(&[(5, "zero"), (6, "one")]));
    let times: Vec<i64> =
        decoded.iter().flat_map(|batch| batch.records_from(0)).map(|record| record.timestamp_ms).collect();
    assert_eq!(times, [-1, 99]);
}

#[test]
fn compressed_messages_of_the_old_formats_are_read() {
    let inner = [message(1, 0, 0, 50, b"a"), message(1, 1, 0, 51, b"b")].concat();
    let set = message(1, 11, 1, 51, &gzip(&inner));
    assert_eq!(values(&batches(&set, CHECKED, vec![]).unwrap()), pairs(&[(10, "a"), (11, "b")]));
    let inner = [message(0, 10, 0, 0, b"a"), message(0, 11, 0, 0, b"b")].concat();
    let set = message(0, 11, 1, 0, &gzip(&inner));
    assert_eq!(values(&batches(&set, CHECKED, vec![]).unwrap()), pairs(&[(10, "a"), (11, "b")]));
}

#[test]
fn a_damaged_message_of_the_old_formats_fails_its_checksum() {
    let mut set = message(1, 6, 0, 99, b"one");
    *set.last_mut().unwrap() ^= 1;
    assert!(batches(&set, CHECKED, vec![]).is_err());
}

#[test]
fn a_varint_of_any_size_is_read() {
    for value in [0, 1, -1, 63, 64, -65, i64::from(i32::MAX), i64::MIN, i64::MAX] {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, value);
        assert_eq!(Reader::new(&bytes).varlong(), Some(value));
        assert_eq!(Reader::new(&bytes[..bytes.len() - 1]).varlong(), None);
    }
    assert_eq!(Reader::new(&[0xff; 11]).varlong(), None);
}
