//! What a source task has polled, on its way into record batches and to Kafka.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::{Batch, Error, OrReaction, Record, Result};
use kafka::{BatchBuilder, Compression, Delivery, Partitioner, Producer, ResponseError};
use tokio::time::Instant;
use tracing::warn;

use super::super::convert::{Converters, Encoded, Encoders, Pieces, Scratch};
use super::super::in_flight::{ChunkId, InFlight, Positions};
use super::super::policy::{Policy, Stage};
use super::super::{Services, TaskSpec};
use super::creation::Creation;

/// The bytes of records that may be on their way to Kafka for one task.
const UNDER_WAY_MAX: usize = 8 * 1024 * 1024;

/// Record batches being filled, sent, and not acknowledged.
pub(super) struct Outgoing {
    producer: Producer,
    creation: Option<Creation>,
    converters: Converters,
    keys: Encoders,
    values: Encoders,
    policy: Policy,
    topics: HashMap<Arc<str>, Topic>,
    scratch: Scratch,
    opened: Option<Instant>,
    linger: Duration,
    chunk_bytes_max: usize,
    under_way_max: usize,
    compression: Compression,
    /// What the partitioner of a new topic starts as.
    partitioner: Partitioner,
    pub(super) in_flight: InFlight<Delivery>,
}

/// A topic that the task writes to.
struct Topic {
    partitioner: Partitioner,
    /// The open chunk of each partition.
    open: Vec<Option<Open>>,
    /// What the last chunk weighed: about what the next one will.
    chunk_bytes: usize,
}

struct Open {
    chunk: ChunkId,
    records: BatchBuilder,
}

impl Outgoing {
    pub(super) fn open(spec: &TaskSpec, services: &Services) -> Result<Self> {
        let (producer, options) = services.clients.producer(spec)?;
        Ok(Self {
            producer,
            creation: Creation::of(spec, services)?,
            linger: options.linger,
            compression: options.compression,
            chunk_bytes_max: options.max_request_size.min(options.buffer_memory / 2),
            under_way_max: UNDER_WAY_MAX.min(options.buffer_memory / 2),
            partitioner: Partitioner::new(options.batch_size, options.partitioner_ignore_keys),
            converters: Converters::of(&spec.connector, services)?,
            keys: Encoders::new(),
            values: Encoders::new(),
            policy: Policy::parse(&spec.connector).or_fail("cannot configure the error policy")?,
            topics: HashMap::new(),
            scratch: Scratch::default(),
            opened: None,
            in_flight: InFlight::new(),
        })
    }

    /// Whether so much is under way that nothing more may be polled.
    pub(super) fn full(&self) -> bool {
        self.in_flight.bytes() >= self.under_way_max
    }

    /// When open chunks are to be sent although they are not full.
    pub(super) fn linger_over(&self) -> Option<Instant> {
        self.opened.map(|opened| opened + self.linger)
    }

    /// Waits for the oldest delivery to end, for ever if nothing is under way. Cancel safe.
    pub(super) async fn delivered(&mut self) -> Result<()> {
        let Some(delivery) = self.in_flight.oldest() else { return std::future::pending().await };
        delivery.await.or_fail("cannot write to Kafka")?;
        self.in_flight.oldest_is_durable();
        Ok(())
    }

    /// Learns a topic that records go to. Cancel safe.
    ///
    /// Waits for brokers that are away as long as they are; a topic that does not exist and that the broker does
    /// not create is an error after `max.block.ms`.
    pub(super) async fn learn(&mut self, name: &Arc<str>) -> Result<()> {
        if self.topics.contains_key(name) {
            return Ok(());
        }
        let partitions = loop {
            match partitions(&self.producer, self.creation.as_ref(), name).await {
                Ok(partitions) => break partitions,
                Err(error) if error.retriable() && !is_missing(&error) => {
                    warn!(topic = &**name, error = %error, "waiting for the brokers to name the topic's partitions");
                }
                Err(error) if is_missing(&error) => return Err(missing(name).caused_by(error)),
                Err(error) => {
                    return Err(Error::fail(format_args!("cannot write to topic `{name}`")).caused_by(error));
                }
            }
        };
        self.topics.insert(name.clone(), Topic::new(partitions, self.partitioner.clone()));
        Ok(())
    }

    /// Adds a batch, whose topic was learnt, and notes its positions.
    pub(super) async fn add(&mut self, batch: Batch) -> Result<()> {
        if !batch.records.is_empty() {
            self.add_records(&batch).await?;
        }
        let mut positions = Positions::default();
        for (partition, offset) in batch.positions {
            positions.advance(partition, offset);
        }
        if !positions.is_empty() {
            self.in_flight.position(positions);
        }
        Ok(())
    }

    async fn add_records(&mut self, batch: &Batch) -> Result<()> {
        let now = now_ms();
        let mut from = 0;
        while let Some((next, partition)) = self.fill(batch, from, now)? {
            self.send(&batch.topic, partition).await?;
            from = next;
        }
        Ok(())
    }

