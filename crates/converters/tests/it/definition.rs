//! The configuration of each class, as `/connector-plugins/{plugin}/config` shows it.

use api::config::{Definition, Key};
use api::{PluginType, Registry};
use serde_json::{Value as Json, json};

use crate::judge;

fn form(definition: &Definition) -> Json {
    let key = |key: &Key| {
        json!({
            "name": key.name,
            "type": key.kind.name(),
            "required": key.required(),
            "default_value": key.default_text(),
            "importance": key.importance.name(),
            "documentation": key.documentation,
            "group": key.group,
            "order_in_group": key.order_in_group,
            "width": key.width.name(),
            "display_name": key.display_name,
            "dependents": key.dependents,
        })
    };
    definition.keys.iter().map(key).collect()
}

/// The keys in the order of their names, since Kafka keeps them in a hash table.
fn sorted(keys: &Json) -> Vec<Json> {
    let mut keys = keys.as_array().unwrap().clone();
    keys.sort_by_key(|key| key["name"].to_string());
    keys
}

#[test]
fn every_class_has_the_keys_of_kafka() {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    assert_eq!((registry.converters.len(), registry.header_converters.len()), (9, 10));
    let converters = registry.converters.iter().map(|plugin| (plugin.description(), plugin.definition()));
    let headers = registry.header_converters.iter().map(|plugin| (plugin.description(), plugin.definition()));
    for (description, definition) in converters.chain(headers) {
        let answer = &judge::ask(&[json!({"do": "definition", "class": description.class})])[0];
        assert_eq!(sorted(&form(&definition)), sorted(&answer["keys"]), "{}", description.class);
        assert_eq!(description.version, testkit::jars::KAFKA_VERSION);
    }
}

#[test]
fn every_class_is_one_of_kafkas_list() {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    let mut classes: Vec<_> = registry.converters.iter().map(|plugin| plugin.description()).collect();
    classes.extend(registry.header_converters.iter().map(|plugin| plugin.description()));
    let names = |kind: PluginType| {
        let mut names: Vec<_> =
            classes.iter().filter(|class| class.kind == kind).map(|class| class.class).collect();
        names.sort_unstable();
        names.join("\n")
    };
    expect_test::expect![[r#"
        org.apache.kafka.connect.converters.BooleanConverter
        org.apache.kafka.connect.converters.ByteArrayConverter
        org.apache.kafka.connect.converters.DoubleConverter
        org.apache.kafka.connect.converters.FloatConverter
        org.apache.kafka.connect.converters.IntegerConverter
        org.apache.kafka.connect.converters.LongConverter
        org.apache.kafka.connect.converters.ShortConverter
        org.apache.kafka.connect.json.JsonConverter
        org.apache.kafka.connect.storage.StringConverter"#]]
    .assert_eq(&names(PluginType::Converter));
    expect_test::expect![[r#"
        org.apache.kafka.connect.converters.BooleanConverter
        org.apache.kafka.connect.converters.ByteArrayConverter
        org.apache.kafka.connect.converters.DoubleConverter
        org.apache.kafka.connect.converters.FloatConverter
        org.apache.kafka.connect.converters.IntegerConverter
        org.apache.kafka.connect.converters.LongConverter
        org.apache.kafka.connect.converters.ShortConverter
        org.apache.kafka.connect.json.JsonConverter
        org.apache.kafka.connect.storage.SimpleHeaderConverter
        org.apache.kafka.connect.storage.StringConverter"#]]
    .assert_eq(&names(PluginType::HeaderConverter));
}
