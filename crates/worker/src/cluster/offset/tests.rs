use api::{SourceOffset, SourcePartition};
use serde_json::{Value as Json, json};

use super::index::Index;

fn map(json: Json) -> serde_json::Map<String, Json> {
    json.as_object().unwrap().clone()
}

fn partition(json: Json) -> SourcePartition {
    SourcePartition(map(json))
}

fn offset(json: Json) -> SourceOffset {
    SourceOffset(map(json))
}

const ONE: &[u8] = br#"["c",{"cluster":"s","topic":"t"}]"#;
const OTHER: &[u8] = br#"["c",{"topic":"t","cluster":"s"}]"#;

#[test]
fn an_offset_is_found_whatever_the_order_of_its_key() {
    let mut index = Index::default();
    assert!(index.take(ONE, Some(br#"{"o":1}"#)));
    let asked = partition(json!({"topic": "t", "cluster": "s"}));
    assert_eq!(index.get("c", &asked), Some(offset(json!({"o": 1}))));
    let entries = index.entries("c", &asked, Some(&offset(json!({"o": 2}))));
    assert_eq!(entries, [(ONE.to_vec(), Some(br#"{"o":2}"#.to_vec()))]);
}

#[test]
fn the_key_seen_last_counts_and_forgetting_deletes_all() {
    let mut index = Index::default();
    index.take(ONE, Some(br#"{"o":1}"#));
    index.take(OTHER, Some(br#"{"o":2}"#));
    let asked = partition(json!({"topic": "t", "cluster": "s"}));
    assert_eq!(index.get("c", &asked), Some(offset(json!({"o": 2}))));
    assert_eq!(index.of("c").len(), 1);
    let entries = index.entries("c", &asked, None);
    assert_eq!(entries, [(ONE.to_vec(), None), (OTHER.to_vec(), None)]);
    for (key, value) in entries {
        index.take(&key, value.as_deref());
    }
    assert_eq!(index, Index::default());
}

#[test]
fn a_new_key_is_written_as_java_writes_it() {
    let index = Index::default();
    let entries = index.entries(
        "local-file-source",
        &partition(json!({"filename": "test.txt"})),
        Some(&offset(json!({"position": 5}))),
    );
    let key = br#"["local-file-source",{"filename":"test.txt"}]"#.to_vec();
    assert_eq!(kafka::partition_of_key(&key, 25), 10);
    assert_eq!(entries, [(key, Some(br#"{"position":5}"#.to_vec()))]);
    assert_eq!(index.entries("c", &partition(json!({})), None), []);
}

#[test]
fn what_is_no_offset_is_passed_over() {
    let mut index = Index::default();
    for key in ["", "{}", "[]", r#"["c"]"#, r#"["c",1]"#, r#"[1,{}]"#, r#"["c",{}"#] {
        assert!(!index.take(key.as_bytes(), Some(b"{}")), "{key}");
    }
    assert_eq!(index, Index::default());
    index.take(br#"["c",{}]"#, Some(b"no JSON"));
    assert_eq!(index.get("c", &partition(json!({}))), None);
    assert_eq!(index.of("c"), []);
}
