//! What a source task has polled, on its way into record batches and to Kafka.

use std::fmt;
use std::sync::Arc;

use api::{Batch, ConnectorType, Error, OrReaction, Reaction, Result, SourceOffset, SourcePartition};
use kafka::{Producer, ResponseError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::super::convert::{Converters, Encoders, Pieces, Scratch};
use super::super::dead_letter;
use super::super::in_flight::Positions;
use super::super::policy::{Attempts, Policy, Refusal, Stage, Waited};
use super::super::transform::Chain;
use super::super::writer::{Writer, now_ms};
use super::super::{Services, TaskId, TaskSpec};
use super::creation::Creation;
use super::dead_letters::{self, Refused};
use super::transaction::failed;
use crate::provider::Secrets;

/// The class that Kafka names for what the producer refuses.
const PRODUCES: &str = "org.apache.kafka.connect.runtime.WorkerSourceTask";

/// What is between a source and the producer.
pub(super) struct Outgoing {
    id: TaskId,
    /// Whether records count once they are committed.
    transactional: bool,
    pub(super) writer: Writer,
    creation: Option<Creation>,
    chain: Chain,
    converters: Converters,
    keys: Encoders,
    values: Encoders,
    policy: Policy,
    secrets: Secrets,
    scratch: Scratch,
    /// Where the source stands behind the batch at hand, for its dead letters.
    positions: Vec<(Arc<SourcePartition>, SourceOffset)>,
    /// Whether the policy has ended the task.
    refused: bool,
    stop: CancellationToken,
}

/// Why records are no longer put into chunks.
enum Halt {
    /// The chunk of a partition has to be sent first.
    Full(usize),
    /// The record was refused.
    Refused(Refusal),
}

impl Outgoing {
    pub(super) fn open(spec: &TaskSpec, services: &Services, stop: &CancellationToken) -> Result<Self> {
        Ok(Self {
            id: spec.id.clone(),
            transactional: spec.exactly_once.is_some(),
            writer: Writer::open(spec, services)?,
            creation: Creation::of(spec, services)?,
            chain: Chain::of(&spec.connector, &services.registry, ConnectorType::Source)?,
            converters: Converters::of(&spec.connector, services)?,
            keys: Encoders::new(),
            values: Encoders::new(),
            policy: Policy::parse(&spec.connector).or_fail("cannot configure the error policy")?,
            secrets: services.config.providers.secrets().clone(),
            scratch: Scratch::default(),
            positions: Vec::new(),
            refused: false,
            stop: stop.clone(),
        })
    }

    /// Finds or makes the topic of the dead letter queue, if there is one. False: the task is to stop.
    pub(super) async fn open_dead_letter_queue(
        &mut self,
        spec: &TaskSpec,
        services: &Services,
    ) -> Result<bool> {
        let Some(queue) = &self.policy.dead_letter_queue else { return Ok(true) };
        let partitions = dead_letter::open(queue, spec, services, self.writer.producer(), &self.stop).await?;
        let Some(partitions) = partitions else { return Ok(false) };
        self.writer.learn(&queue.topic, partitions);
        Ok(true)
    }

    /// Whether a refused record has ended the task, and all before it is in good order.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }

    /// Waits for the oldest delivery to end, for ever if nothing is under way. Cancel safe.
    pub(super) async fn delivered(&mut self) -> Result<()> {
        match self.writer.delivered().await {
            Err(error @ kafka::Error::RecordTooLarge { .. }) => self.too_large(error),
            Err(error) if self.transactional => Err(failed(&self.id, error)),
            outcome => outcome.or_fail("cannot write to Kafka"),
        }
    }

    /// The broker has refused a record as too large; all others of its chunk are written. There is nothing left of
    /// it that a dead letter could hold.
    fn too_large(&mut self, error: kafka::Error) -> Result<()> {
        if self.transactional {
            // The record would be missing from its transaction, whatever is tolerated.
            return Err(failed(&self.id, error));
        }
        if let Some(queue) = &self.policy.dead_letter_queue {
            let words = "a record that a broker refuses as too large cannot become a dead letter";
            let queue = &queue.topic;
            return Err(Error::fail(format_args!(
                "cannot write to the dead letter queue `{queue}`: {words}"
            ))
            .caused_by(error));
        }
        let error = Error::reject("the broker has refused a record").caused_by(error);
        let refusal = Refusal { stage: Stage::KafkaProduce, class: PRODUCES, transform: None, error };
        let place = "a record that was sent";
        self.policy.log(&self.id, &refusal, &place);
        self.policy.decide(refusal, &place)?;
        self.writer.leave_out();
        Ok(())
    }

    /// Sends a batch through the transforms. `None`: the task is to stop.
    pub(super) async fn change(&mut self, mut batch: Batch) -> Result<Option<Vec<Batch>>> {
        if self.policy.dead_letter_queue.is_some() {
            self.positions.clone_from(&batch.positions);
        }
        if self.chain.is_empty() {
            return Ok(Some(vec![batch]));
        }
        if self.policy.retry.wanted() {
            (0..).zip(&mut batch.records).for_each(|(number, record)| record.offset = number);
        }
        let changed = self.chain.run(vec![batch], &self.policy.retry, &self.stop).await;
        let Some(changed) = changed else { return Ok(None) };
        for (refusal, rejected) in changed.refused {
            let place = format!("a record for topic `{}`", rejected.topic);
            self.refuse(refusal, &Refused::from(&rejected), &place).await?;
        }
        Ok(Some(changed.batches))
    }

    /// Learns a topic that records go to. Cancel safe.
    ///
    /// Waits for brokers that are away as long as they are; a topic that does not exist and that the broker does
    /// not create is an error after `max.block.ms`.
    pub(super) async fn learn(&mut self, name: &Arc<str>) -> Result<()> {
        if self.writer.knows(name) {
            return Ok(());
        }
        let partitions = loop {
            match partitions(self.writer.producer(), self.creation.as_ref(), name).await {
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
        self.writer.learn(name, partitions);
        Ok(())
    }

    /// Adds a batch, whose topic was learnt, and notes its positions. False: the task is to stop, and the batch is to
    /// come again.
    pub(super) async fn add(&mut self, batch: Batch) -> Result<bool> {
        if !batch.records.is_empty() && !self.add_records(&batch).await? {
            return Ok(false);
        }
        let mut positions = Positions::default();
        for (partition, offset) in batch.positions {
            positions.advance(partition, offset);
        }
        if !positions.is_empty() {
            self.writer.in_flight.position(positions);
        }
        Ok(true)
    }

    async fn add_records(&mut self, batch: &Batch) -> Result<bool> {
        let now = now_ms();
        let (mut from, mut attempts) = (0, Attempts::default());
        while let Some((index, halt)) = self.fill(batch, from, now)? {
            if index != from {
                attempts = Attempts::default();
            }
            from = index;
            match halt {
                Halt::Full(partition) => self.writer.send(&batch.topic, partition).await?,
                Halt::Refused(refusal) => {
                    match self.again(&refusal, &mut attempts).await {
                        Waited::Again => continue,
                        Waited::Stopping => return Ok(false),
                        Waited::TimeUp => {}
                    }
                    let refused = Refused::of(batch, &batch.records[index]);
                    self.refuse(refusal, &refused, &Place { index, topic: &batch.topic }).await?;
                    from += 1;
                }
            }
        }
        Ok(true)
    }

    /// Waits for another attempt at a record, if it may have one.
    async fn again(&mut self, refusal: &Refusal, attempts: &mut Attempts) -> Waited {
        if refusal.error.reaction() != Reaction::Retry {
            return Waited::TimeUp;
        }
        self.policy.retry.wait(attempts, &refusal.error, &self.stop).await
    }

    /// Puts records into open chunks until all are in. Otherwise answers the index of the one that did not get in, and
    /// why.
    fn fill(&mut self, batch: &Batch, from: usize, now: i64) -> Result<Option<(usize, Halt)>> {
        let Self { converters, keys, values, scratch, writer, .. } = self;
        let mut filling = writer.filling(&batch.topic);
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
                    return Ok(Some((index, Halt::Refused(converters.refusal(stage, error)))));
                }
            };
            if let Err(error) = filling.fits(&bytes) {
                let refusal = Refusal { stage: Stage::KafkaProduce, class: PRODUCES, transform: None, error };
                return Ok(Some((index, Halt::Refused(refusal))));
            }
            let timestamp_ms = record.timestamp_ms.unwrap_or(now);
            if let Some(partition) = filling.append(record.partition, timestamp_ms, &bytes)? {
                return Ok(Some((index, Halt::Full(partition))));
            }
        }
        Ok(None)
    }

    /// Leaves a record out, or ends the task; with a dead letter queue it goes there first.
    ///
    /// A dead letter is a record in a chunk like any other, so that positions wait for it too (invariant 1).
    async fn refuse(
        &mut self,
        refusal: Refusal,
        refused: &Refused<'_>,
        place: &(dyn fmt::Display + Sync),
    ) -> Result<()> {
        self.policy.log(&self.id, &refusal, place);
        if let Some(queue) = &self.policy.dead_letter_queue {
            let context = dead_letters::context(&self.id, queue, &self.positions, &refusal, &self.secrets);
            dead_letters::write(&mut self.writer, &queue.topic, refused, &context).await?;
        }
        let decided = self.policy.decide(refusal, place);
        self.refused = decided.is_err();
        decided
    }

    /// Sends what is open and waits until everything is acknowledged.
    pub(super) async fn arrive(&mut self) -> Result<()> {
        self.writer.flush().await?;
        while !self.writer.in_flight.is_empty() {
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
