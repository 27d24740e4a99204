//! What becomes of batches that were answered: done with, sent again, split, or given up.

use kafka_protocol::error::ResponseError;
use tokio::time::Instant;

use super::super::reaction::{Reaction, reaction};
use super::{Completed, Entry, Queue, State, Target, sequence_after};
use crate::error::Error;

impl<T> Queue<T> {
    pub(super) fn pop_acknowledged(&mut self, completed: &mut Completed<T>) {
        while let Some(State::Acknowledged(offset)) = self.batches.front().map(|entry| &entry.state) {
            let offset = *offset;
            self.log_recovery();
            self.failures = 0;
            self.retry_at = None;
            self.established = true;
            self.pop_front(Ok(offset), completed);
        }
    }

    fn log_recovery(&self) {
        let told = self.last_failure.as_ref().is_some_and(worth_telling);
        if self.failures > 0 && told {
            tracing::info!(topic = &*self.target.0, partition = self.target.1, "writing again");
        }
    }

    /// Ends the first batch; a part of a batch hands its result on to the next part.
    pub(super) fn pop_front(&mut self, result: Result<i64, Error>, completed: &mut Completed<T>) {
        let Some(entry) = self.batches.pop_front() else { return };
        let result = joined(entry.before, result);
        match (entry.token, self.batches.front_mut()) {
            (Some(token), _) => completed.push((token, result)),
            (None, Some(next)) => next.before = Some(result),
            (None, None) => unreachable!("the last part of a batch has its token"),
        }
    }

    /// Everything on its way is answered and something failed: the first batch decides.
    pub(super) fn resolve(&mut self, now: Instant, completed: &mut Completed<T>) {
        self.draining = false;
        if self.batches.iter().any(|entry| matches!(entry.state, State::Acknowledged(_))) {
            return self.give_up_gap(completed);
        }
        let Some(State::Failed(error)) = self.batches.front().map(|entry| &entry.state) else {
            unreachable!("whatever comes before a failed batch was acknowledged and is gone");
        };
        let error = error.clone();
        for entry in &mut self.batches {
            entry.state = State::Waiting;
        }
        match reaction(&error, self.rules) {
            Reaction::Retry => self.retry(now, &error, completed),
            Reaction::NewEpoch => {
                let (topic, partition) = (&*self.target.0, self.target.1);
                tracing::warn!(topic, partition, %error, "the broker lost track of this producer; beginning a new epoch");
                let failures = self.failures;
                self.begin_epoch();
                self.failures = failures;
                self.retry(now, &error, completed);
            }
            Reaction::Split => self.split_front(completed),
            Reaction::GiveUp => {
                self.pop_front(Err(error), completed);
                self.begin_epoch();
            }
            Reaction::Stop(reason) => {
                let error = order(&self.target, reason);
                self.give_up_sent(completed, error);
            }
        }
    }

    fn retry(&mut self, now: Instant, error: &Error, completed: &mut Completed<T>) {
        if self.failures >= self.rules.retries {
            return self.give_up_sent(completed, error.clone());
        }
        self.postpone(now, error);
    }

    fn split_front(&mut self, completed: &mut Completed<T>) {
        let Some(entry) = self.batches.front() else { return };
        let (first, second) = match entry.batch.split() {
            Ok(Some(parts)) => parts,
            Ok(None) => {
                let error =
                    Error::RecordTooLarge { topic: self.target.0.clone(), bytes: entry.batch.bytes() };
                self.pop_front(Err(error), completed);
                return self.begin_epoch();
            }
            Err(error) => {
                self.pop_front(Err(error), completed);
                return self.begin_epoch();
            }
        };
        let Some(whole) = self.batches.pop_front() else { return };
        // The numbers count records, so the parts take exactly those of the whole.
        let middle = whole.sequence.filter(|_| self.rules.idempotent);
        let middle = middle.map(|sequence| sequence_after(sequence, first.records()));
        let (deadline, state) = (whole.deadline, State::Waiting);
        self.batches.push_front(Entry {
            batch: second,
            token: whole.token,
            before: None,
            sequence: middle,
            deadline,
            state,
        });
        let (sequence, before, state) = (whole.sequence, whole.before, State::Waiting);
        self.batches.push_front(Entry { batch: first, token: None, before, sequence, deadline, state });
    }

    /// Gives up the first batch, and with it all that may have been written behind it without our knowing.
    pub(super) fn give_up_sent(&mut self, completed: &mut Completed<T>, error: Error) {
        let sent = self.batches.front().is_some_and(|entry| entry.sequence.is_some());
        self.pop_front(Err(error.clone()), completed);
        if !sent {
            return;
        }
        while self.batches.front().is_some_and(|entry| entry.sequence.is_some() || entry.before.is_some()) {
            self.pop_front(Err(error.clone()), completed);
        }
        self.begin_epoch();
    }

    /// A later batch was taken though an earlier one was not: the broker lost track of this producer.
    fn give_up_gap(&mut self, completed: &mut Completed<T>) {
        let error = order(
            &self.target,
            "the broker took a later batch before an earlier one, as after the topic was deleted",
        );
        while let Some(entry) = self.batches.front() {
            let result = match entry.state {
                State::Acknowledged(offset) => Ok(offset),
                _ if entry.sequence.is_some() || entry.before.is_some() => Err(error.clone()),
                _ => break,
            };
            self.pop_front(result, completed);
        }
        self.begin_epoch();
    }

    /// Numbers begin at 0 again, in an epoch that the broker takes for later than all before.
    pub(super) fn begin_epoch(&mut self) {
        self.failures = 0;
        self.retry_at = None;
        self.next_sequence = 0;
        self.established = false;
        for entry in &mut self.batches {
            entry.sequence = None;
            entry.state = State::Waiting;
        }
        match self.epochs.checked_add(1) {
            Some(epochs) => self.epochs = epochs,
            None => self.exhausted = true,
        }
    }
}

/// After how many failures markers of a transaction that are still not written are news: some seconds.
pub(super) const MARKERS_LATE: u32 = 200;

/// Whether a failure that passes is news. Lost connections are told of where they are made, and the markers of one
/// transaction are often written when the next one begins.
pub(super) fn worth_telling(error: &Error) -> bool {
    error.code().is_some_and(|code| code != ResponseError::ConcurrentTransactions)
}

/// The result of parts of one batch. Whoever learns that a record is too large may rely on it that the others are
/// written, so that any other error counts more.
pub(super) fn joined(before: Option<Result<i64, Error>>, result: Result<i64, Error>) -> Result<i64, Error> {
    match (before, result) {
        (Some(Err(Error::RecordTooLarge { .. })), Err(error)) => Err(error),
        (Some(Err(error)), _) | (_, Err(error)) => Err(error),
        (Some(Ok(first)), Ok(_)) => Ok(first),
        (None, result) => result,
    }
}

pub(super) fn order(target: &Target, reason: &str) -> Error {
    Error::Order { topic: target.0.clone(), partition: target.1, reason: reason.into() }
}
