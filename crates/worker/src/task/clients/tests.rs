use std::sync::Arc;

use api::config::Properties;
use kafka::Subscription;

use super::{Clients, TaskId, admin_properties, consumer_properties, producer_properties, subscription};

fn properties(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn worker() -> Properties {
    properties(&[
        ("bootstrap.servers", "a:1"),
        ("client.id", "w"),
        ("producer.acks", "1"),
        ("producer.linger.ms", "7"),
        ("consumer.fetch.max.wait.ms", "9"),
        ("admin.request.timeout.ms", "11"),
    ])
}

#[test]
fn a_connector_overrides_the_worker_and_the_worker_the_base() {
    let connector = properties(&[("producer.override.linger.ms", "8"), ("consumer.override.group.id", "g")]);
    let expected = [
        ("acks", "1"),
        ("bootstrap.servers", "a:1"),
        ("delivery.timeout.ms", "2147483647"),
        ("linger.ms", "8"),
    ];
    assert_eq!(producer_properties(&worker(), &connector), properties(&expected));
    let expected = [
        ("auto.offset.reset", "earliest"),
        ("bootstrap.servers", "a:1"),
        ("fetch.max.wait.ms", "9"),
        ("group.id", "g"),
    ];
    assert_eq!(consumer_properties(&worker(), &connector, "c"), properties(&expected));
}

#[test]
fn a_sink_reads_in_the_group_of_its_connector() {
    let consumer = consumer_properties(&worker(), &Properties::new(), "file-sink-test");
    assert_eq!(consumer["group.id"], "connect-file-sink-test");
}

#[test]
fn an_admin_client_takes_the_plain_keys_of_the_worker() {
    let admin = admin_properties(&worker(), &properties(&[("admin.override.client.id", "x")]));
    let expected = [("bootstrap.servers", "a:1"), ("client.id", "x"), ("request.timeout.ms", "11")];
    assert_eq!(admin, properties(&expected));
}

#[test]
fn topics_are_separated_by_commas_and_blanks() {
    let Ok(Subscription::Topics(topics)) = subscription(&properties(&[("topics", "a, b ,,c")])) else {
        panic!("expected topics");
    };
    assert_eq!(topics.iter().map(|topic| &**topic).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn a_pattern_that_does_not_compile_is_refused_with_its_key() {
    let error = subscription(&properties(&[("topics.regex", "a(")])).expect_err("an open bracket");
    assert!(error.to_string().contains("topics.regex"), "{error}");
}

#[tokio::test]
async fn a_client_is_shared_as_long_as_somebody_uses_it() {
    let clients = Clients::new(std::sync::Arc::new(worker()));
    let own = properties(&[("admin.override.client.id", "own")]);
    let held = clients.admin(&Properties::new()).expect("a client");
    for _ in 0..3 {
        drop(clients.admin(&own).expect("a client"));
        drop(clients.admin(&Properties::new()).expect("a client"));
    }
    assert_eq!(clients.pool.lock().len(), 1, "what nobody uses is forgotten");
    drop(held);
    drop(clients.admin(&own).expect("a client"));
    assert_eq!(clients.pool.lock().len(), 1);
}

#[test]
fn a_group_knows_a_task_by_its_name_and_its_cluster_unless_users_name_it() {
    let id = TaskId { connector: "c".into(), task: 3 };
    let clients = Clients::new(Arc::new(worker())).of_cluster("g");
    let name = |entries: &[(&str, &str)]| clients.member_name(&properties(entries), &id);
    assert_eq!(name(&[("group.id", "connect-c")]).as_deref(), Some("connector-consumer-c-3@g"));
    assert_eq!(name(&[("client.id", "mine")]), None);
    assert_eq!(name(&[("group.instance.id", "mine")]), None);
    assert_eq!(Clients::new(Arc::new(worker())).member_name(&properties(&[]), &id), None);
}
