//! What a source has handed over and Kafka has not acknowledged, in the order of the source.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use api::{SourceOffset, SourcePartition};

/// Positions by source partition: the latest of each.
#[derive(Debug, Default)]
pub(super) struct Positions {
    latest: HashMap<String, (Arc<SourcePartition>, SourceOffset)>,
}

impl Positions {
    /// Moves a partition's position.
    pub(super) fn advance(&mut self, partition: Arc<SourcePartition>, offset: SourceOffset) {
        self.latest.insert(identity(&partition), (partition, offset));
    }

    /// Takes over positions that are later than ours.
    pub(super) fn extend(&mut self, later: Self) {
        self.latest.extend(later.latest);
    }

    /// Takes over positions that are earlier than ours: they count only where we have none.
    pub(super) fn extend_earlier(&mut self, earlier: Self) {
        for (identity, position) in earlier.latest {
            self.latest.entry(identity).or_insert(position);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }

    pub(super) fn to_vec(&self) -> Vec<(Arc<SourcePartition>, SourceOffset)> {
        self.latest.values().cloned().collect()
    }
}

/// A partition's identity: its keys and values without their order.
fn identity(partition: &SourcePartition) -> String {
    let mut entries: Vec<String> =
        partition.0.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
    entries.sort_unstable();
    entries.join(",")
}

/// The number of a chunk, in the order in which chunks were opened.
pub(super) type ChunkId = u64;

/// Chunks of records on their way, and the positions that count once they have arrived.
///
/// A chunk is one record batch of Kafka: opened when its first record comes, sent when it is full or old enough.
/// A position counts once every chunk that was opened before it is durable. `D` is a delivery under way.
#[derive(Debug)]
pub(super) struct InFlight<D> {
    chunks: VecDeque<Chunk<D>>,
    first: ChunkId,
    waiting: VecDeque<(ChunkId, Positions)>,
    durable: Positions,
    bytes: usize,
}

#[derive(Debug)]
enum Chunk<D> {
    Open,
    Sent(D, usize),
}

impl<D> InFlight<D> {
    pub(super) fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            first: 0,
            waiting: VecDeque::new(),
            durable: Positions::default(),
            bytes: 0,
        }
    }

    /// Opens a chunk.
    pub(super) fn open(&mut self) -> ChunkId {
        self.chunks.push_back(Chunk::Open);
        self.next() - 1
    }

    /// The id that the next chunk gets.
    fn next(&self) -> ChunkId {
        self.first + self.chunks.len() as ChunkId
    }

    /// Notes that an open chunk was sent.
    pub(super) fn sent(&mut self, chunk: ChunkId, delivery: D, bytes: usize) {
        let index = usize::try_from(chunk - self.first).expect("a chunk is open until it is sent");
        self.bytes += bytes;
        self.chunks[index] = Chunk::Sent(delivery, bytes);
    }

    /// Notes where the source stands behind everything that was put into chunks so far.
    pub(super) fn position(&mut self, positions: Positions) {
        let behind = self.next();
        match self.waiting.back_mut() {
            // A source may go on for long without a record: its positions do not pile up.
            Some((last, waiting)) if *last == behind => waiting.extend(positions),
            _ => self.waiting.push_back((behind, positions)),
        }
        self.settle();
    }

    /// The delivery that everything waits for; none while the oldest chunk is still open.
    pub(super) fn oldest(&mut self) -> Option<&mut D> {
        match self.chunks.front_mut()? {
            Chunk::Open => None,
            Chunk::Sent(delivery, _) => Some(delivery),
        }
    }

    /// The delivery that [`InFlight::oldest`] answered is durable.
    pub(super) fn oldest_is_durable(&mut self) {
        let chunk = self.chunks.pop_front().expect("a delivery ended, so a chunk is in flight");
        let Chunk::Sent(_, bytes) = chunk else { unreachable!("an open chunk has no delivery") };
        self.first += 1;
        self.bytes -= bytes;
        self.settle();
    }

    // Invariant 1: a position counts only once everything before it is in Kafka.
    fn settle(&mut self) {
        while self.waiting.front().is_some_and(|(behind, _)| *behind <= self.first) {
            let (_, positions) = self.waiting.pop_front().expect("the front was just seen");
            self.durable.extend(positions);
        }
    }

    /// Whether there are positions that were not taken.
    pub(super) fn any_position(&self) -> bool {
        self.has_durable() || !self.waiting.is_empty()
    }

    /// Takes all positions, those that wait for chunks, too: for who commits them together with the chunks.
    pub(super) fn take_all(&mut self) -> Positions {
        let mut all = std::mem::take(&mut self.durable);
        for (_, positions) in self.waiting.drain(..) {
            all.extend(positions);
        }
        all
    }

    /// Takes the positions that may be committed.
    pub(super) fn take_durable(&mut self) -> Positions {
        std::mem::take(&mut self.durable)
    }

    /// Gives back positions whose commit did not succeed.
    pub(super) fn give_back(&mut self, positions: Positions) {
        self.durable.extend_earlier(positions);
    }

    /// Whether positions wait to be committed.
    pub(super) fn has_durable(&self) -> bool {
        !self.durable.is_empty()
    }

    /// The bytes that were sent and not acknowledged.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is open or under way.
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

#[cfg(test)]
mod tests;
