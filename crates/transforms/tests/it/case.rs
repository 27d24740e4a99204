//! Our transforms and predicates, asked the way the judge is.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::config::{Problems, Properties};
use api::{Batch, ConnectorType, Header, Headers, Record, Registry, Schema, Transformed, Value};
use serde_json::{Value as Json, json};

use crate::form;

const PACKAGE: &str = "org.apache.kafka.connect.transforms.";

/// Records of one topic and schemas, and the transform they go through.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The class without its package, if that is Kafka's.
    pub(crate) class: String,
    pub(crate) config: Vec<(String, String)>,
    pub(crate) connector: ConnectorType,
    pub(crate) topic: String,
    pub(crate) key_schema: Option<Arc<Schema>>,
    pub(crate) value_schema: Option<Arc<Schema>>,
    /// Their offsets are their places.
    pub(crate) records: Vec<Record>,
}

impl Case {
    fn full_class(&self) -> String {
        let package = if self.class.starts_with("io.debezium.") { "" } else { PACKAGE };
        [package, &self.class].concat()
    }

    /// One question for each record.
    pub(crate) fn questions(&self) -> Vec<Json> {
        let config: Json = self.config.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        let what = if self.class.starts_with("predicates.") { "test" } else { "apply" };
        let connector = if self.connector == ConnectorType::Source { "source" } else { "sink" };
        let class = self.full_class();
        let question = |record: &Record| {
            json!({
                "do": what, "class": class, "config": config, "connector": connector,
                "record": self.record_form(record),
            })
        };
        self.records.iter().map(question).collect()
    }

    fn record_form(&self, record: &Record) -> Json {
        let side = |schema: &Option<Arc<Schema>>, value: &Option<Value>| {
            let schema = schema.as_ref().filter(|_| value.is_some());
            let value = value.clone().unwrap_or_default();
            (form::schema(schema), form::value(&value, schema.map(Arc::as_ref)))
        };
        let (key_schema, key) = side(&self.key_schema, &record.key);
        let (value_schema, value) = side(&self.value_schema, &record.value);
        json!({
            "topic": self.topic, "partition": record.partition, "offset": record.offset,
            "timestamp": record.timestamp_ms, "keySchema": key_schema, "key": key,
            "valueSchema": value_schema, "value": value, "headers": headers_form(&record.headers),
        })
    }

    /// Our answers, one for each record.
    pub(crate) fn answers(&self) -> Vec<Json> {
        let mut registry = Registry::default();
        transforms::register(&mut registry);
        let class = self.full_class();
        let properties: Properties = self.config.iter().cloned().collect();
        if let Some(plugin) = registry.predicates.iter().find(|plugin| plugin.description().class == class) {
            return match plugin.configure(&properties) {
                Ok(predicate) => self
                    .records
                    .iter()
                    .map(|record| json!({"verdict": predicate.test(&self.topic, record).unwrap()}))
                    .collect(),
                Err(problems) => self.misconfigured(&problems),
            };
        }
        let plugin = registry.transforms.iter().find(|plugin| plugin.description().class == class);
        match plugin.unwrap_or_else(|| panic!("{class} is registered")).configure(&properties) {
            Ok(mut transform) => {
                let mut out = Transformed::default();
                transform.apply(self.batch(), self.connector, &mut out);
                self.sorted(&out)
            }
            Err(problems) => self.misconfigured(&problems),
        }
    }

    fn misconfigured(&self, problems: &Problems) -> Vec<Json> {
        let answer = json!({"while": "configure", "error": "config", "message": problems.0[0].message});
        vec![answer; self.records.len()]
    }

    pub(crate) fn batch(&self) -> Batch {
        Batch {
            key_schema: self.key_schema.clone(),
            value_schema: self.value_schema.clone(),
            records: self.records.clone(),
            ..Batch::new(self.topic.as_str().into())
        }
    }

    /// The answers in the order of the records.
    fn sorted(&self, out: &Transformed) -> Vec<Json> {
        let mut answers = BTreeMap::new();
        let mut last = -1;
        for batch in &out.batches {
            for record in &batch.records {
                assert!(record.offset > last, "records stay in order");
                last = record.offset;
                answers.insert(record.offset, answer(batch, record));
            }
        }
        for rejected in &out.rejected {
            let place = rejected.record.offset as usize;
            assert_eq!(rejected.error.reaction(), api::Reaction::Reject);
            // As text, because NaN is not equal to itself.
            let (ours, given) = (format!("{:?}", rejected.record), format!("{:?}", self.records[place]));
            assert_eq!(ours, given, "a rejected record is as it was");
            let message = rejected.error.message();
            let answer = json!({"while": "apply", "error": "reject", "message": message});
            assert!(answers.insert(rejected.record.offset, answer).is_none());
        }
        (0..self.records.len() as i64)
            .map(|place| answers.remove(&place).unwrap_or_else(|| json!({"dropped": true})))
            .collect()
    }
}

fn answer(batch: &Batch, record: &Record) -> Json {
    let side = |schema: &Option<Arc<Schema>>, value: &Option<Value>| {
        let schema = schema.as_ref().filter(|_| value.is_some());
        (form::schema(schema), form::value(&value.clone().unwrap_or_default(), schema.map(Arc::as_ref)))
    };
    let (key_schema, key) = side(&batch.key_schema, &record.key);
    let (value_schema, value) = side(&batch.value_schema, &record.value);
    json!({
        "topic": &*batch.topic, "partition": record.partition, "timestamp": record.timestamp_ms,
        "keySchema": key_schema, "key": key, "valueSchema": value_schema, "value": value,
        "headers": headers_form(&record.headers),
    })
}

fn headers_form(headers: &Headers) -> Json {
    let header = |header: &Header| {
        let schema = header.schema.as_ref();
        json!([&*header.key, form::schema(schema), form::value(&header.value, schema.map(Arc::as_ref))])
    };
    headers.as_slice().iter().map(header).collect()
}
