//! The topics that a source makes: `topic.creation.*`.
//!
//! Without these keys a missing topic is made by the brokers as they like, if they may.

use std::collections::BTreeMap;

use api::config::Properties;
use api::{Error, OrReaction, Result};
use fancy_regex::Regex;
use kafka::{Admin, Client, NewTopic, ResponseError};

use super::super::{Services, TaskSpec};

const PREFIX: &str = "topic.creation.";
const DEFAULT: &str = "default";

/// How the missing topics of a connector are made.
pub(super) struct Creation {
    client: Client,
    /// In the order in which they are asked; the default group, which takes every topic, is the last.
    groups: Vec<Group>,
}

/// A group of topics and their settings.
#[derive(Debug)]
struct Group {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
    partitions: Option<i32>,
    replication_factor: Option<i16>,
    configs: BTreeMap<String, String>,
}

impl Creation {
    /// Reads the groups of a connector; `None` when it has none or the worker does not make topics.
    pub(super) fn of(spec: &TaskSpec, services: &Services) -> Result<Option<Self>> {
        let wanted = spec.connector.keys().any(|key| key.starts_with(PREFIX));
        if !wanted || !services.config.topic_creation_enable {
            return Ok(None);
        }
        let client = services.clients.admin(&spec.connector)?;
        Ok(Some(Self { client, groups: groups(&spec.connector)? }))
    }

    /// Makes a topic if it does not exist. An error may pass when [`kafka::Error::retriable`] says so.
    pub(super) async fn ensure(&self, topic: &str) -> Result<(), kafka::Error> {
        match self.client.topic(topic, false).await {
            Err(error) if error.code() == Some(ResponseError::UnknownTopicOrPartition) => {}
            known => return known.map(drop),
        }
        match Admin::new(self.client.clone()).create_topic(&self.new_topic(topic)).await {
            Err(error) if error.code() == Some(ResponseError::TopicAlreadyExists) => Ok(()),
            created => created,
        }
    }

    fn new_topic(&self, topic: &str) -> NewTopic {
        let group = self.groups.iter().find(|group| group.takes(topic));
        let group = group.expect("the default group takes every topic");
        NewTopic {
            name: topic.to_owned(),
            partitions: group.partitions,
            replication_factor: group.replication_factor,
            configs: group.configs.clone(),
        }
    }
}

impl Group {
    fn takes(&self, topic: &str) -> bool {
        // A pattern that takes too long to decide does not match.
        let matches =
            |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(topic).unwrap_or(false));
        matches(&self.include) && !matches(&self.exclude)
    }
}

fn groups(connector: &Properties) -> Result<Vec<Group>> {
    let default = group(connector, DEFAULT, None)?;
    let mut groups = Vec::new();
    for alias in list(connector, "groups") {
        if alias != DEFAULT {
            groups.push(group(connector, &alias, Some(&default))?);
        }
    }
    // Whatever the default group says of names, a topic has to be made in some way (Kafka's rule).
    groups.push(Group { include: vec![pattern(".*")?], exclude: Vec::new(), ..default });
    Ok(groups)
}

/// A group; numbers that it leaves out are those of the default group.
fn group(connector: &Properties, alias: &str, default: Option<&Group>) -> Result<Group> {
    let include = list(connector, &format!("{alias}.include"));
    let exclude = list(connector, &format!("{alias}.exclude"));
    Ok(Group {
        include: include.iter().map(|text| pattern(text)).collect::<Result<_>>()?,
        exclude: exclude.iter().map(|text| pattern(text)).collect::<Result<_>>()?,
        partitions: number(
            connector,
            &format!("{alias}.partitions"),
            default.and_then(|group| group.partitions),
        )?,
        replication_factor: number(
            connector,
            &format!("{alias}.replication.factor"),
            default.and_then(|group| group.replication_factor),
        )?,
        configs: configs(connector, alias),
    })
}

/// A number of a key; -1 is the default of the brokers.
fn number<T: std::str::FromStr>(connector: &Properties, key: &str, otherwise: Option<T>) -> Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let Some(text) = connector.get(&format!("{PREFIX}{key}")) else { return Ok(otherwise) };
    match text.trim() {
        "-1" => Ok(None),
        text => text.parse().map(Some).or_fail(format_args!("cannot read `{PREFIX}{key}`")),
    }
}

/// What else a group says: settings of the topic, under their own names.
fn configs(connector: &Properties, alias: &str) -> BTreeMap<String, String> {
    let prefix = format!("{PREFIX}{alias}.");
    let own = ["include", "exclude", "partitions", "replication.factor"];
    let settings = connector.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value)));
    let settings = settings.filter(|(key, _)| !own.contains(key));
    settings.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

fn list(connector: &Properties, key: &str) -> Vec<String> {
    let text = connector.get(&format!("{PREFIX}{key}")).map_or("", String::as_str);
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A pattern that has to match the whole name, as Java's does.
fn pattern(text: &str) -> Result<Regex> {
    let compiled = Regex::new(&format!("^(?:{text})$"));
    compiled
        .map_err(|error| Error::fail(format_args!("cannot compile the pattern `{text}`")).caused_by(error))
}

#[cfg(test)]
mod tests;
