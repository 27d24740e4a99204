//! A fetch session of KIP-227: the broker remembers what is asked, so that only changes are sent.

use std::collections::BTreeMap;

use kafka_protocol::{
    messages::{
        FetchRequest, TopicName,
        fetch_request::{FetchPartition, FetchTopic, ForgottenTopic},
    },
    protocol::StrBytes,
};

use super::state::Ask;
use crate::{TopicPartition, request::text};

/// The session with one broker.
#[derive(Debug, Default)]
pub(super) struct Session {
    id: i32,
    /// The number of the next request; 0 asks for a new session with everything in it.
    epoch: i32,
    known: BTreeMap<TopicPartition, Ask>,
}

impl Session {
    /// Fills in what changed since the last request.
    pub(super) fn request(
        &mut self,
        asks: &BTreeMap<TopicPartition, Ask>,
        partition_bytes: i32,
    ) -> FetchRequest {
        let changed = asks.iter().filter(|(partition, ask)| {
            let known = self.known.get(*partition);
            known.is_none_or(|known| (known.offset, known.leader_epoch) != (ask.offset, ask.leader_epoch))
        });
        let topics = by_topic(changed.map(|(partition, ask)| (partition, Some(*ask))));
        let topics = topics.into_iter().map(|(topic, partitions)| {
            let partitions = partitions.into_iter().filter_map(|(index, ask)| {
                let ask = ask?;
                let partition = FetchPartition::default()
                    .with_partition(index)
                    .with_current_leader_epoch(ask.leader_epoch)
                    .with_fetch_offset(ask.offset)
                    .with_partition_max_bytes(partition_bytes);
                Some(partition)
            });
            FetchTopic::default().with_topic(TopicName(topic)).with_partitions(partitions.collect())
        });
        let topics = topics.collect();
        let gone = self.known.keys().filter(|partition| !asks.contains_key(*partition));
        let forgotten = by_topic(gone.map(|partition| (partition, None)));
        let forgotten = forgotten.into_iter().map(|(topic, partitions)| {
            let partitions = partitions.into_iter().map(|(index, _)| index);
            ForgottenTopic::default().with_topic(TopicName(topic)).with_partitions(partitions.collect())
        });
        let request = FetchRequest::default()
            .with_session_id(self.id)
            .with_session_epoch(self.epoch)
            .with_topics(topics)
            .with_forgotten_topics_data(forgotten.collect());
        if self.known != *asks {
            self.known.clone_from(asks);
        }
        request
    }

    /// Takes the broker's answer to the last request.
    pub(super) fn answered(&mut self, session_id: i32) {
        if session_id == 0 {
            self.reset(); // the broker keeps no session for us
        } else {
            self.id = session_id;
            self.epoch = self.epoch.checked_add(1).unwrap_or(1);
        }
    }

    /// Starts a new session with the next request.
    pub(super) fn reset(&mut self) {
        *self = Session::default();
    }
}

type Partitions = Vec<(i32, Option<Ask>)>;

fn by_topic<'a>(
    partitions: impl Iterator<Item = (&'a TopicPartition, Option<Ask>)>,
) -> Vec<(StrBytes, Partitions)> {
    let mut topics: Vec<(StrBytes, Partitions)> = Vec::new();
    for (partition, ask) in partitions {
        match topics.last_mut() {
            Some((topic, partitions)) if **topic == *partition.topic => {
                partitions.push((partition.partition, ask))
            }
            _ => topics.push((text(&partition.topic), vec![(partition.partition, ask)])),
        }
    }
    topics
}
