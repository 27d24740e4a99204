//! Topics: create, delete, settings.

use std::collections::BTreeMap;

use kafka_protocol::{
    error::ResponseError,
    messages::{
        CreateTopicsRequest, DeleteTopicsRequest, DescribeConfigsRequest, DescribeConfigsResponse, TopicName,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        describe_configs_request::DescribeConfigsResource,
    },
};

use super::Admin;
use crate::{
    error::{self, Error},
    request::text,
};

/// Kafka's number of "topic" among the things that have settings.
const TOPIC_RESOURCE: i8 = 2;
/// Kafka's number of the source of a setting that was made for this one topic.
const TOPIC_SOURCE: i8 = 1;

/// A topic to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; `None` for the broker's default (Kafka 2.4 or later).
    pub partitions: Option<i32>,
    /// How many copies of each; `None` for the broker's default (Kafka 2.4 or later).
    pub replication_factor: Option<i16>,
    /// Settings such as `cleanup.policy`.
    pub configs: BTreeMap<String, String>,
}

/// A setting of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; absent when the broker keeps it to itself.
    pub value: Option<String>,
    /// Whether it was set for this topic, and is not a default.
    pub explicit: bool,
    /// Whether it is a secret.
    pub sensitive: bool,
}

impl Admin {
    /// Creates a topic.
    ///
    /// # Errors
    /// With the code `TOPIC_ALREADY_EXISTS` when it is there already.
    pub async fn create_topic(&self, topic: &NewTopic) -> Result<(), Error> {
        let request = CreateTopicsRequest::default()
            .with_topics(vec![creatable(topic)])
            .with_timeout_ms(self.request_timeout_ms());
        let mut retry = self.retry();
        loop {
            match self.create_once(&request, topic).await {
                Ok(()) => return Ok(()),
                Err(error) => self.pause_controller(&mut retry, error).await?,
            }
        }
    }

    async fn create_once(&self, request: &CreateTopicsRequest, topic: &NewTopic) -> Result<(), Error> {
        let response = self.client.request_controller(self.request_timeout(), |_| request.clone()).await?;
        let what = format!("create topic `{}`", topic.name);
        let result = response.topics.first().ok_or_else(|| Error::corrupt("CreateTopics response"))?;
        match ResponseError::try_from_code(result.error_code) {
            None => self.client.invalidate(&topic.name),
            Some(code) => return Err(Error::broker_with(code, what, result.error_message.as_deref())),
        }
        Ok(())
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// With the code `UNKNOWN_TOPIC_OR_PARTITION` when there is none.
    pub async fn delete_topic(&self, topic: &str) -> Result<(), Error> {
        let request = DeleteTopicsRequest::default()
            .with_topic_names(vec![TopicName(text(topic))])
            .with_timeout_ms(self.request_timeout_ms());
        let mut retry = self.retry();
        loop {
            match self.delete_once(&request, topic).await {
                // Brokers learn of new topics one after another, but only the controller is asked here.
                Err(error) if error.code() != Some(ResponseError::UnknownTopicOrPartition) => {
                    self.pause_controller(&mut retry, error).await?;
                }
                result => return result,
            }
        }
    }

    async fn delete_once(&self, request: &DeleteTopicsRequest, topic: &str) -> Result<(), Error> {
        let response = self.client.request_controller(self.request_timeout(), |_| request.clone()).await?;
        let result = response.responses.first().ok_or_else(|| Error::corrupt("DeleteTopics response"))?;
        self.client.invalidate(topic);
        let what = format_args!("delete topic `{topic}`");
        match ResponseError::try_from_code(result.error_code) {
            None => Ok(()),
            Some(code) => Err(Error::broker_with(code, what, result.error_message.as_deref())),
        }
    }

    async fn pause_controller(&self, retry: &mut super::Retry, error: Error) -> Result<(), Error> {
        if error.code() == Some(ResponseError::NotController) {
            self.client.invalidate_controller();
        }
        retry.pause(error).await
    }

    /// The settings of a topic.
    pub async fn topic_configs(&self, topic: &str) -> Result<Vec<ConfigEntry>, Error> {
        let resource = DescribeConfigsResource::default()
            .with_resource_type(TOPIC_RESOURCE)
            .with_resource_name(text(topic))
            .with_configuration_keys(None);
        let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
        let mut retry = self.retry();
        loop {
            let answer = self.client.request_any(self.request_timeout(), |_| request.clone()).await;
            match answer.and_then(|response| configs(response, topic)) {
                Ok(configs) => return Ok(configs),
                Err(error) => retry.pause(error).await?,
            }
        }
    }
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    let config = |(name, value): (&String, &String)| {
        CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    };
    CreatableTopic::default()
        .with_name(TopicName(text(&topic.name)))
        .with_num_partitions(topic.partitions.unwrap_or(-1))
        .with_replication_factor(topic.replication_factor.unwrap_or(-1))
        .with_configs(topic.configs.iter().map(config).collect())
}

fn configs(response: DescribeConfigsResponse, topic: &str) -> Result<Vec<ConfigEntry>, Error> {
    let what = format!("read the settings of topic `{topic}`");
    let Some(result) = response.results.into_iter().next() else {
        return Err(Error::corrupt("DescribeConfigs response"));
    };
    error::check(result.error_code, what)?;
    let entry =
        |config: kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult| {
            ConfigEntry {
                name: config.name.to_string(),
                value: config.value.map(|value| value.to_string()),
                explicit: config.config_source == TOPIC_SOURCE,
                sensitive: config.is_sensitive,
            }
        };
    Ok(result.configs.into_iter().map(entry).collect())
}
