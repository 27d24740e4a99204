//! The keys `topic.creation.*` of source connectors: how topics are made that do not exist yet.

use api::config::{Definition, Key, Parsed, Properties, Type, Width};

use super::rules;

const PREFIX: &str = "topic.creation.";
const GROUPS: &str = "topic.creation.groups";
const DEFAULT_GROUP: &str = "default";

/// Whether a source connector says anything about the topics that are made for it.
pub(super) fn used(properties: &Properties) -> bool {
    properties.keys().any(|key| key.starts_with(PREFIX))
}

/// The keys of the default group and of every group that `topic.creation.groups` names.
pub(super) fn definition(properties: &Properties) -> Definition {
    let mut keys = keys_of(DEFAULT_GROUP, DEFAULT_GROUP, None);
    let inherited = ["replication.factor", "partitions"]
        .map(|name| properties.get(&format!("{PREFIX}{DEFAULT_GROUP}.{name}")).map_or("-1", String::as_str));
    for group in groups(properties) {
        keys.extend(keys_of(&group, &format!("Topic Creation: {group}"), Some(inherited)));
    }
    keys.into_iter().collect()
}

fn groups(properties: &Properties) -> Vec<String> {
    let text = properties.get(GROUPS).map_or("", String::as_str);
    let Ok(Parsed::List(mut groups)) = Parsed::parse(Type::List, GROUPS, text) else { return Vec::new() };
    groups.retain(|group| group != DEFAULT_GROUP);
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The keys of a group; without an inherited replication factor and number of partitions these are required.
fn keys_of(alias: &str, group: &str, inherited: Option<[&str; 2]>) -> Vec<Key> {
    let all = if inherited.is_none() { ".*" } else { "" };
    let key = |name: &str, kind, order, display: &str, documentation: &'static str| {
        Key::new(format!("{PREFIX}{alias}.{name}"), kind)
            .group(group.to_owned(), order)
            .width(Width::Long)
            .display_name(format!("{display} {group}"))
            .documentation(documentation)
    };
    let mut factor = key("replication.factor", Type::Short, 3, "Replication Factor for Topics in", FACTOR)
        .validator(rules::replication_factor());
    let mut partitions = key("partitions", Type::Int, 4, "Partition Count for Topics in", PARTITIONS)
        .validator(rules::partitions());
    if let Some([factor_of_default, partitions_of_default]) = inherited {
        factor = inherit(factor, factor_of_default);
        partitions = inherit(partitions, partitions_of_default);
    }
    vec![
        key("include", Type::List, 1, "Inclusion Topic Pattern for", INCLUDE)
            .default(all.to_owned())
            .validator(rules::regexes()),
        key("exclude", Type::List, 2, "Exclusion Topic Pattern for", EXCLUDE)
            .default("")
            .validator(rules::regexes()),
        factor,
        partitions,
    ]
}

/// What the default group says, unless that is wrong: its own key reports it then.
fn inherit(key: Key, text: &str) -> Key {
    let parsed = Parsed::parse(key.kind, &key.name, text);
    let right = parsed.is_ok_and(|value| {
        key.validator.as_ref().is_none_or(|validator| validator.check(&key.name, &value).is_ok())
    });
    key.default(if right { text.to_owned() } else { "-1".to_owned() })
}

const INCLUDE: &str = "Regular expressions for the names of the topics that get the settings of this group.";
const EXCLUDE: &str = "Regular expressions for the names of the topics that do not get the settings of this \
                       group, even where they are included.";
const FACTOR: &str = "The replication factor of new topics: a positive number up to the number of brokers, or -1 \
                      for the default of the broker. Required for the default group, from which the others take \
                      it where they do not say.";
const PARTITIONS: &str = "The number of partitions of new topics: a positive number, or -1 for the default of the \
                          broker. Required for the default group, from which the others take it where they do not \
                          say.";
