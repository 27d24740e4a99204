use std::time::Duration;

use expect_test::{Expect, expect};

use super::*;
use crate::compression::Codec;

fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut map = BTreeMap::from([("bootstrap.servers".to_owned(), "localhost:9092".to_owned())]);
    map.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    map
}

fn check_problem(pairs: &[(&str, &str)], expected: Expect) {
    let error = producer(&properties(pairs)).expect_err("a problem");
    expected.assert_eq(&error.to_string());
}

#[test]
fn the_defaults_are_kafkas_but_for_the_size_of_a_fetch() {
    let parsed = producer(&properties(&[])).unwrap();
    assert_eq!(parsed.client.request_timeout, Duration::from_secs(30));
    assert_eq!(parsed.options.acks, Acks::All);
    assert!(parsed.options.enable_idempotence);
    assert_eq!(parsed.options.max_request_size, 1_048_576);
    assert_eq!(parsed.options.compression.codec, Codec::None);
    assert!(parsed.unknown.is_empty());
    let parsed = consumer(&properties(&[])).unwrap();
    assert_eq!(parsed.options.fetch_max_bytes, 4 << 20);
    assert_eq!(*parsed.options.assignment_strategies[0], *"range");
}

#[test]
fn servers_are_read_as_java_reads_them() {
    let map = properties(&[("bootstrap.servers", " a:1, PLAINTEXT://b:2,[::1]:3 ,a:1")]);
    let servers = admin(&map).unwrap().client.bootstrap_servers;
    let words: Vec<String> = servers.iter().map(Address::to_string).collect();
    assert_eq!(words, ["a:1", "b:2", "[::1]:3"]);
}

#[test]
fn unknown_keys_are_named_and_serializers_ignored() {
    let map = properties(&[("key.serializer", "x.Y"), ("no.such.key", "1"), ("another", "2")]);
    assert_eq!(producer(&map).unwrap().unknown, ["another", "no.such.key"]);
}

#[test]
fn every_problem_is_reported_at_once() {
    check_problem(
        &[("bootstrap.servers", "a"), ("acks", "2"), ("linger.ms", "many"), ("batch.size", "-1")],
        expect![[
            r#"option `bootstrap.servers`: expected `host:port`, got `a`; option `acks`: expected one of `all`, `-1`, `1`, `0`, got `2`; option `linger.ms`: expected an integer, got `many`; option `batch.size`: expected a number from 0 to 2147483647, got -1"#
        ]],
    );
}

#[test]
fn java_classes_and_security_are_refused() {
    check_problem(
        &[("interceptor.classes", "a.B"), ("security.protocol", "SSL")],
        expect![[
            r#"option `security.protocol`: expected one of `PLAINTEXT`, got `SSL`; option `interceptor.classes`: names a Java class, which this program cannot run; remove the option"#
        ]],
    );
}

#[test]
fn idempotence_gives_way_unless_it_was_asked_for() {
    assert!(!producer(&properties(&[("acks", "1")])).unwrap().options.enable_idempotence);
    check_problem(
        &[("acks", "1"), ("enable.idempotence", "true")],
        expect!["option `enable.idempotence`: needs `acks=all`"],
    );
}

#[test]
fn an_unknown_assignor_is_refused() {
    let map = properties(&[(
        "partition.assignment.strategy",
        "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
    )]);
    assert_eq!(consumer(&map).unwrap().options.assignment_strategies, ["cooperative-sticky".into()]);
    assert!(consumer(&properties(&[("partition.assignment.strategy", "x.Mine")])).is_err());
}
