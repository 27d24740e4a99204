//! Reads partitions: one long poll per broker, one answer ahead of the caller, a bound on bytes in memory.
//!
//! The caller's thread decodes; a task per broker keeps asking as long as what was received and not yet taken
//! is no more than one answer (`fetch.max.bytes`). So at most two answers are held, beside what the caller
//! keeps: memory is freed as soon as the records are dropped, and an idle consumer holds none.

mod batch;
mod broker;
mod offsets;
mod router;
mod session;
mod state;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{sync::Notify, task::JoinSet};

pub use self::batch::FetchedBatch;
pub(crate) use self::offsets::list_offsets;
use self::state::{Received, State};
use crate::{
    Client, ConsumerOptions, Error, TopicPartition,
    record::decode::{DecodeOptions, decode_batch, split_batch},
};

/// What the tasks of one fetcher share.
struct Shared {
    client: Client,
    options: Arc<ConsumerOptions>,
    state: Mutex<State>,
    /// Wakes the tasks: partitions, positions or the room in memory changed.
    changed: Notify,
    /// Wakes the caller: records or an error are there.
    ready: Notify,
}

/// Reads the partitions it was given, until it is dropped.
pub(crate) struct Fetcher {
    shared: Arc<Shared>,
    /// The records being handed out.
    current: Option<Received>,
    _tasks: JoinSet<()>,
}

impl Fetcher {
    pub(crate) fn new(client: Client, options: Arc<ConsumerOptions>) -> Fetcher {
        let state = Mutex::new(State::new(options.fetch_max_bytes));
        let shared = Shared { client, options, state, changed: Notify::new(), ready: Notify::new() };
        let shared = Arc::new(shared);
        let mut tasks = JoinSet::new();
        tasks.spawn(router::run(shared.clone()));
        Fetcher { shared, current: None, _tasks: tasks }
    }

    /// Starts to read these partitions at these offsets.
    pub(crate) fn assign(&self, partitions: &[(TopicPartition, i64)]) {
        self.change(|state| {
            partitions.iter().for_each(|(partition, offset)| state.assign(partition, *offset))
        });
    }

    /// Stops to read these partitions; what was received of them is dropped.
    pub(crate) fn unassign(&self, partitions: &[TopicPartition]) {
        self.change(|state| partitions.iter().for_each(|partition| state.unassign(partition)));
    }

    /// Goes on at another offset. Answers whether the partition is assigned.
    pub(crate) fn seek(&self, partition: &TopicPartition, offset: i64) -> bool {
        self.change(|state| state.seek(partition, offset))
    }

    /// Hands out no more of these partitions until they are resumed; what was received of them is dropped.
    pub(crate) fn pause(&self, partitions: &[TopicPartition]) {
        self.change(|state| partitions.iter().for_each(|partition| state.pause(partition, true)));
    }

    /// Undoes [`Fetcher::pause`].
    pub(crate) fn resume(&self, partitions: &[TopicPartition]) {
        self.change(|state| partitions.iter().for_each(|partition| state.pause(partition, false)));
    }

    /// How many offsets lie between the positions and the ends; `None` before the brokers have told all ends.
    pub(crate) fn lag(&self) -> Option<u64> {
        self.shared.state.lock().lag()
    }

    /// The offset of the next record to be handed out.
    pub(crate) fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.shared.state.lock().position(partition)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.shared.state.lock());
        self.shared.changed.notify_waiters();
        result
    }

    /// The next batch with records in it; cancel safe.
    pub(crate) async fn next(&mut self) -> Result<FetchedBatch, Error> {
        loop {
            if let Some(batch) = self.try_next()? {
                return Ok(batch);
            }
            self.shared.ready.notified().await;
        }
    }

    /// The next batch, if it has been received.
    fn try_next(&mut self) -> Result<Option<FetchedBatch>, Error> {
        loop {
            if self.current.is_none() {
                self.current = self.shared.state.lock().take()?;
            }
            let Some(current) = &mut self.current else { return Ok(None) };
            match decode_next(current, self.shared.options.check_crcs) {
                Ok(Some(batch)) => {
                    if self.shared.state.lock().advance(current, batch.next_offset()) {
                        return Ok(Some(batch));
                    }
                    self.finish(); // it was revoked, paused or moved meanwhile
                }
                Ok(None) => {
                    self.shared.state.lock().advance(current, current.position);
                    self.finish();
                }
                Err(error) => {
                    self.shared.state.lock().stop(current);
                    self.finish();
                    return Err(error);
                }
            }
        }
    }

    /// Drops what was being handed out, which makes room for another answer.
    fn finish(&mut self) {
        if let Some(finished) = self.current.take()
            && self.shared.state.lock().release(finished.bytes)
        {
            self.shared.changed.notify_waiters();
        }
    }
}

/// Decodes until a batch has records for the caller; `None` at the end of the set.
fn decode_next(set: &mut Received, check_crcs: bool) -> Result<Option<FetchedBatch>, Error> {
    let corrupt = |partition: &TopicPartition, offset, reason| {
        Error::corrupt(format_args!("records of {partition} at offset {offset}: {reason}"))
    };
    while let Some(raw) =
        split_batch(&mut set.records).map_err(|reason| corrupt(&set.partition, set.position, reason))?
    {
        if raw.next_offset <= set.position {
            continue;
        }
        let decoded = decode_batch(&raw, DecodeOptions { check_crcs }, &mut set.aborted)
            .map_err(|reason| corrupt(&set.partition, set.position, reason))?;
        let from_offset = std::mem::replace(&mut set.position, raw.next_offset);
        match decoded {
            Some(batch) if batch.count > 0 => {
                return Ok(Some(FetchedBatch::new(set.partition.clone(), batch, from_offset)));
            }
            // Nothing to hand out, but the position goes past it.
            _ => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
