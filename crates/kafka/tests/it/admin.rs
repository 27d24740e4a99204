//! Our administration client against a real broker.

use std::{collections::BTreeMap, sync::Arc};

use kafka::{
    Admin, Client, Compression, IsolationLevel, NewTopic, OffsetAndMetadata, OffsetSpec, ResponseError,
    Subscription, TopicPartition, config, consumer::Event,
};
use testkit::Kafka;

use crate::{
    reader::{LIMIT, consumer, named_consumer, unique},
    writer::{numbers, producer, start_ms},
};

fn admin(bootstrap: &str) -> Admin {
    let properties = BTreeMap::from([("bootstrap.servers".to_owned(), bootstrap.to_owned())]);
    Admin::new(Client::new(config::admin(&properties).unwrap().client)).with_timeout(LIMIT)
}

fn new_topic(name: &str, configs: &[(&str, &str)]) -> NewTopic {
    let configs = configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    NewTopic {
        name: unique(name),
        partitions: Some(2),
        replication_factor: Some(1),
        configs: configs.collect(),
    }
}

#[tokio::test]
async fn a_topic_is_created_described_and_deleted() {
    let admin = admin(Kafka::shared().bootstrap());
    let topic = new_topic("made", &[("cleanup.policy", "compact")]);
    admin.create_topic(&topic).await.unwrap();
    let error = admin.create_topic(&topic).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::TopicAlreadyExists));
    let configs = admin.topic_configs(&topic.name).await.unwrap();
    let of = |name: &str| configs.iter().find(|config| config.name == name).unwrap();
    assert_eq!(
        (of("cleanup.policy").value.as_deref(), of("cleanup.policy").explicit),
        (Some("compact"), true)
    );
    assert!(!of("max.message.bytes").explicit);
    admin.delete_topic(&topic.name).await.unwrap();
    let error = admin.delete_topic(&topic.name).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::UnknownTopicOrPartition));
}

#[tokio::test]
async fn the_brokers_reasons_are_told() {
    let admin = admin(Kafka::shared().bootstrap());
    let error = admin.create_topic(&new_topic("bad", &[("no.such.key", "1")])).await.unwrap_err().to_string();
    assert!(error.contains("INVALID_CONFIG: Unknown topic config name: no.such.key"), "{error}");
    let many = NewTopic { replication_factor: Some(9), ..new_topic("bad", &[]) };
    let error = admin.create_topic(&many).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::InvalidReplicationFactor));
}

#[tokio::test]
async fn the_cluster_is_described() {
    let cluster = admin(Kafka::shared().bootstrap()).describe_cluster().await.unwrap();
    assert_eq!(cluster.brokers.len(), 1);
    assert!(cluster.cluster_id.is_some());
    assert!(cluster.topics.is_empty());
}

#[tokio::test]
async fn offsets_are_listed_by_end_and_by_time() {
    let kafka = Kafka::shared();
    let (admin, topic) = (admin(kafka.bootstrap()), new_topic("listed", &[]));
    admin.create_topic(&topic).await.unwrap();
    let producer = producer(kafka.bootstrap(), &[]);
    let name: Arc<str> = topic.name.as_str().into();
    producer.send(&name, 1, numbers(0..10, Compression::NONE)).await.unwrap().await.unwrap();
    let partitions = [TopicPartition::new(name.clone(), 0), TopicPartition::new(name, 1)];
    let ask = async |spec| {
        let listed = admin.list_offsets(&partitions, spec, IsolationLevel::ReadUncommitted).await.unwrap();
        partitions.iter().map(|partition| listed[partition].offset).collect::<Vec<_>>()
    };
    assert_eq!(ask(OffsetSpec::Earliest).await, [Some(0), Some(0)]);
    assert_eq!(ask(OffsetSpec::Latest).await, [Some(0), Some(10)]);
    assert_eq!(ask(OffsetSpec::Timestamp(start_ms() + 4)).await, [None, Some(4)]);
    assert_eq!(ask(OffsetSpec::Timestamp(start_ms() + 10)).await, [None, None]);
}

