//! Offsets in memory: found by connector and partition, whatever the bytes of their keys.
//!
//! A Java worker writes the map of a partition in the order of its hash map, and another plugin version may have
//! another order. All of these keys are of one partition to whoever reads, but the topic keeps each of them: what
//! is written goes under the one seen last, and forgetting a partition deletes them all.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{SourceOffset, SourcePartition};

use crate::cluster::topic::Entry;
use crate::store::key;

/// Keys of one partition with their values, the one written last at the end.
type Versions = Vec<(Arc<[u8]>, Arc<[u8]>)>;

/// Committed offsets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    connectors: BTreeMap<Arc<str>, BTreeMap<Box<str>, Versions>>,
}

impl Index {
    /// Takes a record; answers whether it is one of an offset.
    pub(super) fn take(&mut self, raw: &[u8], value: Option<&[u8]>) -> bool {
        let Some((connector, partition)) = key::parse(raw) else { return false };
        let partitions = self.connectors.entry(connector.as_str().into()).or_default();
        let index = key::canonical(&partition);
        let versions = partitions.entry(index.clone()).or_default();
        versions.retain(|(known, _)| **known != *raw);
        if let Some(value) = value {
            versions.push((raw.into(), value.into()));
        }
        if versions.is_empty() {
            partitions.remove(&index);
        }
        if partitions.is_empty() {
            self.connectors.remove(connector.as_str());
        }
        true
    }

    /// The offset of a partition.
    pub(super) fn get(&self, connector: &str, partition: &SourcePartition) -> Option<SourceOffset> {
        offset(self.versions(connector, partition)?)
    }

    /// Every offset of a connector.
    pub(super) fn of(&self, connector: &str) -> Vec<(SourcePartition, SourceOffset)> {
        let partitions = self.connectors.get(connector).into_iter().flat_map(BTreeMap::values);
        let parsed = |versions: &Versions| {
            let (_, partition) = key::parse(&versions.last()?.0)?;
            Some((SourcePartition(partition), offset(versions)?))
        };
        partitions.filter_map(parsed).collect()
    }

    /// The records that set or forget the offset of a partition.
    pub(super) fn entries(
        &self,
        connector: &str,
        partition: &SourcePartition,
        offset: Option<&SourceOffset>,
    ) -> Vec<Entry> {
        let versions = self.versions(connector, partition);
        let Some(offset) = offset else {
            let keys = versions.into_iter().flatten().map(|(key, _)| key.to_vec());
            return keys.map(|key| (key, None)).collect();
        };
        let known = versions.and_then(|versions| versions.last()).map(|(key, _)| key.to_vec());
        let key = known.unwrap_or_else(|| key::bytes(connector, partition));
        vec![(key, Some(key::offset_bytes(offset)))]
    }

    fn versions(&self, connector: &str, partition: &SourcePartition) -> Option<&Versions> {
        self.connectors.get(connector)?.get(&*key::canonical(&partition.0))
    }
}

fn offset(versions: &Versions) -> Option<SourceOffset> {
    key::parse_offset(&versions.last()?.1)
}
