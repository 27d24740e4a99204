//! Groups: their state, their committed offsets, deletion.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::{
    error::ResponseError,
    messages::{
        DeleteGroupsRequest, DescribeGroupsRequest, DescribeGroupsResponse, GroupId, LeaveGroupRequest,
        LeaveGroupResponse, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
        OffsetFetchResponse, TopicName,
        leave_group_request::MemberIdentity,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
        offset_fetch_request::OffsetFetchRequestGroup,
    },
};

use super::{Admin, Retry};
use crate::{
    assignor::TopicPartition,
    consumer::OffsetAndMetadata,
    error::{self, Error},
    pool::Lane,
    request::{Request, text},
};

/// Version of LeaveGroup from which one request may name several members.
const LEAVE_OF_MEMBERS: i16 = 3;
/// Version of OffsetFetch from which one request asks for several groups.
const FETCH_OF_GROUPS: i16 = 8;

/// A group as its coordinator describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupDescription {
    /// Kafka's word: `Stable`, `Empty`, `Dead` (there is no such group), `PreparingRebalance`,
    /// `CompletingRebalance`.
    pub state: String,
    /// `consumer` or `connect`, among others; empty for a group that has had no members.
    pub protocol_type: String,
    /// The assignor that all members agreed on.
    pub protocol: String,
    /// Who is in it.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMember {
    /// The id the coordinator gave it.
    pub member_id: String,
    /// `group.instance.id`.
    pub group_instance_id: Option<String>,
    /// `client.id`.
    pub client_id: String,
    /// Where it connects from.
    pub client_host: String,
    /// What it told the others, in the format of the protocol type.
    pub metadata: Bytes,
    /// What it was given, in the format of the protocol type.
    pub assignment: Bytes,
}

impl Admin {
    /// Describes a group; one that does not exist has the state `Dead`.
    pub async fn describe_group(&self, group: &str) -> Result<GroupDescription, Error> {
        let request = DescribeGroupsRequest::default().with_groups(vec![GroupId(text(group))]);
        let mut retry = self.retry();
        loop {
            let answer = self.ask_coordinator(group, |_| request.clone()).await;
            match answer.and_then(|response| described(response, group)) {
                Ok(description) => return Ok(description),
                Err(error) => self.pause_coordinator(&mut retry, group, error).await?,
            }
        }
    }

    /// Has the members with this client id leave a group, as if they had said so themselves: what they had is shared
    /// out at once, and what they still commit is refused. Static members stay, as they keep their places over
    /// restarts. Answers how many there were.
    pub async fn remove_members(&self, group: &str, client_id: &str) -> Result<usize, Error> {
        let members = self.describe_group(group).await?.members.into_iter();
        let members: Vec<GroupMember> = members
            .filter(|member| member.client_id == client_id && member.group_instance_id.is_none())
            .collect();
        for member in &members {
            self.remove_member(group, &member.member_id).await?;
        }
        Ok(members.len())
    }

    async fn remove_member(&self, group: &str, member_id: &str) -> Result<(), Error> {
        let mut retry = self.retry();
        loop {
            let build = |version| {
                let (group, member_id) = (GroupId(text(group)), text(member_id));
                if version < LEAVE_OF_MEMBERS {
                    return LeaveGroupRequest::default().with_group_id(group).with_member_id(member_id);
                }
                let member = MemberIdentity::default().with_member_id(member_id);
                LeaveGroupRequest::default().with_group_id(group).with_members(vec![member])
            };
            let answer = self.ask_coordinator(group, build).await.and_then(|response| left(&response, group));
            match answer {
                Ok(()) => return Ok(()),
                Err(error) => self.pause_coordinator(&mut retry, group, error).await?,
            }
        }
    }