#[tokio::test]
async fn offsets_of_a_group_are_set_read_and_deleted() {
    let kafka = Kafka::shared();
    let (admin, topic, group) = (admin(kafka.bootstrap()), new_topic("grouped", &[]), unique("group"));
    admin.create_topic(&topic).await.unwrap();
    let partition = |index| TopicPartition::new(topic.name.as_str(), index);
    let offset = OffsetAndMetadata { metadata: "a note".into(), ..OffsetAndMetadata::new(7) };
    let offsets = BTreeMap::from([(partition(0), offset), (partition(1), OffsetAndMetadata::new(3))]);
    assert_eq!(admin.describe_group(&group).await.unwrap().state, "Dead");
    admin.alter_group_offsets(&group, &offsets).await.unwrap();
    assert_eq!(admin.group_offsets(&group).await.unwrap(), offsets);
    assert_eq!(admin.describe_group(&group).await.unwrap().state, "Empty");
    admin.delete_group_offsets(&group, &[partition(1)]).await.unwrap();
    let left = admin.group_offsets(&group).await.unwrap();
    assert_eq!(left.keys().collect::<Vec<_>>(), [&partition(0)]);
    admin.delete_group(&group).await.unwrap();
    let error = admin.delete_group(&group).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::GroupIdNotFound));
    assert!(admin.group_offsets(&group).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_group_with_members_keeps_its_offsets() {
    let kafka = Kafka::shared();
    let (admin, topic, group) = (admin(kafka.bootstrap()), new_topic("busy", &[]), unique("group"));
    admin.create_topic(&topic).await.unwrap();
    let subscription = Subscription::Topics(vec![topic.name.as_str().into()]);
    let mut member = consumer(kafka.bootstrap(), &group, subscription, &[]);
    let event = tokio::time::timeout(LIMIT, member.next()).await.expect("an event in time").unwrap();
    assert!(matches!(event, Event::Assigned(_)), "{event:?}");
    let partition = TopicPartition::new(topic.name.as_str(), 0);
    member.commit(&[(partition.clone(), OffsetAndMetadata::new(0))]).await.unwrap();
    let description = admin.describe_group(&group).await.unwrap();
    assert_eq!((description.state.as_str(), description.members.len()), ("Stable", 1));
    assert_eq!(description.protocol_type, "consumer");
    let offsets = BTreeMap::from([(partition.clone(), OffsetAndMetadata::new(1))]);
    let error = admin.alter_group_offsets(&group, &offsets).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::UnknownMemberId));
    let error = admin.delete_group_offsets(&group, &[partition]).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::GroupSubscribedToTopic));
    let error = admin.delete_group(&group).await.unwrap_err();
    assert_eq!(error.code(), Some(ResponseError::NonEmptyGroup));
    member.close(LIMIT).await;
}

/// Whoever takes the place of a member that is gone need not wait until the group has missed it.
#[tokio::test]
async fn members_leave_by_their_client_id() {
    let kafka = Kafka::shared();
    let (admin, topic, group) = (admin(kafka.bootstrap()), new_topic("left", &[]), unique("group"));
    admin.create_topic(&topic).await.unwrap();
    let join = |client_id: &str, more: &[(&str, &str)]| {
        let subscription = Subscription::Topics(vec![topic.name.as_str().into()]);
        let long = [("session.timeout.ms", "1800000"), ("heartbeat.interval.ms", "1000")];
        named_consumer(kafka.bootstrap(), &group, subscription, &[&long[..], more].concat(), client_id)
    };
    let mut gone = join("task 1", &[]);
    let event = tokio::time::timeout(LIMIT, gone.next()).await.expect("an event in time").unwrap();
    assert!(matches!(event, Event::Assigned(_)), "{event:?}");
    let members = admin.describe_group(&group).await.unwrap().members;
    assert_eq!(members.iter().map(|member| &*member.client_id).collect::<Vec<_>>(), ["task 1"]);
    assert_eq!(admin.remove_members(&group, "task").await.unwrap(), 0);
    // Dropped without a word, as by kill -9.
    drop(gone);
    assert_eq!(admin.remove_members(&group, "task 1").await.unwrap(), 1);
    assert_eq!(admin.remove_members(&group, "task 1").await.unwrap(), 0);
    let mut next = join("task 1", &[]);
    let event = tokio::time::timeout(LIMIT, next.next()).await.expect("an event in time").unwrap();
    assert!(matches!(&event, Event::Assigned(partitions) if partitions.len() == 2), "{event:?}");

    // One that is alive joins again, and cannot commit what it had.
    assert_eq!(admin.remove_members(&group, "task 1").await.unwrap(), 1);
    let event = tokio::time::timeout(LIMIT, next.next()).await.expect("an event in time").unwrap();
    assert!(matches!(event, Event::Lost(_)), "{event:?}");
    next.close(LIMIT).await;

    // Static members keep their places.
    let mut fixed = join("task 2", &[("group.instance.id", "fixed")]);
    let event = tokio::time::timeout(LIMIT, fixed.next()).await.expect("an event in time").unwrap();
    assert!(matches!(event, Event::Assigned(_)), "{event:?}");
    assert_eq!(admin.remove_members(&group, "task 2").await.unwrap(), 0);
    fixed.close(LIMIT).await;
}
