//! Where reading stands: positions, leaders, what was received. Plain data, no I/O.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;
use kafka_protocol::messages::fetch_response::PartitionData;

use crate::{
    Error, Leader, ResponseError, TopicPartition,
    record::decode::{AbortedTransactions, split_batch},
};

/// Records of one partition from one answer.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) partition: TopicPartition,
    /// What is left of them.
    pub(super) records: Bytes,
    /// What they counted when they came.
    pub(super) bytes: usize,
    pub(super) aborted: AbortedTransactions,
    /// The offset of the next record to hand out.
    pub(super) position: i64,
    turn: u64,
}

/// What to ask a broker for one partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ask {
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    /// Which turn of the partition this is: answers to an older one are thrown away.
    pub(super) turn: u64,
}

/// What the router is to find out.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Unknown {
    /// Partitions whose leader is not known.
    pub(super) leaders: Vec<TopicPartition>,
    /// Partitions that need another offset, with their turn.
    pub(super) resets: Vec<(TopicPartition, u64)>,
    /// The most failures in a row among them.
    pub(super) failures: u32,
}

#[derive(Debug)]
struct Slot {
    /// The offset of the next record to hand out.
    position: i64,
    /// The offset of the next record to ask for: runs ahead of the position.
    fetch_offset: i64,
    /// Where the records end that may be read, as a broker said last.
    end: Option<i64>,
    leader: Option<Leader>,
    paused: bool,
    /// The log does not have the position (any more).
    out_of_range: bool,
    /// An error was reported; only a seek goes on.
    stopped: bool,
    failures: u32,
    /// Changes whenever what is on its way no longer counts: seek, pause, a new assignment.
    turn: u64,
}

#[derive(Debug)]
pub(super) struct State {
    slots: HashMap<TopicPartition, Slot>,
    received: VecDeque<Received>,
    /// Received and not yet handed out in full.
    received_bytes: usize,
    /// Nothing is asked for while more than this is held.
    room: usize,
    errors: VecDeque<Error>,
    turns: u64,
}

impl State {
    pub(super) fn new(room: usize) -> State {
        State {
            slots: HashMap::new(),
            received: VecDeque::new(),
            received_bytes: 0,
            room,
            errors: VecDeque::new(),
            turns: 0,
        }
    }

    pub(super) fn assign(&mut self, partition: &TopicPartition, offset: i64) {
        self.turns += 1;
        let slot = Slot {
            position: offset,
            fetch_offset: offset,
            end: None,
            leader: None,
            paused: false,
            out_of_range: false,
            stopped: false,
            failures: 0,
            turn: self.turns,
        };
        self.slots.insert(partition.clone(), slot);
        self.forget_stale();
    }

    pub(super) fn unassign(&mut self, partition: &TopicPartition) {
        self.slots.remove(partition);
        self.forget_stale();
    }

    pub(super) fn seek(&mut self, partition: &TopicPartition, offset: i64) -> bool {
        self.restart(partition, |slot| {
            slot.position = offset;
            slot.out_of_range = false;
            slot.stopped = false;
        })
    }

    pub(super) fn pause(&mut self, partition: &TopicPartition, paused: bool) {
        if self.slots.get(partition).is_some_and(|slot| slot.paused != paused) {
            self.restart(partition, |slot| slot.paused = paused);
        }
    }

    /// Begins a new turn of the partition at its position.
    fn restart(&mut self, partition: &TopicPartition, change: impl FnOnce(&mut Slot)) -> bool {
        self.turns += 1;
        let Some(slot) = self.slots.get_mut(partition) else { return false };
        change(slot);
        slot.fetch_offset = slot.position;
        slot.turn = self.turns;
        self.forget_stale();
        true
    }

    fn forget_stale(&mut self) {
        let slots = &self.slots;
        let received_bytes = &mut self.received_bytes;
        self.received.retain(|received| {
            let fresh = slots.get(&received.partition).is_some_and(|slot| slot.turn == received.turn);
            *received_bytes -= if fresh { 0 } else { received.bytes };
            fresh
        });
    }

