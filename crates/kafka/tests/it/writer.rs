//! A producer of ours that writes the numbers 0, 1, 2… and knows where each has to be.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};

use kafka::{BatchBuilder, Client, Compression, Delivery, Producer, RecordBatch, config};
use testkit::Kafka;

/// A producer with settings that suit a test, and these.
pub(crate) fn producer(bootstrap: &str, settings: &[(&str, &str)]) -> Producer {
    let defaults = [("bootstrap.servers", bootstrap), ("delivery.timeout.ms", "2147483647")];
    let properties =
        defaults.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let parsed = config::producer(&properties.collect::<BTreeMap<_, _>>()).unwrap();
    assert!(parsed.unknown.is_empty(), "{:?}", parsed.unknown);
    Producer::new(Client::new(parsed.client), parsed.options)
}

/// The timestamp of number 0, in milliseconds: when this process first asked, so that retention deletes nothing.
pub(crate) fn start_ms() -> i64 {
    static START_MS: OnceLock<i64> = OnceLock::new();
    *START_MS.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64)
}

/// A batch of these numbers as text, a millisecond apart.
pub(crate) fn numbers(range: std::ops::Range<u64>, compression: Compression) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    for number in range {
        builder.append(start_ms() + number as i64, None, Some(number.to_string().as_bytes()), &[]);
    }
    builder.finish(compression).unwrap().expect("some numbers")
}

/// Writes numbers to partition 0 of a topic that nobody else writes to.
pub(crate) struct Writer {
    producer: Producer,
    topic: Arc<str>,
    written: u64,
    deliveries: Vec<(u64, Delivery)>,
}

impl Writer {
    pub(crate) fn new(bootstrap: &str, topic: &str, settings: &[(&str, &str)]) -> Writer {
        let producer = producer(bootstrap, settings);
        Writer { producer, topic: topic.into(), written: 0, deliveries: Vec::new() }
    }

    /// Sends the next so many numbers as one batch.
    pub(crate) async fn write(&mut self, count: u64) {
        let first = self.written;
        self.written += count;
        let batch = numbers(first..self.written, self.producer.options().compression);
        let delivery = self.producer.send(&self.topic, 0, batch).await.unwrap();
        self.deliveries.push((first, delivery));
    }

    /// Waits until all is written where it has to be, and reads it back with Java's consumer.
    pub(crate) async fn check(self, kafka: &Kafka) {
        for (first, delivery) in self.deliveries {
            let offset = delivery.await.unwrap();
            // A broker that is asked again does not always know where it put a batch.
            assert!(offset == first as i64 || offset == -1, "{first} is at {offset}");
        }
        check(kafka, &self.topic, self.written);
    }
}

/// The topic holds each number once, in order, and nothing else.
pub(crate) fn check(kafka: &Kafka, topic: &str, written: u64) {
    tokio::task::block_in_place(|| {
        assert_eq!(kafka.end_offsets(topic).unwrap(), [written]);
        let read = kafka.consume(topic, written as usize).unwrap();
        let expected: Vec<String> = (0..written).map(|number| number.to_string()).collect();
        assert!(read == expected, "the numbers are not those that were written");
    });
}
