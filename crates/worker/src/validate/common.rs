//! The keys of every connector, with the words and places that Kafka shows.

use std::borrow::Cow;

use api::config::{Default, Importance, Type, Validator, Width};

use super::row::Row;
use super::rules;

const COMMON: &str = "Common";
const TRANSFORMS: &str = "Transforms";
const PREDICATES: &str = "Predicates";
const ERRORS: &str = "Error Handling";

/// The keys of every connector, in Kafka's order.
pub(super) const KEYS: &[Row] = &[
    Row {
        name: "name",
        kind: Type::String,
        default: Default::Required,
        check: Some(Validator::non_empty_without_control_chars),
        importance: Importance::High,
        group: COMMON,
        order: 1,
        width: Width::Medium,
        display_name: "Connector name",
        documentation: "Globally unique name to use for this connector.",
    },
    Row {
        name: "connector.class",
        kind: Type::String,
        default: Default::Required,
        check: None,
        importance: Importance::High,
        group: COMMON,
        order: 2,
        width: Width::Long,
        display_name: "Connector class",
        documentation: "Name or alias of the class for this connector. Must be a subclass of \
                        org.apache.kafka.connect.connector.Connector. If the connector is \
                        org.apache.kafka.connect.file.FileStreamSinkConnector, you can either specify this full name,  \
                        or use \"FileStreamSink\" or \"FileStreamSinkConnector\" to make the configuration a bit shorter",
    },
    Row {
        name: "connector.plugin.version",
        kind: Type::String,
        default: Default::Null,
        check: None,
        importance: Importance::Medium,
        group: COMMON,
        order: 3,
        width: Width::Medium,
        display_name: "Connector version",
        documentation: "Version of the connector.",
    },
    Row {
        name: "tasks.max",
        kind: Type::Int,
        default: Default::Value(Cow::Borrowed("1")),
        check: Some(rules::at_least_one),
        importance: Importance::High,
        group: COMMON,
        order: 4,
        width: Width::Short,
        display_name: "Tasks max",
        documentation: "Maximum number of tasks to use for this connector.",
    },
    Row {
        name: "tasks.max.enforce",
        kind: Type::Boolean,
        default: Default::Value(Cow::Borrowed("true")),
        check: None,
        importance: Importance::Low,
        group: COMMON,
        order: 5,
        width: Width::Short,
        display_name: "Enforce tasks max",
        documentation: "(Deprecated) Whether to enforce that the tasks.max property is respected by the connector. By \
                        default, connectors that generate too many tasks will fail, and existing sets of tasks that \
                        exceed the tasks.max property will also be failed. If this property is set to false, then \
                        connectors will be allowed to generate more than the maximum number of tasks, and existing sets \
                        of tasks that exceed the tasks.max property will be allowed to run. This property is deprecated \
                        and will be removed in an upcoming major release.",
    },
    Row {
        name: "key.converter",
        kind: Type::Class,
        default: Default::Null,
        check: None,
        importance: Importance::Low,
        group: COMMON,
        order: 6,
        width: Width::Short,
        display_name: "Key converter class",
        documentation: "Converter class used to convert between Kafka Connect format and the serialized form that is \
                        written to Kafka. This controls the format of the keys in messages written to or read from \
                        Kafka, and since this is independent of connectors it allows any connector to work with any \
                        serialization format. Examples of common formats include JSON and Avro.",
    },
    Row {
        name: "key.converter.plugin.version",
        kind: Type::String,
        default: Default::Null,
        check: Some(rules::version),
        importance: Importance::Low,
        group: COMMON,
        order: 7,
        width: Width::Short,
        display_name: "Key converter version",
        documentation: "Version of the key converter.",
    },
    Row {
        name: "value.converter",
        kind: Type::Class,
        default: Default::Null,
        check: None,
        importance: Importance::Low,
        group: COMMON,
        order: 8,
        width: Width::Short,
        display_name: "Value converter class",
        documentation: "Converter class used to convert between Kafka Connect format and the serialized form that is \
                        written to Kafka. This controls the format of the values in messages written to or read from \
                        Kafka, and since this is independent of connectors it allows any connector to work with any \
                        serialization format. Examples of common formats include JSON and Avro.",
    },
    Row {
        name: "value.converter.plugin.version",
        kind: Type::String,
        default: Default::Null,
        check: Some(rules::version),
        importance: Importance::Low,
        group: COMMON,
        order: 9,
        width: Width::Short,
        display_name: "Value converter version",
        documentation: "Version of the value converter.",
    },
    Row {
        name: "header.converter",
        kind: Type::Class,
        default: Default::Null,
        check: None,
        importance: Importance::Low,
        group: COMMON,
        order: 10,
        width: Width::Short,
        display_name: "Header converter class",
        documentation: "HeaderConverter class used to convert between Kafka Connect format and the serialized form that \
                        is written to Kafka. This controls the format of the header values in messages written to or \
                        read from Kafka, and since this is independent of connectors it allows any connector to work \
                        with any serialization format. Examples of common formats include JSON and Avro. By default, \
                        the SimpleHeaderConverter is used to serialize header values to strings and deserialize them by \
                        inferring the schemas.",
    },
    Row {
        name: "header.converter.plugin.version",
        kind: Type::String,
        default: Default::Null,
        check: Some(rules::version),
        importance: Importance::Low,
        group: COMMON,
        order: 11,
        width: Width::Short,
        display_name: "Header converter version",
        documentation: "Version of the header converter.",
    },
    Row {
        name: "transforms",
        kind: Type::List,
        default: Default::Value(Cow::Borrowed("")),
        check: Some(rules::unique_aliases),
        importance: Importance::Low,
        group: TRANSFORMS,
        order: 12,
        width: Width::Long,
        display_name: "Transforms",
        documentation: "Aliases for the transformations to be applied to records.",
    },
    Row {
        name: "predicates",
        kind: Type::List,
        default: Default::Value(Cow::Borrowed("")),
        check: Some(rules::unique_aliases),
        importance: Importance::Low,
        group: PREDICATES,
        order: 13,
        width: Width::Long,
        display_name: "Predicates",
        documentation: "Aliases for the predicates used by transformations.",
    },
    Row {
        name: "config.action.reload",
        kind: Type::String,
        default: Default::Value(Cow::Borrowed("restart")),
        check: Some(rules::reload_action),
        importance: Importance::Low,
        group: COMMON,
        order: 14,
        width: Width::Medium,
        display_name: "Reload Action",
        documentation: "The action that Connect should take on the connector when changes in external configuration \
                        providers result in a change in the connector's configuration properties. A value of 'none' \
                        indicates that Connect will do nothing. A value of 'restart' indicates that Connect should \
                        restart/reload the connector with the updated configuration properties.The restart may actually \
                        be scheduled in the future if the external configuration provider indicates that a \
                        configuration value will expire in the future.",
    },
    Row {
        name: "errors.retry.timeout",
        kind: Type::Long,
        default: Default::Value(Cow::Borrowed("0")),
        check: None,
        importance: Importance::Medium,
        group: ERRORS,
        order: 1,
        width: Width::Medium,
        display_name: "Retry Timeout for Errors",
        documentation: "The maximum duration in milliseconds that a failed operation will be reattempted. The default \
                        is 0, which means no retries will be attempted. Use -1 for infinite retries.",
    },
    Row {
        name: "errors.retry.delay.max.ms",
        kind: Type::Long,
        default: Default::Value(Cow::Borrowed("60000")),
        check: None,
        importance: Importance::Medium,
        group: ERRORS,
        order: 2,
        width: Width::Medium,
        display_name: "Maximum Delay Between Retries for Errors",
        documentation: "The maximum duration in milliseconds between consecutive retry attempts. Jitter will be added \
                        to the delay once this limit is reached to prevent thundering herd issues.",
    },
    Row {
        name: "errors.tolerance",
        kind: Type::String,
        default: Default::Value(Cow::Borrowed("none")),
        check: Some(rules::tolerance),
        importance: Importance::Medium,
        group: ERRORS,
        order: 3,
        width: Width::Short,
        display_name: "Error Tolerance",
        documentation: "Behavior for tolerating errors during connector operation. 'none' is the default value and \
                        signals that any error will result in an immediate connector task failure; 'all' changes the \
                        behavior to skip over problematic records.",
    },
    Row {
        name: "errors.log.enable",
        kind: Type::Boolean,
        default: Default::Value(Cow::Borrowed("false")),
        check: None,
        importance: Importance::Medium,
        group: ERRORS,
        order: 4,
        width: Width::Short,
        display_name: "Log Errors",
        documentation: "If true, write each error and the details of the failed operation and problematic record to the \
                        Connect application log. This is 'false' by default, so that only errors that are not tolerated \
                        are reported.",
    },
    Row {
        name: "errors.log.include.messages",
        kind: Type::Boolean,
        default: Default::Value(Cow::Borrowed("false")),
        check: None,
        importance: Importance::Medium,
        group: ERRORS,
        order: 5,
        width: Width::Short,
        display_name: "Log Error Details",
        documentation: "Whether to include in the log the Connect record that resulted in a failure. For sink records, \
                        the topic, partition, offset, and timestamp will be logged. For source records, the key and \
                        value (and their schemas), all headers, and the timestamp, Kafka topic, Kafka partition, source \
                        partition, and source offset will be logged. This is 'false' by default, which will prevent \
                        record keys, values, and headers from being written to log files.",
    },
];
