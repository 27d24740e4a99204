//! Our producer in transactions, with both versions of the protocol, read back with Java's consumer.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kafka::{Admin, Client, Compression, Error, Producer, ResponseError, config};
use testkit::Kafka;
use tokio::task::block_in_place;

use crate::{
    reader::{LIMIT, unique},
    writer::numbers,
};

/// A broker where transactions share an epoch until somebody takes it away.
fn older() -> Kafka {
    block_in_place(|| Kafka::builder().feature("transaction.version", 1).start().unwrap())
}

fn transactional(bootstrap: &str, id: &str, settings: &[(&str, &str)]) -> Producer {
    let defaults = [("bootstrap.servers", bootstrap), ("max.block.ms", "180000")];
    let all = defaults.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let parsed = config::producer(&all.collect::<BTreeMap<_, _>>()).unwrap();
    assert!(parsed.unknown.is_empty(), "{:?}", parsed.unknown);
    let mut options = parsed.options;
    options.transactional_id = Some(id.into());
    Producer::new(Client::new(parsed.client), options)
}

fn new_topic(kafka: &Kafka, name: &str, partitions: u32) -> Arc<str> {
    let name = unique(name);
    block_in_place(|| kafka.create_topic(&name, partitions).unwrap());
    name.into()
}

/// Sends numbers as batches of one to partitions in turn, without waiting.
async fn send(producer: &Producer, topic: &Arc<str>, partitions: i32, range: std::ops::Range<u64>) {
    for number in range {
        let partition = (number % partitions as u64) as i32;
        let batch = numbers(number..number + 1, Compression::NONE);
        producer.send(topic, partition, batch).await.unwrap();
    }
}

