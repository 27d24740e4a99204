//! What a sink task has asked for and the loop has not done yet.

use std::collections::BTreeSet;
use std::mem::take;

use api::{Batch, Error, Offsets, Record, Result, SinkContext, TopicPartition};
use parking_lot::Mutex;

/// The requests of a task since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) seek: Offsets,
    pub(super) pause: Vec<TopicPartition>,
    pub(super) resume: Vec<TopicPartition>,
    pub(super) commit: bool,
}

/// The worker's side of [`SinkContext`].
#[derive(Debug, Default)]
pub(super) struct Context {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: Requests,
    paused: BTreeSet<TopicPartition>,
}

impl Context {
    pub(super) fn take(&self) -> Requests {
        take(&mut self.state.lock().requests)
    }

    /// The partitions that the task itself has paused.
    pub(super) fn paused(&self) -> BTreeSet<TopicPartition> {
        self.state.lock().paused.clone()
    }
}

impl SinkContext for Context {
    fn seek(&self, offsets: Offsets) {
        self.state.lock().requests.seek.extend(offsets);
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        let State { requests, paused } = &mut *self.state.lock();
        requests.resume.retain(|partition| !partitions.contains(partition));
        requests.pause.extend_from_slice(partitions);
        paused.extend(partitions.iter().cloned());
    }

    fn resume(&self, partitions: &[TopicPartition]) {
        let State { requests, paused } = &mut *self.state.lock();
        requests.pause.retain(|partition| !partitions.contains(partition));
        requests.resume.extend_from_slice(partitions);
        paused.retain(|partition| !partitions.contains(partition));
    }

    fn request_commit(&self) {
        self.state.lock().requests.commit = true;
    }

    fn reject(&self, _batch: &Batch, _record: &Record, error: Error) -> Result<()> {
        Err(error)
    }
}
