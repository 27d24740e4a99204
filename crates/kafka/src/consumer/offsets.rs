//! Committed offsets of a group: written, read, and where to begin without one.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::{
    error::ResponseError,
    messages::{
        GroupId, OffsetCommitRequest, OffsetFetchRequest, OffsetFetchResponse, TopicName,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics},
    },
};
use tokio::time::{Instant, sleep};
use tracing::debug;

use crate::{
    Client, ConsumerOptions, Error, IsolationLevel, Lane, TopicPartition, config::OffsetReset, error::check,
    fetch::list_offsets, group::Identity, request::text,
};

/// Version of OffsetFetch from which one request asks for several groups.
const FETCH_VERSION_OF_GROUPS: i16 = 8;
/// Version of OffsetFetch from which a broker can hold back offsets of open transactions.
const FETCH_VERSION_OF_STABLE: i16 = 7;

/// A committed offset.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OffsetAndMetadata {
    /// The offset of the next record to read.
    pub offset: i64,
    /// The epoch of the leader of the record before it, when that is known.
    pub leader_epoch: Option<i32>,
    /// A note of the committer.
    pub metadata: Box<str>,
}

impl OffsetAndMetadata {
    /// An offset without a note.
    pub fn new(offset: i64) -> OffsetAndMetadata {
        OffsetAndMetadata { offset, ..OffsetAndMetadata::default() }
    }
}

/// Commits, waiting out errors that pass; `signer` says who commits, anew for each attempt.
pub(super) async fn commit(
    client: &Client,
    options: &ConsumerOptions,
    signer: impl Fn() -> Result<Identity, Error>,
    offsets: &[(TopicPartition, OffsetAndMetadata)],
) -> Result<(), Error> {
    if offsets.is_empty() {
        return Ok(());
    }
    let deadline = Instant::now() + options.default_api_timeout;
    let mut failures = 0;
    loop {
        let me = signer()?;
        let Err(error) = commit_once(client, options, &me, offsets).await else { return Ok(()) };
        // The member is about to hear of the generation that the coordinator is in already, or of its loss;
        // either changes what `signer` says.
        let rebalanced = [ResponseError::RebalanceInProgress, ResponseError::IllegalGeneration];
        let passing = error.retriable() || error.code().is_some_and(|code| rebalanced.contains(&code));
        if !passing || Instant::now() >= deadline {
            return Err(error);
        }
        debug!(group = &*options.group_id, %error, "committing again");
        doubt_coordinator(client, options, &error);
        failures += 1;
        sleep(client.options().retry_backoff.delay(failures)).await;
    }
}

/// Has the coordinator looked up afresh unless it has answered as one.
fn doubt_coordinator(client: &Client, options: &ConsumerOptions, error: &Error) {
    let elsewhere = [ResponseError::NotCoordinator, ResponseError::CoordinatorNotAvailable];
    if error.code().is_none_or(|code| elsewhere.contains(&code)) {
        client.invalidate_coordinator(&options.group_id);
    }
}

async fn commit_once(
    client: &Client,
    options: &ConsumerOptions,
    me: &Identity,
    offsets: &[(TopicPartition, OffsetAndMetadata)],
) -> Result<(), Error> {
    let coordinator = client.coordinator(&options.group_id).await?;
    let request = OffsetCommitRequest::default()
        .with_group_id(GroupId(text(&options.group_id)))
        .with_generation_id_or_member_epoch(me.generation)
        .with_member_id(text(&me.member_id))
        .with_group_instance_id(options.group_instance_id.as_deref().map(text))
        .with_topics(commit_topics(offsets));
    // Not on the member's own connection: there a JoinGroup may hold everything up.
    let timeout = client.options().request_timeout;
    let response = client.request(coordinator, Lane::SHARED, timeout, |_| request).await?;
    for topic in &response.topics {
        for partition in &topic.partitions {
            let (group, topic, index) = (&options.group_id, &topic.name.0, partition.partition_index);
            check(
                partition.error_code,
                format_args!("commit the offset of {topic}-{index} for group `{group}`"),
            )?;
        }
    }
    Ok(())
}

fn commit_topics(offsets: &[(TopicPartition, OffsetAndMetadata)]) -> Vec<OffsetCommitRequestTopic> {
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (partition, offset) in offsets {
        let commit = OffsetCommitRequestPartition::default()
            .with_partition_index(partition.partition)
            .with_committed_offset(offset.offset)
            .with_committed_leader_epoch(offset.leader_epoch.unwrap_or(-1))
            .with_committed_metadata(Some(text(&offset.metadata)));
        topics.entry(&partition.topic).or_default().push(commit);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        OffsetCommitRequestTopic::default().with_name(TopicName(text(topic))).with_partitions(partitions)
    });
    topics.collect()
}

