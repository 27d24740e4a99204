use std::sync::Arc;

use api::{Record, SourcePartition};

use super::Cursor;
use crate::jdbc::dialect::{Block, Mark, Quoting, TableId};
use crate::jdbc::source::criteria::{Criteria, From};
use crate::jdbc::source::horizon::Horizon;
use crate::jdbc::source::offset::Offset;
use crate::jdbc::source::settings::Mode;
use crate::jdbc::value::{Moment, Zone};

fn cursor(mode: Mode) -> Cursor {
    Cursor {
        name: "t".to_owned(),
        topic: "t".into(),
        schema_name: None,
        criteria: Criteria {
            from: From::Table(TableId::default()),
            incrementing: None,
            timestamps: Vec::new(),
            suffix: String::new(),
            quoting: Quoting::Always,
            qualified: true,
            zone: Zone::UTC,
        },
        key: Vec::new(),
        mode,
        partition: Arc::new(SourcePartition::of("table", "t")),
        offset: Offset::default(),
        last: None,
        horizon: Horizon::default(),
        rounding_ms: 0,
        shape: None,
    }
}

/// Rows of these seconds, numbered from 1.
fn block(seconds: &[i64]) -> Block {
    let mark = |(number, seconds): (usize, &i64)| Mark {
        incrementing: i64::try_from(number + 1).ok(),
        timestamp: Some(Moment { seconds: *seconds, nanos: 0 }),
    };
    let records = vec![Record::default(); seconds.len()];
    Block { records, marks: seconds.iter().enumerate().map(mark).collect() }
}

/// The position of a batch in seconds.
fn second(cursor: &mut Cursor, seconds: &[i64]) -> Option<i64> {
    let batch = cursor.batch(block(seconds));
    let (_, offset) = batch.positions.into_iter().next()?;
    offset.0["timestamp"].as_i64().map(|millis| millis / 1000)
}

#[test]
fn a_moment_counts_once_all_its_rows_were_read() {
    let mut cursor = cursor(Mode::Timestamp);
    assert_eq!(second(&mut cursor, &[1, 1]), None);
    assert_eq!(second(&mut cursor, &[1, 1]), None);
    assert_eq!(second(&mut cursor, &[2, 2]), Some(1));
    assert_eq!(second(&mut cursor, &[2, 3, 4, 4]), Some(3));
    let last = cursor.finish().expect("the last moment has no more rows");
    assert!(last.records.is_empty());
    assert_eq!(last.positions[0].1.0["timestamp"], 4000);
    assert!(cursor.finish().is_none());
}

#[test]
fn with_an_incrementing_column_every_row_counts() {
    let mut cursor = cursor(Mode::TimestampIncrementing);
    let batch = cursor.batch(block(&[1, 1]));
    let expected = r#"{"timestamp_nanos":0,"incrementing":2,"timestamp":1000}"#;
    assert_eq!(serde_json::to_string(&batch.positions[0].1).unwrap(), expected);
    assert!(cursor.finish().is_none());
}

#[test]
fn bulk_has_no_position() {
    let mut cursor = cursor(Mode::Bulk);
    assert!(cursor.batch(Block { records: vec![Record::default()], marks: Vec::new() }).positions.is_empty());
}