    pub(super) fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.slots.get(partition).map(|slot| slot.position)
    }

    /// How many offsets are between the positions and the ends; none before a broker has told the end of each.
    pub(super) fn lag(&self) -> Option<u64> {
        let behind = |slot: &Slot| Some(slot.end?.saturating_sub(slot.position).max(0).unsigned_abs());
        self.slots.values().map(behind).sum()
    }

    /// What this broker is to be asked; `None` when there is nothing to ask or no room for an answer.
    pub(super) fn asks(&self, broker: i32) -> Option<BTreeMap<TopicPartition, Ask>> {
        if self.received_bytes > self.room {
            return None;
        }
        let asks = self.slots.iter().filter_map(|(partition, slot)| {
            let leader = slot.leader.filter(|leader| leader.broker == broker)?;
            let ask = Ask { offset: slot.fetch_offset, leader_epoch: leader.epoch, turn: slot.turn };
            (!slot.paused && !slot.out_of_range && !slot.stopped).then(|| (partition.clone(), ask))
        });
        let asks: BTreeMap<_, _> = asks.collect();
        (!asks.is_empty()).then_some(asks)
    }

    /// How many brokers lead partitions that are read.
    pub(super) fn brokers(&self) -> usize {
        let brokers: std::collections::HashSet<_> =
            self.slots.values().filter_map(|slot| slot.leader).map(|leader| leader.broker).collect();
        brokers.len()
    }

    /// Takes what a broker answered for one partition. Answers whether there is something for the caller,
    /// or the code of an error that needs a look at the metadata.
    pub(super) fn accept(
        &mut self,
        partition: TopicPartition,
        ask: Ask,
        data: PartitionData,
    ) -> Result<bool, ResponseError> {
        let current = |slot: &&mut Slot| slot.turn == ask.turn && slot.fetch_offset == ask.offset;
        let Some(slot) = self.slots.get_mut(&partition).filter(current) else {
            return Ok(false);
        };
        match ResponseError::try_from_code(data.error_code) {
            None => {
                slot.failures = 0;
                slot.end = Some(data.high_watermark).filter(|end| *end >= 0);
            }
            Some(ResponseError::OffsetOutOfRange) => {
                slot.out_of_range = true;
                return Err(ResponseError::OffsetOutOfRange);
            }
            Some(code) if code.is_retriable() || code == ResponseError::FencedLeaderEpoch => {
                slot.leader = None;
                slot.failures += 1;
                return Err(code);
            }
            Some(code) => {
                slot.stopped = true;
                self.errors.push_back(Error::broker(code, format_args!("read {partition}")));
                return Ok(true);
            }
        }
        let records = data.records.unwrap_or_default();
        if records.is_empty() {
            return Ok(false);
        }
        match end_of(&records) {
            Ok(end) => slot.fetch_offset = end.max(slot.fetch_offset),
            Err(reason) => {
                slot.stopped = true;
                let what = format_args!("records of {partition} at offset {}: {reason}", ask.offset);
                self.errors.push_back(Error::corrupt(what));
                return Ok(true);
            }
        }
        let aborted = data.aborted_transactions.unwrap_or_default();
        let aborted = aborted.iter().map(|aborted| (aborted.producer_id.0, aborted.first_offset));
        let (turn, position, bytes) = (slot.turn, ask.offset, records.len());
        self.received_bytes += bytes;
        let aborted = AbortedTransactions::new(aborted);
        self.received.push_back(Received { partition, records, bytes, aborted, position, turn });
        Ok(true)
    }

    /// Takes the oldest records, or the oldest error when there are none.
    pub(super) fn take(&mut self) -> Result<Option<Received>, Error> {
        match self.received.pop_front() {
            Some(received) => Ok(Some(received)),
            None => self.errors.pop_front().map_or(Ok(None), Err),
        }
    }

    /// Moves the position past what is handed out now; false when it no longer counts.
    pub(super) fn advance(&mut self, received: &Received, next_offset: i64) -> bool {
        match self.slots.get_mut(&received.partition).filter(|slot| slot.turn == received.turn) {
            Some(slot) => {
                slot.position = next_offset;
                true
            }
            None => false,
        }
    }

    /// Hands out no more of the partition until the caller moves it.
    pub(super) fn stop(&mut self, received: &Received) {
        if let Some(slot) = self.slots.get_mut(&received.partition).filter(|slot| slot.turn == received.turn)
        {
            slot.stopped = true;
        }
    }

    /// Counts bytes as handed out; true when that made room.
    pub(super) fn release(&mut self, bytes: usize) -> bool {
        let full = self.received_bytes > self.room;
        self.received_bytes -= bytes;
        full && self.received_bytes <= self.room
    }

    pub(super) fn unknown(&self) -> Unknown {
        let mut unknown = Unknown::default();
        for (partition, slot) in &self.slots {
            if slot.leader.is_none() {
                unknown.leaders.push(partition.clone());
                unknown.failures = unknown.failures.max(slot.failures);
            } else if slot.out_of_range && !slot.stopped {
                unknown.resets.push((partition.clone(), slot.turn));
            }
        }
        unknown
    }

    pub(super) fn set_leader(&mut self, partition: &TopicPartition, leader: Leader) {
        if let Some(slot) = self.slots.get_mut(partition) {
            slot.leader = Some(leader);
        }
    }

    /// Forgets a broker that cannot be reached; answers the partitions it led.
    pub(super) fn broker_lost(&mut self, broker: i32) -> Vec<TopicPartition> {
        let mut lost = Vec::new();
        for (partition, slot) in &mut self.slots {
            if slot.leader.is_some_and(|leader| leader.broker == broker) {
                slot.leader = None;
                lost.push(partition.clone());
            }
        }
        lost
    }

    /// Goes on elsewhere after the log did not have the position, unless the caller moved it meanwhile.
    pub(super) fn reset(&mut self, partition: &TopicPartition, turn: u64, offset: i64) {
        if self.slots.get(partition).is_some_and(|slot| slot.turn == turn) {
            self.seek(partition, offset);
        }
    }

    /// Reports that the log does not have the position and the caller wants no other.
    pub(super) fn fail(&mut self, partition: &TopicPartition, turn: u64, error: Error) {
        if let Some(slot) = self.slots.get_mut(partition).filter(|slot| slot.turn == turn) {
            slot.stopped = true;
            self.errors.push_back(error);
        }
    }
}

/// The offset after the last whole batch of a record set.
fn end_of(records: &Bytes) -> Result<i64, crate::record::decode::Corrupt> {
    let mut rest = records.clone();
    let mut end = None;
    while let Some(batch) = split_batch(&mut rest)? {
        end = Some(batch.next_offset);
    }
    end.ok_or(crate::record::decode::Corrupt("no whole batch"))
}
