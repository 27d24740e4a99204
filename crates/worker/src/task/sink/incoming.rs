//! Records that were fetched, converted, and not put yet.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use api::{
    Batch, Decoder, Error, Header, Headers, Offsets, OrReaction, Record, Result, Schema, Text, TopicPartition,
};
use kafka::{FetchedBatch, RecordView};

use super::super::convert::Converters;
use super::super::policy::{Policy, Stage};
use super::super::{Services, TaskSpec};

/// The bytes of Kafka's records that one put may hold; a single record batch may be larger.
const PUT_BYTES_MAX: usize = 1024 * 1024;

/// What is gathered for the next put.
pub(super) struct Incoming {
    converters: Converters,
    policy: Policy,
    topics: HashMap<Arc<str>, Topic>,
    batches: Vec<Batch>,
    bytes: usize,
    behind: Offsets,
}

struct Topic {
    name: Arc<str>,
    key: Box<dyn Decoder>,
    value: Box<dyn Decoder>,
}

impl Incoming {
    pub(super) fn open(spec: &TaskSpec, services: &Services) -> Result<Self> {
        Ok(Self {
            converters: Converters::of(&spec.connector, services)?,
            policy: Policy::parse(&spec.connector).or_fail("cannot configure the error policy")?,
            topics: HashMap::new(),
            batches: Vec::new(),
            bytes: 0,
            behind: Offsets::new(),
        })
    }

    /// Whether enough is gathered for one put.
    pub(super) fn full(&self) -> bool {
        self.bytes >= PUT_BYTES_MAX
    }

    /// What is gathered.
    pub(super) fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// The offsets behind all that was taken, records that were skipped among them.
    pub(super) fn behind(&self) -> &Offsets {
        &self.behind
    }

    /// Forgets what was gathered.
    pub(super) fn clear(&mut self) {
        self.batches.clear();
        self.behind.clear();
        self.bytes = 0;
    }

    /// Forgets what was gathered of some partitions.
    pub(super) fn drop_partitions(&mut self, partitions: &[TopicPartition]) {
        let dropped = |topic: &str, number: Option<i32>| {
            partitions
                .iter()
                .any(|partition| *partition.topic == *topic && Some(partition.partition) == number)
        };
        for batch in &mut self.batches {
            let topic = batch.offset_topic().clone();
            batch.records.retain(|record| !dropped(&topic, record.partition));
        }
        self.batches.retain(|batch| !batch.records.is_empty());
        self.behind.retain(|partition, _| !partitions.contains(partition));
    }

    /// Converts the records of a batch of Kafka.
    pub(super) fn take(&mut self, fetched: &FetchedBatch) -> Result<()> {
        self.learn(fetched.topic());
        self.convert(fetched)?;
        self.bytes += fetched.bytes();
        self.behind.insert(ours(fetched.partition()), fetched.next_offset());
        Ok(())
    }

    fn learn(&mut self, name: &Arc<str>) {
        if self.topics.contains_key(name) {
            return;
        }
        let key = self.converters.key.decoder(name);
        let value = self.converters.value.decoder(name);
        self.topics.insert(name.clone(), Topic { name: name.clone(), key, value });
    }

    fn convert(&mut self, fetched: &FetchedBatch) -> Result<()> {
        let Self { converters, policy, topics, batches, .. } = self;
        let topic = topics.get_mut(fetched.topic()).expect("a topic is learnt before its records");
        for view in fetched.records() {
            match topic.convert(converters, fetched, &view) {
                Ok(record) => topic.batch(batches, &record).records.push(record),
                Err((stage, error)) => policy.refuse(stage, Place { fetched, offset: view.offset }, error)?,
            }
        }
        Ok(())
    }
}

impl Topic {
    fn convert(
        &mut self,
        converters: &Converters,
        fetched: &FetchedBatch,
        view: &RecordView<'_>,
    ) -> Result<Record, (Stage, Error)> {
        let share = |bytes: Option<&[u8]>| bytes.map(|bytes| fetched.share(bytes));
        let at = |stage| move |error| (stage, error);
        let key = self.key.decode(share(view.key)).map_err(at(Stage::KeyConverter))?;
        let value = self.value.decode(share(view.value)).map_err(at(Stage::ValueConverter))?;
        let headers = view.headers().map(|header| {
            let key = String::from_utf8_lossy(header.key);
            let (schema, value) = converters.header.decode(&self.name, &key, share(header.value))?;
            Ok(Header { key: Text::from(&*key), schema, value })
        });
        Ok(Record {
            key,
            value,
            headers: headers.collect::<Result<Headers>>().map_err(at(Stage::HeaderConverter))?,
            timestamp_ms: (view.timestamp_ms >= 0).then_some(view.timestamp_ms),
            partition: Some(fetched.partition().partition),
            offset: view.offset,
        })
    }

    /// The batch for the record that was converted last: the last one if it is of this topic and these schemas, else
    /// a new one behind it. An absent key or value has no schema that could differ.
    fn batch<'a>(&self, batches: &'a mut Vec<Batch>, record: &Record) -> &'a mut Batch {
        let (key, value) = (self.key.schema(), self.value.schema());
        let fits = batches.last().is_some_and(|batch| {
            Arc::ptr_eq(&batch.topic, &self.name)
                && (record.key.is_none() || same(batch.key_schema.as_ref(), key))
                && (record.value.is_none() || same(batch.value_schema.as_ref(), value))
        });
        if !fits {
            let (key_schema, value_schema) = (key.cloned(), value.cloned());
            let origin = Some(self.name.clone());
            batches.push(Batch { origin, key_schema, value_schema, ..Batch::new(self.name.clone()) });
        }
        batches.last_mut().expect("one was just pushed")
    }
}

fn same(left: Option<&Arc<Schema>>, right: Option<&Arc<Schema>>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => Arc::ptr_eq(left, right),
        (None, None) => true,
        _ => false,
    }
}

/// A partition in the words of the plugins.
pub(super) fn ours(partition: &kafka::TopicPartition) -> TopicPartition {
    TopicPartition { topic: partition.topic.clone(), partition: partition.partition }
}

/// Names a record in an error without its data (invariant 8).
struct Place<'a> {
    fetched: &'a FetchedBatch,
    offset: i64,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partition = self.fetched.partition();
        write!(f, "the record at offset {} of `{}`-{}", self.offset, partition.topic, partition.partition)
    }
}
