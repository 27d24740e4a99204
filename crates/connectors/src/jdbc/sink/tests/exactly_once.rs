//! `delivery.guarantee=exactly_once`: redelivered records and rival tasks change nothing.

use std::sync::Arc;

use api::{Batch, Reaction, Record, Schema, TopicPartition, Value};
use testkit::database::{Database, MariaDb, Postgres};

use super::{Context, lines, properties, put, start};

const ENTRIES: [(&str, &str); 2] = [("delivery.guarantee", "exactly_once"), ("auto.create", "true")];

/// Records of offsets from one to another, each with its offset as the value.
fn batch(offsets: std::ops::Range<i64>) -> Batch {
    let record = |offset| Record {
        value: Some(Value::Struct(Box::new([Value::Int(offset)]))),
        partition: Some(0),
        offset,
        ..Record::default()
    };
    Batch {
        value_schema: Some(Schema::structure().field("n", Schema::int64()).build()),
        records: offsets.map(record).collect(),
        ..Batch::new("t".into())
    }
}

async fn redelivered(database: &Database) {
    let partition = [TopicPartition::new("t", 0)];
    let context = Arc::new(Context::default());
    let mut task = start(&properties(database, &ENTRIES), context.clone()).await;
    task.open(&partition).await.unwrap();
    assert!(context.sought.lock().is_empty(), "nothing is written yet");
    put(task.as_mut(), &[batch(0..50)]).await.unwrap();
    put(task.as_mut(), &[batch(30..60), batch(60..70)]).await.unwrap();
    // A task that takes over reads on where this one was, and leaves out what comes again.
    let context = Arc::new(Context::default());
    let mut next = start(&properties(database, &ENTRIES), context.clone()).await;
    next.open(&partition).await.unwrap();
    assert_eq!(*context.sought.lock(), [(partition[0].clone(), 70)].into());
    put(next.as_mut(), &[batch(0..80)]).await.unwrap();
    // The one before, which has not noticed, is told and adds only what is new.
    let error = task.put(&[batch(70..90)]).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Retry);
    assert!(format!("{error:#}").contains("another task has written `t`-0"), "{error:#}");
    put(task.as_mut(), &[batch(70..90)]).await.unwrap();
    assert_eq!(lines(database, "SELECT COUNT(*), COUNT(DISTINCT n), MAX(n) FROM t"), ["90|90|89"]);
    let stored = "SELECT connector, topic, kafka_partition, next_offset FROM ferroduct_offsets";
    assert_eq!(lines(database, stored), ["case|t|0|90"]);
}

#[tokio::test]
async fn records_that_come_again_are_left_out_of_postgresql() {
    redelivered(&Postgres::shared().create_database("once").unwrap()).await;
}

#[tokio::test]
async fn records_that_come_again_are_left_out_of_mariadb() {
    redelivered(&MariaDb::shared().create_database("once").unwrap()).await;
}

#[tokio::test]
async fn offsets_stay_where_they_are_when_rows_are_refused() {
    let database = Postgres::shared().create_database("once").unwrap();
    database.execute("CREATE TABLE t (n bigint CHECK (n <> 5))").unwrap();
    let mut task = start(&properties(&database, &ENTRIES), Arc::default()).await;
    task.open(&[TopicPartition::new("t", 0)]).await.unwrap();
    assert_eq!(put(task.as_mut(), &[batch(0..10)]).await.unwrap_err().reaction(), Reaction::Reject);
    assert!(lines(&database, "SELECT * FROM ferroduct_offsets").is_empty());
    let context = Context::tolerant();
    let mut task = start(&properties(&database, &ENTRIES), context.clone()).await;
    put(task.as_mut(), &[batch(0..10)]).await.unwrap();
    assert_eq!(context.offsets(), [5]);
    assert_eq!(lines(&database, "SELECT next_offset FROM ferroduct_offsets"), ["10"]);
}
