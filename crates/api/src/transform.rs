//! Transforms and predicates: what changes, routes and drops records between a connector and Kafka.
//!
//! A transform works on whole batches: what depends on a topic or a schema alone is worked out once per batch.

use std::sync::Arc;

use crate::config::{Definition, Problems, Properties};
use crate::{Batch, Description, Error, Record, Result, Schema};

/// On which side of Kafka a chain of transforms stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConnectorType {
    /// Records go to Kafka.
    Source,
    /// Records come from Kafka.
    Sink,
}

/// A class of transforms, known by its name.
pub trait TransformPlugin: Send + Sync {
    /// Class, version, kind.
    fn description(&self) -> Description;
    /// Its configuration, as REST shows it.
    fn definition(&self) -> Definition;
    /// Makes a transform of properties whose prefix (`transforms.<alias>.`) was cut off.
    fn configure(&self, properties: &Properties) -> Result<Box<dyn Transform>, Problems>;
}

/// A configured transform of one task.
pub trait Transform: Send {
    /// Changes the records of a batch and adds what comes of them to `out`, in order.
    ///
    /// A record that cannot be changed is given to [`Transformed::reject`] as it came, and the others go on.
    /// Positions of the batch stay behind its records, even if none of them is left.
    fn apply(&mut self, batch: Batch, connector: ConnectorType, out: &mut Transformed);
}

/// What comes of batches: other batches, and the records that could not be changed.
#[derive(Debug, Default)]
pub struct Transformed {
    /// The batches in order; one may have positions only.
    pub batches: Vec<Batch>,
    /// The records that could not be changed.
    pub rejected: Vec<Rejected>,
}

/// A record that a transform could not change, as it was before that transform.
#[derive(Debug)]
pub struct Rejected {
    /// Its topic.
    pub topic: Arc<str>,
    /// Sinks: the topic it was read from.
    pub origin: Option<Arc<str>>,
    /// The schema of its key, if the key is there.
    pub key_schema: Option<Arc<Schema>>,
    /// The schema of its value, if the value is there.
    pub value_schema: Option<Arc<Schema>>,
    /// The record.
    pub record: Record,
    /// What is wrong.
    pub error: Error,
}

impl Transformed {
    /// Adds a batch behind the others; one of the same topic and schemas goes on with the last of them.
    pub fn push(&mut self, batch: Batch) {
        if batch.records.is_empty() && batch.positions.is_empty() {
            return;
        }
        match self.batches.last_mut() {
            Some(last) if last.goes_on_with(&batch) => {
                last.records.extend(batch.records);
                last.positions.extend(batch.positions);
            }
            _ => self.batches.push(batch),
        }
    }

    /// Adds a record of `batch` that could not be changed.
    pub fn reject(&mut self, batch: &Batch, record: Record, error: Error) {
        self.rejected.push(Rejected {
            topic: Arc::clone(&batch.topic),
            origin: batch.origin.clone(),
            key_schema: batch.key_schema.clone().filter(|_| record.key.is_some()),
            value_schema: batch.value_schema.clone().filter(|_| record.value.is_some()),
            record,
            error,
        });
    }
}

impl Batch {
    /// Whether the records of another batch have the same topic and the very same schemas, or there are none.
    fn goes_on_with(&self, other: &Self) -> bool {
        let same = |left: &Option<Arc<Schema>>, right: &Option<Arc<Schema>>| match (left, right) {
            (Some(left), Some(right)) => Arc::ptr_eq(left, right),
            (None, None) => true,
            _ => false,
        };
        other.records.is_empty()
            || self.topic == other.topic
                && self.origin == other.origin
                && same(&self.key_schema, &other.key_schema)
                && same(&self.value_schema, &other.value_schema)
    }
}

/// A class of predicates, known by its name.
pub trait PredicatePlugin: Send + Sync {
    /// Class, version, kind.
    fn description(&self) -> Description;
    /// Its configuration, as REST shows it.
    fn definition(&self) -> Definition;
    /// Makes a predicate of properties whose prefix (`predicates.<alias>.`) was cut off.
    fn configure(&self, properties: &Properties) -> Result<Box<dyn Predicate>, Problems>;
}

/// A configured predicate, which decides to which records a transform is applied.
pub trait Predicate: Send {
    /// Whether a record of a topic is one of those.
    ///
    /// # Errors
    /// The predicate cannot say so; the record is bad.
    fn test(&self, topic: &str, record: &Record) -> Result<bool>;
}
