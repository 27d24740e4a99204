use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use api::config::{Definition, Key, Problems, Properties, Type, Validator};
use api::{
    Connector, ConnectorContext, Converter, ConverterPlugin, Description, HeaderConverter,
    HeaderConverterPlugin, PluginType, Registry, Result, Role, SinkContext, SinkPlugin, SinkTask,
    SourceContext, SourceOffset, SourcePartition, SourcePlugin, SourceTask, TopicPartition,
};
use async_trait::async_trait;
use expect_test::{Expect, expect};

use super::{ConnectorConfig, definition_of, validate};

/// A plugin of every kind that can be described and validated; nothing here starts one.
pub(crate) struct Lines {
    pub(crate) class: &'static str,
}

const NEVER: &str = "validation starts nothing";

impl Lines {
    fn describe(&self, kind: PluginType, version: &'static str) -> Description {
        Description { class: self.class, version, kind }
    }

    fn keys() -> Definition {
        Definition::new()
            .define(Key::new("file", Type::String).nullable())
            .define(Key::new("batch.size", Type::Int).default("2000").validator(Validator::at_least(1)))
            .define(Key::new("password", Type::Password).nullable())
    }
}

#[async_trait]
impl SourcePlugin for Lines {
    fn description(&self) -> Description {
        self.describe(PluginType::Source, "1.0")
    }
    fn task_class(&self) -> &'static str {
        "org.example.LinesSourceTask"
    }
    fn definition(&self) -> Definition {
        Self::keys().define(Key::new("topic", Type::String))
    }
    async fn start(&self, _: &Properties, _: Arc<dyn ConnectorContext>) -> Result<Box<dyn Connector>> {
        unreachable!("{NEVER}")
    }
    async fn task(&self, _: &Properties, _: SourceContext) -> Result<Box<dyn SourceTask>> {
        unreachable!("{NEVER}")
    }
    fn alter_offsets(&self, _: &Properties, _: &[(SourcePartition, Option<SourceOffset>)]) -> Result<bool> {
        unreachable!("{NEVER}")
    }
}

#[async_trait]
impl SinkPlugin for Lines {
    fn description(&self) -> Description {
        self.describe(PluginType::Sink, "1.0")
    }
    fn task_class(&self) -> &'static str {
        "org.example.LinesSinkTask"
    }
    fn definition(&self) -> Definition {
        Self::keys()
    }
    async fn start(&self, _: &Properties, _: Arc<dyn ConnectorContext>) -> Result<Box<dyn Connector>> {
        unreachable!("{NEVER}")
    }
    async fn task(&self, _: &Properties, _: Arc<dyn SinkContext>) -> Result<Box<dyn SinkTask>> {
        unreachable!("{NEVER}")
    }
    fn alter_offsets(&self, _: &Properties, _: &[(TopicPartition, Option<i64>)]) -> Result<bool> {
        unreachable!("{NEVER}")
    }
}

impl ConverterPlugin for Lines {
    fn description(&self) -> Description {
        self.describe(PluginType::Converter, "2.0")
    }
    fn definition(&self) -> Definition {
        Definition::new()
            .define(Key::new("converter.type", Type::String))
            .define(Key::new("encoding", Type::String).default("UTF-8").group("Text", 1))
            .define(Key::new("size", Type::Int).default("1"))
    }
    fn configure(&self, _: &Properties, _: Role) -> Result<Box<dyn Converter>, Problems> {
        unreachable!("{NEVER}")
    }
}

impl HeaderConverterPlugin for Lines {
    fn description(&self) -> Description {
        self.describe(PluginType::HeaderConverter, "2.0")
    }
    fn definition(&self) -> Definition {
        Definition::new()
    }
    fn configure(&self, _: &Properties) -> Result<Box<dyn HeaderConverter>, Problems> {
        unreachable!("{NEVER}")
    }
}

/// A registry with one plugin of each kind.
pub(crate) fn registry() -> Registry {
    Registry {
        sources: vec![Arc::new(Lines { class: "org.example.LinesSourceConnector" })],
        sinks: vec![Arc::new(Lines { class: "org.example.LinesSinkConnector" })],
        converters: vec![Arc::new(Lines { class: "org.example.PlainConverter" })],
        header_converters: vec![Arc::new(Lines {
            class: "org.apache.kafka.connect.storage.SimpleHeaderConverter",
        })],
        ..Registry::default()
    }
}

fn config(lines: &str) -> ConnectorConfig {
    let entry = |line: &str| match line.trim().split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (line.trim().to_owned(), None),
    };
    lines.lines().filter(|line| !line.trim().is_empty()).map(entry).collect()
}

fn properties(lines: &str) -> Properties {
    config(lines).into_iter().map(|(key, value)| (key, value.unwrap())).collect()
}

