//! The keys that the aliases in `transforms` and `predicates` bring with them.

use api::config::{ConfigValue, Default, Importance, Key, Parsed, Problem, Properties, Type, Width};
use api::{PluginType, Registry};

use super::ConnectorConfig;
use super::embed::{Class, embedded};
use crate::plugins::{self, Version};

/// A key that lists aliases of plugins.
pub(super) struct Aliases {
    /// The key.
    pub(super) key: &'static str,
    /// The group of the key, which the groups of the aliases are named after.
    group: &'static str,
    /// The kind of plugin, as display names have it.
    kind: &'static str,
    /// The kind of plugin, as sentences have it.
    noun: &'static str,
    /// The kind of plugin.
    plugin: PluginType,
}

/// `transforms` and `predicates`.
pub(super) const ALL: [Aliases; 2] = [
    Aliases {
        key: "transforms",
        group: "Transforms",
        kind: "Transformation",
        noun: "transformation",
        plugin: PluginType::Transformation,
    },
    Aliases {
        key: "predicates",
        group: "Predicates",
        kind: "Predicate",
        noun: "predicate",
        plugin: PluginType::Predicate,
    },
];

/// What the class of an alias turns out to be.
enum Resolved {
    /// A class of the right kind and version.
    Right(&'static str),
    /// No class.
    Unknown(String),
    /// A class that cannot be had, and why.
    Wrong(String),
}

impl Aliases {
    /// The keys of each alias of a connector: its class, the version of that, and the keys of the class.
    pub(super) fn keys(&self, registry: &Registry, properties: &Properties) -> Vec<Key> {
        self.named(properties).iter().flat_map(|alias| self.keys_of(alias, registry, properties)).collect()
    }

    fn keys_of(&self, alias: &str, registry: &Registry, properties: &Properties) -> Vec<Key> {
        let prefix = format!("{}.{alias}.", self.key);
        let group = format!("{}: {alias}", self.group);
        let [mut class, mut version] = self.implicit(alias, &prefix, &group);
        class.recommended = plugins::classes(registry, self.plugin).map(str::to_owned).collect();
        let name = properties.get(&*class.name);
        let Some(found) = name.and_then(|name| self.class(registry, name)) else {
            return vec![class, version];
        };
        version.default = Default::Value(found.version.into());
        version.recommended = vec![found.version.to_owned()];
        let wanted = properties.get(&*version.name).map(String::as_str);
        let usable =
            Version::wanted(wanted).is_ok_and(|wanted| wanted.check(found.class, &[found.version]).is_ok());
        let own = if usable { embedded(found, &prefix, &group, 2) } else { Vec::new() };
        [class, version].into_iter().chain(own).collect()
    }

    /// The class and the version of an alias.
    fn implicit(&self, alias: &str, prefix: &str, group: &str) -> [Key; 2] {
        let Self { kind, noun, .. } = self;
        let class = Key::new(format!("{prefix}type"), Type::Class)
            .group(group.to_owned(), 0)
            .documentation(format!("Class for the '{alias}' {noun}."))
            .display_name(format!("{kind} type for {alias}"));
        let version = Key::new(format!("{prefix}plugin.version"), Type::String)
            .nullable()
            .group(group.to_owned(), 1)
            .documentation(format!("Version of the '{alias}' {noun}."))
            .display_name(format!("{kind} version for {alias}"));
        [class, version].map(|key| key.importance(Importance::High).width(Width::Long))
    }

    /// Sets the full names of the classes of the aliases and adds what is wrong with them.
    pub(super) fn check(&self, registry: &Registry, config: &ConnectorConfig, values: &mut [ConfigValue]) {
        let properties: Properties =
            config.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
        for alias in self.named(&properties) {
            let prefix = format!("{}.{alias}.", self.key);
            let negated = self.negated_without_predicate(&prefix, config);
            self.check_class(registry, &prefix, negated, values);
            if let Some(error) = unknown_predicate(&prefix, &properties)
                && let Some(value) = of(values, &prefix, "predicate")
            {
                value.errors.push(error);
            }
        }
    }

