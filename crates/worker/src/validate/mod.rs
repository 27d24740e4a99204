//! What is wrong with the configuration of a connector, all of it at once, in Kafka's order and words.
//!
//! Only [`validate_unresolved`] reads anything: the files that variables name.

mod aliases;
mod clients;
mod common;
mod converters;
mod embed;
mod exactly_once;
mod infos;
mod overrides;
mod restarts;
mod row;
pub(crate) mod rules;
mod sink;
mod source;
mod topic_creation;
mod topics;
mod unresolved;

use std::collections::BTreeMap;

use api::config::{ConfigValue, Default, Definition, Key, Parsed, Properties};
use api::{Description, Registry};

use self::clients::Client;
use crate::plugins::{self, ConnectorPlugin, Version};
use crate::provider::Unresolved;

pub use infos::{ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo};
pub use overrides::OverridePolicy;
pub use unresolved::validate_unresolved;

/// The configuration of a connector as a user gives it: a value may be null, which is wrong.
pub type ConnectorConfig = BTreeMap<String, Option<String>>;

/// The version of the connector that is wanted.
const VERSION: &str = "connector.plugin.version";

/// Why a configuration cannot be validated at all. `Display` is what the user reads.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// `connector.class` is missing.
    #[error("Connector config {{{0}}} contains no connector type")]
    NoClass(String),
    /// `connector.class` names no class.
    #[error(transparent)]
    Class(#[from] plugins::Error),
    /// `connector.class` names no class, and a variable is a part of the name.
    #[error("{0}")]
    HiddenClass(String),
    /// A variable cannot be resolved.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// The worker's own configuration is wrong.
    #[error("{0}")]
    Worker(String),
}

/// Validates the configuration of a connector, for a worker with these properties.
///
/// # Errors
/// There is no class to validate it for. All else that is wrong is in the answer.
pub fn validate(
    registry: &Registry,
    worker: &Properties,
    config: &ConnectorConfig,
) -> Result<ConfigInfos, Error> {
    let Some(Some(class)) = config.get("connector.class") else { return Err(Error::NoClass(shown(config))) };
    let plugin = ConnectorPlugin::find(registry, class.trim())?;
    let policy = OverridePolicy::of(worker).map_err(Error::Worker)?;
    let properties: Properties =
        config.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();

    if let Err(words) = version_of(&plugin, &properties) {
        return Ok(wrong_version(class, &plugin, registry, config, words));
    }

    let definition = framework(&plugin, registry, worker, &properties);
    let mut values = framework_values(&definition, &plugin, registry, worker, config, &properties);
    refuse_nulls(config, &mut values);
    let converters = converters::ROLES.map(|role| role.check(registry, &properties, &mut values));
    let keys = with_own(definition.keys, &plugin);
    values.extend(plugin.validate(&properties));
    let mut infos = merge(class, keys, values);

    for (client, used) in clients(&plugin, &properties) {
        infos.append(if used { overrides::check(&policy, client, &properties) } else { Vec::new() });
    }
    for converter in converters {
        infos.append(converter);
    }
    Ok(infos)
}

/// Whether the connector is there in the version that its configuration wants.
///
/// # Errors
/// It is not, or what it wants is no version. The words are Kafka's.
pub(crate) fn version_of(plugin: &ConnectorPlugin, properties: &Properties) -> Result<(), String> {
    let Description { class, version, .. } = plugin.description();
    Version::wanted(properties.get(VERSION).map(String::as_str))?.check(class, &[version])
}

/// Whether the converters, transforms and predicates of a task are there in the versions that the configuration of its
/// connector wants. Another worker, which has others, may have taken that configuration.
///
/// # Errors
/// As [`version_of`], for the first that is not.
pub(crate) fn versions_of_task(registry: &Registry, properties: &Properties) -> Result<(), String> {
    for role in converters::ROLES {
        role.check_version(registry, properties)?;
    }
    aliases::ALL.iter().try_for_each(|aliases| aliases.check_versions(registry, properties))
}