/// Shows the errors of a configuration, and the keys whose names start with one of `shown`.
fn check(worker: &str, connector: &str, shown: &[&str], expected: Expect) {
    let worker = properties(&format!("key.converter=org.example.PlainConverter\n{worker}"));
    let mut actual = String::new();
    match validate(&registry(), &worker, &config(connector)) {
        Err(error) => writeln!(actual, "refused: {error}").unwrap(),
        Ok(infos) => {
            writeln!(actual, "{} errors", infos.error_count).unwrap();
            for info in &infos.configs {
                let value = &info.value;
                if !value.errors.is_empty() || shown.iter().any(|prefix| value.name.starts_with(prefix)) {
                    let default = info.definition.as_ref().map(|key| key.default_value.clone());
                    writeln!(
                        actual,
                        "{}: {:?} default {default:?} {:?}",
                        value.name, value.value, value.errors
                    )
                    .unwrap();
                }
            }
        }
    }
    expected.assert_eq(&actual);
}

const SOURCE: &str = "name=a\nconnector.class=LinesSource\ntopic=t\n";
const SINK: &str = "name=a\nconnector.class=LinesSink\n";

#[test]
fn a_right_configuration_has_no_errors() {
    check(
        "",
        SOURCE,
        &["name", "tasks.max"],
        expect![[r#"
        0 errors
        name: Some("a") default Some(None) []
        tasks.max: Some("1") default Some(Some("1")) []
        tasks.max.enforce: Some("true") default Some(Some("true")) []
    "#]],
    );
}

#[test]
fn a_configuration_without_class_is_refused_without_its_secrets() {
    check(
        "",
        "name=a\npassword=secret",
        &[],
        expect![[r#"
        refused: Connector config {name=a, password=[hidden]} contains no connector type
    "#]],
    );
}

#[test]
fn the_errors_of_all_parts_come_at_once() {
    let connector = "connector.class=LinesSource\ntasks.max=0\nbatch.size=x\nerrors.tolerance=some\nnothing";
    check(
        "",
        connector,
        &[],
        expect![[r#"
        7 errors
        nothing: None default None ["Null value can not be supplied as the configuration value."]
        name: None default Some(None) ["Missing required configuration \"name\" which has no default value."]
        tasks.max: Some("0") default Some(Some("1")) ["Invalid value 0 for configuration tasks.max: Value must be at least 1"]
        errors.tolerance: Some("some") default Some(Some("none")) ["Invalid value some for configuration errors.tolerance: String must be one of: none, all"]
        batch.size: None default Some(Some("2000")) ["Invalid value x for configuration batch.size: Not a number of type INT", "Invalid value null for configuration batch.size: Value must be non-null"]
        topic: None default Some(None) ["Missing required configuration \"topic\" which has no default value."]
    "#]],
    );
}

#[test]
fn a_sink_has_either_topics_or_a_pattern() {
    check(
        "",
        SINK,
        &[],
        expect![[r#"
        2 errors
        topics: Some("") default Some(Some("")) ["Must configure one of topics or topics.regex"]
        topics.regex: Some("") default Some(Some("")) ["Must configure one of topics or topics.regex"]
    "#]],
    );
    check(
        "",
        &format!("{SINK}topics=a\ntopics.regex=b"),
        &[],
        expect![[r#"
        2 errors
        topics: Some("a") default Some(Some("")) ["topics and topics.regex are mutually exclusive options, but both are set."]
        topics.regex: Some("b") default Some(Some("")) ["topics and topics.regex are mutually exclusive options, but both are set."]
    "#]],
    );
    check(
        "",
        &format!("{SINK}topics=a, b,a"),
        &[],
        expect![[r#"
        1 errors
        topics: Some("a,b,a") default Some(Some("")) ["Configuration 'topics' values must not be duplicated."]
    "#]],
    );
}

#[test]
fn a_dead_letter_queue_is_not_read_by_its_own_connector() {
    let queue = "errors.deadletterqueue.topic.name=dead";
    check(
        "",
        &format!("{SINK}topics=a,dead\n{queue}"),
        &[],
        expect![[r#"
        1 errors
        topics: Some("a,dead") default Some(Some("")) ["The DLQ topic 'dead' may not be included in the list of topics ('topics=[a, dead]') consumed by the connector"]
    "#]],
    );
    check(
        "",
        &format!("{SINK}topics.regex=de.*|x\n{queue}"),
        &[],
        expect![[r#"
        1 errors
        topics.regex: Some("de.*|x") default Some(Some("")) ["The DLQ topic 'dead' may not be matched by the regex for the topics ('topics.regex=de.*|x') consumed by the connector"]
    "#]],
    );
    check(
        "",
        &format!("{SINK}topics.regex=dea\n{queue}"),
        &[],
        expect![[r#"
        0 errors
    "#]],
    );
}

#[test]
fn aliases_of_classes_that_there_are_not_show_their_class_and_version() {
    let connector = format!(
        "{SOURCE}transforms=a,a,b\ntransforms.a.type=Nope\ntransforms.a.negate=true\npredicates=p\npredicates.p.type=Q"
    );
    check(
        "",
        &connector,
        &["transforms.", "predicates."],
        expect![[r#"
        5 errors
        transforms: Some("a,a,b") default Some(Some("")) ["Invalid value [a, a, b] for configuration transforms: Duplicate alias provided."]
        transforms.a.type: None default Some(None) ["Invalid value Nope for configuration transforms.a.type: Class Nope could not be found.", "Config 'transforms.a.negate' was provided but there is no config 'transforms.a.predicate' defining a predicate to be negated."]
        transforms.a.plugin.version: None default Some(None) []
        transforms.b.type: None default Some(None) ["Missing required configuration \"transforms.b.type\" which has no default value."]
        transforms.b.plugin.version: None default Some(None) []
        predicates.p.type: None default Some(None) ["Invalid value Q for configuration predicates.p.type: Class Q could not be found."]
        predicates.p.plugin.version: None default Some(None) []
    "#]],
    );
}

#[test]
fn a_converter_brings_its_own_keys_only_where_the_connector_names_it() {
    check(
        "",
        &format!("{SOURCE}key.converter.size=x"),
        &["key.converter"],
        expect![[r#"
        0 errors
        key.converter: Some("org.example.PlainConverter") default Some(Some("org.example.PlainConverter")) []
        key.converter.plugin.version: Some("2.0") default Some(Some("2.0")) []
    "#]],
    );
    let own = format!("{SOURCE}value.converter=PlainConverter\nvalue.converter.size=x");
    check(
        "",
        &own,
        &["value.converter"],
        expect![[r#"
        1 errors
        value.converter: Some("org.example.PlainConverter") default Some(None) []
        value.converter.plugin.version: Some("2.0") default Some(Some("2.0")) []
        value.converter.converter.type: Some("value") default Some(None) []
        value.converter.encoding: Some("UTF-8") default Some(Some("UTF-8")) []
        value.converter.size: None default Some(Some("1")) ["Invalid value x for configuration size: Not a number of type INT"]
    "#]],
    );
    check(
        "",
        &format!("{SOURCE}key.converter=PlanConverter"),
        &[],
        expect![[r#"
        1 errors
        key.converter: None default Some(Some("org.example.PlainConverter")) ["Invalid value PlanConverter for configuration key.converter: Class PlanConverter could not be found. Did you mean org.example.PlainConverter?"]
    "#]],
    );
}

#[test]
fn the_policy_of_the_worker_decides_about_client_settings() {
    let connector = format!(
        "{SOURCE}producer.override.sasl.jaas.config=secret\nproducer.override.linger.ms=5\nconsumer.override.a=b"
    );
    let policy = |policy: &str| format!("connector.client.config.override.policy={policy}");
    let shown = ["producer.override", "consumer.override"];
    check(
        "",
        &connector,
        &shown,
        expect![[r#"
        0 errors
        producer.override.linger.ms: Some("5") default Some(Some("5")) []
        producer.override.sasl.jaas.config: Some("[hidden]") default Some(None) []
    "#]],
    );
    check(
        &policy("Principal"),
        &connector,
        &shown,
        expect![[r#"
        1 errors
        producer.override.linger.ms: Some("5") default Some(Some("5")) ["The 'Principal' policy does not allow 'linger.ms' to be overridden in the connector configuration."]
        producer.override.sasl.jaas.config: Some("[hidden]") default Some(None) []
    "#]],
    );
    check(
        &policy("org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy"),
        &connector,
        &[],
        expect![[r#"
        2 errors
        producer.override.linger.ms: Some("5") default Some(Some("5")) ["The 'None' policy does not allow 'linger.ms' to be overridden in the connector configuration."]
        producer.override.sasl.jaas.config: Some("[hidden]") default Some(None) ["The 'None' policy does not allow 'sasl.jaas.config' to be overridden in the connector configuration."]
    "#]],
    );
    let list = format!("{}\nconnector.client.config.override.allowlist=linger.ms, acks", policy("Allowlist"));
    check(
        &list,
        &connector,
        &[],
        expect![[r#"
        1 errors
        producer.override.sasl.jaas.config: Some("[hidden]") default Some(None) ["The 'Allowlist' policy does not allow 'sasl.jaas.config' to be overridden in the connector configuration."]
    "#]],
    );
    check(
        &policy("Nobody"),
        &connector,
        &[],
        expect![[r#"
        refused: Invalid value Nobody for configuration connector.client.config.override.policy: there is All, None, Principal and Allowlist
    "#]],
    );
}

#[test]
fn topics_that_are_to_be_created_are_checked_before_the_connector_starts() {
    let connector = format!(
        "{SOURCE}topic.creation.groups=g\ntopic.creation.g.include=(\ntopic.creation.default.partitions=0"
    );
    check(
        "",
        &connector,
        &["topic.creation.g."],
        expect![[r#"
        3 errors
        topic.creation.default.replication.factor: None default Some(None) ["Missing required configuration \"topic.creation.default.replication.factor\" which has no default value."]
        topic.creation.default.partitions: Some("0") default Some(None) ["Invalid value 0 for configuration topic.creation.default.partitions: Number of partitions must be positive, or -1 to use the broker's default"]
        topic.creation.g.include: Some("(") default Some(Some("")) ["Invalid value [(] for configuration topic.creation.g.include: Syntax error in regular expression: Parsing error at position 1: Opening parenthesis without closing parenthesis"]
        topic.creation.g.exclude: Some("") default Some(Some("")) []
        topic.creation.g.replication.factor: Some("-1") default Some(Some("-1")) []
        topic.creation.g.partitions: Some("-1") default Some(Some("-1")) []
    "#]],
    );
    check(
        "topic.creation.enable=false",
        &connector,
        &[],
        expect![[r#"
        0 errors
    "#]],
    );
}

/// In the words and the order of Java's workers.
#[test]
fn what_asks_for_a_guarantee_that_nobody_gives_is_refused() {
    let enabled = "config.storage.topic=c\nexactly.once.source.support=enabled";
    let required = format!("{SOURCE}exactly.once.support=Required");
    check(
        "",
        &required,
        &[],
        expect![[r#"
        2 errors
        exactly.once.support: Some("Required") default Some(Some("requested")) ["This worker does not have exactly-once source support enabled.", "The connector does not implement the API required for preflight validation of exactly-once source support. Please consult the documentation for the connector to determine whether it supports exactly-once semantics, and then consider reconfiguring the connector to use the value \"requested\" for this property (which will disable this preflight check and allow the connector to be created)."]
    "#]],
    );
    check(
        enabled,
        &required,
        &[],
        expect![[r#"
        1 errors
        exactly.once.support: Some("Required") default Some(Some("requested")) ["The connector does not implement the API required for preflight validation of exactly-once source support. Please consult the documentation for the connector to determine whether it supports exactly-once semantics, and then consider reconfiguring the connector to use the value \"requested\" for this property (which will disable this preflight check and allow the connector to be created)."]
    "#]],
    );
    check(
        enabled,
        &format!("{SOURCE}transaction.boundary=Connector"),
        &[],
        expect![[r#"
        1 errors
        transaction.boundary: Some("Connector") default Some(Some("poll")) ["The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition."]
    "#]],
    );
}

#[test]
fn a_refusal_names_every_error() {
    let infos = validate(&registry(), &Properties::new(), &config(SINK)).unwrap();
    expect![[r#"
        Connector configuration is invalid and contains the following 2 error(s):
        Must configure one of topics or topics.regex
        Must configure one of topics or topics.regex
        You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`"#]]
    .assert_eq(&infos.refusal().unwrap());
    let right = validate(&registry(), &Properties::new(), &config(SOURCE)).unwrap();
    assert_eq!(right.refusal(), None);
}

#[test]
fn the_keys_of_a_plugin_are_its_own_before_those_of_its_kind() {
    let names = |plugin| {
        let keys = definition_of(&registry(), plugin).unwrap();
        keys.into_iter().map(|key| key.name).collect::<Vec<_>>()
    };
    let source = names("LinesSource");
    assert_eq!(source[..5], ["file", "batch.size", "password", "topic", "name"]);
    assert!(source.contains(&"offsets.storage.topic".to_owned()));
    assert!(names("LinesSink").contains(&"topics.regex".to_owned()));
    assert_eq!(names("PlainConverter"), ["converter.type", "encoding", "size"]);
    let error = definition_of(&registry(), "NoSuch").unwrap_err();
    assert_eq!(error.to_string(), "Unknown plugin NoSuch.");
}

#[test]
fn every_key_of_the_worker_is_defined_once() {
    for plugin in ["LinesSource", "LinesSink"] {
        let mut seen = BTreeMap::new();
        for key in definition_of(&registry(), plugin).unwrap() {
            *seen.entry(key.name).or_insert(0) += 1;
        }
        assert!(seen.values().all(|count| *count == 1), "{seen:?}");
    }
}
