//! What asks for a guarantee must not run without.

use api::SourcePlugin;
use api::config::{ConfigValue, Properties};

const SUPPORT: &str = "exactly.once.support";
const BOUNDARY: &str = "transaction.boundary";

/// Checks what a source connector wants of exactly-once delivery, in Kafka's words.
pub(super) fn check(
    plugin: &dyn SourcePlugin,
    worker: &Properties,
    properties: &Properties,
    values: &mut [ConfigValue],
) {
    let is = |value: &ConfigValue, word: &str| {
        value.errors.is_empty()
            && value.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(word))
    };
    for value in values {
        if value.name == SUPPORT && is(value, "required") {
            value.errors.extend(obstacles(plugin, worker, properties));
        }
        if value.name == BOUNDARY && is(value, "connector") && distributed(worker) {
            value.errors.push(
                "The connector does not support connector-defined transaction boundaries with the given \
                 configuration. Please reconfigure it to use a different transaction boundary definition."
                    .to_owned(),
            );
        }
    }
}

fn obstacles(plugin: &dyn SourcePlugin, worker: &Properties, properties: &Properties) -> Vec<String> {
    let enabled = worker.get("exactly.once.source.support");
    let enabled = enabled.is_some_and(|value| value.trim().eq_ignore_ascii_case("enabled"));
    let mut obstacles = Vec::new();
    if !enabled || !distributed(worker) {
        obstacles.push("This worker does not have exactly-once source support enabled.".to_owned());
    }
    match plugin.exactly_once(properties) {
        Some(true) => {}
        Some(false) => obstacles.push(
            "The connector does not support exactly-once semantics with the provided configuration.".to_owned(),
        ),
        None => obstacles.push(
            "The connector does not implement the API required for preflight validation of exactly-once source \
             support. Please consult the documentation for the connector to determine whether it supports \
             exactly-once semantics, and then consider reconfiguring the connector to use the value \"requested\" for \
             this property (which will disable this preflight check and allow the connector to be created)."
                .to_owned(),
        ),
    }
    obstacles
}

/// Whether a worker with these properties is one of a cluster.
fn distributed(worker: &Properties) -> bool {
    worker.contains_key("config.storage.topic")
}
