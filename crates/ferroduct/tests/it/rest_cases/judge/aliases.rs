//! Configurations with transforms and predicates, right and wrong.

use serde_json::{Value, json};

const PACKAGE: &str = "org.apache.kafka.connect.transforms.";

/// A configuration with one transform: keys without a dot in front are the transform's own.
fn transform(class: &str, keys: &Value) -> Value {
    let mut all = json!({ "transforms": "a", "transforms.a.type": class });
    for (key, value) in keys.as_object().expect("an object") {
        all[format!("transforms.a.{key}")] = value.clone();
    }
    all
}

/// The same for a class of Kafka's package.
fn own(class: &str, keys: &Value) -> Value {
    transform(&format!("{PACKAGE}{class}"), keys)
}

/// A configuration with one predicate.
fn predicate(class: &str, keys: &Value) -> Value {
    let mut all = json!({ "predicates": "p", "predicates.p.type": class });
    for (key, value) in keys.as_object().expect("an object") {
        all[format!("predicates.p.{key}")] = value.clone();
    }
    all
}

/// What is added to a right configuration of a source.
pub(super) fn cases() -> impl Iterator<Item = Value> {
    names().into_iter().chain(predicates()).chain(keys()).chain(wrong_values()).chain(complete())
}

/// Aliases and classes.
fn names() -> Vec<Value> {
    let none = json!({});
    let version = |version: &str| own("Cast$Value", &json!({ "spec": "a:int8", "plugin.version": version }));
    vec![
        json!({ "transforms": "a" }),
        json!({ "transforms": null }),
        json!({ "transforms": "a", "transforms.a.type": null }),
        json!({ "transforms": "a, a ,b", "transforms.a.type": "Filter", "transforms.b.type": "Filter" }),
        json!({ "transforms": "a,,b", "transforms.a.type": "Filter", "transforms.b.type": "Filter" }),
        json!({ "transforms": "a b", "transforms.a b.type": "Filter" }),
        json!({ "transforms": "ä.b", "transforms.ä.b.type": "Filter" }),
        json!({ "transforms": "", "transforms.a.type": "Nope", "transforms.a.spec": "unused" }),
        transform("", &none),
        transform("Filter", &none),
        transform("RegexRouter", &json!({ "regex": "a", "replacement": "b" })),
        transform("org.example.Qqqqqqqqq", &json!({ "plugin.version": "1.0" })),
        own("Cast", &none),
        own("Cast", &json!({ "negate": "true", "plugin.version": "1.0" })),
        own("predicates.HasHeaderKey", &none),
        own("predicates.HasHeaderKey", &json!({ "plugin.version": "2.0" })),
        transform("org.apache.kafka.connect.file.FileStreamSinkConnector", &none),
        version("4.3.1"),
        version("latest"),
        version("1.0"),
        version("4.3.1.0"),
        version("[4.0,5.0)"),
        version("(,4.3.1)"),
        version("[1.0],[4.3.1,)"),
        version("[5.0,]"),
    ]
}

fn predicates() -> Vec<Value> {
    let none = json!({});
    let with = |transform: Value, predicate: &Value| {
        let mut all = transform;
        all.as_object_mut().expect("an object").extend(predicate.as_object().expect("an object").clone());
        all
    };
    let tombstone = predicate("RecordIsTombstone", &none);
    vec![
        json!({ "predicates": "p" }),
        predicate("HasHeaderKey", &none),
        predicate("HasHeaderKey", &json!({ "name": "" })),
        predicate("TopicNameMatches", &none),
        predicate("TopicNameMatches", &json!({ "pattern": "(" })),
        predicate("RecordIsTombstone", &json!({ "negate": "x", "predicate": "y" })),
        predicate("RecordIsTombstone", &json!({ "plugin.version": "3.0" })),
        predicate(&format!("{PACKAGE}Filter"), &none),
        predicate("org.example.Qqqqqqqqq", &none),
        with(transform("Filter", &json!({ "predicate": "p", "negate": " TRUE " })), &tombstone),
        with(transform("Filter", &json!({ "predicate": "p", "negate": "maybe" })), &tombstone),
        with(transform("Filter", &json!({ "predicate": null })), &tombstone),
        transform("Filter", &json!({ "negate": "true" })),
        transform("Filter", &json!({ "negate": null })),
        transform("org.example.Qqqqqqqqq", &json!({ "negate": "false" })),
    ]
}

