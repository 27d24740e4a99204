//! The bytes of offsets: a key is the JSON array of a connector and a partition, a value the JSON object of an
//! offset, as Kafka's JSON converter writes them.

use std::collections::BTreeMap;

use api::{SourceOffset, SourcePartition};
use serde_json::{Map, Value as Json};

/// The key of a partition in the bytes that Kafka's JSON converter writes.
pub(crate) fn bytes(connector: &str, partition: &SourcePartition) -> Vec<u8> {
    Json::Array(vec![connector.into(), Json::Object(partition.0.clone())]).to_string().into_bytes()
}

pub(crate) fn offset_bytes(offset: &SourceOffset) -> Vec<u8> {
    Json::Object(offset.0.clone()).to_string().into_bytes()
}

pub(crate) fn parse(key: &[u8]) -> Option<(String, Map<String, Json>)> {
    serde_json::from_slice(key).ok()
}

pub(crate) fn parse_offset(value: &[u8]) -> Option<SourceOffset> {
    serde_json::from_slice(value).ok()
}

/// A text that is the same for maps that differ only in the order of their keys.
pub(crate) fn canonical(map: &Map<String, Json>) -> Box<str> {
    sorted(&Json::Object(map.clone())).to_string().into()
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let ordered: BTreeMap<&String, &Json> = map.iter().collect();
            Json::Object(ordered.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
