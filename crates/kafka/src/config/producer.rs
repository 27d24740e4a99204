//! The keys of a producer.

use std::{sync::Arc, time::Duration};

use super::{Problem, reader::Reader};
use crate::{
    compression::{Codec, Compression},
    error::Error,
};

/// What a broker must have done before a write counts as done (`acks`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Acks {
    /// `0`: nothing; the write counts as done once the socket has it.
    None,
    /// `1`: the leader has it.
    Leader,
    /// `all` or `-1`: every replica in sync has it.
    All,
}

impl Acks {
    /// The number on the wire.
    pub fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// How to write. Names and defaults are Kafka's.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerOptions {
    /// `acks`.
    pub acks: Acks,
    /// `enable.idempotence`: the brokers drop what they have already, so that no retry duplicates or reorders.
    pub enable_idempotence: bool,
    /// `compression.type` and its level: for whoever builds the batches.
    pub compression: Compression,
    /// `linger.ms`: for whoever builds the batches, how long a batch that is not full may wait. The producer
    /// itself is given finished batches and sends each at once.
    pub linger: Duration,
    /// `batch.size`: for whoever builds the batches, and for the sticky partitioner.
    pub batch_size: usize,
    /// `max.request.size`: the most bytes of one request; no batch may be larger.
    pub max_request_size: usize,
    /// `buffer.memory`: the bytes of batches that may be unacknowledged before `send` waits.
    pub buffer_memory: usize,
    /// `request.timeout.ms`.
    pub request_timeout: Duration,
    /// `delivery.timeout.ms`: a batch not acknowledged by then fails.
    pub delivery_timeout: Duration,
    /// `retries`: how often a batch is sent again.
    pub retries: u32,
    /// `max.block.ms`: how long `send` and `partitions` may wait.
    pub max_block: Duration,
    /// `max.in.flight.requests.per.connection`: with idempotence at most 5; without it one batch of a partition
    /// at a time, so that order is kept.
    pub max_in_flight: usize,
    /// `transaction.timeout.ms`: a transaction that is open for longer is aborted by its coordinator.
    pub transaction_timeout: Duration,
    /// `transactional.id`: set by whoever writes in transactions, never by a user.
    pub transactional_id: Option<Arc<str>>,
    /// `partitioner.ignore.keys`.
    pub partitioner_ignore_keys: bool,
}

impl Default for ProducerOptions {
    fn default() -> Self {
        ProducerOptions::read(&mut Reader::new(&super::BTreeMap::new()))
    }
}

impl ProducerOptions {
    /// The same in transactions, which need idempotence.
    ///
    /// # Errors
    /// `acks` is not `all`.
    pub fn transactional(mut self, id: &str) -> Result<ProducerOptions, Error> {
        if self.acks != Acks::All {
            let problem = "has to be `all` for what is written exactly once";
            return Err(Error::Config(vec![Problem { key: "acks".into(), problem: problem.into() }]));
        }
        (self.enable_idempotence, self.transactional_id) = (true, Some(id.into()));
        (self.retries, self.max_in_flight) = (i32::MAX as u32, self.max_in_flight.min(5));
        Ok(self)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> ProducerOptions {
        refuse(reader);
        let acks = reader.choice(
            "acks",
            Acks::All,
            &[("all", Acks::All), ("-1", Acks::All), ("1", Acks::Leader), ("0", Acks::None)],
        );
        let retries = reader.integer("retries", i64::from(i32::MAX), 0..=i64::from(i32::MAX)) as u32;
        let max_in_flight =
            reader.integer("max.in.flight.requests.per.connection", 5, 1..=i64::from(i32::MAX)) as usize;
        ProducerOptions {
            acks,
            enable_idempotence: idempotence(reader, acks, retries, max_in_flight),
            compression: compression(reader),
            linger: reader.millis("linger.ms", 5),
            batch_size: reader.bytes("batch.size", 16_384, 0),
            max_request_size: reader.bytes("max.request.size", 1_048_576, 0),
            buffer_memory: reader.integer("buffer.memory", 33_554_432, 0..=i64::from(u32::MAX >> 1)) as usize,
            request_timeout: reader.millis("request.timeout.ms", 30_000),
            delivery_timeout: reader.millis("delivery.timeout.ms", 120_000),
            retries,
            max_block: reader.millis("max.block.ms", 60_000),
            max_in_flight,
            transaction_timeout: reader.millis("transaction.timeout.ms", 60_000),
            transactional_id: None,
            partitioner_ignore_keys: reader.boolean("partitioner.ignore.keys").unwrap_or(false),
        }
    }
}

fn refuse(reader: &mut Reader<'_>) {
    reader.refuse_java_class("interceptor.classes");
    reader.refuse_java_class("partitioner.class");
    if reader.text("transactional.id").is_some() {
        reader.problem("transactional.id", "the worker names transactions itself; remove the option");
    }
    reader.ignore(&["key.serializer", "value.serializer"]);
}

/// Java's rule: on by default, silently off where other options exclude it, an error only when asked for.
fn idempotence(reader: &mut Reader<'_>, acks: Acks, retries: u32, max_in_flight: usize) -> bool {
    const KEY: &str = "enable.idempotence";
    let obstacles = [
        (acks != Acks::All, "needs `acks=all`"),
        (retries == 0, "needs `retries` above 0"),
        (max_in_flight > 5, "needs `max.in.flight.requests.per.connection` of at most 5"),
    ];
    let obstacle = obstacles.iter().find(|(present, _)| *present);
    match (reader.boolean(KEY), obstacle) {
        (Some(true), Some((_, reason))) => {
            reader.problem(KEY, reason);
            true
        }
        (Some(wanted), _) => wanted,
        (None, obstacle) => obstacle.is_none(),
    }
}

fn compression(reader: &mut Reader<'_>) -> Compression {
    let codec =
        reader.choice("compression.type", Codec::None, &Codec::ALL.map(|codec| (codec.name(), codec)));
    let gzip = gzip_level(reader);
    let lz4 = reader.integer("compression.lz4.level", 9, 1..=17) as i32;
    let zstd = reader.integer("compression.zstd.level", 3, -131_072..=22) as i32;
    let level = match codec {
        Codec::None | Codec::Snappy => 0,
        Codec::Gzip => gzip,
        Codec::Lz4 => lz4,
        Codec::Zstd => zstd,
    };
    Compression { codec, level }
}

fn gzip_level(reader: &mut Reader<'_>) -> i32 {
    let level = reader.integer("compression.gzip.level", -1, -1..=9) as i32;
    if level == 0 {
        reader.problem("compression.gzip.level", "expected a number from 1 to 9 or -1, got 0");
    }
    level
}