    /// Puts records into open chunks until all are in or a chunk is full: then answers the index of the record
    /// that did not fit, and the partition whose chunk has to be sent before it.
    fn fill(&mut self, batch: &Batch, from: usize, now: i64) -> Result<Option<(usize, usize)>> {
        let Self { converters, keys, values, scratch, opened, in_flight, policy, chunk_bytes_max, .. } = self;
        let topic = self.topics.get_mut(&batch.topic).expect("a topic is learnt before its records");
        let mut pieces = Pieces {
            topic: &batch.topic,
            key: keys.of(converters.key.as_ref(), &batch.topic, batch.key_schema.as_ref())?,
            value: values.of(converters.value.as_ref(), &batch.topic, batch.value_schema.as_ref())?,
            header: converters.header.as_ref(),
            scratch,
        };
        for (index, record) in batch.records.iter().enumerate().skip(from) {
            let bytes = match pieces.encode(record) {
                Ok(bytes) => bytes,
                Err((stage, error)) => {
                    policy.refuse(stage, Place { index, topic: &batch.topic }, error)?;
                    continue;
                }
            };
            if let Err(error) = bytes.fits(*chunk_bytes_max) {
                policy.refuse(Stage::KafkaProduce, Place { index, topic: &batch.topic }, error)?;
                continue;
            }
            let partition = topic.partition(record, &bytes)?;
            if topic.is_full(partition, &bytes, *chunk_bytes_max) {
                return Ok(Some((index, partition)));
            }
            let chunk = topic.chunk(partition, || {
                opened.get_or_insert_with(Instant::now);
                in_flight.open()
            });
            chunk.append(record.timestamp_ms.unwrap_or(now), bytes.key, bytes.value, &bytes.headers);
        }
        Ok(None)
    }

    /// Sends the open chunk of a partition.
    async fn send(&mut self, name: &Arc<str>, partition: usize) -> Result<()> {
        let topic = self.topics.get_mut(name).expect("a chunk is open, so its topic is known");
        let Some(open) = topic.open[partition].take() else { return Ok(()) };
        topic.chunk_bytes = open.records.bytes();
        let batch = open.records.finish(self.compression);
        let batch = batch.or_fail("cannot compress records")?.expect("a chunk is opened for a record");
        let bytes = batch.bytes();
        let partition = i32::try_from(partition).expect("partitions are counted in i32");
        let delivery = self.producer.send(name, partition, batch).await;
        let delivery = delivery.or_fail(format_args!("cannot write to topic `{name}`"))?;
        self.in_flight.sent(open.chunk, delivery, bytes);
        Ok(())
    }

    /// Sends every open chunk.
    pub(super) async fn flush(&mut self) -> Result<()> {
        self.opened = None;
        let topics = self.topics.iter();
        let open: Vec<(Arc<str>, usize)> = topics.flat_map(|(name, topic)| topic.opened(name)).collect();
        for (name, partition) in open {
            self.send(&name, partition).await?;
        }
        Ok(())
    }

    /// Sends open chunks that have lingered for long enough.
    pub(super) async fn flush_lingered(&mut self) -> Result<()> {
        match self.linger_over() {
            Some(over) if over <= Instant::now() => self.flush().await,
            _ => Ok(()),
        }
    }

    /// Sends what is open and waits until everything is acknowledged.
    pub(super) async fn arrive(&mut self) -> Result<()> {
        self.flush().await?;
        while !self.in_flight.is_empty() {
            self.delivered().await?;
        }
        Ok(())
    }
}

/// Names a record in an error without its data (invariant 8).
struct Place<'a> {
    index: usize,
    topic: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} of a batch for topic `{}`", self.index, self.topic)
    }
}

impl Topic {
    fn new(partitions: i32, partitioner: Partitioner) -> Self {
        Self { partitioner, open: (0..partitions).map(|_| None).collect(), chunk_bytes: 0 }
    }

    /// The partition a record goes to: its own if it names one, else that of the partitioner.
    fn partition(&mut self, record: &Record, bytes: &Encoded<'_>) -> Result<usize> {
        let count = self.open.len();
        let Some(wanted) = record.partition else {
            let partition = self.partitioner.partition(bytes.key, bytes.len(), count as i32);
            return Ok(partition as usize);
        };
        let wanted_index = usize::try_from(wanted).ok().filter(|index| *index < count);
        wanted_index.ok_or_else(|| {
            Error::fail(format_args!("partition {wanted} does not exist: the topic has {count}"))
        })
    }

    fn is_full(&self, partition: usize, bytes: &Encoded<'_>, chunk_bytes_max: usize) -> bool {
        self.open[partition].as_ref().is_some_and(|open| {
            let (key, value) = (bytes.key.map(<[u8]>::len), bytes.value.map(<[u8]>::len));
            open.records.size_with(key, value, &bytes.headers) > chunk_bytes_max
        })
    }

    fn chunk(&mut self, partition: usize, opened: impl FnOnce() -> ChunkId) -> &mut BatchBuilder {
        let capacity = self.chunk_bytes;
        let open = self.open[partition]
            .get_or_insert_with(|| Open { chunk: opened(), records: BatchBuilder::new(capacity) });
        &mut open.records
    }

    fn opened(&self, name: &Arc<str>) -> impl Iterator<Item = (Arc<str>, usize)> {
        let open = self.open.iter().enumerate().filter(|(_, open)| open.is_some());
        open.map(|(partition, _)| (name.clone(), partition))
    }
}

/// The number of partitions of a topic, which is made if it does not exist: by the connector's own rules where it
/// has some, by the brokers otherwise.
async fn partitions(
    producer: &Producer,
    creation: Option<&Creation>,
    topic: &str,
) -> Result<i32, kafka::Error> {
    if let Some(creation) = creation {
        creation.ensure(topic).await?;
    }
    producer.partitions(topic, creation.is_none()).await
}

fn is_missing(error: &kafka::Error) -> bool {
    error.code() == Some(ResponseError::UnknownTopicOrPartition)
}

fn missing(topic: &str) -> Error {
    Error::fail(format_args!(
        "topic `{topic}` does not exist and the brokers do not create it; hint: create it, or set \
         `auto.create.topics.enable=true` on the brokers"
    ))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
