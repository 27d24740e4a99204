use expect_test::{Expect, expect};

use super::*;

/// Kafka's own `config/connect-standalone.properties` without its comments.
const KAFKAS_OWN: &str = "bootstrap.servers=localhost:9092
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=true
value.converter.schemas.enable=true
offset.storage.file.filename=/tmp/connect.offsets
offset.flush.interval.ms=10000
";

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(properties::parse(text.as_bytes()).expect("properties"))
}

fn problems(text: &str, expected: Expect) {
    expected.assert_eq(&parse(text).expect_err("problems").to_string());
}

#[test]
fn kafkas_own_properties_are_taken() {
    let config = parse(KAFKAS_OWN).expect("a configuration");
    assert_eq!(config.bootstrap_servers, ["localhost:9092"]);
    assert_eq!(config.offset_storage_file, Path::new("/tmp/connect.offsets"));
    assert_eq!(config.offset_flush_interval_ms, 10_000);
    assert_eq!(config.offset_flush_timeout_ms, 5_000);
    assert_eq!(config.task_shutdown_graceful_timeout_ms, 5_000);
    assert!(
        config.topic_creation_enable && config.topic_tracking_enable && config.topic_tracking_allow_reset
    );
}

#[test]
fn keys_that_are_not_known_pass_through() {
    let config = parse(&format!("{KAFKAS_OWN}producer.linger.ms=5\nmy.own=x\n")).expect("a configuration");
    assert_eq!(config.originals["producer.linger.ms"], "5");
    assert_eq!(config.originals["my.own"], "x");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    problems(
        "offset.flush.interval.ms=often\ntask.shutdown.graceful.timeout.ms=-1\nmetrics.recording.level=LOUD\n\
         rest.extension.classes=a.B\nconnector.client.config.override.policy=Some\n",
        expect![[r#"
            Missing required configuration "bootstrap.servers" which has no default value.
            Missing required configuration "key.converter" which has no default value.
            Missing required configuration "value.converter" which has no default value.
            Invalid value -1 for configuration task.shutdown.graceful.timeout.ms: Value must be at least 0
            Invalid value often for configuration offset.flush.interval.ms: Not a number of type LONG
            Invalid value LOUD for configuration metrics.recording.level: String must be one of: INFO, DEBUG
            Missing required configuration "offset.storage.file.filename" which has no default value.
            Configuration rest.extension.classes: extensions of the REST API are Java classes and cannot be loaded. Protect the REST API by other means, and leave the key out
            Invalid value Some for configuration connector.client.config.override.policy: there is All, None, Principal and Allowlist"#]],
    );
}

#[test]
fn a_key_of_something_that_would_be_ignored_may_be_empty() {
    assert!(parse(&format!("{KAFKAS_OWN}rest.extension.classes= \n")).is_ok());
}

#[test]
fn converters_that_there_are_not_are_told() {
    let config = parse(KAFKAS_OWN).expect("a configuration");
    let problems = config.check_plugins(&Registry::default()).expect_err("no plugins");
    let keys: Vec<&str> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["key.converter", "value.converter"]);
    assert_eq!(
        problems.0[0].message,
        "Invalid value org.apache.kafka.connect.json.JsonConverter for configuration key.converter: Class \
         org.apache.kafka.connect.json.JsonConverter could not be found."
    );
}