/// What is committed, once; partitions without an offset are left out.
pub(super) async fn committed(
    client: &Client,
    options: &ConsumerOptions,
    partitions: &[TopicPartition],
) -> Result<HashMap<TopicPartition, OffsetAndMetadata>, Error> {
    let coordinator = client.coordinator(&options.group_id).await?;
    let timeout = client.options().request_timeout;
    let build = |version| fetch_request(options, partitions, version);
    let response = client.request(coordinator, Lane::SHARED, timeout, build).await?;
    read_committed(&response).map_err(|code| {
        Error::broker(code, format_args!("read the committed offsets of group `{}`", options.group_id))
    })
}

fn fetch_request(
    options: &ConsumerOptions,
    partitions: &[TopicPartition],
    version: i16,
) -> OffsetFetchRequest {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition);
    }
    let stable =
        options.isolation_level == IsolationLevel::ReadCommitted && version >= FETCH_VERSION_OF_STABLE;
    let request = OffsetFetchRequest::default().with_require_stable(stable);
    let group = GroupId(text(&options.group_id));
    if version >= FETCH_VERSION_OF_GROUPS {
        let topics = topics.into_iter().map(|(topic, indexes)| {
            OffsetFetchRequestTopics::default()
                .with_name(TopicName(text(topic)))
                .with_partition_indexes(indexes)
        });
        let topics = Some(topics.collect());
        return request
            .with_groups(vec![OffsetFetchRequestGroup::default().with_group_id(group).with_topics(topics)]);
    }
    let topics = topics.into_iter().map(|(topic, indexes)| {
        OffsetFetchRequestTopic::default().with_name(TopicName(text(topic))).with_partition_indexes(indexes)
    });
    request.with_group_id(group).with_topics(Some(topics.collect()))
}

fn read_committed(
    response: &OffsetFetchResponse,
) -> Result<HashMap<TopicPartition, OffsetAndMetadata>, ResponseError> {
    let mut committed = HashMap::new();
    let mut insert = |topic: &str, index, code, offset, epoch: i32, note: Option<&str>| {
        if let Some(code) = ResponseError::try_from_code(code) {
            return Err(code);
        }
        if offset >= 0 {
            let metadata = note.unwrap_or_default().into();
            let leader_epoch = (epoch >= 0).then_some(epoch);
            let offset = OffsetAndMetadata { offset, leader_epoch, metadata };
            committed.insert(TopicPartition::new(topic, index), offset);
        }
        Ok(())
    };
    ResponseError::try_from_code(response.error_code).map_or(Ok(()), Err)?;
    for topic in &response.topics {
        for p in &topic.partitions {
            let note = p.metadata.as_deref();
            insert(
                &topic.name,
                p.partition_index,
                p.error_code,
                p.committed_offset,
                p.committed_leader_epoch,
                note,
            )?;
        }
    }
    for group in &response.groups {
        ResponseError::try_from_code(group.error_code).map_or(Ok(()), Err)?;
        for topic in &group.topics {
            for p in &topic.partitions {
                let (epoch, note) = (p.committed_leader_epoch, p.metadata.as_deref());
                insert(&topic.name, p.partition_index, p.error_code, p.committed_offset, epoch, note)?;
            }
        }
    }
    Ok(committed)
}

/// Where to begin in each partition, waiting for as long as it takes a cluster to answer.
pub(super) async fn positions(
    client: &Client,
    options: &ConsumerOptions,
    partitions: Vec<TopicPartition>,
) -> Result<Vec<(TopicPartition, i64)>, Error> {
    let mut failures = 0;
    loop {
        let error = match positions_once(client, options, &partitions).await {
            Ok(positions) => return Ok(positions),
            Err(error) if !error.retriable() => return Err(error),
            Err(error) => error,
        };
        debug!(group = &*options.group_id, %error, "asking for positions again");
        doubt_coordinator(client, options, &error);
        failures += 1;
        sleep(client.options().retry_backoff.delay(failures)).await;
    }
}

async fn positions_once(
    client: &Client,
    options: &ConsumerOptions,
    partitions: &[TopicPartition],
) -> Result<Vec<(TopicPartition, i64)>, Error> {
    let committed = committed(client, options, partitions).await?;
    let new: Vec<TopicPartition> =
        partitions.iter().filter(|partition| !committed.contains_key(*partition)).cloned().collect();
    let policy = options.auto_offset_reset;
    if let (Some(partition), OffsetReset::None) = (new.first(), policy) {
        let (group, note) = (&options.group_id, "there is none and `auto.offset.reset` is `none`");
        let what = format_args!("go on from the committed offset of {partition} for group `{group}`");
        return Err(Error::broker_with(ResponseError::OffsetOutOfRange, what, Some(note)));
    }
    let begun = list_offsets(client, &new, policy, options.isolation_level).await?;
    let position = |partition: &TopicPartition| {
        let committed = committed.get(partition).map(|committed| committed.offset);
        let offset = committed.or_else(|| begun.get(partition).copied());
        let offset =
            offset.ok_or_else(|| Error::corrupt(format_args!("answer without offsets of {partition}")));
        Ok((partition.clone(), offset?))
    };
    partitions.iter().map(position).collect()
}
