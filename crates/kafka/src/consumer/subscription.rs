//! What a consumer wants to read.

use std::sync::Arc;

use fancy_regex::Regex;

use crate::{Client, ConsumerOptions, Error};

/// What a consumer wants to read.
#[derive(Clone, Debug)]
pub enum Subscription {
    /// These topics, once they exist.
    Topics(Vec<Arc<str>>),
    /// All topics whose whole name matches, now and in future.
    Pattern(Regex),
}

impl Subscription {
    /// The topics wanted now, in order and each once; asks the cluster only for a pattern.
    pub(super) async fn topics(
        &self,
        client: &Client,
        options: &ConsumerOptions,
    ) -> Result<Vec<Arc<str>>, Error> {
        let mut topics: Vec<Arc<str>> = match self {
            Subscription::Topics(topics) => topics.clone(),
            Subscription::Pattern(pattern) => {
                let metadata = client.all_topics().await?;
                let wanted = metadata.topics.iter().filter(|(name, topic)| {
                    !(topic.internal && options.exclude_internal_topics) && matches_whole(pattern, name)
                });
                wanted.map(|(name, _)| name.clone()).collect()
            }
        };
        topics.sort();
        topics.dedup();
        Ok(topics)
    }

    /// Whether topics can come and go without a change of the subscription.
    pub(super) fn open(&self) -> bool {
        matches!(self, Subscription::Pattern(_))
    }
}

/// Java's `Pattern.matcher(name).matches()`. A name on which the pattern gives up does not match.
fn matches_whole(pattern: &Regex, name: &str) -> bool {
    let found = pattern.find(name).ok().flatten();
    found.is_some_and(|found| found.start() == 0 && found.end() == name.len())
}
