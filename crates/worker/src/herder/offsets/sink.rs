//! The offsets of sink connectors: those of their consumer group.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use api::config::Properties;
use api::{SinkPlugin, SourceOffset, SourcePartition, TopicPartition};
use kafka::{Admin, OffsetAndMetadata, ResponseError};
use serde_json::{Map, Value as Json};

use super::{ask_plugin, internal};
use crate::herder::HerderError;
use crate::herder::call::OffsetChange;
use crate::herder::entities::{ConnectorOffset, ConnectorOffsets};
use crate::task::Services;

const TOPIC: &str = "kafka_topic";
const PARTITION: &str = "kafka_partition";
const OFFSET: &str = "kafka_offset";

/// A partition and the offset that a user wants for it; none: it is to be forgotten.
type Wanted = (TopicPartition, Option<i64>);

/// The committed offsets of the group of a sink connector.
pub(super) async fn read(
    services: &Services,
    name: &str,
    config: &Properties,
) -> Result<ConnectorOffsets, HerderError> {
    let group = Group::of(services, name, config)?;
    let offsets = group.run(services, |group| async move { group.offsets().await }).await?;
    let offsets = offsets.iter().map(|(partition, offset)| shown(partition, offset.offset)).collect();
    Ok(ConnectorOffsets { offsets })
}

/// Changes the offsets of the group of a sink connector; answers whether the connector knows them to be right.
pub(super) async fn change(
    services: &Services,
    name: &str,
    plugin: Arc<dyn SinkPlugin>,
    config: &Arc<Properties>,
    change: OffsetChange,
) -> Result<bool, HerderError> {
    let group = Group::of(services, name, config)?;
    let (wanted, reset) = match change {
        OffsetChange::Alter(offsets) => (parse(&offsets)?, false),
        OffsetChange::Reset => {
            let committed = group.clone().run(services, |group| async move { group.offsets().await }).await?;
            let forget = |key: kafka::TopicPartition| (TopicPartition::new(key.topic, key.partition), None);
            (committed.into_keys().map(forget).collect(), true)
        }
    };
    let (config, asked) = (config.clone(), wanted.clone());
    let known = ask_plugin(services, move || plugin.alter_offsets(&config, &asked)).await?;
    let change = move |group: Group| async move {
        if reset { group.reset().await } else { group.alter(wanted).await }
    };
    group.run(services, change).await?;
    Ok(known)
}

/// The consumer group of a sink connector.
#[derive(Clone)]
struct Group {
    admin: Admin,
    id: String,
    connector: Arc<str>,
}

impl Group {
    fn of(services: &Services, name: &str, config: &Properties) -> Result<Self, HerderError> {
        let admin = Admin::new(services.clients.admin(config).map_err(internal)?);
        Ok(Self { admin, id: services.clients.group(config, name), connector: name.into() })
    }

    /// Does something where connections to Kafka live.
    async fn run<T, F>(self, services: &Services, deed: impl FnOnce(Self) -> F) -> Result<T, HerderError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, HerderError>> + Send + 'static,
    {
        services.runtime.spawn(deed(self)).await.map_err(internal)?
    }

    async fn offsets(&self) -> Result<BTreeMap<kafka::TopicPartition, OffsetAndMetadata>, HerderError> {
        self.admin.group_offsets(&self.id).await.map_err(|error| self.failed("list", &error))
    }

    async fn alter(&self, wanted: Vec<Wanted>) -> Result<(), HerderError> {
        let key =
            |partition: TopicPartition| kafka::TopicPartition::new(partition.topic, partition.partition);
        let mut set = BTreeMap::new();
        let mut forget = Vec::new();
        for (partition, offset) in wanted {
            match offset {
                Some(offset) => drop(set.insert(key(partition), OffsetAndMetadata::new(offset))),
                None => forget.push(key(partition)),
            }
        }
        if !set.is_empty() {
            let done = self.admin.alter_group_offsets(&self.id, &set).await;
            done.map_err(|error| self.failed("alter", &error))?;
        }
        if !forget.is_empty() {
            let done = self.admin.delete_group_offsets(&self.id, &forget).await;
            gone_is_done(done).map_err(|error| self.failed("alter", &error))?;
        }
        Ok(())
    }

    async fn reset(&self) -> Result<(), HerderError> {
        let done = self.admin.delete_group(&self.id).await;
        gone_is_done(done).map_err(|error| self.failed("reset", &error))
    }

    /// Kafka's words for what failed, and what to do where members are left in the group.
    fn failed(&self, verb: &str, error: &kafka::Error) -> HerderError {
        let name = &self.connector;
        HerderError::Internal(if members_left(error) {
            format!(
                "Failed to {verb} consumer group offsets for connector {name} either because its tasks haven't \
                 stopped completely yet or the connector was resumed before the request to {verb} its offsets could \
                 be successfully completed. If the connector is in a stopped state, this operation can be safely \
                 retried. If it doesn't eventually succeed, the Connect cluster may need to be restarted to get rid \
                 of the zombie sink tasks."
            )
        } else {
            format!("Failed to {verb} consumer group offsets for connector {name}: {error}")
        })
    }
}

/// A group that is not there has nothing left to forget.
fn gone_is_done(done: Result<(), kafka::Error>) -> Result<(), kafka::Error> {
    match done {
        Err(kafka::Error::Broker { code: ResponseError::GroupIdNotFound, .. }) => Ok(()),
        done => done,
    }
}

/// Whether the group still has members, which only lets them change its offsets.
fn members_left(error: &kafka::Error) -> bool {
    let kafka::Error::Broker { code, .. } = error else { return false };
    matches!(
        code,
        ResponseError::UnknownMemberId
            | ResponseError::NonEmptyGroup
            | ResponseError::GroupSubscribedToTopic
            | ResponseError::RebalanceInProgress
    )
}

fn shown(partition: &kafka::TopicPartition, offset: i64) -> ConnectorOffset {
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

#[cfg(test)]
mod tests;
