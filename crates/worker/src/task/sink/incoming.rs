//! Records that were fetched, converted, and not put yet.

use std::collections::HashMap;
use std::mem::{replace, take};
use std::sync::Arc;

use api::{Batch, ConnectorType, Offsets, Reaction, Record, Result, TopicPartition, Transformed};
use kafka::{FetchedBatch, RecordView};
use tokio_util::sync::CancellationToken;

use super::super::convert::Converters;
use super::super::policy::{Attempts, Policy, Refusal, Waited};
use super::super::transform::Chain;
use super::super::{Services, TaskId, TaskSpec};
use super::context::Context;
use super::dead_letters::{DeadLetters, Place, Refused};
use super::topic::Topic;

/// The bytes of Kafka's records that one put may hold, and their number; a single record batch may be larger. A
/// transaction of a database has its price however many rows it has; as many are read ahead while it is under way.
const PUT_BYTES_MAX: usize = 4 * 1024 * 1024;
const PUT_RECORDS_MAX: usize = 10_000;

/// How many records go through converters and transforms at a time: few enough to stay in the caches of a processor,
/// many enough that what is done once for a batch costs nothing.
const PIECE: usize = 500;

/// How many records there is room kept for between puts.
const ROOM_MAX: usize = 16 * 1024;

/// What is gathered for the next put.
pub(super) struct Incoming {
    id: TaskId,
    converters: Converters,
    chain: Chain,
    policy: Policy,
    context: Arc<Context>,
    pub(super) dead_letters: Option<DeadLetters>,
    topics: HashMap<Arc<str>, Topic>,
    /// What is converted and not transformed; nothing without transforms.
    converted: Vec<Batch>,
    /// What is ready to be put, and how far it reaches.
    gathered: Gathered,
    /// Memory for the records of the next put: to ask for much of it again and again is expensive.
    room: Vec<Record>,
    /// Whether the policy has ended the task.
    refused: bool,
    stop: CancellationToken,
}

/// Records that are ready to be put.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) batches: Vec<Batch>,
    /// The offsets behind all that was taken, records that were skipped among them.
    pub(super) behind: Offsets,
    bytes: usize,
    records: usize,
}

impl Gathered {
    /// How many records are to be put.
    pub(super) fn count(&self) -> usize {
        self.batches.iter().map(|batch| batch.records.len()).sum()
    }
}

/// What came of further attempts at a record.
enum Retried {
    Converted,
    Refused(Refusal),
    Stopping,
}

impl Incoming {
    /// Everything between the consumer and the task. `None`: the task is to stop.
    pub(super) async fn open(
        spec: &TaskSpec,
        services: &Services,
        context: &Arc<Context>,
        policy: Policy,
        stop: &CancellationToken,
    ) -> Result<Option<Self>> {
        let converters = Converters::of(&spec.connector, services)?;
        let chain = Chain::of(&spec.connector, &services.registry, ConnectorType::Sink)?;
        let dead_letters = match &policy.dead_letter_queue {
            Some(queue) => match DeadLetters::open(queue, spec, services, stop).await? {
                None => return Ok(None),
                opened => opened,
            },
            None => None,
        };
        Ok(Some(Self {
            id: spec.id.clone(),
            converters,
            chain,
            policy,
            context: context.clone(),
            dead_letters,
            topics: HashMap::new(),
            converted: Vec::new(),
            gathered: Gathered::default(),
            room: Vec::new(),
            refused: false,
            stop: stop.clone(),
        }))
    }

    /// Whether a refused record has ended the task, and all before it is in good order.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }

    /// Whether enough is gathered for one put.
    pub(super) fn full(&self) -> bool {
        self.gathered.bytes >= PUT_BYTES_MAX || self.gathered.records >= PUT_RECORDS_MAX
    }

    /// Whether nothing is gathered.
    pub(super) fn is_empty(&self) -> bool {
        self.gathered.behind.is_empty()
    }

    /// Takes what is gathered and transformed.
    pub(super) fn take_gathered(&mut self) -> Gathered {
        take(&mut self.gathered)
    }

