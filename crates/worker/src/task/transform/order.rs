//! Puts a record that needed another attempt where it would have been without it.

use std::sync::Arc;

use api::{Batch, ConnectorType, Record};

use super::link::like;

/// Where a record belongs: before the first one of a later offset. In a sink that is one of the same partition.
pub(super) struct Place {
    pub(super) origin: Option<Arc<str>>,
    pub(super) partition: Option<i32>,
    pub(super) offset: i64,
    pub(super) connector: ConnectorType,
}

impl Place {
    fn is_before(&self, batch: &Batch, record: &Record) -> bool {
        let alike = match self.connector {
            ConnectorType::Source => true,
            ConnectorType::Sink => self.origin == batch.origin && self.partition == record.partition,
        };
        alike && self.offset < record.offset
    }
}

/// Inserts batches at a place; positions stay behind all records.
pub(super) fn insert(batches: &mut Vec<Batch>, new: Vec<Batch>, place: &Place) {
    let new: Vec<Batch> = new.into_iter().filter(|batch| !batch.records.is_empty()).collect();
    if new.is_empty() {
        return;
    }
    let later = batches.iter().enumerate().find_map(|(index, batch)| {
        let record = batch.records.iter().position(|record| place.is_before(batch, record))?;
        Some((index, record))
    });
    match later {
        Some((index, 0)) => {
            batches.splice(index..index, new);
        }
        Some((index, record)) => {
            let before = split(&mut batches[index], record);
            batches.splice(index..index, std::iter::once(before).chain(new));
        }
        None => append(batches, new),
    }
}

/// Cuts the first records off a batch.
fn split(batch: &mut Batch, count: usize) -> Batch {
    let behind = batch.records.split_off(count);
    let records = std::mem::replace(&mut batch.records, behind);
    like(batch, records)
}

/// Adds batches behind all others, and takes the positions along.
fn append(batches: &mut Vec<Batch>, mut new: Vec<Batch>) {
    if let (Some(old), Some(last)) = (batches.last_mut(), new.last_mut()) {
        last.positions = std::mem::take(&mut old.positions);
    }
    batches.retain(|batch| !batch.records.is_empty() || !batch.positions.is_empty());
    batches.extend(new);
}
