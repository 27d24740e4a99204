use api::{Record, Value};

use super::channel;
use crate::jdbc::dialect::{Block, Mark};

fn block(ids: std::ops::Range<i64>) -> Block {
    let record = |id| Record { value: Some(Value::Int(id)), ..Record::default() };
    let mark = |id| Mark { incrementing: Some(id), timestamp: None };
    Block { records: ids.clone().map(record).collect(), marks: ids.map(mark).collect() }
}

fn ids(block: &Block) -> Vec<i64> {
    let id = |record: &Record| match record.value {
        Some(Value::Int(id)) => id,
        _ => panic!("another value"),
    };
    let ids: Vec<i64> = block.records.iter().map(id).collect();
    let marks: Vec<i64> = block.marks.iter().map(|mark| mark.incrementing.unwrap()).collect();
    assert_eq!(ids, marks, "rows keep their marks");
    ids
}

#[tokio::test]
async fn blocks_are_taken_in_parts_and_in_order() {
    let (_, feed, mut ahead) = channel();
    assert!(feed.send(Ok(block(0..5))).await && feed.send(Ok(block(5..6))).await);
    drop(feed);
    let mut parts = Vec::new();
    while let Some(part) = ahead.next(2).await.unwrap() {
        parts.push(ids(&part));
    }
    assert_eq!(parts, [vec![0, 1], vec![2, 3], vec![4], vec![5]]);
}

#[tokio::test]
async fn rows_are_taken_before_the_error_behind_them_and_nothing_is_sent_to_nobody() {
    let (_, feed, mut ahead) = channel();
    feed.send(Ok(block(0..1))).await;
    feed.send(Err(api::Error::retry("lost"))).await;
    assert_eq!(ids(&ahead.next(0).await.unwrap().unwrap()), [0]);
    assert!(ahead.next(1).await.unwrap_err().to_string().contains("lost"));
    drop(ahead);
    assert!(!feed.send(Ok(block(0..1))).await);
    feed.closed().await;
}
