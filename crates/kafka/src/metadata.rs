//! What a cluster looks like: its brokers, topics, partitions and their leaders.

mod cache;

use std::{collections::BTreeMap, sync::Arc};

use kafka_protocol::{
    error::ResponseError,
    messages::{
        MetadataResponse,
        metadata_response::{MetadataResponsePartition, MetadataResponseTopic},
    },
};
use uuid::Uuid;

pub(crate) use cache::{Cache, leader};

use crate::config::Address;

/// A cluster as one broker described it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// The cluster's id; brokers always have one.
    pub cluster_id: Option<Arc<str>>,
    /// The broker that takes requests meant for the controller.
    pub controller: Option<i32>,
    /// The brokers that are up.
    pub brokers: Vec<Broker>,
    /// The topics asked for, or all of them, by name.
    pub topics: BTreeMap<Arc<str>, Arc<Topic>>,
}

/// A broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    /// Its number in the cluster (`node.id`).
    pub id: i32,
    /// Where it listens.
    pub address: Address,
    /// Its rack (`broker.rack`).
    pub rack: Option<Arc<str>>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its id; nil from brokers before Kafka 2.8. A topic that was deleted and created again has another.
    pub id: Uuid,
    /// Whether Kafka itself owns it (`__consumer_offsets`).
    pub internal: bool,
    /// Why there is nothing more about it.
    pub error: Option<ResponseError>,
    /// Its partitions, by index.
    pub partitions: Vec<Partition>,
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// Its number in the topic.
    pub index: i32,
    /// Who takes writes and reads, if anybody does now.
    pub leader: Option<Leader>,
    /// The brokers that hold it.
    pub replicas: Vec<i32>,
    /// Those of them that are up to date.
    pub in_sync: Vec<i32>,
    /// Why it has no leader.
    pub error: Option<ResponseError>,
}

/// The leader of a partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Leader {
    /// The broker's number.
    pub broker: i32,
    /// Goes up with each election; -1 from brokers that do not tell.
    pub epoch: i32,
}

impl Metadata {
    pub(crate) fn decode(response: MetadataResponse) -> Metadata {
        let controller = Some(response.controller_id.0).filter(|id| *id >= 0);
        let brokers = response.brokers.iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            let address = Address { host: broker.host.as_str().into(), port };
            let rack = broker.rack.as_ref().map(|rack| rack.as_str().into());
            Some(Broker { id: broker.node_id.0, address, rack })
        });
        Metadata {
            cluster_id: response.cluster_id.as_ref().map(|id| id.as_str().into()),
            controller,
            brokers: brokers.collect(),
            topics: response.topics.into_iter().filter_map(decode_topic).collect(),
        }
    }
}

fn decode_topic(topic: MetadataResponseTopic) -> Option<(Arc<str>, Arc<Topic>)> {
    let name: Arc<str> = topic.name.as_ref()?.as_str().into();
    let mut partitions: Vec<Partition> = topic.partitions.iter().map(decode_partition).collect();
    partitions.sort_by_key(|partition| partition.index);
    let error = ResponseError::try_from_code(topic.error_code);
    Some((name, Arc::new(Topic { id: topic.topic_id, internal: topic.is_internal, error, partitions })))
}

fn decode_partition(partition: &MetadataResponsePartition) -> Partition {
    let ids = |nodes: &[kafka_protocol::messages::BrokerId]| nodes.iter().map(|node| node.0).collect();
    let leader = (partition.leader_id.0 >= 0)
        .then_some(Leader { broker: partition.leader_id.0, epoch: partition.leader_epoch });
    Partition {
        index: partition.partition_index,
        leader,
        replicas: ids(&partition.replica_nodes),
        in_sync: ids(&partition.isr_nodes),
        error: ResponseError::try_from_code(partition.error_code),
    }
}
