//! The keys of sink connectors.

use std::borrow::Cow;

use api::config::{Default, Importance, Type, Width};

use super::row::Row;
use super::rules;

const COMMON: &str = "Common";
const ERRORS: &str = "Error Handling";

/// The keys of sink connectors, in Kafka's order.
pub(super) const KEYS: &[Row] = &[
    Row {
        name: "topics",
        kind: Type::List,
        default: Default::Value(Cow::Borrowed("")),
        check: Some(rules::topics),
        importance: Importance::High,
        group: COMMON,
        order: 4,
        width: Width::Long,
        display_name: "Topics",
        documentation: "List of topics to consume, separated by commas",
    },
    Row {
        name: "topics.regex",
        kind: Type::String,
        default: Default::Value(Cow::Borrowed("")),
        check: Some(rules::regex),
        importance: Importance::High,
        group: COMMON,
        order: 4,
        width: Width::Long,
        display_name: "Topics regex",
        documentation: "Regular expression giving topics to consume. Under the hood, the regex is compiled to a \
                        <code>java.util.regex.Pattern</code>. Only one of topics or topics.regex should be specified.",
    },
    Row {
        name: "errors.deadletterqueue.topic.name",
        kind: Type::String,
        default: Default::Value(Cow::Borrowed("")),
        check: None,
        importance: Importance::Medium,
        group: ERRORS,
        order: 6,
        width: Width::Medium,
        display_name: "Dead Letter Queue Topic Name",
        documentation: "The name of the topic to be used as the dead letter queue (DLQ) for messages that result in an \
                        error when processed by this sink connector, or its transformations or converters. The topic \
                        name is blank by default, which means that no messages are to be recorded in the DLQ.",
    },
    Row {
        name: "errors.deadletterqueue.topic.replication.factor",
        kind: Type::Short,
        default: Default::Value(Cow::Borrowed("3")),
        check: None,
        importance: Importance::Medium,
        group: ERRORS,
        order: 7,
        width: Width::Medium,
        display_name: "Dead Letter Queue Topic Replication Factor",
        documentation: "Replication factor used to create the dead letter queue topic when it doesn't already exist.",
    },
    Row {
        name: "errors.deadletterqueue.context.headers.enable",
        kind: Type::Boolean,
        default: Default::Value(Cow::Borrowed("false")),
        check: None,
        importance: Importance::Medium,
        group: ERRORS,
        order: 8,
        width: Width::Medium,
        display_name: "Enable Error Context Headers",
        documentation: "If true, add headers containing error context to the messages written to the dead letter queue. \
                        To avoid clashing with headers from the original record, all error context header keys, all \
                        error context header keys will start with <code>__connect.errors.</code>",
    },
];