    /// Puts back what could not be put, before what was gathered meanwhile.
    pub(super) fn put_back(&mut self, gathered: Gathered) {
        let later = replace(&mut self.gathered, gathered);
        let gathered = &mut self.gathered;
        gathered.batches.extend(later.batches);
        gathered.behind.extend(later.behind);
        gathered.bytes += later.bytes;
        gathered.records += later.records;
    }

    /// Forgets what was gathered.
    pub(super) fn clear(&mut self) {
        self.converted.clear();
        let gathered = self.take_gathered();
        self.reuse(gathered);
    }

    /// Keeps the memory of what was put for what comes.
    pub(super) fn reuse(&mut self, mut gathered: Gathered) {
        if let Some(first) = gathered.batches.first_mut().filter(|_| !self.chain.is_empty()) {
            self.room = take(&mut first.records);
            self.room.clear();
            self.room.shrink_to(ROOM_MAX);
        }
    }

    /// Gives back memory that a task without records does not need.
    pub(super) fn release(&mut self) {
        self.room = Vec::new();
    }

    /// Forgets what was gathered of some partitions.
    pub(super) fn drop_partitions(&mut self, partitions: &[TopicPartition]) {
        let dropped = |topic: &str, number: Option<i32>| {
            partitions
                .iter()
                .any(|partition| *partition.topic == *topic && Some(partition.partition) == number)
        };
        for batch in &mut self.gathered.batches {
            let topic = batch.offset_topic().clone();
            batch.records.retain(|record| !dropped(&topic, record.partition));
        }
        self.gathered.batches.retain(|batch| !batch.records.is_empty());
        self.gathered.behind.retain(|partition, _| !partitions.contains(partition));
    }

    /// Converts and transforms the records of a batch of Kafka. False: the task is to stop, and what was gathered is to
    /// come again.
    pub(super) async fn take(&mut self, fetched: &FetchedBatch) -> Result<bool> {
        self.learn(fetched.topic());
        self.context.keep(fetched);
        let mut records = fetched.records();
        while records.clone().next().is_some() {
            if !self.take_piece(fetched, &mut records.by_ref().take(PIECE)).await? {
                return Ok(false);
            }
        }
        self.gathered.bytes += fetched.bytes();
        self.gathered.records += fetched.count();
        self.gathered.behind.insert(ours(fetched.partition()), fetched.next_offset());
        Ok(true)
    }

    async fn take_piece<'a>(
        &mut self,
        fetched: &FetchedBatch,
        records: &mut (impl Iterator<Item = RecordView<'a>> + Send),
    ) -> Result<bool> {
        let mut refused = Vec::new();
        while let Some((view, refusal)) = self.convert(fetched, records) {
            match self.retry(fetched, &view, refusal).await {
                Retried::Converted => {}
                Retried::Stopping => return Ok(false),
                Retried::Refused(refusal) => refused.push(self.refused_at(fetched, view.offset, refusal)),
            }
            if !refused.is_empty() && !self.policy.tolerant() {
                break;
            }
        }
        if !self.transform(fetched, &mut refused).await {
            return Ok(false);
        }
        // Without tolerance the first one counts.
        refused.sort_by_key(|refused| refused.place.offset);
        self.refuse(refused).await
    }

    fn learn(&mut self, name: &Arc<str>) {
        if self.topics.contains_key(name) {
            return;
        }
        self.topics.insert(name.clone(), Topic::new(name, &self.converters));
    }

