use std::sync::Arc;

use api::Registry;
use expect_test::{Expect, expect};

use super::{ConnectorPlugin, Version, list, unknown};
use crate::validate::tests::registry;

fn check(registry: &Registry, name: &str, expected: Expect) {
    let found = ConnectorPlugin::find(registry, name);
    let actual = match found {
        Ok(plugin) => plugin.description().class.to_owned(),
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&actual);
}

#[test]
fn a_connector_is_found_by_class_simple_name_and_alias() {
    let registry = registry();
    for name in ["org.example.LinesSourceConnector", "LinesSourceConnector", "LinesSource"] {
        check(&registry, name, expect!["org.example.LinesSourceConnector"]);
    }
    check(&registry, "LinesSink", expect!["org.example.LinesSinkConnector"]);
}

#[test]
fn an_unknown_connector_is_told_with_the_nearest_name() {
    let registry = registry();
    check(
        &registry,
        "LineSorce",
        expect![
            "error: Failed to find any class that implements Connector and which name matches LineSorce, available connectors are: org.example.LinesSinkConnector, org.example.LinesSourceConnector. Did you mean org.example.LinesSourceConnector?"
        ],
    );
    check(
        &registry,
        "io.other.PostgresSinkConnector",
        expect![
            "error: Failed to find any class that implements Connector and which name matches io.other.PostgresSinkConnector, available connectors are: org.example.LinesSinkConnector, org.example.LinesSourceConnector"
        ],
    );
}

#[test]
fn an_alias_of_two_classes_is_refused_and_each_full_name_is_found() {
    let mut registry = registry();
    registry.sinks.push(Arc::new(crate::validate::tests::Lines { class: "com.other.LinesSinkConnector" }));
    check(
        &registry,
        "LinesSink",
        expect![
            "error: More than one connector matches alias LinesSink. Please use full package and class name instead. Classes found: org.example.LinesSinkConnector, com.other.LinesSinkConnector"
        ],
    );
    check(&registry, "com.other.LinesSinkConnector", expect!["com.other.LinesSinkConnector"]);
}

#[test]
fn plugins_are_listed_by_kind_then_by_class() {
    let plugins = list(&registry(), false);
    let lines: Vec<String> =
        plugins.iter().map(|plugin| format!("{} {} {}", plugin.kind, plugin.class, plugin.version)).collect();
    expect![[r#"
        sink org.example.LinesSinkConnector 1.0
        source org.example.LinesSourceConnector 1.0
        converter org.example.PlainConverter 2.0
        header_converter org.apache.kafka.connect.storage.SimpleHeaderConverter 2.0"#]]
    .assert_eq(&lines.join("\n"));
    assert_eq!(list(&registry(), true).len(), 2);
}

#[test]
fn an_unknown_plugin_is_told_with_the_nearest_name() {
    expect!["Unknown plugin PlainConvertor. Did you mean org.example.PlainConverter?"]
        .assert_eq(&unknown(&registry(), "PlainConvertor").to_string());
    expect!["Unknown plugin NoSuch."].assert_eq(&unknown(&registry(), "NoSuch").to_string());
}

#[test]
fn a_version_is_wanted_by_itself_or_by_ranges() {
    let wanted = |text: &str| Version::wanted(Some(text)).is_ok_and(|it| it.check("a.B", &["4.3.1"]).is_ok());
    for text in ["latest", "4.3.1", " 4.3.1 ", "4.3.1.0", "[4.3.1]", "[4.0,5.0)", "(4.3,]", "[1.0],[4.3.1,)"]
    {
        assert!(wanted(text), "{text}");
    }
    for text in ["4.3.1.Final", "[4.3.1-SNAPSHOT,)", "4.3.1,5", "(4.3.1-rc1,4.3.1-sp)", "[4.3.1-m2,]"] {
        assert!(wanted(text), "{text}");
    }
    for text in ["4.3", "4.3.1-rc", "", "[4.0,4.3.1)", "(4.3.1,)", "[1.0],[2.0]", "[", "4.3.1]", "4.3.1-sp"] {
        assert!(!wanted(text), "{text}");
    }
    assert!(Version::wanted(None).expect("any").check("a.B", &["4.3.1"]).is_ok());
    assert_eq!(
        Version::wanted(Some("1.0")).expect("a version").check("a.B", &["4.3.1"]),
        Err("Plugin a.B not found that matches the version range [1.0,1.0], available versions: [4.3.1]"
            .to_owned())
    );
}

#[test]
fn what_is_no_version_is_told_in_the_words_of_maven() {
    let wrong = |text: &str| Version::wanted(Some(text)).expect_err(text);
    assert_eq!(wrong("["), "Unbounded range: [");
    assert_eq!(wrong("[2,1]"), "Range defies version ordering: [2,1]");
    assert_eq!(wrong("[1,2),[1,3)"), "Ranges overlap: [1,2),[1,3)");
    assert_eq!(wrong("(1)"), "Single version must be surrounded by []: (1)");
    assert_eq!(wrong("1.0]"), "Only fully-qualified sets allowed in multiple set scenario: [1.0]]");
}
