//! A topic as a log, in a real Apache Kafka.

use std::sync::{Arc, Mutex};

use kafka::config::ProducerOptions;
use kafka::{Client, ConsumerOptions};
use testkit::Kafka;
use worker::cluster::topic::{Apply, Entry, Log, Spec};

use crate::cluster::{client, eventually, spec, unique};

type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;

fn collect(seen: &Seen) -> Apply {
    let seen = seen.clone();
    Box::new(move |batch| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let records = batch.records().map(|record| (text(record.key.unwrap()), record.value.map(text)));
        seen.lock().unwrap().extend(records);
    })
}

async fn open(client: &Client, spec: Spec, seen: &Seen) -> api::Result<Log> {
    Log::open(client, ConsumerOptions::default(), ProducerOptions::default(), spec, collect(seen)).await
}

fn entries(keys: std::ops::Range<u32>) -> Vec<Entry> {
    keys.map(|key| (format!("k{key}").into_bytes(), Some(b"v".to_vec()))).collect()
}

fn keys(seen: &Seen) -> Vec<String> {
    let mut keys: Vec<String> = seen.lock().unwrap().iter().map(|(key, _)| key.clone()).collect();
    keys.sort();
    keys
}

fn names(keys: std::ops::Range<u32>) -> Vec<String> {
    let mut names: Vec<String> = keys.map(|key| format!("k{key}")).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_has_been_read_at_the_end() {
    let client = client(Kafka::shared().bootstrap());
    let name = unique("log");
    let (first, second) = (Seen::default(), Seen::default());
    let one = open(&client, spec(&name, "status.storage."), &first).await.unwrap();
    assert_eq!(one.partitions(), 5);
    one.read_to_end().await.unwrap();
    one.append(&entries(0..50)).await.unwrap();
    one.read_to_end().await.unwrap();
    assert_eq!(keys(&first), names(0..50));
    // Another one finds the topic as it is, reads it from the beginning, and sees what the first writes.
    let other = open(&client, Spec { partitions: Some(2), ..spec(&name, "status.storage.") }, &second);
    let other = other.await.unwrap();
    assert_eq!(other.partitions(), 5);
    one.append(&entries(50..60)).await.unwrap();
    one.append(&[(b"k3".to_vec(), None)]).await.unwrap();
    other.read_to_end().await.unwrap();
    let last = second.lock().unwrap().iter().rfind(|(key, _)| key == "k3").cloned();
    assert_eq!(last, Some(("k3".to_owned(), None)));
    second.lock().unwrap().retain(|(_, value)| value.is_some());
    assert_eq!(keys(&second), names(0..60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_on_when_its_broker_comes_back() {
    let mut kafka = Kafka::start().unwrap();
    let seen = Seen::default();
    let log = open(&client(kafka.bootstrap()), spec("log", "config.storage."), &seen).await.unwrap();
    log.append(&entries(0..1)).await.unwrap();
    log.read_to_end().await.unwrap();
    kafka.kill().unwrap();
    kafka.restart().unwrap();
    log.append(&entries(1..2)).await.unwrap();
    eventually("the record written after the restart", || keys(&seen).last().is_some_and(|key| key == "k1"));
    assert_eq!(keys(&seen), names(0..2));
}

async fn refusal(spec: Spec) -> String {
    let opened = open(&client(Kafka::shared().bootstrap()), spec, &Seen::default()).await;
    format!("{:#}", opened.err().expect("a refusal"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_would_lose_something_is_refused() {
    let kafka = Kafka::shared();
    let (wide, short) = (unique("wide"), unique("short"));
    kafka.create_topic_with(&wide, 3, &[("cleanup.policy", "compact")]).unwrap();
    let words = refusal(spec(&wide, "config.storage.")).await;
    assert_eq!(
        words,
        format!(
            "Topic '{wide}' supplied via the 'config.storage.topic' property is required to have a single partition in \
             order to guarantee consistency of connector configurations, but found 3 partitions."
        )
    );
    kafka.create_topic_with(&short, 1, &[("cleanup.policy", "compact,delete")]).unwrap();
    let words = refusal(spec(&short, "offset.storage.")).await;
    assert_eq!(
        words,
        format!(
            "Topic '{short}' supplied via the 'offset.storage.topic' property is required to have \
             'cleanup.policy=compact' to guarantee consistency and durability of source connector offsets, but found \
             the topic currently has 'cleanup.policy=compact,delete'. Continuing would likely result in eventually \
             losing source connector offsets and problems restarting this Connect cluster in the future. Change the \
             'offset.storage.topic' property in the Connect worker configurations to use a topic with \
             'cleanup.policy=compact'."
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_a_broker_refuses_are_told_with_their_key() {
    let copies = Spec { replication_factor: Some(3), ..spec(&unique("copies"), "status.storage.") };
    let words = refusal(copies).await;
    assert!(
        words.contains("`status.storage.replication.factor` asks for more copies (3) than there are brokers"),
        "{words}"
    );
    let mut wrong = spec(&unique("wrong"), "status.storage.");
    wrong.settings.insert("retention.ms".to_owned(), "many".to_owned());
    let words = refusal(wrong).await;
    assert!(words.contains("with the settings under `status.storage.`"), "{words}");
}
