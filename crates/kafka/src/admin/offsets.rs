//! Offsets of partitions: the first, the last, the first after a time.

use std::collections::BTreeMap;

use kafka_protocol::messages::{
    BrokerId, ListOffsetsRequest, ListOffsetsResponse, TopicName,
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
};

use super::Admin;
use crate::{
    assignor::TopicPartition,
    config::IsolationLevel,
    error::{self, Error},
    metadata::Leader,
    pool::Lane,
    request::text,
};

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OffsetSpec {
    /// Of the oldest record that is there.
    Earliest,
    /// Of the next record to come; with `read_committed` the last stable offset.
    Latest,
    /// Of the first record with this timestamp in milliseconds, or a later one.
    Timestamp(i64),
}

impl OffsetSpec {
    fn code(self) -> i64 {
        match self {
            OffsetSpec::Latest => -1,
            OffsetSpec::Earliest => -2,
            OffsetSpec::Timestamp(timestamp_ms) => timestamp_ms.max(0),
        }
    }
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListedOffset {
    /// The offset; absent when no record is that late.
    pub offset: Option<i64>,
    /// The timestamp of its record in milliseconds, when it was asked for by time.
    pub timestamp_ms: Option<i64>,
}

impl Admin {
    /// Offsets of partitions, from their leaders.
    pub async fn list_offsets(
        &self,
        partitions: &[TopicPartition],
        spec: OffsetSpec,
        isolation: IsolationLevel,
    ) -> Result<BTreeMap<TopicPartition, ListedOffset>, Error> {
        let mut retry = self.retry();
        loop {
            match self.list_offsets_once(partitions, spec, isolation).await {
                Ok(offsets) => return Ok(offsets),
                Err(error) => {
                    partitions.iter().for_each(|partition| self.client.invalidate(&partition.topic));
                    retry.pause(error).await?;
                }
            }
        }
    }

    async fn list_offsets_once(
        &self,
        partitions: &[TopicPartition],
        spec: OffsetSpec,
        isolation: IsolationLevel,
    ) -> Result<BTreeMap<TopicPartition, ListedOffset>, Error> {
        let mut by_leader: BTreeMap<i32, Vec<(&TopicPartition, Leader)>> = BTreeMap::new();
        for partition in partitions {
            let leader = self.client.leader(&partition.topic, partition.partition).await?;
            by_leader.entry(leader.broker).or_default().push((partition, leader));
        }
        let mut offsets = BTreeMap::new();
        for (broker, partitions) in by_leader {
            let request = question(&partitions, spec, isolation);
            let timeout = self.request_timeout();
            let response = self.client.request(broker, Lane::SHARED, timeout, |_| request).await?;
            take_answers(&response, &mut offsets)?;
        }
        Ok(offsets)
    }
}

fn question(
    partitions: &[(&TopicPartition, Leader)],
    spec: OffsetSpec,
    isolation: IsolationLevel,
) -> ListOffsetsRequest {
    let mut topics: BTreeMap<&str, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (partition, leader) in partitions {
        let question = ListOffsetsPartition::default()
            .with_partition_index(partition.partition)
            .with_current_leader_epoch(leader.epoch)
            .with_timestamp(spec.code());
        topics.entry(&partition.topic).or_default().push(question);
    }
    let topic = |(name, partitions): (&str, _)| {
        ListOffsetsTopic::default().with_name(TopicName(text(name))).with_partitions(partitions)
    };
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(i8::from(isolation == IsolationLevel::ReadCommitted))
        .with_topics(topics.into_iter().map(topic).collect())
}

fn take_answers(
    response: &ListOffsetsResponse,
    offsets: &mut BTreeMap<TopicPartition, ListedOffset>,
) -> Result<(), Error> {
    for topic in &response.topics {
        for answer in &topic.partitions {
            let partition = TopicPartition::new(topic.name.as_str(), answer.partition_index);
            error::check(answer.error_code, format_args!("find the offsets of {partition}"))?;
            let known = |number: i64| (number >= 0).then_some(number);
            let listed = ListedOffset { offset: known(answer.offset), timestamp_ms: known(answer.timestamp) };
            offsets.insert(partition, listed);
        }
    }
    Ok(())
}
