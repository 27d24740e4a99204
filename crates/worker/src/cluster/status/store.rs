//! The topic of statuses as it is in Kafka.

use std::sync::Arc;

use api::Result;
use kafka::config::ProducerOptions;
use kafka::{Client, ConsumerOptions};
use parking_lot::RwLock;

use super::{Key, Statuses, Value};
use crate::cluster::topic::{Apply, Entry, Log, Spec};

/// How much is written at once, but for the last value.
const BATCH_BYTES: usize = 128 * 1024;

/// Takes the keys of what has changed, once the state has it; must not block.
pub type Listener = Box<dyn FnMut(Vec<Key>) + Send>;

/// The topic of statuses, read and written.
pub struct StatusStore {
    log: Log,
    statuses: Arc<RwLock<Statuses>>,
}

impl StatusStore {
    /// Opens the topic; it has been read to its end when this returns. The listener is told of all that is read.
    ///
    /// # Errors
    /// The topic cannot be made or read, or is not what it has to be.
    pub async fn open(
        client: &Client,
        consumer: ConsumerOptions,
        producer: ProducerOptions,
        spec: Spec,
        listener: Listener,
    ) -> Result<Self> {
        let statuses: Arc<RwLock<Statuses>> = Arc::default();
        let log = Log::open(client, consumer, producer, spec, apply(statuses.clone(), listener)).await?;
        log.read_to_end().await?;
        Ok(Self { log, statuses })
    }

    /// Looks at what has been read.
    pub fn read<T>(&self, look: impl FnOnce(&Statuses) -> T) -> T {
        look(&self.statuses.read())
    }

    /// Writes values, and removes the keys without one.
    ///
    /// # Errors
    /// Some of it may not be written.
    pub async fn put(&self, values: &[(Key, Option<Value>)]) -> Result<()> {
        let (mut entries, mut bytes): (Vec<Entry>, usize) = (Vec::new(), 0);
        for (key, value) in values {
            let entry = match value {
                Some(value) => value.entry(key),
                None => (key.encode(), None),
            };
            bytes += entry.0.len() + entry.1.as_ref().map_or(0, Vec::len);
            entries.push(entry);
            // A broker takes no batch of any size, and traces may be long.
            if bytes >= BATCH_BYTES {
                self.log.append(&entries).await?;
                (entries, bytes) = (Vec::new(), 0);
            }
        }
        if entries.is_empty() { Ok(()) } else { self.log.append(&entries).await }
    }

    /// Those of the values that speak over nobody who knows better: of failures, and of what was given up.
    pub fn safe(&self, values: Vec<(Key, Option<Value>)>) -> Vec<(Key, Option<Value>)> {
        self.read(|statuses| {
            let safe = |(key, value): &(Key, Option<Value>)| match value {
                Some(Value::Report(report)) => statuses.safe(key, report),
                Some(Value::TopicUse(_)) | None => true,
            };
            values.into_iter().filter(safe).collect()
        })
    }

    /// Reads what has been written so far.
    ///
    /// # Errors
    /// No broker tells where the end is.
    pub async fn refresh(&self) -> Result<()> {
        self.log.read_to_end().await
    }
}

fn apply(statuses: Arc<RwLock<Statuses>>, mut listener: Listener) -> Apply {
    Box::new(move |batch| {
        let mut keys = Vec::new();
        {
            let mut statuses = statuses.write();
            for record in batch.records() {
                keys.extend(record.key.and_then(|key| statuses.take(key, record.value)));
            }
        }
        if !keys.is_empty() {
            listener(keys);
        }
    })
}
