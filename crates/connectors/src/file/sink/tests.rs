use std::sync::Arc;

use api::config::Properties;
use api::{Batch, ConnectorContext, Error, Offsets, Record, SinkContext, SinkPlugin, TopicPartition};
use expect_test::expect;

use super::FileStreamSink;

/// A worker that nothing is asked of.
pub(super) struct NoContext;

impl SinkContext for NoContext {
    fn seek(&self, _offsets: Offsets) {}
    fn pause(&self, _partitions: &[TopicPartition]) {}
    fn resume(&self, _partitions: &[TopicPartition]) {}
    fn request_commit(&self) {}
    fn reject(&self, _batch: &Batch, _record: &Record, error: Error) -> api::Result<()> {
        Err(error)
    }
}

impl ConnectorContext for NoContext {
    fn request_reconfiguration(&self) {}
    fn raise_error(&self, _error: Error) {}
}

pub(super) fn properties(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn its_key_is_that_of_kafka() {
    let keys = FileStreamSink.definition().keys;
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            (&*key.name, key.kind.name(), key.default_text(), key.importance.name(), &*key.documentation)
        })
        .collect();
    expect![[r#"
        [
            (
                "file",
                "STRING",
                None,
                "HIGH",
                "Destination filename. If not specified, the standard output will be used",
            ),
        ]
    "#]]
    .assert_debug_eq(&keys);
}

#[tokio::test]
async fn every_task_that_is_allowed_writes_the_file() {
    let properties = properties(&[("file", "a.txt"), ("topics", "t")]);
    let mut connector = FileStreamSink.start(&properties, Arc::new(NoContext)).await.unwrap();
    assert_eq!(connector.split(3).await.unwrap(), [properties.clone(), properties.clone(), properties]);
}

#[test]
fn offsets_are_those_of_kafka_and_may_be_altered() {
    assert!(
        FileStreamSink.alter_offsets(&properties(&[]), &[(TopicPartition::new("t", 0), Some(1))]).unwrap()
    );
}
