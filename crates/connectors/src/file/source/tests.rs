use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use api::config::Properties;
use api::{OffsetReader, Result, SourceContext, SourceOffset, SourcePartition, SourcePlugin};
use async_trait::async_trait;
use expect_test::{Expect, expect};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use super::FileStreamSource;

/// Committed offsets, by the text of their partition.
#[derive(Default)]
pub(super) struct Committed(pub(super) Mutex<HashMap<String, SourceOffset>>);

#[async_trait]
impl OffsetReader for Committed {
    async fn offset(&self, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        Ok(self.0.lock().get(&Json::Object(partition.0.clone()).to_string()).cloned())
    }
}

pub(super) fn context() -> (Arc<Committed>, SourceContext) {
    let committed = Arc::new(Committed::default());
    (committed.clone(), SourceContext { offsets: committed })
}

pub(super) fn properties(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn object(json: Json) -> serde_json::Map<String, Json> {
    json.as_object().expect("an object").clone()
}

fn alter(file: Option<&str>, partition: Json, offset: Option<Json>) -> String {
    let mut properties = properties(&[("topic", "t")]);
    properties.extend(file.map(|file| ("file".to_owned(), file.to_owned())));
    let offsets = [(SourcePartition(object(partition)), offset.map(|offset| SourceOffset(object(offset))))];
    match FileStreamSource::new().alter_offsets(&properties, &offsets) {
        Ok(known) => format!("known: {known}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(answer: &str, expected: Expect) {
    expected.assert_eq(answer);
}

#[test]
fn its_keys_are_those_of_kafka() {
    let mut text = String::new();
    for key in FileStreamSource::new().definition().keys {
        writeln!(
            text,
            "{} {} {:?} {} {:?} {:?}",
            key.name,
            key.kind.name(),
            key.default_text(),
            key.importance.name(),
            key.documentation,
            key.validator
        )
        .unwrap();
    }
    expect![[r#"
        file STRING None HIGH "Source filename. If not specified, the standard input will be used" None
        topic STRING None HIGH "The topic to publish data to" Some(non-empty string)
        batch.size INT Some("2000") LOW "The maximum number of records the source task can read from the file each time it is polled" None
    "#]]
    .assert_eq(&text);
}

#[test]
fn every_problem_of_a_configuration_is_told() {
    let bad = properties(&[("topic", ""), ("batch.size", "-1x")]);
    let values = FileStreamSource::new().definition().validate(&bad);
    let errors: Vec<String> = values.into_iter().flat_map(|value| value.errors).collect();
    expect![[r#"
        [
            "Invalid value  for configuration topic: String must be non-empty",
            "Invalid value -1x for configuration batch.size: Not a number of type INT",
        ]
    "#]]
    .assert_debug_eq(&errors);
}

#[test]
fn offsets_are_checked_in_the_words_of_kafka() {
    let file = Some("a.txt");
    let name = || json!({"filename": "a.txt"});
    check(&alter(file, name(), Some(json!({"position": 2}))), expect!["known: true"]);
    check(&alter(file, name(), None), expect!["known: true"]);
    check(&alter(file, json!({"bad": 1}), None), expect!["known: true"]);
    check(
        &alter(file, json!({"bad": 1}), Some(json!({"position": 1}))),
        expect!["Partition objects should contain the key 'filename'"],
    );
    check(
        &alter(file, name(), Some(json!({"position": -1}))),
        expect!["The value for the 'position' key in the offset should be a non-negative value"],
    );
    check(
        &alter(file, name(), Some(json!({"position": "x"}))),
        expect!["The value for the 'position' key in the offset is expected to be a Long value"],
    );
    check(
        &alter(file, name(), Some(json!({"position": 1.5}))),
        expect!["The value for the 'position' key in the offset is expected to be a Long value"],
    );
    check(
        &alter(file, name(), Some(json!({"position": null}))),
        expect!["The value for the 'position' key in the offset is expected to be a Long value"],
    );
    check(
        &alter(file, name(), Some(json!({}))),
        expect!["Offset objects should either be null or contain the key 'position'"],
    );
    check(
        &alter(None, name(), Some(json!({"position": 1}))),
        expect![
            "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is used for input and offsets are not tracked."
        ],
    );
    check(
        &alter(Some(""), name(), Some(json!({"position": 1}))),
        expect![
            "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is used for input and offsets are not tracked."
        ],
    );
}

#[tokio::test]
async fn one_task_reads_a_file_however_many_are_allowed() {
    struct Ignored;
    impl api::ConnectorContext for Ignored {
        fn request_reconfiguration(&self) {}
        fn raise_error(&self, _error: api::Error) {}
    }
    let properties = properties(&[("file", "a.txt"), ("topic", "t"), ("name", "n")]);
    let mut connector = FileStreamSource::new().start(&properties, Arc::new(Ignored)).await.unwrap();
    assert_eq!(connector.split(8).await.unwrap(), [properties]);
}
