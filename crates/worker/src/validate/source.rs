//! The keys of source connectors.

use std::borrow::Cow;

use api::config::{Default, Importance, Type, Validator, Width};

use super::row::Row;
use super::rules;

const TOPIC_CREATION: &str = "Topic Creation";
const EXACTLY_ONCE: &str = "Exactly Once Support";
const OFFSETS_TOPIC: &str = "offsets.topic";

/// The keys of source connectors, in Kafka's order.
pub(super) const KEYS: &[Row] = &[
    Row {
        name: "topic.creation.groups",
        kind: Type::List,
        default: Default::Value(Cow::Borrowed("")),
        check: Some(rules::unique_aliases),
        importance: Importance::Low,
        group: TOPIC_CREATION,
        order: 1,
        width: Width::Long,
        display_name: "Topic Creation Groups",
        documentation: "Groups of configurations for topics created by source connectors",
    },
    Row {
        name: "exactly.once.support",
        kind: Type::String,
        default: Default::Value(Cow::Borrowed("requested")),
        check: Some(rules::exactly_once_support),
        importance: Importance::Medium,
        group: EXACTLY_ONCE,
        order: 2,
        width: Width::Short,
        display_name: "Exactly once support",
        documentation: "Permitted values are requested, required. If set to \"required\", forces a preflight check for \
                        the connector to ensure that it can provide exactly-once semantics with the given \
                        configuration. Some connectors may be capable of providing exactly-once semantics but not \
                        signal to Connect that they support this; in that case, documentation for the connector should \
                        be consulted carefully before creating it, and the value for this property should be set to \
                        \"requested\". Additionally, if the value is set to \"required\" but the worker that performs \
                        preflight validation does not have exactly-once support enabled for source connectors, requests \
                        to create or validate the connector will fail.",
    },
    Row {
        name: "transaction.boundary",
        kind: Type::String,
        default: Default::Value(Cow::Borrowed("poll")),
        check: Some(rules::transaction_boundary),
        importance: Importance::Medium,
        group: EXACTLY_ONCE,
        order: 3,
        width: Width::Short,
        display_name: "Transaction Boundary",
        documentation: "Permitted values are: poll, interval, connector. If set to 'poll', a new producer transaction \
                        will be started and committed for every batch of records that each task from this connector \
                        provides to Connect. If set to 'connector', relies on connector-defined transaction boundaries; \
                        note that not all connectors are capable of defining their own transaction boundaries, and in \
                        that case, attempts to instantiate a connector with this value will fail. Finally, if set to \
                        'interval', commits transactions only after a user-defined time interval has passed.",
    },
    Row {
        name: "transaction.boundary.interval.ms",
        kind: Type::Long,
        default: Default::Null,
        check: Some(rules::at_least_zero),
        importance: Importance::Low,
        group: EXACTLY_ONCE,
        order: 4,
        width: Width::Short,
        display_name: "Transaction boundary interval",
        documentation: "If 'transaction.boundary' is set to 'interval', determines the interval for producer \
                        transaction commits by connector tasks. If unset, defaults to the value of the worker-level \
                        'offset.flush.interval.ms' property. It has no effect if a different transaction.boundary is \
                        specified.",
    },
    Row {
        name: "offsets.storage.topic",
        kind: Type::String,
        default: Default::Null,
        check: Some(Validator::non_empty),
        importance: Importance::Low,
        group: OFFSETS_TOPIC,
        order: 1,
        width: Width::Long,
        display_name: "Offsets topic",
        documentation: "The name of a separate offsets topic to use for this connector. If empty or not specified, the \
                        worker’s global offsets topic name will be used. If specified, the offsets topic will be \
                        created if it does not already exist on the Kafka cluster targeted by this connector (which may \
                        be different from the one used for the worker's global offsets topic if the bootstrap.servers \
                        property of the connector's producer has been overridden from the worker's). Only applicable in \
                        distributed mode; in standalone mode, setting this property will have no effect.",
    },
];
