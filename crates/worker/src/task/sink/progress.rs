//! How far a sink task has come in each of its partitions.

use std::collections::BTreeMap;

use api::{Offsets, TopicPartition};

/// The assigned partitions, what was put of them and what is committed.
#[derive(Debug, Default)]
pub(super) struct Progress {
    partitions: BTreeMap<TopicPartition, Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// The offset behind the last record that the task took.
    put: i64,
    /// The offset that is committed, or at which we started.
    committed: i64,
}

impl Progress {
    /// Takes partitions over at their positions.
    pub(super) fn assign(&mut self, positions: &[(TopicPartition, i64)]) {
        let places = positions
            .iter()
            .map(|(partition, position)| (partition.clone(), Place { put: *position, committed: *position }));
        self.partitions.extend(places);
    }

    /// Forgets partitions.
    pub(super) fn revoke(&mut self, partitions: &[TopicPartition]) {
        self.partitions.retain(|partition, _| !partitions.contains(partition));
    }

    pub(super) fn assigned(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// Notes what was put.
    pub(super) fn put(&mut self, behind: &Offsets) {
        for (partition, offset) in behind {
            if let Some(place) = self.partitions.get_mut(partition) {
                place.put = *offset;
            }
        }
    }

    /// The offsets behind all that was put of partitions, committed or not.
    pub(super) fn reached(&self, partitions: &[TopicPartition]) -> Offsets {
        let places = self.partitions.iter().filter(|(partition, _)| partitions.contains(partition));
        places.map(|(partition, place)| (partition.clone(), place.put)).collect()
    }

    /// The offsets behind all that was put, where they are not committed yet.
    pub(super) fn uncommitted(&self, partitions: &[TopicPartition]) -> Offsets {
        let places = self
            .partitions
            .iter()
            .filter(|(partition, place)| place.put != place.committed && partitions.contains(partition));
        places.map(|(partition, place)| (partition.clone(), place.put)).collect()
    }

    /// What may be committed of the offsets that a task calls safe: never beyond what was put (invariant 2), never
    /// back (invariant 3), and only of partitions that are ours.
    pub(super) fn committable(&self, safe: &Offsets) -> Offsets {
        let ours = safe.iter().filter(|(partition, offset)| {
            let place = self.partitions.get(partition);
            place.is_some_and(|place| **offset > place.committed && **offset <= place.put)
        });
        ours.map(|(partition, offset)| (partition.clone(), *offset)).collect()
    }

    /// Notes what was committed.
    pub(super) fn committed(&mut self, offsets: &Offsets) {
        for (partition, offset) in offsets {
            if let Some(place) = self.partitions.get_mut(partition) {
                place.committed = *offset;
            }
        }
    }

    /// Goes back to what is committed and answers where that is.
    pub(super) fn rewind(&mut self) -> Offsets {
        let mut offsets = Offsets::new();
        for (partition, place) in &mut self.partitions {
            place.put = place.committed;
            offsets.insert(partition.clone(), place.committed);
        }
        offsets
    }

    /// Moves a partition to where the task wants to read on: what it has asked for counts as its own doing, so
    /// that it may be committed, also backwards.
    pub(super) fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        if let Some(place) = self.partitions.get_mut(partition) {
            *place = Place { put: offset, committed: offset };
        }
    }
}

#[cfg(test)]
mod tests;