    fn check_class(
        &self,
        registry: &Registry,
        prefix: &str,
        negated: Option<String>,
        values: &mut [ConfigValue],
    ) {
        let wanted = of(values, prefix, "plugin.version").and_then(|value| value.value.clone());
        let Some(value) = of(values, prefix, "type") else { return };
        let Some(name) = value.value.clone() else { return value.errors.extend(negated) };
        match self.resolve(registry, &value.name, &name) {
            Resolved::Unknown(error) => {
                value.value = None;
                value.errors.extend([error].into_iter().chain(negated));
            }
            // What is wrong with the class is not told as well, as in Java.
            Resolved::Wrong(error) => value.errors.push(negated.unwrap_or(error)),
            Resolved::Right(class) => {
                value.value = Some(class.to_owned());
                let version = self.class(registry, class).map_or("", |class| class.version);
                let wanted = Version::wanted(wanted.as_deref());
                let refused = wanted.and_then(|wanted| wanted.check(class, &[version])).err();
                value.errors.extend(negated.or_else(|| refused.clone()));
                of(values, prefix, "plugin.version")
                    .into_iter()
                    .for_each(|value| value.errors.extend(refused.clone()));
            }
        }
    }

    /// Whether the classes of a connector's aliases are there in the versions that it wants.
    ///
    /// # Errors
    /// One is not, or what is wanted is no version. The words are Kafka's.
    pub(super) fn check_versions(&self, registry: &Registry, properties: &Properties) -> Result<(), String> {
        for alias in self.named(properties) {
            let value = |name: &str| properties.get(&format!("{}.{alias}.{name}", self.key));
            let Some(found) = value("type").and_then(|name| self.class(registry, name)) else { continue };
            let wanted = Version::wanted(value("plugin.version").map(String::as_str))?;
            wanted.check(found.class, &[found.version])?;
        }
        Ok(())
    }

    fn resolve(&self, registry: &Registry, key: &str, name: &str) -> Resolved {
        if let Some(found) = self.class(registry, name) {
            return Resolved::Right(found.class);
        }
        if plugins::list(registry, false).iter().any(|plugin| plugin.class == name) {
            return Resolved::Wrong(format!(
                "Class class {name} does not implement the {} interface",
                self.kind
            ));
        }
        let inner: Vec<&str> = plugins::classes(registry, self.plugin)
            .filter(|class| class.strip_prefix(name).is_some_and(|rest| rest.starts_with('$')))
            .collect();
        if !inner.is_empty() {
            let words = "This class is abstract and cannot be created. Did you mean";
            return Resolved::Wrong(format!("{words} {}?", inner.join(", ")));
        }
        let hint = plugins::hint(plugins::nearest_of(registry, self.plugin, name));
        let words = format_args!("Class {name} could not be found.{hint}");
        Resolved::Unknown(Problem::invalid(key, name, words).message)
    }

    fn class(&self, registry: &Registry, name: &str) -> Option<Class> {
        let name = name.trim();
        let (description, definition) = if self.plugin == PluginType::Predicate {
            let plugin = plugins::predicate(registry, name)?;
            (plugin.description(), plugin.definition())
        } else {
            let plugin = plugins::transform(registry, name)?;
            (plugin.description(), plugin.definition())
        };
        Some(Class { class: description.class, version: description.version, kind: self.plugin, definition })
    }

    fn negated_without_predicate(&self, prefix: &str, config: &ConnectorConfig) -> Option<String> {
        let [negate, predicate] = ["negate", "predicate"].map(|key| format!("{prefix}{key}"));
        let negated = self.plugin == PluginType::Transformation && config.contains_key(&negate);
        (negated && !config.contains_key(&predicate)).then(|| {
            format!(
                "Config '{negate}' was provided but there is no config '{predicate}' defining a predicate to be \
                 negated."
            )
        })
    }

    /// The aliases in order, each once.
    fn named(&self, properties: &Properties) -> Vec<String> {
        let text = properties.get(self.key).map_or("", String::as_str);
        let Ok(Parsed::List(aliases)) = Parsed::parse(Type::List, self.key, text) else { return Vec::new() };
        let mut unique = Vec::new();
        for alias in aliases {
            if !unique.contains(&alias) {
                unique.push(alias);
            }
        }
        unique
    }
}

/// What is wrong with a transform whose predicate is not among the connector's, for which a Java worker fails the
/// tasks.
fn unknown_predicate(prefix: &str, properties: &Properties) -> Option<String> {
    let key = format!("{prefix}predicate");
    let alias = properties.get(&key).filter(|_| prefix.starts_with("transforms."))?;
    let [_, predicates] = &ALL;
    let known = predicates.named(properties).iter().any(|known| known == alias);
    let words = format_args!("There is no predicate of this name in predicates.");
    (!known).then(|| Problem::invalid(&key, alias, words).message)
}

fn of<'a>(values: &'a mut [ConfigValue], prefix: &str, name: &str) -> Option<&'a mut ConfigValue> {
    values.iter_mut().find(|value| value.name.strip_prefix(prefix) == Some(name))
}
