//! The batches of one partition that are not done with, as plain data.
//!
//! Order is kept so: batches are numbered when first sent (with idempotence the broker takes nothing but the next
//! number), and after any failure nothing is sent until every batch on its way has its answer. Then the first batch
//! alone decides: all are sent again under their numbers, or it is given up and the rest begins a new epoch. In a
//! new epoch numbers begin at 0, and the broker takes no batch of an earlier one after it. A broker that knows nothing
//! of this producer takes any number, so the first batch of an epoch goes alone.

mod outcome;

use std::{collections::VecDeque, sync::Arc};

use kafka_protocol::error::ResponseError;
use tokio::time::Instant;

use self::outcome::{MARKERS_LATE, order, worth_telling};
use crate::{
    backoff::{Backoff, delay},
    error::Error,
    record::{RecordBatch, Stamp},
};

/// Topic and partition.
pub(crate) type Target = (Arc<str>, i32);

/// What the broker gave this producer; the epoch goes up by partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Identity {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) idempotent: bool,
    /// Whether a failure of one batch is one of all: the transaction that they belong to cannot be committed.
    pub(super) transactional: bool,
    /// Batches on their way at once.
    pub(super) max_in_flight: usize,
    pub(super) retries: u32,
    pub(super) backoff: Backoff,
}

pub(super) struct Queue<T> {
    target: Target,
    rules: Rules,
    batches: VecDeque<Entry<T>>,
    next_sequence: i32,
    /// Whether the broker has acknowledged a batch of this epoch, and so refuses all but the next number.
    established: bool,
    /// How often this partition began a new epoch.
    epochs: i16,
    next_ticket: u64,
    /// Something failed: nothing is sent until all on its way is answered.
    draining: bool,
    /// Failures in a row of the first batch.
    failures: u32,
    retry_at: Option<Instant>,
    /// For the error of a batch whose time is up.
    last_failure: Option<Error>,
    /// The epoch of this partition cannot go up any more.
    exhausted: bool,
}

struct Entry<T> {
    batch: RecordBatch,
    /// Absent from all but the last part of a batch that was split.
    token: Option<T>,
    /// The first offset or first error of the parts before.
    before: Option<Result<i64, Error>>,
    sequence: Option<i32>,
    deadline: Instant,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    InFlight(u64),
    Acknowledged(i64),
    Failed(Error),
}

/// A batch to be put on its way.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) batch: RecordBatch,
    pub(super) stamp: Stamp,
    /// To be given back with the answer.
    pub(super) ticket: u64,
}

/// Batches that are done with, in order.
pub(super) type Completed<T> = Vec<(T, Result<i64, Error>)>;

impl<T> Queue<T> {
    pub(super) fn new(target: Target, rules: Rules) -> Queue<T> {
        Queue {
            target,
            rules,
            batches: VecDeque::new(),
            next_sequence: 0,
            established: false,
            epochs: 0,
            next_ticket: 0,
            draining: false,
            failures: 0,
            retry_at: None,
            last_failure: None,
            exhausted: false,
        }
    }

    /// Adds a batch in parts that fit into a request.
    pub(super) fn push(&mut self, parts: Vec<RecordBatch>, token: T, deadline: Instant) {
        let last = parts.len().saturating_sub(1);
        let mut token = Some(token);
        for (index, batch) in parts.into_iter().enumerate() {
            let token = if index == last { token.take() } else { None };
            let state = State::Waiting;
            self.batches.push_back(Entry { batch, token, before: None, sequence: None, deadline, state });
        }
    }

    pub(super) fn empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// When something is to be done though nothing happens; never a time that is over, which would be no waiting.
    pub(super) fn wake_at(&self, now: Instant) -> Option<Instant> {
        if self.exhausted {
            return Some(now);
        }
        // Batches on their way have a timeout of their own.
        let deadline = self.batches.front().filter(|_| self.in_flight() == 0)?.deadline;
        let retry_at = self.retry_at.filter(|instant| now < *instant);
        Some(retry_at.map_or(deadline, |retry_at| retry_at.min(deadline))).filter(|instant| now < *instant)
    }

    fn in_flight(&self) -> usize {
        self.batches.iter().filter(|entry| matches!(entry.state, State::InFlight(_))).count()
    }

    /// The bytes of the batch that [`Queue::take`] would take now.
    pub(super) fn ready(&self, now: Instant) -> Option<usize> {
        if self.draining || self.exhausted || self.retry_at.is_some_and(|instant| now < instant) {
            return None;
        }
        let waiting = self.batches.iter().position(|entry| matches!(entry.state, State::Waiting))?;
        // While the first is failing, the rest need not fail with it.
        let careful = self.failures > 0 || !self.established;
        let window = if careful { 1 } else { self.rules.max_in_flight };
        (waiting < window).then(|| self.batches[waiting].batch.bytes())
    }

