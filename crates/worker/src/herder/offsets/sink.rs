//! The offsets of sink connectors: those of their consumer group.

use std::sync::Arc;

use api::config::Properties;
use api::{SinkPlugin, SourceOffset, SourcePartition, TopicPartition};
use serde_json::{Map, Value as Json};

use super::{ask_plugin, internal};
use crate::herder::HerderError;
use crate::herder::call::OffsetChange;
use crate::herder::entities::{ConnectorOffset, ConnectorOffsets};
use crate::task::Services;

const TOPIC: &str = "kafka_topic";
const PARTITION: &str = "kafka_partition";
const OFFSET: &str = "kafka_offset";

/// The committed offsets of the group of a sink connector.
pub(super) async fn read(
    services: &Services,
    name: &str,
    config: &Properties,
) -> Result<ConnectorOffsets, HerderError> {
    let committed = committed(services, name, config).await?;
    let offsets = committed.into_iter().map(|(partition, offset)| shown(&partition, offset)).collect();
    Ok(ConnectorOffsets { offsets })
}

fn shown(partition: &TopicPartition, offset: i64) -> ConnectorOffset {
    let keys = [(PARTITION, Json::from(partition.partition)), (TOPIC, Json::from(&*partition.topic))];
    let keys = keys.map(|(key, value)| (key.to_owned(), value));
    ConnectorOffset {
        partition: SourcePartition(Map::from_iter(keys)),
        offset: Some(SourceOffset::of(OFFSET, offset)),
    }
}

/// The offsets that a user gives for a sink connector, or Kafka's words for what is wrong with them.
fn parse(offsets: &[ConnectorOffset]) -> Result<Vec<(TopicPartition, Option<i64>)>, HerderError> {
    let parse = |given: &ConnectorOffset| {
        let partition = parse_partition(&given.partition)?;
        Ok((partition, given.offset.as_ref().map(parse_offset).transpose()?))
    };
    offsets.iter().map(parse).collect()
}

fn parse_partition(partition: &SourcePartition) -> Result<TopicPartition, HerderError> {
    let (Some(topic), Some(number)) = (partition.0.get(TOPIC), partition.0.get(PARTITION)) else {
        return Err(bad(format!(
            "The partition for a sink connector offset must contain the keys '{TOPIC}' and '{PARTITION}'"
        )));
    };
    if topic.is_null() {
        return Err(bad("Kafka topic names must be valid strings and may not be null".to_owned()));
    }
    if number.is_null() {
        return Err(bad("Kafka partitions must be valid numbers and may not be null".to_owned()));
    }
    let number = text(number).parse().map_err(|_| {
        bad(format!(
            "Failed to parse the following Kafka partition value in the provided offsets: '{}'. Partition values \
             for sink connectors need to be integers.",
            text(number)
        ))
    })?;
    Ok(TopicPartition::new(text(topic), number))
}

fn parse_offset(offset: &SourceOffset) -> Result<i64, HerderError> {
    let value = offset.0.get(OFFSET).filter(|value| !value.is_null()).ok_or_else(|| {
        bad(format!("The offset for a sink connector should either be null or contain the key '{OFFSET}'"))
    })?;
    text(value).parse().map_err(|_| {
        bad(format!(
            "Failed to parse the following Kafka offset value in the provided offsets: '{}'. Offset values for sink \
             connectors need to be integers.",
            text(value)
        ))
    })
}

/// A value as Java's `String.valueOf` shows it.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn bad(words: String) -> HerderError {
    HerderError::BadRequest(words)
}

async fn committed(_: &Services, _: &str, _: &Properties) -> Result<Vec<(TopicPartition, i64)>, HerderError> {
    Ok(Vec::new())
}

pub(super) async fn change(
    services: &Services,
    _name: &str,
    plugin: Arc<dyn SinkPlugin>,
    config: &Arc<Properties>,
    change: OffsetChange,
) -> Result<bool, HerderError> {
    let offsets = match change {
        OffsetChange::Alter(o) => parse(&o)?,
        OffsetChange::Reset => Vec::new(),
    };
    let config = config.clone();
    ask_plugin(services, move || plugin.alter_offsets(&config, &offsets)).await.map_err(internal)
}
