//! What a dead letter tells of itself, and the topic it goes to.

mod json;
mod topic;

use std::sync::Arc;

use api::{Reaction, SourceOffset, SourcePartition};

pub(super) use json::{offset_json, partition_json, write as write_json};
pub(super) use topic::{open, refuse_own_topic};

use super::TaskId;
use super::policy::{Refusal, Stage};
use crate::provider::Secrets;

const PREFIX: &str = "__connect.errors.";

/// Where a refused record comes from.
pub(super) enum Origin<'a> {
    /// A topic of Kafka.
    Sink { topic: &'a str, partition: i32, offset: i64 },
    /// A batch of a source: where the source stands behind it.
    Source { positions: &'a [(Arc<SourcePartition>, SourceOffset)] },
}

/// The headers that tell where a refused record comes from and what is wrong with it, in Kafka's order and words.
///
/// An error may have the words of a configuration in it, so it is shown without `secrets` (invariant 8).
pub(super) fn context_headers(
    id: &TaskId,
    origin: &Origin<'_>,
    refusal: &Refusal,
    secrets: &Secrets,
) -> Vec<(String, String)> {
    let mut headers = Vec::with_capacity(10);
    let mut add = |name: &str, value: String| headers.push((format!("{PREFIX}{name}"), value));
    match origin {
        Origin::Sink { topic, partition, offset } => {
            add("topic", (*topic).to_owned());
            add("partition", partition.to_string());
            add("offset", offset.to_string());
        }
        Origin::Source { positions } => {
            for (partition, offset) in *positions {
                add("source.partition", partition_json(partition));
                add("source.offset", offset_json(offset));
            }
        }
    }
    add("connector.name", id.connector.to_string());
    add("task.id", id.task.to_string());
    add("stage", refusal.stage.name().to_owned());
    add("class.name", refusal.class.to_owned());
    add("exception.class.name", exception(refusal).to_owned());
    add("exception.message", secrets.hide(refusal.error.message()).into_owned());
    add("exception.stacktrace", secrets.hide(&trace(refusal)).into_owned());
    headers
}

/// The exception that Kafka would most likely have thrown.
fn exception(refusal: &Refusal) -> &'static str {
    match (refusal.stage, refusal.error.reaction()) {
        (Stage::KafkaProduce, _) => "org.apache.kafka.common.errors.RecordTooLargeException",
        (_, Reaction::Retry) => "org.apache.kafka.connect.errors.RetriableException",
        (_, Reaction::Reject | Reaction::Fail) => "org.apache.kafka.connect.errors.DataException",
    }
}

/// The error and its causes in the form of Java's traces; there are no lines of code in it.
fn trace(refusal: &Refusal) -> String {
    let mut text = format!("{}: {}\n", exception(refusal), refusal.error.message());
    if let Some(alias) = &refusal.transform {
        text.push_str(&format!("\tat transform `{alias}` ({})\n", refusal.class));
    }
    let mut cause = std::error::Error::source(&refusal.error);
    while let Some(error) = cause {
        text.push_str(&format!("Caused by: {error}\n"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
