//! Offsets in memory: found by connector and partition, kept in the bytes that they were written in.
//!
//! A Java worker writes the keys of a partition in the order of its hash map. The bytes of a key are therefore
//! kept as they came, and looked up without regard to that order.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{SourceOffset, SourcePartition};

use super::key::{bytes as key_bytes, canonical, offset_bytes, parse as parse_key, parse_offset};

/// A key and a value as bytes.
pub(super) type Raw = (Arc<[u8]>, Arc<[u8]>);

/// Committed offsets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entries {
    known: BTreeMap<Arc<str>, BTreeMap<Box<str>, Entry>>,
    /// Entries that are not offsets of a partition; kept, since they may be of use to whoever wrote them.
    foreign: Vec<Raw>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    key: Arc<[u8]>,
    value: Arc<[u8]>,
}

impl Entries {
    /// Adds an entry as it is written; a later one for the same partition wins.
    pub(super) fn add(&mut self, key: Arc<[u8]>, value: Arc<[u8]>) {
        match parse_key(&key) {
            Some((connector, partition)) if parse_offset(&value).is_some() => {
                let partitions = self.known.entry(connector.into()).or_default();
                partitions.insert(canonical(&partition), Entry { key, value });
            }
            _ => self.foreign.push((key, value)),
        }
    }

    /// Sets or forgets the offset of a partition; answers whether that changed anything.
    pub(super) fn set(
        &mut self,
        connector: &str,
        partition: &SourcePartition,
        offset: Option<&SourceOffset>,
    ) -> bool {
        let index = canonical(&partition.0);
        let Some(offset) = offset else { return self.forget(connector, &index) };
        let value: Arc<[u8]> = offset_bytes(offset).into();
        let partitions = self.known.entry(connector.into()).or_default();
        match partitions.get_mut(&index) {
            Some(entry) if entry.value == value => false,
            Some(entry) => {
                entry.value = value;
                true
            }
            None => {
                let key = key_bytes(connector, partition).into();
                partitions.insert(index, Entry { key, value });
                true
            }
        }
    }

    fn forget(&mut self, connector: &str, index: &str) -> bool {
        let Some(partitions) = self.known.get_mut(connector) else { return false };
        let forgotten = partitions.remove(index).is_some();
        if partitions.is_empty() {
            self.known.remove(connector);
        }
        forgotten
    }

    /// The offset of a partition.
    pub(super) fn get(&self, connector: &str, partition: &SourcePartition) -> Option<SourceOffset> {
        parse_offset(&self.known.get(connector)?.get(&*canonical(&partition.0))?.value)
    }

    /// Every offset of a connector.
    pub(super) fn of(&self, connector: &str) -> Vec<(SourcePartition, SourceOffset)> {
        let partitions = self.known.get(connector).into_iter().flat_map(BTreeMap::values);
        let parsed = |entry: &Entry| {
            let (_, partition) = parse_key(&entry.key)?;
            Some((SourcePartition(partition), parse_offset(&entry.value)?))
        };
        partitions.filter_map(parsed).collect()
    }

    /// All entries as they are written, sorted by connector.
    pub(super) fn raw(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let known = self.known.values().flat_map(BTreeMap::values).map(|entry| (&*entry.key, &*entry.value));
        known.chain(self.foreign.iter().map(|(key, value)| (&**key, &**value)))
    }

    /// How many entries are not offsets of a partition.
    pub(super) fn foreign_count(&self) -> usize {
        self.foreign.len()
    }
}
