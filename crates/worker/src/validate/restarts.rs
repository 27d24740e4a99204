//! The keys `errors.restart.*`, which are not Kafka's: shown and checked for a connector that has some.

use api::config::{Importance, Key, Properties, Type, Validator, Width};

use crate::restart::{BACKOFF, BACKOFF_MAX, MAX, RESET};

/// The keys that a connector has of them; the worker's own values are their defaults, so that none is shown.
pub(super) fn keys(properties: &Properties) -> Vec<Key> {
    let key = |name, order, least, display: &'static str, documentation: &'static str| {
        Key::new(name, Type::Long)
            .nullable()
            .validator(Validator::at_least(least))
            .importance(Importance::Low)
            .group("Error Handling", order)
            .width(Width::Short)
            .display_name(display)
            .documentation(documentation)
    };
    let keys = [
        key(
            MAX,
            6,
            -1,
            "Restarts",
            "How often a failure that may pass is answered by a restart; -1 for no limit.",
        ),
        key(
            BACKOFF,
            7,
            0,
            "Restart Backoff",
            "The wait before a restart; each further one is twice as long.",
        ),
        key(BACKOFF_MAX, 8, 0, "Longest Restart Backoff", "The longest wait before a restart."),
        key(RESET, 9, 0, "Restart Reset", "How long something has to run until its restarts are forgotten."),
    ];
    keys.into_iter().filter(|key| properties.contains_key(key.name.as_ref())).collect()
}
