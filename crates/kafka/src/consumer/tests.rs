use super::*;
use crate::config;

fn client() -> Client {
    let properties = [("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())];
    Client::new(config::consumer(&properties.into()).unwrap().client)
}

#[tokio::test]
async fn a_consumer_without_a_group_is_refused() {
    let subscription = Subscription::Topics(vec!["t".into()]);
    let Err(error) = Consumer::new(client(), ConsumerOptions::default(), subscription) else {
        panic!("a consumer of no group")
    };
    assert_eq!(error.to_string(), "option `group.id`: expected the name of a group");
}

#[tokio::test]
async fn what_is_not_assigned_has_no_position_and_cannot_be_moved() {
    let options = ConsumerOptions { group_id: "g".into(), ..ConsumerOptions::default() };
    let consumer = Consumer::new(client(), options, Subscription::Topics(vec!["t".into()])).unwrap();
    let partition = TopicPartition::new("t", 0);
    assert_eq!(consumer.position(&partition), None);
    assert!(!consumer.seek(&partition, 3));
    assert!(consumer.assignment().is_empty());
}