/// Each class with what it requires and nothing else, and with nothing at all.
fn complete() -> Vec<Value> {
    let required = [
        ("Cast", json!({ "spec": "a:int8" })),
        ("ExtractField", json!({ "field": "a" })),
        ("Flatten", json!({ "delimiter": "_" })),
        ("HeaderFrom", json!({ "fields": "a", "headers": "b", "operation": "move" })),
        ("HoistField", json!({ "field": "a" })),
        ("InsertField", json!({ "topic.field": "t!", "offset.field": "o?" })),
        ("MaskField", json!({ "fields": "a,b", "replacement": "x" })),
        ("ReplaceField", json!({ "renames": "a:b,c:d", "exclude": "x", "include": "y" })),
        ("SetSchemaMetadata", json!({ "schema.name": "n", "schema.version": "2" })),
        ("TimestampConverter", json!({ "target.type": "string", "format": "yyyy" })),
    ];
    let plain = [
        ("DropHeaders", json!({ "headers": "a,b" })),
        ("Filter", json!({})),
        ("InsertHeader", json!({ "header": "h", "value.literal": "1" })),
        ("RegexRouter", json!({ "regex": "(.*)", "replacement": "$1" })),
        ("TimestampRouter", json!({ "topic.format": "${topic}", "timestamp.format": "yyyy" })),
        ("ValueToKey", json!({ "fields": "a" })),
    ];
    let sided = required
        .iter()
        .flat_map(|(class, keys)| ["$Key", "$Value"].map(|side| own(&format!("{class}{side}"), keys)));
    let nothing = required.iter().map(|(class, _)| own(&format!("{class}$Value"), &json!({})));
    let empty = plain.iter().map(|(class, _)| own(class, &json!({})));
    let full = plain.iter().map(|(class, keys)| own(class, keys));
    sided.chain(nothing).chain(empty).chain(full).collect()
}

/// Values that are not of their type, and keys that are null or masked.
fn keys() -> Vec<Value> {
    vec![
        own("Cast$Value", &json!({ "spec": null, "replace.null.with.default": null })),
        own("Cast$Value", &json!({ "spec": "", "replace.null.with.default": "x" })),
        own("SetSchemaMetadata$Value", &json!({ "schema.version": "x" })),
        own("SetSchemaMetadata$Value", &json!({ "schema.version": "2147483648", "nope": "x" })),
        own("HoistField$Key", &json!({ "field": "" })),
        own("ValueToKey", &json!({ "fields": "a,,b" })),
        own("DropHeaders", &json!({ "headers": " , " })),
        own("MaskField$Value", &json!({ "fields": "a,a", "replacement": "" })),
    ]
}

/// Values that a validator refuses.
fn wrong_values() -> Vec<Value> {
    vec![
        own("Cast$Value", &json!({ "spec": "a:nope" })),
        own("Cast$Value", &json!({ "spec": "a:int8,a:int8" })),
        own("Cast$Value", &json!({ "spec": "int8,string" })),
        own("Cast$Value", &json!({ "spec": "a:b:int8" })),
        own("Cast$Value", &json!({ "spec": "a:bytes" })),
        own("ExtractField$Value", &json!({ "field": "a..b", "field.syntax.version": "V3" })),
        own("ExtractField$Value", &json!({ "field": "a..b", "field.syntax.version": "v2" })),
        own("HeaderFrom$Value", &json!({ "fields": "", "headers": "h", "operation": "mv" })),
        own("HeaderFrom$Value", &json!({ "fields": "a,b", "headers": "h", "operation": "MOVE" })),
        own("MaskField$Value", &json!({ "fields": "" })),
        own("RegexRouter", &json!({ "regex": "(", "replacement": "x" })),
        own("ReplaceField$Value", &json!({ "renames": "a:b:c" })),
        own("ReplaceField$Value", &json!({ "renames": "a" })),
        own("TimestampConverter$Value", &json!({ "target.type": "nope", "unix.precision": "x" })),
        own("TimestampConverter$Value", &json!({ "target.type": "string" })),
        own("TimestampRouter", &json!({ "timestamp.format": "qqq" })),
        own("InsertField$Value", &json!({ "static.field": "a" })),
    ]
}

/// An error without what our words are other ones for: how a regular expression is wrong.
pub(super) fn in_our_words(error: &str) -> String {
    match error.split_once("Invalid regex: ") {
        Some((before, _)) => format!("{before}Invalid regex"),
        None => error.to_owned(),
    }
}
