//! Configurations and the classes that they name.

use api::config::Properties;

use crate::herder::HerderError;
use crate::herder::entities::{ConnectorType, RawConfig};
use crate::herder::state::Failure;
use crate::herder::view::Class;
use crate::plugins::ConnectorPlugin;
use crate::task::Services;
use crate::validate::validate;

/// Validates a configuration and finds its class.
pub(super) fn accept(services: &Services, config: RawConfig) -> Result<(Properties, Class), HerderError> {
    let bad = |words: String| HerderError::BadRequest(words);
    let infos = validate(&services.registry, &services.config.originals, &config);
    if let Some(refusal) = infos.map_err(|error| bad(error.to_string()))?.refusal() {
        return Err(bad(refusal));
    }
    let config: Properties = config.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let plugin = plugin(services, &config).map_err(|failure| bad(failure.message))?;
    let kind = match plugin {
        ConnectorPlugin::Source(_) => ConnectorType::Source,
        ConnectorPlugin::Sink(_) => ConnectorType::Sink,
    };
    Ok((config, Class { kind, version: plugin.description().version.into() }))
}

/// The class that a configuration names.
pub(super) fn plugin(services: &Services, config: &Properties) -> Result<ConnectorPlugin, Failure> {
    let class = config.get("connector.class").map_or("", |class| class.trim());
    ConnectorPlugin::find(&services.registry, class).map_err(|error| {
        let message = error.to_string();
        Failure { trace: message.clone(), message, transient: false }
    })
}