/// The answer for a connector that is not there in the version that is wanted: nothing but the keys of every
/// connector is looked at, as in Kafka.
fn wrong_version(
    class: &str,
    plugin: &ConnectorPlugin,
    registry: &Registry,
    config: &ConnectorConfig,
    words: String,
) -> ConfigInfos {
    let properties: Properties =
        config.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let version = plugin.description().version;
    let mut keys: Vec<Key> = common::KEYS.iter().map(row::Row::key).collect();
    for key in keys.iter_mut().filter(|key| key.name == VERSION) {
        (key.default, key.recommended) = (Default::Value(version.into()), vec![version.to_owned()]);
    }
    let definition = Definition { keys };
    // None of these keys asks for what a worker may not have.
    let worker = Properties::new();
    let mut values = framework_values(&definition, plugin, registry, &worker, config, &properties);
    for value in &mut values {
        if ["connector.class", VERSION].contains(&value.name.as_str()) {
            value.errors.push(words.clone());
        }
        if let Some(converter) = value.name.strip_suffix(".plugin.version").filter(|key| *key != "connector")
        {
            value.visible &= properties.contains_key(converter);
        }
    }
    refuse_nulls(config, &mut values);
    merge(class, definition.keys, values)
}

/// The configuration keys of a plugin of any kind: its own, and behind them those that the worker gives every
/// connector of its kind.
///
/// # Errors
/// No plugin has the name.
pub fn definition_of(registry: &Registry, name: &str) -> Result<Vec<ConfigKeyInfo>, plugins::Error> {
    let keys = match ConnectorPlugin::find(registry, name) {
        Ok(plugin) => {
            let mut keys = plugin.definition().keys;
            let given = given_keys(&plugin);
            keys.extend(
                given
                    .into_iter()
                    .filter(|key| !keys.iter().any(|own| own.name == key.name))
                    .collect::<Vec<_>>(),
            );
            keys
        }
        Err(error @ plugins::Error::Ambiguous { .. }) => return Err(error),
        Err(_) => plugins::definition(registry, name).ok_or_else(|| plugins::unknown(registry, name))?.keys,
    };
    Ok(keys.iter().map(ConfigKeyInfo::from).collect())
}

/// The keys that the worker gives a connector, before the worker's own configuration says more about them.
fn given_keys(plugin: &ConnectorPlugin) -> Vec<Key> {
    let own = match plugin {
        ConnectorPlugin::Source(_) => source::KEYS,
        ConnectorPlugin::Sink(_) => sink::KEYS,
    };
    let mut keys: Vec<Key> = common::KEYS.iter().chain(own).map(row::Row::key).collect();
    if let Some(version) = keys.iter_mut().find(|key| key.name == VERSION) {
        version.default = Default::Value(plugin.description().version.into());
    }
    keys
}

/// The keys that the worker gives this connector: those of its kind, of its aliases, of its topic creation.
fn framework(
    plugin: &ConnectorPlugin,
    registry: &Registry,
    worker: &Properties,
    properties: &Properties,
) -> Definition {
    let mut keys = given_keys(plugin);
    for key in keys.iter_mut().filter(|key| key.name == VERSION) {
        key.recommended = vec![plugin.description().version.to_owned()];
    }
    for role in converters::ROLES {
        role.complete(&mut keys, registry, worker, properties);
    }
    keys.extend(restarts::keys(properties));
    keys.extend(aliases::ALL.iter().flat_map(|aliases| aliases.keys(registry, properties)));
    let creates_topics = worker.get("topic.creation.enable").is_none_or(|value| value.trim() != "false");
    if matches!(plugin, ConnectorPlugin::Source(_)) && creates_topics && topic_creation::used(properties) {
        keys.extend(topic_creation::definition(properties).keys);
    }
    Definition { keys }
}

