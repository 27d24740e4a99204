//! Configurations that want versions of plugins.

use serde_json::{Value, json};

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const PACKAGE: &str = "org.apache.kafka.connect.transforms.";

/// What is added to a right configuration of a source.
pub(super) fn cases() -> impl Iterator<Item = Value> {
    connectors().chain(converters()).chain(transforms())
}

/// Right and wrong versions of the connector. Java answers 500 to those that are no version, and to an empty one
/// in brackets.
fn connectors() -> impl Iterator<Item = Value> {
    let versions = [
        "",
        "latest",
        " latest",
        "LATEST",
        "4.3.1",
        " 4.3.1 ",
        "4.3.1.0",
        "4.3",
        "04.3.1",
        "a",
        "[4.0,)",
        "(,1.0]",
        "9,9",
        "4.3.1,4.3.2",
        "4.3,4.3.1",
        "[4.3.1] ",
        "[4.3.1-SNAPSHOT,)",
        "4.3.1.Final",
        "4.3.1-GA",
        "4.3.1-cr1",
        "[a b]",
        "(4.3.1-sp,)",
        "(,4.3.1-sp)",
        "(,4.3.1-alpha-1)",
        "[4.3.1-a1,)",
        "[4.3.1-m2,4.3.1-xyz]",
        "[1,2],[4,5]",
        "[1,2] , [4,5]",
        "[1,2][4,5]",
        "[4.3.1-1,)",
        "(,4.3.1-1)",
        "(4.3.1.rc2,)",
        "(4.3.0.99999999999999999999,)",
        "(,4.3.1.99999999999999999999)",
    ];
    let wanted = versions.into_iter().map(|version| json!({ "connector.plugin.version": version }));
    wanted.chain([
        json!({ "connector.plugin.version": null }),
        json!({
            "connector.plugin.version": "8", "transforms": "a", "tasks.max": "x", "other": null, "topic": null,
            "producer.override.acks": "1", "key.converter": JSON, "key.converter.plugin.version": "1.0",
            "value.converter": "org.example.Qqqqqqqqq",
        }),
    ])
}

fn converters() -> impl Iterator<Item = Value> {
    let versions =
        ["", "[", "latest", "4.3.1", "[4.0,)", "1.0", "[1.0],[2.0]", "[2,1]", "[1,1)", "(1)", "1]"];
    let wanted = versions.into_iter().flat_map(|version| {
        let own = json!({ "key.converter": JSON, "key.converter.plugin.version": version });
        [own, json!({ "value.converter.plugin.version": version })]
    });
    wanted.chain([
        json!({ "key.converter": JSON, "key.converter.plugin.version": null }),
        json!({ "value.converter": "org.example.Qqqqqqqqq", "value.converter.plugin.version": "[" }),
        json!({ "value.converter": "org.example.Qqqqqqqqq", "value.converter.plugin.version": "1.0" }),
        json!({
            "header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter",
            "header.converter.plugin.version": "(,4.3.1)",
        }),
    ])
}

fn transforms() -> impl Iterator<Item = Value> {
    ["[", "", "  ", "[2,1]", "4.3.1,5", "(1)", "[1,2),[1,3)"].into_iter().flat_map(|version| {
        let transform = json!({
            "transforms": "a", "transforms.a.type": format!("{PACKAGE}Filter"), "transforms.a.plugin.version": version,
        });
        let predicate = json!({
            "predicates": "p", "predicates.p.type": format!("{PACKAGE}predicates.RecordIsTombstone"),
            "predicates.p.plugin.version": version,
        });
        [transform, predicate]
    })
}
