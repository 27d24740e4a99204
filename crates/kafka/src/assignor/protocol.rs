//! The bytes consumers put into group requests: `ConsumerProtocolSubscription` and `-Assignment`.
//!
//! They come from other members, so nothing is allocated on the word of a length.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::TopicPartition;
use crate::{Error, record::reader::Reader};

/// The newest version this client writes; newer ones are read as this one, as Java does.
const VERSION: i16 = 3;
/// The generation of a member that never had one.
const NO_GENERATION: i32 = -1;

/// What a member tells the leader.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subscription {
    /// The topics it wants, without duplicates.
    pub topics: Vec<Arc<str>>,
    /// Bytes of the strategy.
    pub user_data: Option<Bytes>,
    /// The partitions it has not given up.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it got them; `None` when its version does not say.
    pub generation: Option<i32>,
    /// `client.rack`.
    pub rack: Option<Arc<str>>,
}

impl Subscription {
    /// Writes version 3, as Java's consumer does.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_i16(VERSION);
        let mut topics = self.topics.clone();
        topics.sort();
        out.put_i32(topics.len() as i32);
        topics.iter().for_each(|topic| put_string(&mut out, topic));
        put_nullable_bytes(&mut out, self.user_data.as_deref());
        put_partitions(&mut out, &self.owned);
        out.put_i32(self.generation.unwrap_or(NO_GENERATION));
        match &self.rack {
            Some(rack) => put_string(&mut out, rack),
            None => out.put_i16(-1),
        }
        out.freeze()
    }

    /// Reads any version.
    pub fn decode(bytes: &[u8]) -> Result<Subscription, Error> {
        read_subscription(&mut Reader::new(bytes))
            .ok_or_else(|| Error::corrupt("subscription of a group member"))
    }
}

/// What the leader gives a member.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Assignment {
    /// Its partitions.
    pub partitions: Vec<TopicPartition>,
    /// Bytes of the strategy.
    pub user_data: Option<Bytes>,
}

impl Assignment {
    /// Writes version 3, as Java's leader does.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_i16(VERSION);
        put_partitions(&mut out, &self.partitions);
        put_nullable_bytes(&mut out, self.user_data.as_deref());
        out.freeze()
    }

    /// Reads any version. No bytes at all are an empty assignment: a leader may leave a member out.
    pub fn decode(bytes: &[u8]) -> Result<Assignment, Error> {
        if bytes.is_empty() {
            return Ok(Assignment::default());
        }
        read_assignment(&mut Reader::new(bytes)).ok_or_else(|| Error::corrupt("assignment of a group member"))
    }
}

fn read_subscription(reader: &mut Reader<'_>) -> Option<Subscription> {
    let version = reader.i16().filter(|version| *version >= 0)?;
    let mut subscription = Subscription::default();
    for _ in 0..reader.i32()? {
        subscription.topics.push(reader.string()?.into());
    }
    subscription.user_data = reader.i32_bytes()?.map(Bytes::copy_from_slice);
    if version >= 1 {
        subscription.owned = read_partitions(reader)?;
    }
    if version >= 2 {
        subscription.generation = Some(reader.i32()?);
    }
    if version >= 3 {
        subscription.rack = reader.nullable_string()?.map(Arc::from);
    }
    Some(subscription)
}

fn read_assignment(reader: &mut Reader<'_>) -> Option<Assignment> {
    reader.i16().filter(|version| *version >= 0)?;
    let partitions = read_partitions(reader)?;
    let user_data = reader.i32_bytes()?.map(Bytes::copy_from_slice);
    Some(Assignment { partitions, user_data })
}

fn read_partitions(reader: &mut Reader<'_>) -> Option<Vec<TopicPartition>> {
    let mut partitions = Vec::new();
    for _ in 0..reader.i32()? {
        let topic: Arc<str> = reader.string()?.into();
        for _ in 0..reader.i32()? {
            partitions.push(TopicPartition { topic: topic.clone(), partition: reader.i32()? });
        }
    }
    Some(partitions)
}

fn put_partitions(out: &mut BytesMut, partitions: &[TopicPartition]) {
    let mut sorted: Vec<_> = partitions.iter().collect();
    sorted.sort();
    let topics: Vec<_> = sorted.chunk_by(|a, b| a.topic == b.topic).collect();
    out.put_i32(topics.len() as i32);
    for partitions in topics {
        put_string(out, &partitions[0].topic);
        out.put_i32(partitions.len() as i32);
        partitions.iter().for_each(|partition| out.put_i32(partition.partition));
    }
}

/// Writes a topic name or rack; Kafka bounds both far below what two bytes count.
fn put_string(out: &mut BytesMut, text: &str) {
    out.put_i16(text.len() as i16);
    out.put_slice(text.as_bytes());
}

fn put_nullable_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    out.put_i32(bytes.map_or(-1, |bytes| bytes.len() as i32));
    out.put_slice(bytes.unwrap_or_default());
}
