//! The topic of a dead letter queue: made when it is not there, and never one that the connector reads.

use std::collections::BTreeMap;

use api::config::Properties;
use api::{Error, OrReaction, Result};
use fancy_regex::Regex;
use kafka::{Admin, Client, NewTopic, Producer, ResponseError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::super::policy::DeadLetterQueue;
use super::super::{Services, TaskSpec};

const FACTOR: &str = "errors.deadletterqueue.topic.replication.factor";

/// The number of partitions of the topic, which is made if it does not exist. `None`: the task is to stop.
///
/// # Errors
/// The topic cannot be made or found, for a reason that does not pass.
pub(in crate::task) async fn open(
    queue: &DeadLetterQueue,
    spec: &TaskSpec,
    services: &Services,
    producer: &Producer,
    stop: &CancellationToken,
) -> Result<Option<i32>> {
    let client = services.clients.admin(&spec.connector)?;
    let partitions = async {
        loop {
            match find_or_make(queue, &client, producer).await {
                Err(error) if error.retriable() => {
                    warn!(topic = &*queue.topic, %error, "waiting for the topic of the dead letter queue");
                }
                outcome => break outcome,
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(None),
        partitions = partitions => partitions
            .map(Some)
            .or_fail(format_args!("Could not initialize dead letter queue with topic={}", queue.topic)),
    }
}

async fn find_or_make(
    queue: &DeadLetterQueue,
    client: &Client,
    producer: &Producer,
) -> Result<i32, kafka::Error> {
    match client.topic(&queue.topic, false).await {
        Err(error) if error.code() == Some(ResponseError::UnknownTopicOrPartition) => {
            make(queue, client).await?;
        }
        known => drop(known?),
    }
    producer.partitions(&queue.topic, false).await
}

/// Makes the topic with one partition, as Kafka does. Where the cluster is too small for the replication factor, it is
/// made with what the cluster can hold: a queue with fewer copies is better than a connector that does not start.
async fn make(queue: &DeadLetterQueue, client: &Client) -> Result<(), kafka::Error> {
    let topic = &*queue.topic;
    let wanted = queue.replication_factor;
    match create(queue, client, wanted).await {
        Err(error) if error.code() == Some(ResponseError::InvalidReplicationFactor) => {
            let brokers = Admin::new(client.clone()).describe_cluster().await?.brokers.len();
            let possible = i16::try_from(brokers).unwrap_or(i16::MAX);
            if possible < 1 || possible >= wanted {
                return Err(error);
            }
            create(queue, client, possible).await?;
            warn!(
                topic,
                replication_factor = possible,
                "the cluster has too few brokers for `{FACTOR}={wanted}`: the topic of the dead letter queue was made \
                 with {possible}; hint: set `{FACTOR}={possible}`, or add replicas to the topic"
            );
            Ok(())
        }
        made => {
            made?;
            info!(topic, replication_factor = wanted, "made the topic of the dead letter queue");
            Ok(())
        }
    }
}

async fn create(queue: &DeadLetterQueue, client: &Client, factor: i16) -> Result<(), kafka::Error> {
    let topic = NewTopic {
        name: queue.topic.to_string(),
        partitions: Some(1),
        replication_factor: (factor != -1).then_some(factor),
        configs: BTreeMap::new(),
    };
    match Admin::new(client.clone()).create_topic(&topic).await {
        Err(error) if error.code() == Some(ResponseError::TopicAlreadyExists) => Ok(()),
        made => made,
    }
}

/// Refuses a queue that the connector itself would read: a dead letter would come back for ever.
pub(in crate::task) fn refuse_own_topic(queue: &DeadLetterQueue, task: &Properties) -> Result<()> {
    let text = |key: &str| task.get(key).map_or("", |value| value.trim());
    let mut listed = text("topics").split(',').map(str::trim);
    let pattern = Some(text("topics.regex")).filter(|pattern| !pattern.is_empty());
    let matches = |pattern: &str| {
        let pattern = Regex::new(&format!("^(?:{pattern})$"));
        pattern.is_ok_and(|pattern| pattern.is_match(&queue.topic).unwrap_or(true))
    };
    if listed.any(|topic| topic == &*queue.topic) || pattern.is_some_and(matches) {
        return Err(Error::fail(format_args!(
            "`errors.deadletterqueue.topic.name`: `{}` is one of the topics that the connector reads",
            queue.topic
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