/// The values of the worker's keys and all that is wrong with them.
fn framework_values(
    definition: &Definition,
    plugin: &ConnectorPlugin,
    registry: &Registry,
    worker: &Properties,
    config: &ConnectorConfig,
    properties: &Properties,
) -> Vec<ConfigValue> {
    let mut values = definition.validate(properties);
    for (key, value) in definition.keys.iter().zip(&mut values) {
        if config.get(key.name.as_ref()) == Some(&None) {
            // It is there and null, so neither missing nor the default.
            let refused =
                key.validator.as_ref().and_then(|validator| validator.check(&key.name, &Parsed::Null).err());
            (value.value, value.errors) = (None, refused.into_iter().collect());
        }
    }
    for role in converters::ROLES {
        role.resolve(registry, &mut values);
    }
    for aliases in &aliases::ALL {
        aliases.check(registry, config, &mut values);
    }
    match plugin {
        ConnectorPlugin::Sink(_) => topics::check(properties, &mut values),
        ConnectorPlugin::Source(plugin) => {
            exactly_once::check(plugin.as_ref(), worker, properties, &mut values)
        }
    }
    values
}

fn refuse_nulls(config: &ConnectorConfig, values: &mut Vec<ConfigValue>) {
    for name in config.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name) {
        let error = "Null value can not be supplied as the configuration value.".to_owned();
        match values.iter_mut().find(|value| value.name == *name) {
            Some(value) => value.errors.push(error),
            None => values.push(ConfigValue {
                name: name.clone(),
                value: None,
                recommended: Vec::new(),
                errors: vec![error],
                visible: true,
            }),
        }
    }
}

/// The worker's keys and the connector's own, which hide those of the worker that have the same name.
fn with_own(mut keys: Vec<Key>, plugin: &ConnectorPlugin) -> Vec<Key> {
    for own in plugin.definition().keys {
        match keys.iter_mut().find(|key| key.name == own.name) {
            Some(key) => *key = own,
            None => keys.push(own),
        }
    }
    keys
}

/// Keys with their values; of several values of a key the last one counts.
fn merge(class: &str, keys: Vec<Key>, all: Vec<ConfigValue>) -> ConfigInfos {
    let mut groups: Vec<String> = Vec::new();
    for group in keys.iter().filter_map(|key| key.group.as_deref()) {
        if !groups.iter().any(|known| known == group) {
            groups.push(group.to_owned());
        }
    }
    let mut values: BTreeMap<String, ConfigValue> = BTreeMap::new();
    for value in all {
        values.insert(value.name.clone(), value);
    }
    let known: Vec<ConfigInfo> = keys
        .iter()
        .filter_map(|key| Some(ConfigInfo::prefixed("", Some(key), values.remove(key.name.as_ref())?)))
        .collect();
    let undefined = values.into_values().map(|value| ConfigInfo::prefixed("", None, value));
    let configs: Vec<ConfigInfo> = undefined.chain(known).collect();
    let error_count = configs.iter().map(|config| config.value.errors.len()).sum();
    ConfigInfos { name: class.to_owned(), error_count, groups, configs }
}

/// The kinds of clients, and whether the connector has such a client.
fn clients(plugin: &ConnectorPlugin, properties: &Properties) -> [(Client, bool); 3] {
    let source = matches!(plugin, ConnectorPlugin::Source(_));
    let dead_letters = topics::dead_letter_queue(properties).is_some();
    [
        (Client::Producer, source || dead_letters),
        (Client::Consumer, !source),
        (Client::Admin, if source { topic_creation::used(properties) } else { dead_letters }),
    ]
}

/// The keys of a configuration with no value but the name, as another may be a secret (invariant 8).
fn shown(config: &ConnectorConfig) -> String {
    let entries = config.iter().map(|(key, value)| match (key.as_str(), value) {
        ("name", Some(name)) => format!("name={name}"),
        _ => format!("{key}=[hidden]"),
    });
    entries.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(crate) mod tests;
