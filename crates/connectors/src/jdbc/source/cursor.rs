//! A table or a query that is read again and again, and how far it was read.

use std::sync::Arc;

use api::{Batch, SourceOffset, SourcePartition};
use tracing::warn;

use super::criteria::Criteria;
use super::horizon::Horizon;
use super::offset::Offset;
use super::settings::Mode;
use crate::jdbc::dialect::{Block, Mark, Select, Shape};

/// A table or a query.
pub(super) struct Cursor {
    /// Its name in messages.
    pub(super) name: String,
    pub(super) topic: Arc<str>,
    /// The schema name of values; `None` for queries.
    pub(super) schema_name: Option<String>,
    pub(super) criteria: Criteria,
    /// The columns of the record key.
    pub(super) key: Vec<String>,
    pub(super) mode: Mode,
    pub(super) partition: Arc<SourcePartition>,
    /// Where the rows that were given away end.
    pub(super) offset: Offset,
    /// The last row's mark, whose moment may have more rows.
    pub(super) last: Option<Mark>,
    pub(super) horizon: Horizon,
    /// How much earlier than now rows may be that are still to be written.
    pub(super) rounding_ms: i64,
    pub(super) shape: Option<Arc<Shape>>,
}

impl Cursor {
    /// The query from here on.
    pub(super) fn select(&self, sql: String) -> Select {
        Select {
            sql,
            incrementing: self.criteria.incrementing.clone(),
            timestamps: self.criteria.timestamps.clone(),
            key: self.key.clone(),
            name: self.schema_name.clone(),
        }
    }

    /// Takes the shape of a result. The same shape keeps its schemas, so that nobody has to look at them again.
    pub(super) fn shaped(&mut self, shape: Arc<Shape>) {
        let same = |known: &Arc<Shape>| known.value == shape.value && known.key == shape.key;
        if self.shape.as_ref().is_some_and(same) {
            return;
        }
        let dropped: Vec<&str> = shape
            .columns
            .iter()
            .filter(|column| shape.value.field(&column.name).is_none())
            .map(|column| column.name.as_str())
            .collect();
        if !dropped.is_empty() {
            warn!(from = self.name, columns = dropped.join(", "), "columns of unsupported types are dropped");
        }
        self.shape = Some(shape);
    }

    /// The batch of some rows, with the position behind them.
    pub(super) fn batch(&mut self, block: Block) -> Batch {
        self.advance(&block.marks);
        let mut batch = self.empty_batch();
        batch.records = block.records;
        batch
    }

    /// Says that the result has ended: its last moment has no more rows. A batch, if that moves the position.
    pub(super) fn finish(&mut self) -> Option<Batch> {
        let last = self.last.take()?;
        if self.mode != Mode::Timestamp || self.offset.timestamp == last.timestamp {
            return None;
        }
        self.offset.timestamp = last.timestamp;
        Some(self.empty_batch())
    }

    /// The same for a part of the rows, whose offset is kept in a partition of its own. Nothing is read yet.
    pub(super) fn of_range(&self, partition: SourcePartition) -> Self {
        Self {
            name: self.name.clone(),
            topic: self.topic.clone(),
            schema_name: self.schema_name.clone(),
            criteria: self.criteria.clone(),
            key: self.key.clone(),
            mode: self.mode,
            partition: Arc::new(partition),
            offset: Offset::default(),
            last: None,
            horizon: Horizon::default(),
            rounding_ms: self.rounding_ms,
            shape: self.shape.clone(),
        }
    }

    /// Moves the position to a value of the incrementing column up to which there are no more rows.
    pub(super) fn reach(&mut self, last: i64) -> Option<Batch> {
        if self.offset.last() >= last && self.offset.incrementing.is_some() {
            return None;
        }
        self.offset.incrementing = Some(last);
        Some(self.empty_batch())
    }

    /// Other positions than that of the rows.
    pub(super) fn positions(
        &self,
        positions: impl IntoIterator<Item = (SourcePartition, SourceOffset)>,
    ) -> Batch {
        let mut batch = Batch::new(self.topic.clone());
        batch.positions =
            positions.into_iter().map(|(partition, offset)| (Arc::new(partition), offset)).collect();
        batch
    }

    fn empty_batch(&self) -> Batch {
        let mut batch = Batch::new(self.topic.clone());
        if let Some(shape) = &self.shape {
            batch.value_schema = Some(shape.value.clone());
            batch.key_schema.clone_from(&shape.key);
        }
        batch.positions.extend(self.position());
        batch
    }

    fn position(&self) -> Option<(Arc<SourcePartition>, SourceOffset)> {
        (self.mode != Mode::Bulk && self.offset != Offset::default())
            .then(|| (self.partition.clone(), self.offset.store()))
    }

    /// Moves the position behind some rows: to the last one, but in the mode of timestamps alone only to the last
    /// moment of which all rows were read, as the next rows may be of the last one's moment.
    fn advance(&mut self, marks: &[Mark]) {
        let Some(last) = marks.last() else { return };
        match self.mode {
            Mode::Bulk => {}
            Mode::Incrementing => self.offset.incrementing = last.incrementing,
            Mode::TimestampIncrementing => {
                self.offset = Offset { incrementing: last.incrementing, timestamp: last.timestamp };
            }
            Mode::Timestamp => {
                let before = self.last.filter(|mark| mark.timestamp < last.timestamp);
                let complete =
                    marks.iter().rev().find(|mark| mark.timestamp < last.timestamp).copied().or(before);
                if let Some(complete) = complete {
                    self.offset.timestamp = complete.timestamp;
                }
                self.last = Some(*last);
            }
        }
    }
}

#[cfg(test)]
mod tests;