    /// Converts records until all are, or one is refused.
    fn convert<'a>(
        &mut self,
        fetched: &FetchedBatch,
        records: &mut impl Iterator<Item = RecordView<'a>>,
    ) -> Option<(RecordView<'a>, Refusal)> {
        let Self { converters, topics, chain, converted, gathered, .. } = self;
        let topic = topics.get_mut(fetched.topic()).expect("a topic is learnt before its records");
        let converted = if chain.is_empty() { &mut gathered.batches } else { converted };
        for view in records {
            match topic.convert(converters, fetched, &view) {
                Ok(record) => topic.batch(converted, &record).records.push(record),
                Err((stage, error)) => return Some((view, converters.refusal(stage, error))),
            }
        }
        None
    }

    /// Tries again to convert a record whose converter asks for it.
    async fn retry(&mut self, fetched: &FetchedBatch, view: &RecordView<'_>, refusal: Refusal) -> Retried {
        let (mut attempts, mut refusal) = (Attempts::default(), refusal);
        while refusal.error.reaction() == Reaction::Retry {
            match self.policy.retry.wait(&mut attempts, &refusal.error, &self.stop).await {
                Waited::Again => {}
                Waited::TimeUp => break,
                Waited::Stopping => return Retried::Stopping,
            }
            match self.convert(fetched, &mut std::iter::once(view.clone())) {
                None => return Retried::Converted,
                Some((_, again)) => refusal = again,
            }
        }
        Retried::Refused(refusal)
    }

    fn refused_at(&self, fetched: &FetchedBatch, offset: i64, refusal: Refusal) -> Refused {
        let TopicPartition { topic, partition } = ours(fetched.partition());
        let original = self.dead_letters.as_ref().map(|_| fetched.clone());
        Refused { place: Place { topic, partition, offset }, refusal, original }
    }

    /// Sends what is converted through the transforms. False: the task is to stop, and what was gathered is to come
    /// again.
    async fn transform(&mut self, fetched: &FetchedBatch, refused: &mut Vec<Refused>) -> bool {
        if self.chain.is_empty() {
            return true;
        }
        let converted = take(&mut self.converted);
        let changed = self.chain.run(converted, &self.policy.retry, &self.stop).await;
        let Some(changed) = changed else { return false };
        for (refusal, rejected) in changed.refused {
            refused.push(self.refused_at(fetched, rejected.record.offset, refusal));
        }
        self.add(changed.batches);
        true
    }

    /// Adds batches to what is ready; one that goes on with the last becomes a part of it.
    fn add(&mut self, changed: Vec<Batch>) {
        let mut ready = Transformed { batches: take(&mut self.gathered.batches), rejected: Vec::new() };
        for mut batch in changed {
            if ready.batches.is_empty() {
                let mut records = take(&mut self.room);
                records.append(&mut batch.records);
                batch.records = records;
            }
            ready.push(batch);
        }
        self.gathered.batches = ready.batches;
    }

    /// Leaves records out, or ends the task. False: the task is to stop.
    async fn refuse(&mut self, mut refused: Vec<Refused>) -> Result<bool> {
        if !self.policy.tolerant() {
            refused.truncate(1);
        }
        for Refused { place, refusal, .. } in &refused {
            self.policy.log(&self.id, refusal, place);
        }
        if !self.bury(&mut refused).await? {
            return Ok(false);
        }
        for Refused { place, refusal, .. } in refused {
            let decided = self.policy.decide(refusal, &place);
            self.refused |= decided.is_err();
            decided?;
        }
        Ok(true)
    }

    /// Puts refused records on their way to the dead letter queue, if there is one. False: the task is to stop.
    async fn bury(&mut self, refused: &mut [Refused]) -> Result<bool> {
        match &mut self.dead_letters {
            Some(dead_letters) if !refused.is_empty() => dead_letters.write(refused).await,
            _ => Ok(true),
        }
    }

    /// Sends all dead letters, also those of records that the task itself has refused. False: the task is to stop.
    pub(super) async fn send_dead_letters(&mut self) -> Result<bool> {
        let mut refused = self.context.take_refused();
        if !self.bury(&mut refused).await? {
            // Invariant 2: they are no dead letters yet, so nothing may be committed.
            self.context.give_back(refused);
            return Ok(false);
        }
        if let Some(dead_letters) = &mut self.dead_letters {
            dead_letters.send().await?;
        }
        Ok(true)
    }
}

/// A partition in the words of the plugins.
pub(super) fn ours(partition: &kafka::TopicPartition) -> TopicPartition {
    TopicPartition { topic: partition.topic.clone(), partition: partition.partition }
}
