//! The sinks against real databases.

mod aiven;
mod bulk;
mod cases;
mod casts;
mod exactly_once;
mod faults;
mod refused;
mod shown;
mod sqlite;
mod tls;

use std::sync::Arc;

use api::config::Properties;
use api::{
    Batch, Converter, Decoder, Error, Offsets, Reaction, Record, Registry, Result, SinkContext, SinkPlugin,
    SinkTask, TopicPartition,
};
use bytes::Bytes;
use parking_lot::Mutex;
use testkit::database::{Database, PASSWORD, USER};

use super::{Flavour, JdbcSink};

/// A worker that tolerates bad records, or does not, and remembers their offsets.
#[derive(Default)]
pub(super) struct Context {
    tolerant: bool,
    pub(super) rejected: Mutex<Vec<(i64, String)>>,
    pub(super) sought: Mutex<Offsets>,
}

impl Context {
    pub(super) fn tolerant() -> Arc<Self> {
        Arc::new(Self { tolerant: true, ..Self::default() })
    }

    pub(super) fn offsets(&self) -> Vec<i64> {
        self.rejected.lock().iter().map(|(offset, _)| *offset).collect()
    }
}

impl SinkContext for Context {
    fn seek(&self, offsets: Offsets) {
        self.sought.lock().extend(offsets);
    }
    fn pause(&self, _partitions: &[TopicPartition]) {}
    fn resume(&self, _partitions: &[TopicPartition]) {}
    fn request_commit(&self) {}
    fn reject(&self, _batch: &Batch, record: &Record, error: Error) -> Result<()> {
        if !self.tolerant {
            return Err(error);
        }
        self.rejected.lock().push((record.offset, format!("{error:#}")));
        Ok(())
    }
}

/// The configuration of a sink that writes to a database; entries come first.
pub(super) fn properties(database: &Database, entries: &[(&str, &str)]) -> Properties {
    let mut properties = Properties::from([
        ("name".to_owned(), "case".to_owned()),
        ("connection.url".to_owned(), database.jdbc_url()),
        ("connection.user".to_owned(), USER.to_owned()),
        ("connection.password".to_owned(), PASSWORD.to_owned()),
        ("connection.backoff.ms".to_owned(), "100".to_owned()),
        ("retry.backoff.ms".to_owned(), "50".to_owned()),
    ]);
    properties.extend(entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    properties
}

/// As MariaDB's driver is told to do without bulk execution.
pub(super) fn url_without_bulk(database: &Database) -> String {
    let url = database.jdbc_url();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}useBulkStmtsForInserts=false")
}

pub(super) async fn start(properties: &Properties, context: Arc<Context>) -> Box<dyn SinkTask> {
    JdbcSink(Flavour::Confluent).task(properties, context).await.expect("the task starts")
}

/// Puts as the worker does: again while it may help.
pub(super) async fn put(task: &mut dyn SinkTask, batches: &[Batch]) -> Result<()> {
    loop {
        match task.put(batches).await {
            Err(error) if error.reaction() == Reaction::Retry => {}
            done => return done,
        }
    }
}

/// Reads messages of a topic as the worker does, in batches of one schema.
pub(super) struct Reader {
    topic: Arc<str>,
    key: Box<dyn Decoder>,
    value: Box<dyn Decoder>,
    offset: i64,
}

impl Reader {
    pub(super) fn new(topic: &str) -> Self {
        let converter = json();
        Self {
            topic: topic.into(),
            key: converter.decoder(topic),
            value: converter.decoder(topic),
            offset: 0,
        }
    }

    /// A batch for each record: runs have to be found again.
    pub(super) fn read(&mut self, messages: &[(&str, &str)]) -> Vec<Batch> {
        messages.iter().map(|(key, value)| self.batch(key, value)).collect()
    }

    fn batch(&mut self, key: &str, value: &str) -> Batch {
        let bytes = |text: &str| (!text.is_empty()).then(|| Bytes::copy_from_slice(text.as_bytes()));
        let key = self.key.decode(bytes(key)).expect("a key");
        let value = self.value.decode(bytes(value)).expect("a value");
        let record = Record {
            value,
            key,
            timestamp_ms: Some(1_700_000_000_000),
            partition: Some(0),
            offset: self.offset,
            ..Record::default()
        };
        self.offset += 1;
        Batch {
            key_schema: record.key.as_ref().and(self.key.schema()).cloned(),
            value_schema: record.value.as_ref().and(self.value.schema()).cloned(),
            records: vec![record],
            ..Batch::new(self.topic.clone())
        }
    }
}

fn json() -> Box<dyn Converter> {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    let mut all = registry.converters.iter();
    let plugin = all.find(|plugin| plugin.description().class.ends_with("JsonConverter")).expect("JSON");
    plugin.configure(&Properties::new(), api::Role::Value).expect("it needs nothing")
}

/// The rows of a query, each a line with `|` between its columns.
pub(super) fn lines(database: &Database, sql: &str) -> Vec<String> {
    let rows = database.query(sql).expect("rows");
    rows.iter()
        .map(|row| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect::<Vec<_>>().join("|"))
        .collect()
}