    /// All committed offsets of a group.
    pub async fn group_offsets(
        &self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, OffsetAndMetadata>, Error> {
        let mut retry = self.retry();
        loop {
            let answer = self.ask_coordinator(group, |version| fetch_all(group, version)).await;
            match answer.and_then(|response| committed(response, group)) {
                Ok(offsets) => return Ok(offsets),
                Err(error) => self.pause_coordinator(&mut retry, group, error).await?,
            }
        }
    }

    /// Sets committed offsets of a group that has no members.
    ///
    /// # Errors
    /// With the code `UNKNOWN_MEMBER_ID` when it has members.
    pub async fn alter_group_offsets(
        &self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, OffsetAndMetadata>,
    ) -> Result<(), Error> {
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(commit_topics(offsets));
        let mut retry = self.retry();
        loop {
            let answer = self.ask_coordinator(group, |_| request.clone()).await.and_then(|response| {
                let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
                first_error(partitions.map(|partition| partition.error_code), "set", group)
            });
            match answer {
                Ok(()) => return Ok(()),
                Err(error) => self.pause_coordinator(&mut retry, group, error).await?,
            }
        }
    }

    /// Removes committed offsets of a group.
    ///
    /// # Errors
    /// With the code `GROUP_SUBSCRIBED_TO_TOPIC` for a topic that a member reads.
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), Error> {
        let request = OffsetDeleteRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_topics(delete_topics(partitions));
        let mut retry = self.retry();
        loop {
            let answer = self.ask_coordinator(group, |_| request.clone()).await.and_then(|response| {
                let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
                let codes = partitions.map(|partition| partition.error_code);
                first_error([response.error_code].into_iter().chain(codes), "delete", group)
            });
            match answer {
                Ok(()) => return Ok(()),
                Err(error) => self.pause_coordinator(&mut retry, group, error).await?,
            }
        }
    }

    /// Deletes a group with its offsets.
    ///
    /// # Errors
    /// With the code `NON_EMPTY_GROUP` when it has members, `GROUP_ID_NOT_FOUND` when there is none.
    pub async fn delete_group(&self, group: &str) -> Result<(), Error> {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text(group))]);
        let mut retry = self.retry();
        loop {
            let answer = self.ask_coordinator(group, |_| request.clone()).await.and_then(|response| {
                let result =
                    response.results.first().ok_or_else(|| Error::corrupt("DeleteGroups response"))?;
                error::check(result.error_code, format_args!("delete group `{group}`"))
            });
            match answer {
                Ok(()) => return Ok(()),
                Err(error) => self.pause_coordinator(&mut retry, group, error).await?,
            }
        }
    }

    async fn ask_coordinator<R: Request>(
        &self,
        group: &str,
        build: impl FnOnce(i16) -> R,
    ) -> Result<R::Response, Error> {
        let coordinator = self.client.coordinator(group).await?;
        self.client.request(coordinator, Lane::SHARED, self.request_timeout(), build).await
    }

    /// The coordinator may be another by now.
    async fn pause_coordinator(&self, retry: &mut Retry, group: &str, error: Error) -> Result<(), Error> {
        self.client.invalidate_coordinator(group);
        retry.pause(error).await
    }
}

/// One that is in the group no more has left.
fn left(response: &LeaveGroupResponse, group: &str) -> Result<(), Error> {
    let codes = response.members.iter().map(|member| member.error_code).chain([response.error_code]);
    for code in codes.filter(|code| *code != ResponseError::UnknownMemberId.code()) {
        error::check(code, format_args!("take a member out of group `{group}`"))?;
    }
    Ok(())
}

fn described(response: DescribeGroupsResponse, group: &str) -> Result<GroupDescription, Error> {
    let Some(found) = response.groups.into_iter().next() else {
        return Err(Error::corrupt("DescribeGroups response"));
    };
    let members = found.members.into_iter().map(|member| GroupMember {
        member_id: member.member_id.to_string(),
        group_instance_id: member.group_instance_id.map(|id| id.to_string()),
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        metadata: member.member_metadata,
        assignment: member.member_assignment,
    });
    let description = GroupDescription {
        state: found.group_state.to_string(),
        protocol_type: found.protocol_type.to_string(),
        protocol: found.protocol_data.to_string(),
        members: members.collect(),
    };
    match ResponseError::try_from_code(found.error_code) {
        None => Ok(description),
        // Kafka 4 answers so where earlier brokers answer with the state alone.
        Some(ResponseError::GroupIdNotFound) => {
            Ok(GroupDescription { state: "Dead".to_owned(), ..description })
        }
        Some(code) => Err(Error::broker(code, format_args!("describe group `{group}`"))),
    }
}

