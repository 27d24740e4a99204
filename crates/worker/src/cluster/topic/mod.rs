//! A compacted topic as a log that the workers of a cluster keep their state in.
//!
//! [`Log::open`] makes or checks the topic and begins to read it from its beginning; every batch goes to the
//! owner's function, in the order of its partition. [`Log::append`] returns once all replicas have the records,
//! [`Log::read_to_end`] once everything has been read that was written before.

mod create;
mod follow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::{OrReaction, Result};
use kafka::config::ProducerOptions;
use kafka::{
    Admin, BatchBuilder, Client, Compression, ConsumerOptions, FetchedBatch, IsolationLevel, OffsetSpec,
    PartitionReader, Producer, RecordBatch, TopicPartition, partition_of_key,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// What a log is to be, and the keys of the worker properties that say so.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The name of the topic.
    pub topic: Arc<str>,
    /// What the keys begin with: `config.storage.`, `offset.storage.` or `status.storage.`.
    pub prefix: &'static str,
    /// How many partitions a new topic gets; `None` for the broker's default.
    pub partitions: Option<i32>,
    /// How many copies a new topic gets; `None` for the broker's default.
    pub replication_factor: Option<i16>,
    /// Settings of a new topic.
    pub settings: BTreeMap<String, String>,
    /// Whether the topic must have one partition.
    pub single: bool,
    /// How long brokers are waited for that a new topic needs.
    pub patience: Duration,
}

/// Takes what was read; called inside the log's task, so it must not block.
pub type Apply = Box<dyn FnMut(&FetchedBatch) + Send>;

/// A record to be written; a value of `None` deletes what the key had.
pub type Entry = (Vec<u8>, Option<Vec<u8>>);

/// A topic that is followed until this is dropped.
pub struct Log {
    spec: Spec,
    admin: Admin,
    producer: Producer,
    isolation: IsolationLevel,
    partitions: Vec<TopicPartition>,
    progress: Arc<Progress>,
    _follower: JoinSet<()>,
}

/// How far the log has been read, by partition.
struct Progress {
    positions: watch::Sender<Vec<i64>>,
    /// Somebody waits for positions.
    wanted: Notify,
}

impl Log {
    /// Makes sure that the topic is there and fit for its purpose, and begins to read it.
    ///
    /// # Errors
    /// The topic cannot be made, or it is not what it has to be: the words name the key of the worker properties.
    pub async fn open(
        client: &Client,
        consumer: ConsumerOptions,
        producer: ProducerOptions,
        spec: Spec,
        apply: Apply,
    ) -> Result<Self> {
        let admin = Admin::new(client.clone());
        let producer = Producer::new(client.clone(), producer);
        let count = create::ensure(&admin, &producer, &spec).await?;
        let partitions: Vec<_> =
            (0..count).map(|index| TopicPartition::new(spec.topic.clone(), index)).collect();
        let isolation = consumer.isolation_level;
        let begin = admin.list_offsets(&partitions, OffsetSpec::Earliest, isolation).await;
        let begin = begin.or_retry(format_args!("cannot read topic `{}`", spec.topic))?;
        let begin: Vec<i64> = partitions
            .iter()
            .map(|partition| begin.get(partition).and_then(|listed| listed.offset).unwrap_or(0))
            .collect();
        let from: Vec<_> = partitions.iter().cloned().zip(begin.iter().copied()).collect();
        let reader = PartitionReader::new(client.clone(), consumer, &from);
        let progress = Arc::new(Progress { positions: watch::Sender::new(begin), wanted: Notify::new() });
        let mut follower = JoinSet::new();
        follower.spawn(follow::run(reader, partitions.clone(), progress.clone(), apply));
        Ok(Self { spec, admin, producer, isolation, partitions, progress, _follower: follower })
    }

    /// The name of the topic.
    pub fn topic(&self) -> &Arc<str> {
        &self.spec.topic
    }

    /// How many partitions the topic has.
    pub fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// Writes records, those of one partition in this order; returns when all replicas have them.
    ///
    /// # Errors
    /// Some of them may not have been written.
    pub async fn append(&self, entries: &[Entry]) -> Result<()> {
        self.append_by(&self.producer, entries).await
    }

    /// The same with another producer.
    ///
    /// # Errors
    /// Some of them may not have been written.
    pub async fn append_by(&self, producer: &Producer, entries: &[Entry]) -> Result<()> {
        let what = || format!("cannot write to topic `{}` (`{}topic`)", self.spec.topic, self.spec.prefix);
        let mut deliveries = Vec::new();
        for (partition, batch) in self.batches(entries, producer.options().compression)? {
            deliveries.push(producer.send(&self.spec.topic, partition, batch).await.or_retry(what())?);
        }
        for delivery in deliveries {
            delivery.await.or_retry(what())?;
        }
        Ok(())
    }

    /// The record batches of records, with their partitions; those of one partition in this order.
    ///
    /// # Errors
    /// They cannot be compressed.
    pub fn batches(&self, entries: &[Entry], compression: Compression) -> Result<Vec<(i32, RecordBatch)>> {
        let mut batches: BTreeMap<i32, BatchBuilder> = BTreeMap::new();
        let now_ms = now_ms();
        // A topic has at most i32::MAX partitions.
        let count = self.partitions.len() as i32;
        for (key, value) in entries {
            let batch = batches.entry(partition_of_key(key, count)).or_default();
            batch.append(now_ms, Some(key), value.as_deref(), &[]);
        }
        let mut finished = Vec::with_capacity(batches.len());
        for (partition, batch) in batches {
            let batch = batch.finish(compression);
            let batch =
                batch.or_fail(format_args!("cannot compress records for topic `{}`", self.spec.topic))?;
            finished.extend(batch.map(|batch| (partition, batch)));
        }
        Ok(finished)
    }

    /// Gives up what was written and is not acknowledged.
    pub fn abandon(&self) {
        self.producer.abandon();
    }

    /// Returns when everything has been read that was in the topic when this was called. Transactions that are open
    /// then are waited for, where only what is committed is read: some of it may be behind them.
    ///
    /// # Errors
    /// No broker tells where the end is. A broker that goes away later is waited for without a limit.
    pub async fn read_to_end(&self) -> Result<()> {
        self.read_to_end_as(IsolationLevel::ReadUncommitted).await
    }

    /// The same without waiting for open transactions: whoever has died with one open may be waited for long, and
    /// those who would end it may be waiting for us.
    ///
    /// # Errors
    /// As [`Log::read_to_end`].
    pub async fn read_what_can_be(&self) -> Result<()> {
        self.read_to_end_as(self.isolation).await
    }

    async fn read_to_end_as(&self, isolation: IsolationLevel) -> Result<()> {
        let ends = self.admin.list_offsets(&self.partitions, OffsetSpec::Latest, isolation).await;
        let ends = ends.or_retry(format_args!("cannot find the end of topic `{}`", self.spec.topic))?;
        let ends: Vec<i64> = self
            .partitions
            .iter()
            .map(|partition| ends.get(partition).and_then(|listed| listed.offset).unwrap_or(0))
            .collect();
        let mut positions = self.progress.positions.subscribe();
        self.progress.wanted.notify_one();
        let reached =
            |positions: &Vec<i64>| positions.iter().zip(&ends).all(|(position, end)| position >= end);
        let read = positions.wait_for(reached).await;
        read.map(drop).or_fail(format_args!("topic `{}` is not read any more", self.spec.topic))
    }

    /// Waits for what was written, for so long at most, and ends.
    pub async fn close(self, limit: Duration) {
        self.producer.close(limit).await;
    }
}

/// The time as records have it; a clock before 1970 counts as 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
