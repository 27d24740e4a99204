//! The leaders that were learnt, until they turn out wrong or grow old.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use kafka_protocol::error::ResponseError;

use super::{Leader, Metadata, Topic};
use crate::error::Error;

/// Topics that somebody has asked about; bounded by what the users of one client read and write.
#[derive(Default)]
pub(crate) struct Cache {
    topics: HashMap<Arc<str>, Entry>,
}

struct Entry {
    topic: Arc<Topic>,
    learnt: Instant,
    wrong: bool,
}

impl Cache {
    pub(crate) fn update(&mut self, metadata: &Metadata, now: Instant) {
        for (name, topic) in &metadata.topics {
            let topic = match self.topics.get(name) {
                Some(known) => newer(&known.topic, topic),
                None => topic.clone(),
            };
            self.topics.insert(name.clone(), Entry { topic, learnt: now, wrong: false });
        }
    }

    /// The topic, unless it must be asked for again.
    pub(crate) fn get(&self, name: &str, max_age: Duration, now: Instant) -> Option<Arc<Topic>> {
        let entry = self.topics.get(name)?;
        let usable = !entry.wrong && entry.topic.error.is_none() && now - entry.learnt < max_age;
        usable.then(|| entry.topic.clone())
    }

    pub(crate) fn invalidate(&mut self, name: &str) {
        if let Some(entry) = self.topics.get_mut(name) {
            entry.wrong = true;
        }
    }
}

/// Takes the news, but not a leader from before the one known: brokers learn of elections at different times.
fn newer(known: &Topic, news: &Arc<Topic>) -> Arc<Topic> {
    let older = |index: usize| {
        let before = known.partitions.get(index).and_then(|partition| partition.leader);
        let after = news.partitions[index].leader;
        matches!((before, after), (Some(before), Some(after)) if after.epoch < before.epoch)
    };
    if known.id != news.id || !(0..news.partitions.len()).any(older) {
        return news.clone();
    }
    let mut merged = Topic::clone(news);
    for index in (0..merged.partitions.len()).filter(|index| older(*index)) {
        merged.partitions[index] = known.partitions[index].clone();
    }
    Arc::new(merged)
}

/// The leader of a partition in what is known of its topic.
pub(crate) fn leader(topic: &Topic, name: &str, partition: i32) -> Result<Leader, Error> {
    let what = || format!("find the leader of topic `{name}` partition {partition}");
    if let Some(code) = topic.error {
        return Err(Error::broker(code, what()));
    }
    let found = topic.partitions.iter().find(|candidate| candidate.index == partition);
    let Some(found) = found else {
        return Err(Error::broker(ResponseError::UnknownTopicOrPartition, what()));
    };
    let missing = found.error.unwrap_or(ResponseError::LeaderNotAvailable);
    found.leader.ok_or_else(|| Error::broker(missing, what()))
}

#[cfg(test)]
mod tests;