fn fetch_all(group: &str, version: i16) -> OffsetFetchRequest {
    let group = GroupId(text(group));
    if version >= FETCH_OF_GROUPS {
        let group = OffsetFetchRequestGroup::default().with_group_id(group).with_topics(None);
        return OffsetFetchRequest::default().with_groups(vec![group]);
    }
    OffsetFetchRequest::default().with_group_id(group).with_topics(None)
}

fn committed(
    response: OffsetFetchResponse,
    group: &str,
) -> Result<BTreeMap<TopicPartition, OffsetAndMetadata>, Error> {
    let what = || format!("read the offsets of group `{group}`");
    error::check(response.error_code, what())?;
    let mut offsets = BTreeMap::new();
    let mut insert = |topic: &TopicName, index: i32, code: i16, committed: OffsetAndMetadata| {
        error::check(code, what())?;
        if committed.offset >= 0 {
            offsets.insert(TopicPartition::new(topic.as_str(), index), committed);
        }
        Ok::<(), Error>(())
    };
    for topic in &response.topics {
        for p in &topic.partitions {
            let committed = offset(p.committed_offset, p.committed_leader_epoch, p.metadata.as_deref());
            insert(&topic.name, p.partition_index, p.error_code, committed)?;
        }
    }
    for found in &response.groups {
        error::check(found.error_code, what())?;
        for topic in &found.topics {
            for p in &topic.partitions {
                let committed = offset(p.committed_offset, p.committed_leader_epoch, p.metadata.as_deref());
                insert(&topic.name, p.partition_index, p.error_code, committed)?;
            }
        }
    }
    Ok(offsets)
}

fn offset(offset: i64, epoch: i32, metadata: Option<&str>) -> OffsetAndMetadata {
    let leader_epoch = (epoch >= 0).then_some(epoch);
    OffsetAndMetadata { offset, leader_epoch, metadata: metadata.unwrap_or_default().into() }
}

fn commit_topics(offsets: &BTreeMap<TopicPartition, OffsetAndMetadata>) -> Vec<OffsetCommitRequestTopic> {
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (partition, offset) in offsets {
        let commit = OffsetCommitRequestPartition::default()
            .with_partition_index(partition.partition)
            .with_committed_offset(offset.offset)
            .with_committed_leader_epoch(offset.leader_epoch.unwrap_or(-1))
            .with_committed_metadata(Some(text(&offset.metadata)));
        topics.entry(&partition.topic).or_default().push(commit);
    }
    let topic = |(name, partitions): (&str, _)| {
        OffsetCommitRequestTopic::default().with_name(TopicName(text(name))).with_partitions(partitions)
    };
    topics.into_iter().map(topic).collect()
}

fn delete_topics(partitions: &[TopicPartition]) -> Vec<OffsetDeleteRequestTopic> {
    let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
    for partition in partitions {
        let delete = OffsetDeleteRequestPartition::default().with_partition_index(partition.partition);
        topics.entry(&partition.topic).or_default().push(delete);
    }
    let topic = |(name, partitions): (&str, _)| {
        OffsetDeleteRequestTopic::default().with_name(TopicName(text(name))).with_partitions(partitions)
    };
    topics.into_iter().map(topic).collect()
}

fn first_error(codes: impl Iterator<Item = i16>, verb: &str, group: &str) -> Result<(), Error> {
    for code in codes {
        error::check(code, format_args!("{verb} offsets of group `{group}`"))?;
    }
    Ok(())
}
