//! One topic that a sink reads: its decoders, and which batch a record belongs to.

use std::sync::Arc;

use api::{Batch, Decoder, Error, Header, Headers, Record, Result, Schema, Text};
use kafka::{FetchedBatch, RecordView};

use super::super::convert::Converters;
use super::super::policy::Stage;

/// The decoders of a topic.
pub(super) struct Topic {
    name: Arc<str>,
    key: Box<dyn Decoder>,
    value: Box<dyn Decoder>,
}

impl Topic {
    pub(super) fn new(name: &Arc<str>, converters: &Converters) -> Self {
        Self { name: name.clone(), key: converters.key.decoder(name), value: converters.value.decoder(name) }
    }

    /// A record of the bytes of Kafka, or the stage that refuses it and why.
    pub(super) fn convert(
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
    pub(super) fn batch<'a>(&self, batches: &'a mut Vec<Batch>, record: &Record) -> &'a mut Batch {
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
