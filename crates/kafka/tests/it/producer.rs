//! Our producer against a real broker, read back with Java's consumer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kafka::group::Lease;
use kafka::{BatchBuilder, Client, Codec, Compression, Error, Producer, RecordHeader, ResponseError, config};
use testkit::Kafka;
use tokio::{
    task::block_in_place,
    time::{self, Instant},
};

use crate::{
    reader::{LIMIT, unique},
    writer::{Writer, check, numbers, producer, start_ms},
};

/// A topic of one partition, named after the test.
fn new_topic(kafka: &Kafka, name: &str, config: &[(&str, &str)]) -> Arc<str> {
    let name = unique(name);
    block_in_place(|| kafka.create_topic_with(&name, 1, config).unwrap());
    name.into()
}

/// Writes a little all the time until `fault` returns, and some more.
async fn write_during(writer: &mut Writer, fault: impl FnOnce() + Send) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let fault = scope.spawn(|| {
            fault();
            over.store(true, Ordering::Relaxed);
        });
        block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let mut pace = time::interval(Duration::from_millis(2));
                while !over.load(Ordering::Relaxed) && !fault.is_finished() {
                    pace.tick().await;
                    writer.write(5).await;
                }
                for _ in 0..50 {
                    writer.write(5).await;
                }
            });
        });
        fault.join().unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn java_reads_every_codec() {
    let kafka = Kafka::shared();
    for codec in Codec::ALL {
        // The records are from 1970.
        let topic = new_topic(kafka, &format!("codec-{}", codec.name()), &[("retention.ms", "-1")]);
        let producer = producer(kafka.bootstrap(), &[("compression.type", codec.name())]);
        let mut builder = BatchBuilder::new(0);
        for number in 0..2_000 {
            let (key, value) = (format!("k{number}"), format!("value {number}").repeat(10));
            let headers =
                [RecordHeader { key: "h", value: Some(b"1") }, RecordHeader { key: "n", value: None }];
            builder.append(7_000 + number, Some(key.as_bytes()), Some(value.as_bytes()), &headers);
        }
        builder.append(9_000, None, None, &[]);
        let batch = builder.finish(producer.options().compression).unwrap().unwrap();
        assert_eq!(codec != Codec::None, batch.bytes() < batch.uncompressed_bytes(), "{codec:?}");
        assert_eq!(producer.send(&topic, 0, batch).await.unwrap().await.unwrap(), 0);
        let lines = block_in_place(|| {
            let print = ["print.timestamp=true", "print.headers=true", "print.key=true", "print.offset=true"];
            let arguments: Vec<&str> =
                print.iter().flat_map(|property| ["--formatter-property", property]).collect();
            kafka.consume_with(&topic, 2_001, &arguments).unwrap()
        });
        for (number, line) in lines[..2_000].iter().enumerate() {
            let value = format!("value {number}").repeat(10);
            let time = 7_000 + number;
            assert_eq!(*line, format!("CreateTime:{time}\tOffset:{number}\th:1,n:null\tk{number}\t{value}"));
        }
        assert_eq!(lines[2_000], "CreateTime:9000\tOffset:2000\tNO_HEADERS\tnull\tnull");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_while_a_lease_does_not_hold() {
    let kafka = Kafka::shared();
    let topic = new_topic(kafka, "lease", &[]);
    let (lease, plain) = (Lease::new(), producer(kafka.bootstrap(), &[]));
    let properties = [("bootstrap.servers".to_owned(), kafka.bootstrap().to_owned())];
    let parsed = config::producer(&properties.into()).unwrap();
    let leased = Producer::with_lease(Client::new(parsed.client), parsed.options, Some(lease.clone()));
    let batch = |value: &[u8]| {
        let mut builder = BatchBuilder::new(0);
        builder.append(start_ms(), None, Some(value), &[]);
        builder.finish(Compression::NONE).unwrap().unwrap()
    };
    assert!(!leased.may_write());
    let held = leased.send(&topic, 0, batch(b"held")).await.unwrap();
    // Whatever had left would have arrived before this.
    assert_eq!(plain.send(&topic, 0, batch(b"first")).await.unwrap().await.unwrap(), 0);
    lease.extend(Instant::now() + LIMIT);
    assert_eq!(held.await.unwrap(), 1);
    lease.end();
    let late = leased.send(&topic, 0, batch(b"late")).await.unwrap();
    assert!(matches!(late.await, Err(Error::Closed)));
    assert_eq!(plain.send(&topic, 0, batch(b"last")).await.unwrap().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_has_everything_once_and_in_order() {
    let mut kafka = Kafka::start().unwrap();
    let topic = new_topic(&kafka, "killed", &[]);
    let mut writer = Writer::new(kafka.bootstrap(), &topic, &[]);
    writer.write(1).await;
    write_during(&mut writer, || {
        for _ in 0..2 {
            kafka.kill().unwrap();
            kafka.restart().unwrap();
        }
    })
    .await;
    writer.check(&kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stands_still_has_everything_once_and_in_order() {
    let mut kafka = Kafka::start().unwrap();
    let topic = new_topic(&kafka, "paused", &[]);
    let mut writer = Writer::new(kafka.bootstrap(), &topic, &[("request.timeout.ms", "3000")]);
    writer.write(1).await;
    write_during(&mut writer, || {
        // Longer than a request may take, so that connections are given up with batches on their way.
        kafka.pause().unwrap();
        std::thread::sleep(Duration::from_secs(7));
        kafka.resume().unwrap();
    })
    .await;
    writer.check(&kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_and_lost_answers_neither_lose_nor_double() {
    let kafka = Kafka::builder().proxied().start().unwrap();
    let topic = new_topic(&kafka, "cut", &[]);
    let settings = [("request.timeout.ms", "3000")];
    let mut writer = Writer::new(&kafka.proxied_bootstrap(), &topic, &settings);
    writer.write(1).await;
    write_during(&mut writer, || {
        for _ in 0..20 {
            kafka.proxy().cut();
            std::thread::sleep(Duration::from_millis(50));
        }
        kafka.proxy().black_hole_answers();
        // Longer than a request may take.
        std::thread::sleep(Duration::from_millis(5_000));
        kafka.proxy().resume();
        kafka.proxy().cut();
        kafka.proxy().refuse();
        std::thread::sleep(Duration::from_millis(500));
        kafka.proxy().resume();
    })
    .await;
    writer.check(&kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_topic_refuses_as_too_large_goes_in_parts() {
    let kafka = Kafka::shared();
    let topic = new_topic(kafka, "split", &[("max.message.bytes", "500")]);
    let mut writer = Writer::new(kafka.bootstrap(), &topic, &[]);
    for count in [1, 1_000, 3, 200] {
        writer.write(count).await;
    }
    writer.check(kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_too_large_is_named_and_the_rest_is_written() {
    let kafka = Kafka::shared();
    let topic = new_topic(kafka, "too-large", &[("max.message.bytes", "500")]);
    let producer = producer(kafka.bootstrap(), &[]);
    let mut builder = BatchBuilder::new(0);
    let (now_ms, large) = (start_ms(), [b'x'; 600]);
    builder.append(now_ms, None, Some(b"0"), &[]);
    builder.append(now_ms, None, Some(&large), &[]);
    builder.append(now_ms, None, Some(b"1"), &[]);
    let batch = builder.finish(Compression::NONE).unwrap().unwrap();
    let large = producer.send(&topic, 0, batch).await.unwrap();
    let small = producer.send(&topic, 0, numbers(2..5, Compression::NONE)).await.unwrap();
    let error = large.await.unwrap_err().to_string();
    assert!(error.contains(&*topic) && error.contains("`max.message.bytes`"), "{error}");
    assert_eq!(small.await.unwrap(), 2);
    check(kafka, &topic, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_larger_than_a_request_is_refused_before_it_is_sent() {
    let kafka = Kafka::shared();
    let producer = producer(kafka.bootstrap(), &[("max.request.size", "1000")]);
    let mut builder = BatchBuilder::new(0);
    builder.append(0, None, Some(&[b'x'; 2_000]), &[]);
    let batch = builder.finish(Compression::NONE).unwrap().unwrap();
    let error = producer.send(&"nowhere".into(), 0, batch).await.unwrap_err();
    assert!(matches!(error, Error::RecordTooLarge { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_acknowledgement_delivers() {
    let kafka = Kafka::shared();
    for acks in ["0", "1", "all"] {
        let topic = new_topic(kafka, &format!("acks-{acks}"), &[]);
        let producer = producer(kafka.bootstrap(), &[("acks", acks)]);
        let mut deliveries = Vec::new();
        for first in (0..100).step_by(10) {
            let batch = numbers(first..first + 10, Compression::NONE);
            deliveries.push((first, producer.send(&topic, 0, batch).await.unwrap()));
        }
        for (first, delivery) in deliveries {
            let expected = if acks == "0" { -1 } else { first as i64 };
            assert_eq!(delivery.await.unwrap(), expected, "acks={acks}");
        }
        // Without an acknowledgement the broker may still be busy with the last ones.
        let pause = Duration::from_millis(50);
        let arrived = || Ok((kafka.end_offsets(&topic)? == [100]).then_some(()));
        block_in_place(|| testkit::wait::until("all records", LIMIT, pause, arrived)).unwrap();
        check(kafka, &topic, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_keep_their_own_order() {
    let kafka = Kafka::shared();
    let topic: Arc<str> = unique("partitions").into();
    block_in_place(|| kafka.create_topic(&topic, 20).unwrap());
    let producer = producer(kafka.bootstrap(), &[]);
    assert_eq!(producer.partitions(&topic, false).await.unwrap(), 20);
    let mut deliveries = Vec::new();
    for round in 0..30u64 {
        for partition in 0..20 {
            let batch = numbers(round * 3..round * 3 + 3, Compression::NONE);
            deliveries.push((round, producer.send(&topic, partition, batch).await.unwrap()));
        }
    }
    for (round, delivery) in deliveries {
        assert_eq!(delivery.await.unwrap(), round as i64 * 3);
    }
    assert_eq!(block_in_place(|| kafka.end_offsets(&topic).unwrap()), [90; 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_missing_is_named_or_created() {
    let kafka = Kafka::shared();
    let impatient = producer(kafka.bootstrap(), &[("max.block.ms", "1500")]);
    let missing = unique("missing");
    let error = impatient.partitions(&missing, false).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::UnknownTopicOrPartition));
    assert!(error.to_string().contains(&missing), "{error}");
    let patient = producer(kafka.bootstrap(), &[("max.block.ms", "180000")]);
    assert_eq!(patient.partitions(&missing, true).await.unwrap(), 1);
    let error = patient.partitions("no name/", true).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::InvalidTopicException));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_wait_for_a_topic_that_comes_later() {
    let kafka = Kafka::shared();
    let topic = unique("later");
    let mut writer = Writer::new(kafka.bootstrap(), &topic, &[]);
    for _ in 0..10 {
        writer.write(10).await;
    }
    block_in_place(|| kafka.create_topic(&topic, 1).unwrap());
    writer.check(kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_deleted_and_created_again_is_written_on() {
    let kafka = Kafka::shared();
    let topic = new_topic(kafka, "again", &[]);
    let producer = producer(kafka.bootstrap(), &[]);
    for first in 0..10 {
        let batch = numbers(first..first + 1, Compression::NONE);
        producer.send(&topic, 0, batch).await.unwrap().await.unwrap();
    }
    block_in_place(|| {
        kafka.delete_topic(&topic).unwrap();
        kafka.create_topic(&topic, 1).unwrap();
    });
    for first in (0..50).step_by(5) {
        let batch = numbers(first..first + 5, Compression::NONE);
        assert_eq!(producer.send(&topic, 0, batch).await.unwrap().await.unwrap(), first as i64);
    }
    check(kafka, &topic, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_up_is_an_error_with_its_reason() {
    let kafka = Kafka::shared();
    let missing: Arc<str> = unique("never").into();
    // Time enough to hear from the broker why the batch waits.
    let producer = producer(kafka.bootstrap(), &[("delivery.timeout.ms", "10000")]);
    let delivery = producer.send(&missing, 0, numbers(0..1, Compression::NONE)).await.unwrap();
    let error = delivery.await.unwrap_err().to_string();
    assert!(error.contains("`delivery.timeout.ms`: ") && error.contains("UNKNOWN_TOPIC"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_and_comes_back() {
    let kafka = Kafka::shared();
    let missing: Arc<str> = unique("full").into();
    // The first batch is still there when the wait of the second one is over.
    let settings = [("buffer.memory", "1000"), ("max.block.ms", "2000"), ("delivery.timeout.ms", "20000")];
    let producer = producer(kafka.bootstrap(), &settings);
    let batch = numbers(0..100, Compression::NONE);
    assert!(batch.bytes() > 600);
    let waiting = producer.send(&missing, 0, batch.clone()).await.unwrap();
    let error = producer.send(&missing, 0, batch.clone()).await.unwrap_err();
    assert!(error.to_string().contains("`buffer.memory`"), "{error}");
    waiting.await.unwrap_err();
    producer.send(&missing, 0, batch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_ends_fails_what_waits() {
    let kafka = Kafka::shared();
    let producer = producer(kafka.bootstrap(), &[]);
    let missing: Arc<str> = unique("closed").into();
    let delivery = producer.send(&missing, 0, numbers(0..1, Compression::NONE)).await.unwrap();
    producer.close(Duration::from_millis(100)).await;
    assert!(matches!(delivery.await, Err(Error::Closed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn flush_waits_for_everything_sent() {
    let kafka = Kafka::shared();
    let topic = new_topic(kafka, "flushed", &[]);
    let producer = producer(kafka.bootstrap(), &[]);
    for first in (0..1_000).step_by(10) {
        producer.send(&topic, 0, numbers(first..first + 10, Compression::NONE)).await.unwrap();
    }
    producer.flush().await;
    check(kafka, &topic, 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bootstrap_server_of_several_is_enough() {
    let kafka = Kafka::shared();
    let topic = new_topic(kafka, "bootstrap", &[]);
    let dead = testkit::ports::free();
    let mut writer = Writer::new(&format!("127.0.0.1:{dead},{}", kafka.bootstrap()), &topic, &[]);
    writer.write(10).await;
    writer.check(kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_broker_at_all_is_an_error_that_names_it() {
    let dead = format!("127.0.0.1:{}", testkit::ports::free());
    let producer = producer(&dead, &[("max.block.ms", "500")]);
    let error = producer.partitions("any", false).await.unwrap_err().to_string();
    assert!(error.contains(&dead) && error.contains("refused"), "{error}");
}
