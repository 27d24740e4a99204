//! What a sink task has asked for and the loop has not done yet, and what it may still refuse.

use std::collections::BTreeSet;
use std::mem::take;

use api::{Batch, Error, Offsets, Record, Result, SinkContext, TopicPartition};
use kafka::FetchedBatch;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::super::TaskId;
use super::super::policy::{Policy, Refusal, Stage};
use super::dead_letters::{Place, Refused};
use super::originals::Originals;

/// The bytes of records that are kept because they may be refused until they are committed.
const ORIGINAL_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The bytes of refusals that may wait for the loop.
const REFUSED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a refusal weighs beside its words.
const REFUSED_BYTES: usize = 256;

/// The class that Kafka names for what a sink refuses.
const PUTS: &str = "org.apache.kafka.connect.sink.SinkTask";

/// The requests of a task since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) seek: Offsets,
    pub(super) pause: Vec<TopicPartition>,
    pub(super) resume: Vec<TopicPartition>,
    pub(super) commit: bool,
}

/// The worker's side of [`SinkContext`].
#[derive(Debug)]
pub(super) struct Context {
    id: TaskId,
    policy: Policy,
    state: Mutex<State>,
    /// Wakes the loop: a record was refused.
    refused: Notify,
}

#[derive(Debug, Default)]
struct State {
    requests: Requests,
    paused: BTreeSet<TopicPartition>,
    /// What was read and is not committed; only with a dead letter queue.
    originals: Originals,
    refused: Vec<Refused>,
    refused_bytes: usize,
}

impl Context {
    pub(super) fn new(id: TaskId, policy: Policy) -> Self {
        Self { id, policy, state: Mutex::default(), refused: Notify::new() }
    }

    pub(super) fn take(&self) -> Requests {
        take(&mut self.state.lock().requests)
    }

    /// The partitions that the task itself has paused.
    pub(super) fn paused(&self) -> BTreeSet<TopicPartition> {
        self.state.lock().paused.clone()
    }

    /// Waits until a record is refused that [`Context::take_refused`] has not taken. Cancel safe.
    pub(super) async fn refused(&self) {
        self.refused.notified().await;
    }

    /// The records that the task has refused, to become dead letters.
    pub(super) fn take_refused(&self) -> Vec<Refused> {
        let mut state = self.state.lock();
        state.refused_bytes = 0;
        take(&mut state.refused)
    }

    /// Takes back records that could not become dead letters yet.
    pub(super) fn give_back(&self, refused: Vec<Refused>) {
        let mut state = self.state.lock();
        state.refused_bytes += refused.iter().map(|refused| weight(&refused.refusal)).sum::<usize>();
        state.refused.splice(0..0, refused);
    }

    /// Keeps what was read, if it may become a dead letter.
    pub(super) fn keep(&self, fetched: &FetchedBatch) {
        if self.policy.dead_letter_queue.is_some() {
            self.state.lock().originals.keep(fetched);
        }
    }

    /// Whether so much is kept that a commit is due.
    pub(super) fn full(&self) -> bool {
        self.state.lock().originals.bytes() >= ORIGINAL_BYTES_MAX
    }

    /// Forgets the oldest of what is kept until the bound is met; a task that refuses one of those records fails.
    pub(super) fn shrink(&self) {
        self.state.lock().originals.shrink(ORIGINAL_BYTES_MAX / 2);
    }

    /// Forgets what is committed.
    pub(super) fn committed(&self, offsets: &Offsets) {
        self.state.lock().originals.committed(offsets);
    }

    /// Forgets what was read of partitions.
    pub(super) fn forget(&self, partitions: &[TopicPartition]) {
        self.state.lock().originals.forget(partitions);
    }

    /// Forgets all that was read.
    pub(super) fn clear(&self) {
        self.state.lock().originals.clear();
    }

    /// Puts a refused record where the loop takes it.
    fn hand_over(&self, place: Place, refusal: Refusal) -> Result<()> {
        let bytes = weight(&refusal);
        let mut state = self.state.lock();
        if state.refused_bytes + bytes > REFUSED_BYTES_MAX {
            let words = "the task has refused more records at once than the worker can hold";
            return Err(Error::fail(format_args!("cannot write {place} as a dead letter: {words}")));
        }
        let Some(original) = state.original(&place) else { return Err(not_kept(&place)) };
        state.refused_bytes += bytes;
        state.refused.push(Refused { place, refusal, original: Some(original) });
        drop(state);
        self.refused.notify_one();
        Ok(())
    }
}

impl State {
    fn original(&self, place: &Place) -> Option<FetchedBatch> {
        let partition = TopicPartition { topic: place.topic.clone(), partition: place.partition };
        self.originals.find(&partition, place.offset).cloned()
    }
}

/// The bytes that a refusal counts for.
fn weight(refusal: &Refusal) -> usize {
    REFUSED_BYTES + format!("{:#}", refusal.error).len()
}

fn not_kept(place: &Place) -> Error {
    Error::fail(format_args!(
        "cannot write {place} as a dead letter: what was read is kept until its offset is committed, and no more than \
         {ORIGINAL_BYTES_MAX} bytes of it; hint: let the connector write smaller parts, or commit more often"
    ))
}

impl SinkContext for Context {
    fn seek(&self, offsets: Offsets) {
        self.state.lock().requests.seek.extend(offsets);
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        let State { requests, paused, .. } = &mut *self.state.lock();
        requests.resume.retain(|partition| !partitions.contains(partition));
        requests.pause.extend_from_slice(partitions);
        paused.extend(partitions.iter().cloned());
    }

    fn resume(&self, partitions: &[TopicPartition]) {
        let State { requests, paused, .. } = &mut *self.state.lock();
        requests.pause.retain(|partition| !partitions.contains(partition));
        requests.resume.extend_from_slice(partitions);
        paused.retain(|partition| !partitions.contains(partition));
    }

    fn request_commit(&self) {
        self.state.lock().requests.commit = true;
    }

    fn reject(&self, batch: &Batch, record: &Record, error: Error) -> Result<()> {
        let topic = batch.offset_topic().clone();
        let place = Place { topic, partition: record.partition.unwrap_or(-1), offset: record.offset };
        let refusal = Refusal { stage: Stage::TaskPut, class: PUTS, transform: None, error };
        self.policy.log(&self.id, &refusal, &place);
        let decided = self.policy.verdict(&refusal, &place);
        if self.policy.dead_letter_queue.is_some() {
            self.hand_over(place, refusal)?;
        }
        decided
    }
}