    /// Takes the next batch that may go, numbered.
    pub(super) fn take(&mut self, identity: Option<Identity>, now: Instant) -> Option<Outgoing> {
        self.ready(now)?;
        let entry = self.batches.iter_mut().find(|entry| matches!(entry.state, State::Waiting))?;
        let stamp = match identity {
            Some(identity) => {
                let Some(epoch) = identity.epoch.checked_add(self.epochs) else {
                    self.exhausted = true;
                    return None;
                };
                let sequence = *entry.sequence.get_or_insert(self.next_sequence);
                self.next_sequence = sequence_after(sequence, entry.batch.records());
                Stamp {
                    producer_id: identity.producer_id,
                    epoch,
                    sequence,
                    transactional: self.rules.transactional,
                }
            }
            None => {
                entry.sequence = Some(0);
                Stamp::NONE
            }
        };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        entry.state = State::InFlight(ticket);
        Some(Outgoing { batch: entry.batch.clone(), stamp, ticket })
    }

    /// Takes in the answer for a batch and tells which batches are done with.
    pub(super) fn answered(&mut self, ticket: u64, answer: Result<i64, Error>, now: Instant) -> Completed<T> {
        let found =
            self.batches.iter_mut().find(|entry| matches!(entry.state, State::InFlight(t) if t == ticket));
        let Some(entry) = found else { return Vec::new() };
        let duplicate = |error: &Error| error.code() == Some(ResponseError::DuplicateSequenceNumber);
        entry.state = match answer {
            Ok(offset) => State::Acknowledged(offset),
            // The broker has it already; it no longer knows where.
            Err(error) if duplicate(&error) => State::Acknowledged(-1),
            Err(error) => {
                self.draining = true;
                State::Failed(error)
            }
        };
        let mut completed = Vec::new();
        self.pop_acknowledged(&mut completed);
        if self.draining && self.in_flight() == 0 {
            self.resolve(now, &mut completed);
        }
        self.fail_together(&mut completed);
        completed
    }

    /// What follows a batch of a transaction that was given up is given up, too.
    fn fail_together(&mut self, completed: &mut Completed<T>) {
        let failed = completed.iter().find_map(|(_, result)| result.as_ref().err());
        if let Some(error) = failed.filter(|_| self.rules.transactional).cloned() {
            completed.extend(self.fail_all(&error));
        }
    }

    /// Notes a failure after which the first batch is to be sent (again) later.
    pub(super) fn postpone(&mut self, now: Instant, error: &Error) {
        self.failures = self.failures.saturating_add(1);
        let telling = if worth_telling(error) { 1 } else { MARKERS_LATE };
        if self.failures == telling {
            let (topic, partition) = (&*self.target.0, self.target.1);
            tracing::warn!(topic, partition, %error, "cannot write for now; trying again until it can be done");
        }
        self.last_failure = Some(error.clone());
        self.retry_at = Some(now + delay(self.rules.backoff, self.failures, error));
    }

    /// Fails batches whose time is up. Those on their way are waited for: they have their own timeout.
    pub(super) fn expire(&mut self, now: Instant) -> Completed<T> {
        if self.exhausted {
            return self.fail_all(&order(&self.target, "the epochs of its producer id are used up"));
        }
        let mut completed = Vec::new();
        while self.in_flight() == 0 && self.batches.front().is_some_and(|entry| entry.deadline <= now) {
            let error = self.expired();
            self.give_up_sent(&mut completed, error);
            self.fail_together(&mut completed);
        }
        completed
    }

    fn expired(&self) -> Error {
        Error::Expired {
            topic: self.target.0.clone(),
            partition: self.target.1,
            last: self.last_failure.clone().map(Box::new),
        }
    }

    /// Fails everything.
    pub(super) fn fail_all(&mut self, error: &Error) -> Completed<T> {
        let mut completed = Vec::new();
        while !self.batches.is_empty() {
            self.pop_front(Err(error.clone()), &mut completed);
        }
        completed
    }

    /// Begins to number anew, for a producer id or an epoch that the broker has just given.
    pub(super) fn renumber(&mut self) {
        debug_assert!(self.batches.is_empty(), "a transaction ends when nothing is under way");
        (self.epochs, self.exhausted, self.draining) = (0, false, false);
        (self.next_sequence, self.established) = (0, false);
        (self.failures, self.retry_at) = (0, None);
    }

    /// Fails everything, on its way or not; what is sent after that is numbered anew.
    pub(super) fn abandon(&mut self, error: &Error) -> Completed<T> {
        let completed = self.fail_all(error);
        self.draining = false;
        if self.next_sequence != 0 {
            self.begin_epoch();
        }
        completed
    }
}

/// Numbers go from 2^31 - 1 to 0.
fn sequence_after(sequence: i32, records: i32) -> i32 {
    (sequence.wrapping_add(records)) & i32::MAX
}

#[cfg(test)]
mod tests;
