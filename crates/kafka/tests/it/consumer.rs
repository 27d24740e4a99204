//! Our consumer against a real broker.

use std::{collections::BTreeMap, time::Duration};

use kafka::{Consumer, FetchedBatch, OffsetAndMetadata, ResponseError, TopicPartition, consumer::Event};
use serde_json::json;
use testkit::{
    Kafka,
    java::{JavaTool, Judge},
};
use tokio::time::timeout;

use crate::reader::{LIMIT, Reader, consumer, eventually, topic, unique};

/// Writes records with Java's producer: key `k<n>`, value `<n>` or null for every seventh, header `h`.
fn write(writer: &mut Judge, topic: &str, from: i64, count: i64, codec: &str, transaction: &str) {
    let order = json!({"topic": topic, "partition": 0, "from": from, "count": count, "codec": codec,
        "transaction": transaction});
    writer.ask(&order.to_string()).unwrap();
}

fn writer(kafka: &Kafka) -> Judge {
    Judge::start_with("RecordWriter", &[kafka.bootstrap()]).unwrap()
}

/// A topic of one partition, named after the test.
fn new_topic(kafka: &Kafka, name: &str) -> (String, TopicPartition) {
    let name = unique(name);
    kafka.probe().unwrap().create_topic(&name, 1, &[]).unwrap();
    (name.clone(), TopicPartition::new(name, 0))
}

async fn next(consumer: &mut Consumer) -> Result<Event, kafka::Error> {
    timeout(LIMIT, consumer.next()).await.expect("an event in time")
}

async fn next_batch(consumer: &mut Consumer) -> FetchedBatch {
    match next(consumer).await.unwrap() {
        Event::Records(batch) => batch,
        event => panic!("records expected, got {event:?}"),
    }
}

async fn assigned(consumer: &mut Consumer) -> Vec<(TopicPartition, i64)> {
    match next(consumer).await.unwrap() {
        Event::Assigned(partitions) => partitions,
        event => panic!("an assignment expected, got {event:?}"),
    }
}

/// Reads until this many records came; (offset, key, value, header) of each.
async fn read(consumer: &mut Consumer, count: usize) -> Vec<(i64, String, Option<String>, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut records = Vec::new();
    while records.len() < count {
        let batch = next_batch(consumer).await;
        for record in batch.records() {
            let header = record.headers().next().expect("a header");
            assert_eq!(header.key, b"h");
            let (key, header) = (text(record.key.unwrap()), text(header.value.unwrap()));
            records.push((record.offset, key, record.value.map(text), header));
        }
    }
    records
}

