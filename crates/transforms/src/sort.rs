//! Puts the records of a batch where a transform wants them: into the batch as it is, or another topic or schema.

use std::sync::Arc;

use api::{Batch, Error, Record, Schema, Transformed};

use crate::class::Side;

/// Where a record goes.
pub(crate) enum Verdict {
    /// To the target of an index.
    To(usize),
    /// To where the record before it went: it has nothing that a target could change.
    Along,
    /// Nowhere.
    Drop,
    /// It is bad.
    Reject(Error),
}

/// The topic and the schemas of a batch that records go to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) topic: Arc<str>,
    pub(crate) origin: Option<Arc<str>>,
    pub(crate) key_schema: Option<Arc<Schema>>,
    pub(crate) value_schema: Option<Arc<Schema>>,
}

impl Target {
    /// The batch itself.
    pub(crate) fn of(batch: &Batch) -> Self {
        Self {
            topic: Arc::clone(&batch.topic),
            origin: batch.origin.clone(),
            key_schema: batch.key_schema.clone(),
            value_schema: batch.value_schema.clone(),
        }
    }

    /// The same with another schema of keys or values.
    pub(crate) fn with(&self, side: Side, schema: Option<Arc<Schema>>) -> Self {
        let mut target = self.clone();
        match side {
            Side::Key => target.key_schema = schema,
            Side::Value => target.value_schema = schema,
        }
        target
    }

    /// Whether it is the same topic and the very same schemas.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |left: &Option<Arc<Schema>>, right: &Option<Arc<Schema>>| match (left, right) {
            (Some(left), Some(right)) => Arc::ptr_eq(left, right),
            (None, None) => true,
            _ => false,
        };
        self.topic == other.topic
            && same(&self.key_schema, &other.key_schema)
            && same(&self.value_schema, &other.value_schema)
    }

    fn batch(&self, records: Vec<Record>) -> Batch {
        Batch {
            topic: Arc::clone(&self.topic),
            origin: self.origin.clone(),
            key_schema: self.key_schema.clone(),
            value_schema: self.value_schema.clone(),
            records,
            positions: Vec::new(),
        }
    }
}

/// The verdicts about the records of a batch.
pub(crate) enum Verdicts {
    /// All go to one target.
    Alike(usize),
    /// One verdict per record.
    Mixed(Vec<Verdict>),
}

/// Asks about each record; nothing is kept as long as all records go to one target.
pub(crate) fn judge(records: &mut [Record], mut verdict: impl FnMut(&mut Record) -> Verdict) -> Verdicts {
    let count = records.len();
    let mut alike = None;
    let mut records = records.iter_mut().enumerate();
    for (place, record) in &mut records {
        let other = match verdict(record) {
            Verdict::Along => continue,
            Verdict::To(target) if alike.is_none_or(|known| known == target) => {
                alike = Some(target);
                continue;
            }
            other => other,
        };
        let mut verdicts = Vec::with_capacity(count);
        verdicts.extend((0..place).map(|_| alike.map_or(Verdict::Along, Verdict::To)));
        verdicts.push(other);
        verdicts.extend(records.map(|(_, record)| verdict(record)));
        return Verdicts::Mixed(verdicts);
    }
    Verdicts::Alike(alike.unwrap_or(0))
}

/// Moves the records of a batch to their targets, in order; the positions stay behind all of them.
pub(crate) fn place(mut batch: Batch, verdicts: Verdicts, targets: &[Target], out: &mut Transformed) {
    let verdicts = match verdicts {
        Verdicts::Alike(target) => {
            let target = &targets[target];
            batch.topic = Arc::clone(&target.topic);
            batch.key_schema.clone_from(&target.key_schema);
            batch.value_schema.clone_from(&target.value_schema);
            return out.push(batch);
        }
        Verdicts::Mixed(verdicts) => verdicts,
    };
    let (mut current, mut kept) = (0, Vec::new());
    for (record, verdict) in std::mem::take(&mut batch.records).into_iter().zip(verdicts) {
        match verdict {
            Verdict::Reject(error) => {
                out.reject(&batch, record, error);
                continue;
            }
            Verdict::Drop => continue,
            Verdict::To(target) if target != current => {
                out.push(targets[current].batch(std::mem::take(&mut kept)));
                current = target;
            }
            Verdict::To(_) | Verdict::Along => {}
        }
        kept.push(record);
    }
    let mut last = targets[current].batch(kept);
    last.positions = batch.positions;
    out.push(last);
}