/// What those see who read what is committed, in the order of the numbers.
fn committed(kafka: &Kafka, topic: &str, count: usize) -> Vec<u64> {
    let read = block_in_place(|| {
        kafka.consume_with(topic, count, &["--isolation-level", "read_committed"]).unwrap()
    });
    let mut numbers: Vec<u64> = read.iter().map(|text| text.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

async fn commits_and_aborts(kafka: &Kafka) {
    let (topic, id) = (new_topic(kafka, "ended", 3), unique("ended"));
    let producer = transactional(kafka.bootstrap(), &id, &[]);
    producer.init_transactions().await.unwrap();
    // Nothing is open.
    producer.commit().await.unwrap();
    producer.abort().await.unwrap();
    let mut expected = Vec::new();
    for round in 0..10 {
        let range = round * 20..(round + 1) * 20;
        send(&producer, &topic, 3, range.clone()).await;
        assert!(producer.in_transaction());
        if round % 3 == 1 {
            producer.abort().await.unwrap();
        } else {
            producer.commit().await.unwrap();
            expected.extend(range);
        }
        assert!(!producer.in_transaction());
    }
    assert_eq!(committed(kafka, &topic, expected.len()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_read_and_what_is_aborted_is_not() {
    commits_and_aborts(Kafka::shared()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_read_and_what_is_aborted_is_not_with_older_transactions() {
    commits_and_aborts(&older()).await;
}

async fn fences(kafka: &Kafka) {
    let (topic, id) = (new_topic(kafka, "fenced", 1), unique("fenced"));
    let first = transactional(kafka.bootstrap(), &id, &[]);
    first.init_transactions().await.unwrap();
    send(&first, &topic, 1, 0..5).await;
    first.commit().await.unwrap();
    send(&first, &topic, 1, 5..10).await;
    first.flush().await;
    let second = transactional(kafka.bootstrap(), &id, &[]);
    second.init_transactions().await.unwrap();
    let error = first.commit().await.unwrap_err();
    assert!(error.fenced(), "{error}");
    // It stays so, and does not take the id back.
    let error = first.send(&topic, 0, numbers(90..91, Compression::NONE)).await.unwrap_err();
    assert!(error.fenced(), "{error}");
    let error = first.abort().await.unwrap_err();
    assert!(error.fenced(), "{error}");
    send(&second, &topic, 1, 10..15).await;
    second.commit().await.unwrap();
    // What a batch says that is sent by one that was fenced off.
    let third = transactional(kafka.bootstrap(), &id, &[]);
    third.init_transactions().await.unwrap();
    let sent = second.send(&topic, 0, numbers(91..92, Compression::NONE)).await;
    let error = match sent {
        Ok(delivery) => delivery.await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.fenced(), "{error}");
    assert!(second.commit().await.unwrap_err().fenced());
    assert_eq!(committed(kafka, &topic, 10), [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_producer_fences_the_first_off() {
    fences(Kafka::shared()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_producer_fences_the_first_off_with_older_transactions() {
    fences(&older()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_fences_producers_off() {
    let kafka = Kafka::shared();
    let topic = new_topic(kafka, "admin-fenced", 1);
    let ids: Vec<String> = (0..20).map(|index| unique(&format!("fence-{index}"))).collect();
    let open = transactional(kafka.bootstrap(), &ids[3], &[]);
    open.init_transactions().await.unwrap();
    send(&open, &topic, 1, 0..3).await;
    open.flush().await;
    let properties = [("bootstrap.servers".to_owned(), kafka.bootstrap().to_owned())].into();
    let admin = Admin::new(Client::new(config::admin(&properties).unwrap().client));
    admin.fence_producers(ids.clone()).await.unwrap();
    assert!(open.commit().await.unwrap_err().fenced());
    // Nothing is open any more that would hold readers back.
    let after = transactional(kafka.bootstrap(), &ids[3], &[]);
    after.init_transactions().await.unwrap();
    send(&after, &topic, 1, 3..5).await;
    after.commit().await.unwrap();
    assert_eq!(committed(kafka, &topic, 2), [3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_open_for_too_long_is_aborted() {
    let kafka = block_in_place(|| {
        let property = "transaction.abort.timed.out.transaction.cleanup.interval.ms";
        Kafka::builder().property(property, "500").start().unwrap()
    });
    let (topic, id) = (new_topic(&kafka, "late", 1), unique("late"));
    let producer = transactional(kafka.bootstrap(), &id, &[("transaction.timeout.ms", "1000")]);
    producer.init_transactions().await.unwrap();
    send(&producer, &topic, 1, 0..3).await;
    producer.flush().await;
    let reader = transactional(kafka.bootstrap(), &unique("other"), &[]);
    reader.init_transactions().await.unwrap();
    send(&reader, &topic, 1, 3..5).await;
    reader.commit().await.unwrap();
    // Once it is aborted, what was committed behind it is read.
    assert_eq!(committed(&kafka, &topic, 2), [3, 4]);
    let error = producer.commit().await.unwrap_err();
    assert!(error.fenced(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_longer_than_the_brokers_allow_is_refused_with_the_key() {
    let kafka = Kafka::shared();
    let producer =
        transactional(kafka.bootstrap(), &unique("long"), &[("transaction.timeout.ms", "2000000000")]);
    let error = producer.init_transactions().await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::InvalidTransactionTimeout));
    assert!(error.to_string().contains("`transaction.timeout.ms`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_too_large_fails_its_whole_transaction() {
    let kafka = Kafka::shared();
    let topic = unique("too-large");
    block_in_place(|| kafka.create_topic_with(&topic, 1, &[("max.message.bytes", "500")]).unwrap());
    let topic: Arc<str> = topic.into();
    let producer = transactional(kafka.bootstrap(), &unique("too-large"), &[]);
    producer.init_transactions().await.unwrap();
    send(&producer, &topic, 1, 0..3).await;
    let mut builder = kafka::BatchBuilder::new(0);
    builder.append(0, None, Some(&[b'x'; 600]), &[]);
    let large = builder.finish(Compression::NONE).unwrap().unwrap();
    let large = producer.send(&topic, 0, large).await.unwrap();
    assert!(matches!(large.await, Err(Error::RecordTooLarge { .. })));
    assert!(matches!(producer.commit().await, Err(Error::RecordTooLarge { .. })));
    producer.abort().await.unwrap();
    send(&producer, &topic, 1, 3..5).await;
    producer.commit().await.unwrap();
    assert_eq!(committed(kafka, &topic, 2), [3, 4]);
}

/// Writes numbers, a transaction for every ten, while a broker goes away and comes back. Where the end of one is not
/// known, what was committed says so, as it would to a task that starts again.
async fn survives(mut kafka: Kafka, faults: impl FnOnce(&mut Kafka) + Send) {
    let (topic, id) = (new_topic(&kafka, "survives", 2), unique("survives"));
    let bootstrap = kafka.bootstrap().to_owned();
    // Machines that run tests may be slow to start a broker again.
    let settings = [("request.timeout.ms", "3000"), ("transaction.timeout.ms", "600000")];
    let writer = tokio::spawn({
        let (topic, bootstrap) = (topic.clone(), bootstrap.clone());
        async move {
            let producer = transactional(&bootstrap, &id, &settings);
            producer.init_transactions().await.unwrap();
            for round in 0..200 {
                send(&producer, &topic, 2, round * 10..(round + 1) * 10).await;
                producer.commit().await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    block_in_place(|| faults(&mut kafka));
    tokio::time::timeout(LIMIT, writer).await.expect("all is written in time").unwrap();
    assert_eq!(committed(&kafka, &topic, 2_000), (0..2_000).collect::<Vec<_>>());
}

fn kill_twice(kafka: &mut Kafka) {
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(700));
        kafka.kill().unwrap();
        kafka.restart().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_has_every_transaction_once() {
    let kafka = block_in_place(|| Kafka::start().unwrap());
    survives(kafka, kill_twice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_has_every_transaction_once_with_older_transactions() {
    survives(older(), kill_twice).await;
}
