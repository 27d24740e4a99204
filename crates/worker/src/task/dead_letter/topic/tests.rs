use api::config::Properties;

use super::super::super::policy::DeadLetterQueue;
use super::refuse_own_topic;

fn refused(key: &str, topics: &str) -> bool {
    let queue = DeadLetterQueue { topic: "orders-dlq".into(), replication_factor: 3, context_headers: false };
    let task = Properties::from([(key.to_owned(), topics.to_owned())]);
    refuse_own_topic(&queue, &task).is_err()
}

#[test]
fn a_queue_that_the_connector_reads_is_refused() {
    assert!(refused("topics", "a, orders-dlq"));
    assert!(refused("topics.regex", "orders.*"));
    assert!(!refused("topics", "orders"));
    assert!(!refused("topics.regex", "orders"));
}
