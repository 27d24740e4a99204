use std::collections::BTreeMap;

use bytes::{Buf, BytesMut};
use kafka_protocol::records::RecordBatchDecoder;
use proptest::prelude::*;

use super::*;
use crate::record::batch::Stamp;

type OwnedRecord = (i64, Option<Vec<u8>>, Option<Vec<u8>>, BTreeMap<String, Option<Vec<u8>>>);

fn build(records: &[OwnedRecord]) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    for (timestamp_ms, key, value, headers) in records {
        let headers: Vec<RecordHeader<'_>> =
            headers.iter().map(|(key, value)| RecordHeader { key, value: value.as_deref() }).collect();
        let bound = builder.size_with(key.as_ref().map(Vec::len), value.as_ref().map(Vec::len), &headers);
        builder.append(*timestamp_ms, key.as_deref(), value.as_deref(), &headers);
        assert!(builder.bytes() <= bound);
    }
    builder.finish(Compression::NONE).unwrap().unwrap()
}

fn wire(batch: &RecordBatch, stamp: Stamp) -> Bytes {
    let mut bytes = BytesMut::from(&batch.header(stamp)[..]);
    bytes.extend_from_slice(batch.body());
    bytes.freeze()
}

proptest! {
    /// The decoder is another implementation, which checks lengths and the checksum too.
    #[test]
    fn another_decoder_reads_what_was_built(
        records in prop::collection::vec((0..i64::MAX / 2, any::<Option<Vec<u8>>>(), any::<Option<Vec<u8>>>(), any::<BTreeMap<String, Option<Vec<u8>>>>()), 1..20),
        sequence in 0..1_000_000,
    ) {
        let batch = build(&records);
        let mut bytes = wire(&batch, Stamp { producer_id: 7, epoch: 3, sequence, transactional: false });
        prop_assert_eq!(bytes.len(), batch.bytes());
        let decoded = RecordBatchDecoder::decode(&mut bytes).unwrap().records;
        prop_assert!(!bytes.has_remaining());
        prop_assert_eq!(decoded.len(), records.len());
        for (index, (found, (timestamp_ms, key, value, headers))) in decoded.iter().zip(&records).enumerate() {
            prop_assert_eq!(found.offset, index as i64);
            prop_assert_eq!(found.sequence, sequence + index as i32);
            prop_assert_eq!((found.producer_id, found.producer_epoch), (7, 3));
            prop_assert_eq!(found.timestamp, *timestamp_ms);
            prop_assert_eq!(found.key.as_deref(), key.as_deref());
            prop_assert_eq!(found.value.as_deref(), value.as_deref());
            let found: BTreeMap<String, Option<Vec<u8>>> = found
                .headers
                .iter()
                .map(|(key, value)| (key.to_string(), value.as_ref().map(|value| value.to_vec())))
                .collect();
            prop_assert_eq!(&found, headers);
        }
    }
}

#[test]
fn nothing_makes_no_batch() {
    assert_eq!(BatchBuilder::new(10).finish(Compression::NONE).unwrap(), None);
}