/// What [`write`] wrote, when it began at this offset.
fn written(from: i64, count: i64, offset: i64) -> Vec<(i64, String, Option<String>, String)> {
    let record = |n: i64| {
        let value = (n % 7 != 6).then(|| n.to_string());
        (offset + n - from, format!("k{n}"), value, n.to_string())
    };
    (from..from + count).map(record).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_codec_of_javas_producer_is_read() {
    let kafka = Kafka::shared();
    let (name, partition) = new_topic(kafka, "codecs");
    let mut writer = writer(kafka);
    for (index, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].iter().enumerate() {
        write(&mut writer, &name, 1000 * index as i64, 1000, codec, "none");
    }
    let mut consumer = consumer(kafka.bootstrap(), &name, topic(&name), &[]);
    assert_eq!(assigned(&mut consumer).await, [(partition, 0)]);
    assert_eq!(read(&mut consumer, 5000).await, written(0, 5000, 0));
    consumer.close(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_committed_transactions_are_read_if_asked_for() {
    let kafka = Kafka::shared();
    let (name, _) = new_topic(kafka, "transactions");
    let mut writer = writer(kafka);
    write(&mut writer, &name, 0, 50, "none", "abort"); // and the marker at 50
    write(&mut writer, &name, 50, 50, "lz4", "commit"); // from 51 on, and the marker at 101
    write(&mut writer, &name, 100, 10, "none", "none"); // from 102 on
    let settings = [("isolation.level", "read_committed")];
    let mut committed = consumer(kafka.bootstrap(), &name, topic(&name), &settings);
    assigned(&mut committed).await;
    let expected = [written(50, 50, 51), written(100, 10, 102)].concat();
    assert_eq!(read(&mut committed, 60).await, expected);
    let other = format!("{name}-all");
    let mut all = consumer(kafka.bootstrap(), &other, topic(&name), &[]);
    assigned(&mut all).await;
    assert_eq!(read(&mut all, 110).await, [written(0, 50, 0), expected].concat());
    committed.close(LIMIT).await;
    all.close(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_goes_on_after_the_committed_offset() {
    let kafka = Kafka::shared();
    let (name, partition) = new_topic(kafka, "committed");
    write(&mut writer(kafka), &name, 0, 100, "none", "none");
    let mut first = consumer(kafka.bootstrap(), &name, topic(&name), &[]);
    assigned(&mut first).await;
    read(&mut first, 100).await;
    let offset = OffsetAndMetadata { offset: 42, leader_epoch: Some(0), metadata: "half way".into() };
    first.commit(&[(partition.clone(), offset.clone())]).await.unwrap();
    let committed = first.committed(std::slice::from_ref(&partition)).await.unwrap();
    assert_eq!(committed[&partition], offset);
    first.close(LIMIT).await;
    let describe = ["--bootstrap-server", kafka.bootstrap(), "--describe", "--offsets", "--group", &name];
    let described =
        JavaTool::run("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &describe, "").unwrap();
    let row = described.lines().find(|line| line.starts_with(&name)).expect("a row of the group");
    let fields: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(fields[1..6], [&name, "0", "42", "100", "58"], "{described}");
    let mut second = consumer(kafka.bootstrap(), &name, topic(&name), &[]);
    assert_eq!(assigned(&mut second).await, [(partition, 42)]);
    assert_eq!(read(&mut second, 58).await, written(42, 58, 42));
    second.close(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_partition_gives_nothing_and_goes_on_where_it_was() {
    let kafka = Kafka::shared();
    let (name, partition) = new_topic(kafka, "paused");
    let mut writer = writer(kafka);
    write(&mut writer, &name, 0, 10, "none", "none");
    let mut consumer = consumer(kafka.bootstrap(), &name, topic(&name), &[]);
    assigned(&mut consumer).await;
    read(&mut consumer, 10).await;
    consumer.pause(std::slice::from_ref(&partition));
    write(&mut writer, &name, 10, 10, "none", "none");
    // Twice as long as a long poll: what was on its way when the pause began has come by then.
    let silence = timeout(Duration::from_secs(1), consumer.next()).await;
    assert!(silence.is_err(), "{silence:?}");
    assert_eq!(consumer.position(&partition), Some(10));
    consumer.resume(std::slice::from_ref(&partition));
    assert_eq!(read(&mut consumer, 10).await, written(10, 10, 10));
    assert!(consumer.seek(&partition, 5));
    assert_eq!(read(&mut consumer, 15).await, written(5, 15, 5));
    assert_eq!(consumer.position(&partition), Some(20));
    consumer.close(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offset_that_the_log_does_not_have_is_reset() {
    let kafka = Kafka::shared();
    let (name, partition) = new_topic(kafka, "reset");
    write(&mut writer(kafka), &name, 0, 10, "none", "none");
    let mut consumer = consumer(kafka.bootstrap(), &name, topic(&name), &[]);
    assigned(&mut consumer).await;
    consumer.seek(&partition, 1_000_000);
    assert_eq!(read(&mut consumer, 10).await, written(0, 10, 0));
    consumer.close(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_reset_a_missing_offset_is_an_error() {
    let kafka = Kafka::shared();
    let (name, partition) = new_topic(kafka, "strict");
    write(&mut writer(kafka), &name, 0, 10, "none", "none");
    let settings = [("auto.offset.reset", "none")];
    let mut strict = consumer(kafka.bootstrap(), &name, topic(&name), &settings);
    let error = next(&mut strict).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot go on from the committed offset of {name}-0 for group `{name}`: OFFSET_OUT_OF_RANGE: \
             there is none and `auto.offset.reset` is `none`"
        )
    );
    strict.close(LIMIT).await;
    let mut lenient = consumer(kafka.bootstrap(), &name, topic(&name), &[]);
    assigned(&mut lenient).await;
    lenient.commit(&[(partition.clone(), OffsetAndMetadata::new(77))]).await.unwrap();
    lenient.close(LIMIT).await;
    let mut strict = consumer(kafka.bootstrap(), &name, topic(&name), &settings);
    assert_eq!(assigned(&mut strict).await, [(partition, 77)]);
    let error = next(&mut strict).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::OffsetOutOfRange));
    strict.close(LIMIT).await;
}

/// The coordinator gives a member up after fifteen seconds of silence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_caller_keeps_its_partitions() {
    let kafka = Kafka::shared();
    let (name, partition) = new_topic(kafka, "slow");
    let settings = [("session.timeout.ms", "15000"), ("max.poll.interval.ms", "6000")];
    let mut slow = consumer(kafka.bootstrap(), &name, topic(&name), &settings);
    assigned(&mut slow).await;
    tokio::time::sleep(Duration::from_secs(18)).await;
    slow.commit(&[(partition, OffsetAndMetadata::new(3))]).await.unwrap();
    slow.close(LIMIT).await;
}

/// A member whose caller does not answer in time loses its partitions, cannot commit any more, and takes nothing
/// back before its caller asks for the next event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_is_not_acknowledged_in_time_is_a_loss() {
    let kafka = Kafka::shared();
    let (name, partition) = new_topic(kafka, "unanswered");
    // Of both: a group waits for as long as its most patient member would. Many heartbeats fit in.
    let settings = [("max.poll.interval.ms", "10000")];
    let mut silent = consumer(kafka.bootstrap(), &name, topic(&name), &settings);
    assigned(&mut silent).await;
    let other = Reader::start(consumer(kafka.bootstrap(), &name, topic(&name), &settings));
    let Event::Revoked(revoked) = next(&mut silent).await.unwrap() else { panic!("a revocation") };
    assert_eq!(revoked, std::slice::from_ref(&partition));
    eventually("the partition for the other member", || other.assignment().len() == 1);
    let offsets = [(partition.clone(), OffsetAndMetadata::new(1))];
    let refused = [ResponseError::UnknownMemberId, ResponseError::IllegalGeneration];
    let error = timeout(LIMIT, silent.commit(&offsets)).await.expect("an answer in time").unwrap_err();
    assert!(error.code().is_some_and(|code| refused.contains(&code)), "{error}");
    // Until it knows of its loss itself, and for some more heartbeats in which it could have joined.
    eventually("a loss", || {
        let error = futures_util::FutureExt::now_or_never(silent.commit(&offsets));
        matches!(error, Some(Err(error)) if error.code() == Some(ResponseError::IllegalGeneration))
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(other.assignment().len(), 1, "taken back by a member whose caller is silent");
    other.close().await;
    assert_eq!(assigned(&mut silent).await, [(partition, 0)]);
    silent.close(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_broker_loses_and_repeats_nothing() {
    let mut kafka = Kafka::start().unwrap();
    let (name, _) = new_topic(&kafka, "restarted");
    let mut first = writer(&kafka);
    write(&mut first, &name, 0, 500, "none", "none");
    let reader = Reader::start(consumer(kafka.bootstrap(), &name, topic(&name), &[]));
    eventually("the first half", || reader.records().len() == 500);
    drop(first);
    kafka.restart().unwrap();
    write(&mut writer(&kafka), &name, 500, 500, "none", "none");
    eventually("the second half", || reader.records().len() == 1000);
    let seen = reader.close().await;
    assert_eq!(seen.lock().unwrap().repeated, 0);
    let committed: BTreeMap<String, u64> =
        kafka.probe().unwrap().committed(&name).unwrap().into_iter().collect();
    assert_eq!(committed, [(format!("{name}-0"), 1000)].into());
}
