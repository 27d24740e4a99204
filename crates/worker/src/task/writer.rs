//! Record batches being filled, sent, and not acknowledged: of a source, or of a dead letter queue.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::{Error, OrReaction, Result};
use kafka::{BatchBuilder, Compression, Delivery, Partitioner, Producer};
use tokio::time::Instant;

use super::convert::Encoded;
use super::in_flight::{ChunkId, InFlight};
use super::{Services, TaskSpec};

/// The bytes of records that may be on their way to Kafka for one task.
const UNDER_WAY_MAX: usize = 8 * 1024 * 1024;

/// Fills record batches of Kafka, one open chunk for each partition, and sends them.
pub(super) struct Writer {
    producer: Producer,
    topics: HashMap<Arc<str>, Topic>,
    opened: Option<Instant>,
    linger: Duration,
    chunk_bytes_max: usize,
    under_way_max: usize,
    compression: Compression,
    /// What the partitioner of a new topic starts as.
    partitioner: Partitioner,
    pub(super) in_flight: InFlight<Delivery>,
    /// Whether the oldest chunk could not be delivered.
    failed: bool,
}

/// A topic that is written to.
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

/// The open chunks of one topic.
pub(super) struct Filling<'a> {
    topic: &'a mut Topic,
    opened: &'a mut Option<Instant>,
    in_flight: &'a mut InFlight<Delivery>,
    chunk_bytes_max: usize,
}

impl Writer {
    /// A writer with the producer options of the connector. Nothing is connected yet.
    pub(super) fn open(spec: &TaskSpec, services: &Services) -> Result<Self> {
        let (producer, options) = services.clients.producer(spec)?;
        Ok(Self {
            producer,
            topics: HashMap::new(),
            opened: None,
            linger: options.linger,
            compression: options.compression,
            chunk_bytes_max: options.max_request_size.min(options.buffer_memory / 2),
            under_way_max: UNDER_WAY_MAX.min(options.buffer_memory / 2),
            partitioner: Partitioner::new(options.batch_size, options.partitioner_ignore_keys),
            in_flight: InFlight::new(),
            failed: false,
        })
    }

    pub(super) fn producer(&self) -> &Producer {
        &self.producer
    }

    /// Whether there are records that belong to no transaction that was committed.
    pub(super) fn uncommitted(&self) -> bool {
        !self.in_flight.is_empty() || self.producer.in_transaction()
    }

    /// Whether so much is under way that nothing more may come.
    pub(super) fn full(&self) -> bool {
        self.in_flight.bytes() >= self.under_way_max
    }

    /// When open chunks are to be sent although they are not full.
    pub(super) fn linger_over(&self) -> Option<Instant> {
        self.opened.map(|opened| opened + self.linger)
    }

    /// Waits for the oldest delivery to end, for ever if nothing is under way. Cancel safe.
    ///
    /// After an error the chunk still counts as under way, and nothing behind it arrives, unless
    /// [`Writer::leave_out`] follows.
    pub(super) async fn delivered(&mut self) -> Result<(), kafka::Error> {
        if self.failed {
            return Err(kafka::Error::Closed);
        }
        let Some(delivery) = self.in_flight.oldest() else { return std::future::pending().await };
        let outcome = delivery.await;
        self.failed = outcome.is_err();
        outcome?;
        self.in_flight.oldest_is_durable();
        Ok(())
    }

    /// Goes on without what the broker has refused of the oldest chunk.
    pub(super) fn leave_out(&mut self) {
        self.failed = false;
        self.in_flight.oldest_is_durable();
    }

    pub(super) fn knows(&self, topic: &str) -> bool {
        self.topics.contains_key(topic)
    }

    /// Notes how many partitions a topic has.
    pub(super) fn learn(&mut self, topic: &Arc<str>, partitions: i32) {
        self.topics.insert(topic.clone(), Topic::new(partitions, self.partitioner.clone()));
    }

    /// The open chunks of a topic, which was learnt.
    pub(super) fn filling(&mut self, topic: &str) -> Filling<'_> {
        let Self { topics, opened, in_flight, chunk_bytes_max, .. } = self;
        let topic = topics.get_mut(topic).expect("a topic is learnt before its records");
        Filling { topic, opened, in_flight, chunk_bytes_max: *chunk_bytes_max }
    }

    /// Sends the open chunk of a partition.
    pub(super) async fn send(&mut self, name: &Arc<str>, partition: usize) -> Result<()> {
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
}

impl Filling<'_> {
    /// Adds a record to the open chunk of its partition. Answers the partition if its chunk has to be sent before.
    pub(super) fn append(
        &mut self,
        wanted: Option<i32>,
        timestamp_ms: i64,
        bytes: &Encoded<'_>,
    ) -> Result<Option<usize>> {
        let partition = self.topic.partition(wanted, bytes)?;
        if self.topic.is_full(partition, bytes, self.chunk_bytes_max) {
            return Ok(Some(partition));
        }
        let Self { topic, opened, in_flight, .. } = self;
        let chunk = topic.chunk(partition, || {
            opened.get_or_insert_with(Instant::now);
            in_flight.open()
        });
        chunk.append(timestamp_ms, bytes.key, bytes.value, &bytes.headers);
        Ok(None)
    }

    /// An error when a record alone is larger than a chunk may be.
    pub(super) fn fits(&self, bytes: &Encoded<'_>) -> Result<()> {
        bytes.fits(self.chunk_bytes_max)
    }
}

impl Topic {
    fn new(partitions: i32, partitioner: Partitioner) -> Self {
        Self { partitioner, open: (0..partitions).map(|_| None).collect(), chunk_bytes: 0 }
    }

    /// The partition a record goes to: its own if it names one, else that of the partitioner.
    fn partition(&mut self, wanted: Option<i32>, bytes: &Encoded<'_>) -> Result<usize> {
        let count = self.open.len();
        let Some(wanted) = wanted else {
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

/// Milliseconds since 1970-01-01 UTC.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
