//! The definitions that REST shows, against those of Kafka's classes.

use api::Registry;
use api::config::{Definition, Key};
use serde_json::{Value as Json, json};

use crate::judge;

fn key(key: &Key) -> Json {
    json!({
        "name": key.name, "type": key.kind.name(), "required": key.required(),
        "default_value": key.default_text(), "importance": key.importance.name(),
        "documentation": key.documentation, "group": key.group, "order_in_group": key.order_in_group,
        "width": key.width.name(), "display_name": key.display_name, "dependents": key.dependents,
    })
}

#[test]
fn definitions_are_those_of_kafka() {
    let mut registry = Registry::default();
    transforms::register(&mut registry);
    let transforms = registry.transforms.iter().map(|plugin| (plugin.description(), plugin.definition()));
    let predicates = registry.predicates.iter().map(|plugin| (plugin.description(), plugin.definition()));
    let plugins: Vec<(api::Description, Definition)> = transforms.chain(predicates).collect();
    let question =
        |plugin: &(api::Description, Definition)| json!({"do": "definition", "class": plugin.0.class});
    let answers = judge::ask(&plugins.iter().map(question).collect::<Vec<_>>());
    for ((description, definition), answer) in plugins.iter().zip(answers) {
        let mut expected = answer["keys"].clone();
        for key in expected.as_array_mut().expect("a definition") {
            key.as_object_mut().expect("a key").remove("order");
        }
        let ours: Json = definition.keys.iter().map(key).collect();
        assert_eq!(ours, expected, "{}", description.class);
    }
}
