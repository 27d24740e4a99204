//! One transform of a chain, and the predicate that says to which records it is applied.

use std::sync::Arc;

use api::{Batch, ConnectorType, Error, Predicate, Record, Transform, Transformed};

/// A transform with its alias and its class.
pub(super) struct Link {
    pub(super) alias: Arc<str>,
    pub(super) class: &'static str,
    pub(super) transform: Box<dyn Transform>,
    pub(super) condition: Option<Condition>,
}

/// To which records a transform is applied.
pub(super) struct Condition {
    predicate: Box<dyn Predicate>,
    /// To those that the predicate is not true of.
    negate: bool,
    /// Used again for every batch.
    verdicts: Vec<Verdict>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Changes,
    Passes,
    Refused,
}

impl Link {
    /// Sends a batch through the transform, or past it. Whole batches move where one verdict is that of all records.
    pub(super) fn apply(&mut self, batch: Batch, connector: ConnectorType, out: &mut Transformed) {
        let Some(condition) = &mut self.condition else {
            return self.transform.apply(batch, connector, out);
        };
        let mut errors = condition.judge(&batch).into_iter();
        let mut runs = Runs::of(&condition.verdicts, batch);
        while let Some((verdict, run)) = runs.next() {
            match verdict {
                Verdict::Changes => self.transform.apply(run, connector, out),
                Verdict::Passes => out.push(run),
                Verdict::Refused => refuse(run, &mut errors, out),
            }
        }
    }
}

impl Condition {
    pub(super) fn new(predicate: Box<dyn Predicate>, negate: bool) -> Self {
        Self { predicate, negate, verdicts: Vec::new() }
    }

    /// Notes a verdict for each record, and answers the errors of those that are refused.
    fn judge(&mut self, batch: &Batch) -> Vec<Error> {
        let Self { predicate, negate, verdicts } = self;
        let mut errors = Vec::new();
        verdicts.clear();
        verdicts.extend(batch.records.iter().map(|record| match predicate.test(&batch.topic, record) {
            Ok(matches) if matches != *negate => Verdict::Changes,
            Ok(_) => Verdict::Passes,
            Err(error) => {
                errors.push(error);
                Verdict::Refused
            }
        }));
        errors
    }
}

/// A batch in runs of one verdict. The last has its positions, and is the batch itself if there is no other.
struct Runs<'a> {
    verdicts: &'a [Verdict],
    /// The records that are still to come, once there is more than one run.
    records: std::vec::IntoIter<Record>,
    rest: Option<Batch>,
}

impl<'a> Runs<'a> {
    fn of(verdicts: &'a [Verdict], mut batch: Batch) -> Self {
        let alike = verdicts.iter().all(|verdict| *verdict == verdicts[0]);
        let records = if alike { Vec::new() } else { std::mem::take(&mut batch.records) };
        Self { verdicts, records: records.into_iter(), rest: Some(batch) }
    }

    fn next(&mut self) -> Option<(Verdict, Batch)> {
        let verdict = self.verdicts.first().copied().unwrap_or(Verdict::Passes);
        let length = self.verdicts.iter().take_while(|other| **other == verdict).count();
        self.verdicts = &self.verdicts[length..];
        let records = self.records.by_ref().take(length).collect();
        if !self.verdicts.is_empty() {
            return Some((verdict, like(self.rest.as_ref()?, records)));
        }
        let mut last = self.rest.take()?;
        if last.records.is_empty() {
            last.records = records;
        }
        Some((verdict, last))
    }
}

/// Other records with the topic and the schemas of a batch.
pub(super) fn like(batch: &Batch, records: Vec<Record>) -> Batch {
    Batch {
        topic: batch.topic.clone(),
        origin: batch.origin.clone(),
        key_schema: batch.key_schema.clone(),
        value_schema: batch.value_schema.clone(),
        records,
        positions: Vec::new(),
    }
}

/// Refuses the records of a run, each with the next error. Their positions go on.
fn refuse(mut run: Batch, errors: &mut impl Iterator<Item = Error>, out: &mut Transformed) {
    for (record, error) in std::mem::take(&mut run.records).into_iter().zip(errors) {
        out.reject(&run, record, error);
    }
    out.push(run);
}
