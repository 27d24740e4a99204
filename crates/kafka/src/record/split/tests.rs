use super::*;
use crate::compression::Codec;

fn batch(codec: Codec, records: usize) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    for index in 0..records {
        let value = index.to_string();
        let headers = [RecordHeader { key: "h", value: None }];
        builder.append(1_000 - index as i64, Some(b"k"), Some(value.as_bytes()), &headers);
    }
    builder.finish(Compression { codec, level: 1 }).unwrap().unwrap()
}

/// Rebuilds the records of both parts into one batch.
fn join(parts: &[RecordBatch]) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    for part in parts {
        let body = compression::decompress(part.codec, &part.body, part.uncompressed_bytes).unwrap();
        let mut rest = &body[..];
        while !rest.is_empty() {
            copy_record(&mut rest, part.base_timestamp_ms, &mut builder).unwrap();
        }
    }
    let first = &parts[0];
    builder.finish(Compression { codec: first.codec, level: first.level }).unwrap().unwrap()
}

#[test]
fn the_parts_hold_the_same_records_in_order() {
    for codec in Codec::ALL {
        for records in [2, 3, 1001] {
            let whole = batch(codec, records);
            let (first, second) = whole.split().unwrap().unwrap();
            assert_eq!(first.records + second.records, whole.records);
            assert!(first.uncompressed_bytes < whole.uncompressed_bytes);
            assert_eq!(join(&[first, second]), whole, "{codec:?} {records}");
        }
    }
}

#[test]
fn one_record_cannot_be_split() {
    assert_eq!(batch(Codec::None, 1).split().unwrap(), None);
}
