//! The converters of a connector: which it has, and what is wrong with their own configuration.

use api::Registry;
use api::config::{ConfigValue, Default, Definition, Key, Problem, Properties};

use super::infos::ConfigInfo;
use crate::plugins::{self, Version};

/// The three keys that name a converter, in the order in which their configurations are shown.
pub(super) const ROLES: [Role; 3] = [
    Role { key: "header.converter", role: "header" },
    Role { key: "key.converter", role: "key" },
    Role { key: "value.converter", role: "value" },
];

const HEADER_DEFAULT: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

/// A key that names a converter.
#[derive(Clone, Copy)]
pub(super) struct Role {
    /// The key.
    key: &'static str,
    /// What the converter is told about its use (`converter.type`).
    role: &'static str,
}

/// A class of converters of either kind.
struct Class {
    class: &'static str,
    version: &'static str,
    definition: Definition,
}

impl Role {
    /// Sets defaults and recommendations of the key and of its version: what the worker converts with.
    pub(super) fn complete(
        self,
        keys: &mut [Key],
        registry: &Registry,
        worker: &Properties,
        own: &Properties,
    ) {
        let default = self.of_worker(registry, worker);
        let version = |name: &String| self.class(registry, name).map(|class| class.version.to_owned());
        let of_worker = worker.get(&format!("{}.plugin.version", self.key));
        let chosen = match own.get(self.key) {
            Some(name) => version(name),
            None => of_worker.cloned().or_else(|| default.as_ref().and_then(version)),
        };
        for key in keys {
            if key.name == self.key {
                key.default = default.clone().map_or(Default::Null, |class| Default::Value(class.into()));
                key.recommended = self.classes(registry);
            } else if key.name.strip_prefix(self.key) == Some(".plugin.version") {
                key.default = chosen.clone().map_or(Default::Null, |version| Default::Value(version.into()));
                key.recommended =
                    own.get(self.key).or(default.as_ref()).and_then(version).into_iter().collect();
            }
        }
    }

    /// Replaces an alias by the class it stands for, and says where there is no such class.
    pub(super) fn resolve(self, registry: &Registry, values: &mut [ConfigValue]) {
        let Some(value) = values.iter_mut().find(|value| value.name == self.key) else { return };
        let Some(name) = value.value.take() else { return };
        match self.class(registry, &name) {
            Some(found) => value.value = Some(found.class.to_owned()),
            None => {
                let hint = plugins::hint(self.nearest(registry, &name));
                let words = format_args!("Class {name} could not be found.{hint}");
                value.errors.push(Problem::invalid(self.key, &name, words).message);
                let version = format!("{}.plugin.version", self.key);
                // There is no version to choose of a class that is not there.
                values
                    .iter_mut()
                    .filter(|value| value.name == version)
                    .for_each(|value| value.visible = false);
            }
        }
    }

    /// The converter's own keys, if the connector names a class and nothing is wrong with the name or its version.
    pub(super) fn check(
        self,
        registry: &Registry,
        own: &Properties,
        values: &mut [ConfigValue],
    ) -> Vec<ConfigInfo> {
        let Some(found) = own.get(self.key).and_then(|name| self.class(registry, name)) else {
            return Vec::new();
        };
        let version = format!("{}.plugin.version", self.key);
        let both = |value: &&mut ConfigValue| value.name == self.key || value.name == version;
        if values.iter_mut().filter(both).any(|value| !value.errors.is_empty()) {
            return Vec::new();
        }
        if let Err(words) = self.check_version(registry, own) {
            values.iter_mut().filter(both).for_each(|value| value.errors.push(words.clone()));
            return Vec::new();
        }
        let prefix = format!("{}.", self.key);
        let mut properties: Properties = own
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())))
            .collect();
        properties.entry("converter.type".to_owned()).or_insert_with(|| self.role.to_owned());
        let values = found.definition.validate(&properties);
        let infos = values.into_iter().map(|value| {
            let key = found.definition.key(&value.name);
            ConfigInfo::prefixed(&prefix, key, value)
        });
        infos.collect()
    }

    /// Whether the converter that a connector names is there in the version that it wants.
    ///
    /// # Errors
    /// It is not, or what it wants is no version. The words are Kafka's.
    pub(super) fn check_version(self, registry: &Registry, own: &Properties) -> Result<(), String> {
        let Some(found) = own.get(self.key).and_then(|name| self.class(registry, name)) else {
            return Ok(());
        };
        let wanted = own.get(&format!("{}.plugin.version", self.key)).map(String::as_str);
        Version::wanted(wanted)?.check(found.class, &plugins::versions(registry, found.class))
    }

    fn of_worker(self, registry: &Registry, worker: &Properties) -> Option<String> {
        let default = (self.role == "header").then_some(HEADER_DEFAULT);
        let name = worker.get(self.key).map(|name| name.trim()).or(default)?;
        self.class(registry, name).map(|found| found.class.to_owned())
    }

    fn class(self, registry: &Registry, name: &str) -> Option<Class> {
        let name = name.trim();
        let (description, definition) = if self.role == "header" {
            let plugin = plugins::header_converter(registry, name)?;
            (plugin.description(), plugin.definition())
        } else {
            let plugin = plugins::converter(registry, name)?;
            (plugin.description(), plugin.definition())
        };
        Some(Class { class: description.class, version: description.version, definition })
    }

    fn nearest(self, registry: &Registry, name: &str) -> Option<&'static str> {
        if self.role == "header" {
            plugins::nearest_header_converter(registry, name)
        } else {
            plugins::nearest_converter(registry, name)
        }
    }

    fn classes(self, registry: &Registry) -> Vec<String> {
        let all = plugins::list(registry, false);
        let kind = if self.role == "header" { "header_converter" } else { "converter" };
        all.iter().filter(|plugin| plugin.kind == kind).map(|plugin| plugin.class.to_owned()).collect()
    }
}
