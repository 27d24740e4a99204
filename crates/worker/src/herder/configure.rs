//! The only place where configurations of connectors and tasks get values in place of their variables: right before
//! a plugin or a client is given them.

use std::sync::Arc;

use api::config::Properties;

use super::HerderError;
use super::entities::{ConnectorType, RawConfig};
use super::instance::Calls;
use super::state::{Failure, StartTask};
use super::view::Class;
use crate::plugins::ConnectorPlugin;
use crate::provider::{Resolved, Unresolved};
use crate::task::{Services, TaskKind, TaskSpec};
use crate::validate::{self, ConfigInfos};

/// A configuration with values in place of its variables. May block.
pub(super) fn resolve(services: &Services, config: &Properties) -> Result<Resolved, Failure> {
    services.config.providers.resolve(config).map_err(Failure::from)
}

/// The same where it may not block, for what is asked of Kafka or of a plugin on behalf of a user.
pub(super) async fn resolved(
    services: &Services,
    config: &Arc<Properties>,
) -> Result<Arc<Properties>, HerderError> {
    let providers = services.config.providers.clone();
    if !providers.concern(config) {
        return Ok(config.clone());
    }
    let config = config.clone();
    let resolving = async move { providers.resolve(&config).map_err(Failure::from) };
    let resolved = Calls::new(&services.runtime).run(resolving).await.and_then(|resolved| resolved);
    resolved
        .map(|resolved| Arc::new(resolved.properties))
        .map_err(|failure| HerderError::Internal(failure.message))
}

/// The class that a configuration names, in the version that it wants.
pub(super) fn plugin(services: &Services, config: &Properties) -> Result<ConnectorPlugin, Failure> {
    let class = config.get("connector.class").map_or("", |class| class.trim());
    let plugin = ConnectorPlugin::find(&services.registry, class);
    let plugin = plugin.map_err(|error| Failure::of(error.to_string()))?;
    validate::version_of(&plugin, config).map_err(Failure::of)?;
    Ok(plugin)
}

/// What makes a task. May block.
pub(super) fn task(services: &Services, start: &StartTask) -> Result<TaskSpec, Failure> {
    let connector = resolve(services, &start.connector)?.properties;
    let task = resolve(services, &start.task)?.properties;
    let kind = match plugin(services, &connector)? {
        ConnectorPlugin::Source(plugin) => TaskKind::Source(plugin),
        ConnectorPlugin::Sink(plugin) => TaskKind::Sink(plugin),
    };
    validate::versions_of_task(&services.registry, &connector).map_err(Failure::of)?;
    Ok(TaskSpec { id: start.id.clone(), kind, connector, task, target: start.target, exactly_once: None })
}

/// Validates a configuration. May block.
pub(super) fn validate(services: &Services, config: &RawConfig) -> Result<ConfigInfos, validate::Error> {
    validate::validate_unresolved(&services.registry, &services.config, config).map(|(infos, _)| infos)
}

/// Validates a configuration that is to be used and finds its class; the configuration keeps its variables.
/// May block.
pub(super) fn accept(services: &Services, config: RawConfig) -> Result<(Properties, Class), HerderError> {
    let bad = |words: String| HerderError::BadRequest(words);
    let validated = validate::validate_unresolved(&services.registry, &services.config, &config);
    let (infos, resolved) = validated.map_err(|error| bad(error.to_string()))?;
    if let Some(refusal) = infos.refusal() {
        return Err(bad(refusal));
    }
    let plugin = plugin(services, &resolved.properties).map_err(|failure| bad(failure.message))?;
    let kind = match plugin {
        ConnectorPlugin::Source(_) => ConnectorType::Source,
        ConnectorPlugin::Sink(_) => ConnectorType::Sink,
    };
    let config = config.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    Ok((config, Class { kind, version: plugin.description().version.into() }))
}

impl From<Unresolved> for Failure {
    fn from(error: Unresolved) -> Self {
        Self::of(error.to_string())
    }
}
