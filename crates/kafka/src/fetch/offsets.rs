//! The first and last offsets of partitions, asked of their leaders.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::messages::{
    BrokerId, ListOffsetsRequest, ListOffsetsResponse, TopicName,
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
};

use crate::{
    Client, Error, IsolationLevel, Lane, Leader, TopicPartition, config::OffsetReset, error::check,
    request::text,
};

/// Kafka's number for "the end of the log".
const LATEST: i64 = -1;
/// Kafka's number for "the start of the log".
const EARLIEST: i64 = -2;

/// Where a reader that wants the earliest or the latest records begins, for each partition.
///
/// # Errors
/// The first that is met, after which nothing is known of any partition; a leader that is none any more has
/// been looked up afresh by the next attempt.
pub(crate) async fn list_offsets(
    client: &Client,
    partitions: &[TopicPartition],
    policy: OffsetReset,
    isolation: IsolationLevel,
) -> Result<HashMap<TopicPartition, i64>, Error> {
    let mut by_leader: BTreeMap<i32, Vec<(&TopicPartition, Leader)>> = BTreeMap::new();
    for partition in partitions {
        let leader = client.leader(&partition.topic, partition.partition).await?;
        by_leader.entry(leader.broker).or_default().push((partition, leader));
    }
    let timestamp = if policy == OffsetReset::Earliest { EARLIEST } else { LATEST };
    let mut offsets = HashMap::new();
    for (broker, partitions) in by_leader {
        let request = request(&partitions, timestamp, isolation);
        let timeout = client.options().request_timeout;
        let answer = match client.request(broker, Lane::SHARED, timeout, |_| request).await {
            Ok(response) => read(&response, &mut offsets),
            Err(error) => Err(error),
        };
        if let Err(error) = answer {
            partitions.iter().for_each(|(partition, _)| client.invalidate(&partition.topic));
            return Err(error);
        }
    }
    Ok(offsets)
}

fn request(
    partitions: &[(&TopicPartition, Leader)],
    timestamp: i64,
    isolation: IsolationLevel,
) -> ListOffsetsRequest {
    let mut topics: BTreeMap<&str, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (partition, leader) in partitions {
        let ask = ListOffsetsPartition::default()
            .with_partition_index(partition.partition)
            .with_current_leader_epoch(leader.epoch)
            .with_timestamp(timestamp);
        topics.entry(&partition.topic).or_default().push(ask);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        ListOffsetsTopic::default().with_name(TopicName(text(topic))).with_partitions(partitions)
    });
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(i8::from(isolation == IsolationLevel::ReadCommitted))
        .with_topics(topics.collect())
}

fn read(response: &ListOffsetsResponse, offsets: &mut HashMap<TopicPartition, i64>) -> Result<(), Error> {
    for topic in &response.topics {
        for answer in &topic.partitions {
            let partition = TopicPartition::new(topic.name.as_str(), answer.partition_index);
            check(answer.error_code, format_args!("find the offsets of {partition}"))?;
            offsets.insert(partition, answer.offset);
        }
    }
    Ok(())
}
