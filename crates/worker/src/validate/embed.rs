//! The keys of a class under the prefix of its alias, as Kafka's `ConfigDef.embed` makes them.

use api::PluginType;
use api::config::{Definition, Importance, Key, Type, Validator};

/// A class of transforms or predicates.
pub(super) struct Class {
    pub(super) class: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: PluginType,
    pub(super) definition: Definition,
}

/// The keys of a class, with those that every transform has, in Kafka's order from a place in their group on.
pub(super) fn embedded(class: Class, prefix: &str, group: &str, first: i32) -> Vec<Key> {
    let mut keys = if class.kind == PluginType::Transformation { implicit() } else { Vec::new() };
    let implicit: Vec<_> = keys.iter().map(|key| key.name.clone()).collect();
    keys.extend(class.definition.keys.into_iter().filter(|key| !implicit.contains(&key.name)));
    sort(&mut keys);
    (first..).zip(keys).map(|(place, key)| under(prefix, group, place, key)).collect()
}

/// The keys that every transform has, whatever its class says of keys with these names.
fn implicit() -> Vec<Key> {
    let predicate = Key::new("predicate", Type::String)
        .nullable()
        .documentation("The alias of a predicate used to determine whether to apply this transformation.");
    let negate = Key::new("negate", Type::Boolean)
        .default("false")
        .documentation("Whether the configured predicate should be negated.");
    [predicate, negate].map(|key| key.importance(Importance::Medium)).into()
}

/// Puts keys in the order of Kafka's `ConfigDef.sortedConfigs`: by group as these first come up, keys without one
/// first, by their place in it, those that are required first, by importance, by name.
fn sort(keys: &mut [Key]) {
    let mut groups = Vec::new();
    for key in keys.iter().filter(|key| key.group.is_some()) {
        if !groups.contains(&key.group) {
            groups.push(key.group.clone());
        }
    }
    let group = |key: &Key| groups.iter().position(|group| *group == key.group).map(|place| place + 1);
    keys.sort_by_cached_key(|key| {
        let importance = match key.importance {
            Importance::High => 0,
            Importance::Medium => 1,
            Importance::Low => 2,
        };
        (group(key), key.order_in_group, !key.required(), importance, key.name.clone())
    });
}

/// A key under a prefix. Its validator goes on with the bare name, which is what its messages show.
fn under(prefix: &str, group: &str, place: i32, key: Key) -> Key {
    let bare = key.name.to_string();
    let group = key.group.as_ref().map_or_else(|| group.to_owned(), |own| format!("{group}: {own}"));
    let validator = key.validator.map(|validator| {
        let description = validator.description().to_owned();
        Validator::new(&description, move |_, value| validator.check(&bare, value))
    });
    Key {
        name: format!("{prefix}{}", key.name).into(),
        group: Some(group.into()),
        order_in_group: place,
        validator,
        dependents: key.dependents.iter().map(|name| format!("{prefix}{name}").into()).collect(),
        ..key
    }
}
