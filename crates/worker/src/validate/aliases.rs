//! The keys that the aliases in `transforms` and `predicates` bring with them.

use api::config::{ConfigValue, Importance, Key, Parsed, Problem, Properties, Type, Width};

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
}

/// `transforms` and `predicates`.
pub(super) const ALL: [Aliases; 2] = [
    Aliases { key: "transforms", group: "Transforms", kind: "Transformation", noun: "transformation" },
    Aliases { key: "predicates", group: "Predicates", kind: "Predicate", noun: "predicate" },
];

impl Aliases {
    /// The keys of each alias of a connector: its class and the version of that.
    pub(super) fn keys(&self, properties: &Properties) -> Vec<Key> {
        self.named(properties).iter().flat_map(|alias| self.keys_of(alias)).collect()
    }

    fn keys_of(&self, alias: &str) -> [Key; 2] {
        let Self { key, group, kind, noun } = self;
        let group = format!("{group}: {alias}");
        let class = Key::new(format!("{key}.{alias}.type"), Type::Class)
            .group(group.clone(), 0)
            .documentation(format!("Class for the '{alias}' {noun}."))
            .display_name(format!("{kind} type for {alias}"));
        let version = Key::new(format!("{key}.{alias}.plugin.version"), Type::String)
            .nullable()
            .group(group, 1)
            .documentation(format!("Version of the '{alias}' {noun}."))
            .display_name(format!("{kind} version for {alias}"));
        [class, version].map(|key| key.importance(Importance::High).width(Width::Long))
    }

    /// Adds what is wrong with the classes of the aliases: none of them is built in.
    pub(super) fn check(&self, properties: &Properties, values: &mut [ConfigValue]) {
        for alias in self.named(properties) {
            let prefix = format!("{}.{alias}.", self.key);
            let name = format!("{prefix}type");
            let Some(value) = values.iter_mut().find(|value| value.name == name) else { continue };
            if let Some(class) = value.value.take() {
                value.errors.push(self.unknown(&name, &class));
            }
            value.errors.extend(self.negated_without_predicate(&prefix, properties));
        }
    }

    fn unknown(&self, name: &str, class: &str) -> String {
        let words = format_args!("Class {class} could not be found. There are no {}s yet.", self.noun);
        Problem::invalid(name, class, words).message
    }

    fn negated_without_predicate(&self, prefix: &str, properties: &Properties) -> Option<String> {
        let [negate, predicate] = ["negate", "predicate"].map(|key| format!("{prefix}{key}"));
        let negated = self.key == "transforms" && properties.contains_key(&negate);
        (negated && !properties.contains_key(&predicate)).then(|| {
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
