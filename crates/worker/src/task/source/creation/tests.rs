use api::config::Properties;

use super::{Group, groups};

fn connector() -> Properties {
    let entries = [
        ("topic.creation.groups", "compacted, wide"),
        ("topic.creation.default.partitions", "3"),
        ("topic.creation.default.replication.factor", "-1"),
        ("topic.creation.default.retention.ms", "1000"),
        ("topic.creation.compacted.include", "config.*, state"),
        ("topic.creation.compacted.exclude", "config-old"),
        ("topic.creation.compacted.cleanup.policy", "compact"),
        ("topic.creation.wide.include", "config.*|big"),
        ("topic.creation.wide.partitions", "50"),
        ("topic.creation.wide.replication.factor", "2"),
    ];
    entries.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn group_of<'a>(groups: &'a [Group], topic: &str) -> &'a Group {
    groups.iter().find(|group| group.takes(topic)).expect("the default group takes every topic")
}

#[test]
fn the_first_group_that_takes_a_topic_decides() {
    let groups = groups(&connector()).expect("groups");
    let compacted = group_of(&groups, "config-a");
    assert_eq!(compacted.configs["cleanup.policy"], "compact");
    assert_eq!(
        (compacted.partitions, compacted.replication_factor),
        (Some(3), None),
        "from the default group"
    );
    assert_eq!(compacted.configs.len(), 1, "settings are not inherited");
    assert_eq!(group_of(&groups, "config-old").partitions, Some(50), "excluded from the first group");
    assert_eq!(group_of(&groups, "big").replication_factor, Some(2));
    let default = group_of(&groups, "state-of-mind");
    assert_eq!((default.partitions, default.configs["retention.ms"].as_str()), (Some(3), "1000"));
}

#[test]
fn a_pattern_that_does_not_compile_is_an_error() {
    let mut connector = connector();
    connector.insert("topic.creation.wide.include".to_owned(), "a(".to_owned());
    let error = groups(&connector).expect_err("an open bracket");
    assert!(error.to_string().contains("a("), "{error}");
}
