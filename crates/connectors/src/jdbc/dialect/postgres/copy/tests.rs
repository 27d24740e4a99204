use api::Value;
use bytes::Bytes;
use tokio_postgres::types::Type;

use super::Unpacker;
use crate::jdbc::dialect::postgres::native::{self, Form};
use crate::jdbc::dialect::postgres::plan::Plan;
use crate::jdbc::dialect::{Block, Select};
use crate::jdbc::value::{Calendar, Granularity, Mapping, Numeric, Zone};

fn plan(types: &[Type]) -> Plan {
    let columns = types.iter().enumerate();
    let columns = columns.map(|(place, native)| native::column(&format!("c{place}"), native, -1)).collect();
    let mapping = Mapping {
        numeric: Numeric::None,
        granularity: Granularity::ConnectLogical,
        calendar: Calendar::Legacy,
        zone: Zone::UTC,
        all_columns: true,
        tells_precision: true,
    };
    let select = Select { incrementing: types.first().map(|_| "c0".to_owned()), ..Select::default() };
    Plan::new(&select, columns, types, &vec![Form::Plain; types.len()], &mapping).unwrap()
}

/// Rows of a number and a text, and the end.
fn sent() -> Vec<u8> {
    let mut sent = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x03ext".to_vec();
    for (id, text) in [(1_i32, Some("one")), (2, None), (3, Some(""))] {
        sent.extend_from_slice(&2_i16.to_be_bytes());
        sent.extend_from_slice(&4_i32.to_be_bytes());
        sent.extend_from_slice(&id.to_be_bytes());
        match text {
            Some(text) => {
                sent.extend_from_slice(&i32::try_from(text.len()).unwrap().to_be_bytes());
                sent.extend_from_slice(text.as_bytes());
            }
            None => sent.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }
    sent.extend_from_slice(&(-1_i16).to_be_bytes());
    sent
}

#[test]
fn rows_are_found_wherever_the_stream_is_cut() {
    let (plan, sent) = (plan(&[Type::INT4, Type::TEXT]), sent());
    for size in 1..=sent.len() {
        let (mut unpacker, mut block, mut bytes) = (Unpacker::default(), Block::default(), 0);
        for part in sent.chunks(size) {
            assert!(!unpacker.ended, "{size}");
            bytes += unpacker.receive(Bytes::copy_from_slice(part), &plan, &mut block).unwrap();
        }
        assert!(unpacker.ended, "{size}");
        assert_eq!(bytes, sent.len() - 24, "{size}: all but the header and the end");
        let values: Vec<_> = block.records.into_iter().map(|record| record.value.unwrap()).collect();
        let row = |id, text| Value::Struct([Value::Int(id), text].into());
        let text = |text: &str| Value::Text(text.to_owned().into());
        assert_eq!(values, [row(1, text("one")), row(2, Value::Null), row(3, text(""))], "{size}");
        let ids: Vec<_> = block.marks.iter().filter_map(|mark| mark.incrementing).collect();
        assert_eq!(ids, [1, 2, 3]);
    }
}

#[test]
fn rows_without_columns_are_rows() {
    let plan = plan(&[]);
    let sent = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff";
    let (mut unpacker, mut block) = (Unpacker::default(), Block::default());
    unpacker.receive(Bytes::from_static(sent), &plan, &mut block).unwrap();
    assert!(unpacker.ended);
    assert_eq!(block.records.len(), 2);
}

#[test]
fn what_is_no_copy_of_these_columns_is_an_error() {
    let plan = plan(&[Type::INT4]);
    for wrong in [&b"PGCOPY\r\n\xff\r\n\0\0\0\0\0\0\0\0\0"[..], &sent()] {
        let received =
            Unpacker::default().receive(Bytes::copy_from_slice(wrong), &plan, &mut Block::default());
        assert!(received.is_err());
    }
}
