use std::fs;
use std::path::Path;
use std::sync::Arc;

use api::{Batch, Offsets, Record, SinkPlugin, SinkTask, TopicPartition, Value};
use futures_util::FutureExt;
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::file::sink::FileStreamSink;
use crate::file::sink::tests::{NoContext, properties};

async fn start(path: &Path) -> api::Result<Box<dyn SinkTask>> {
    let file = path.display().to_string();
    FileStreamSink.task(&properties(&[("file", &file), ("topics", "t")]), Arc::new(NoContext)).await
}

fn batch(partition: i32, lines: &[&str]) -> Batch {
    let mut batch = Batch::new("t".into());
    let record = |line: &&str| Record {
        value: Some(Value::from(*line)),
        partition: Some(partition),
        ..Record::default()
    };
    batch.records = lines.iter().map(record).collect();
    batch
}

fn offsets(next: i64) -> Offsets {
    Offsets::from([(TopicPartition::new("t", 0), next)])
}

fn output() -> (TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("output.txt");
    (directory, path)
}

#[tokio::test]
async fn records_become_lines_in_the_order_they_come() {
    let (_directory, path) = output();
    let mut task = start(&path).await.unwrap();
    task.put(&[batch(0, &["a", "b"]), batch(1, &["x"]), batch(0, &["c"])]).await.unwrap();
    task.put(&[]).await.unwrap();
    task.put(&[batch(1, &["y"])]).await.unwrap();
    assert_eq!(task.pre_commit(&offsets(3)).await.unwrap(), offsets(3));
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\nb\nx\nc\ny\n");
}

#[tokio::test]
async fn a_file_that_cannot_be_created_is_told_in_the_words_of_kafka() {
    let error = start(Path::new("/proc/nosuch/x")).await.err().unwrap();
    assert_eq!(error.to_string(), "Couldn't find or create file '/proc/nosuch/x' for FileStreamSinkTask");
    assert!(format!("{error:#}").contains("No such file or directory"), "{error:#}");
}

#[tokio::test]
async fn a_directory_is_told_by_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let error = start(directory.path()).await.err().unwrap();
    assert!(format!("{error:#}").contains("Is a directory"), "{error:#}");
}

#[tokio::test]
async fn what_was_put_and_not_committed_comes_again_and_nothing_is_lost() {
    let (_directory, path) = output();
    let mut task = start(&path).await.unwrap();
    task.put(&[batch(0, &["a", "b"])]).await.unwrap();
    task.pre_commit(&offsets(2)).await.unwrap();
    task.put(&[batch(0, &["c", "d"])]).await.unwrap();
    // The worker dies here; the next one starts behind what was committed.
    drop(task);
    let mut task = start(&path).await.unwrap();
    task.put(&[batch(0, &["c", "d", "e"])]).await.unwrap();
    assert_eq!(task.pre_commit(&offsets(5)).await.unwrap(), offsets(5));
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\nb\nc\nd\nc\nd\ne\n");
}

#[tokio::test]
async fn a_put_that_was_dropped_leaves_whole_lines_in_front_of_the_next() {
    let (_directory, path) = output();
    let mut task = start(&path).await.unwrap();
    let lines = vec!["x".repeat(99); 50_000];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    // Whoever holds the lock of the file keeps the append waiting.
    let held = fs::File::open(&path).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    assert!(task.put(&[batch(0, &lines)]).now_or_never().is_none());
    drop(held);
    task.put(&[batch(0, &["last"])]).await.unwrap();
    task.pre_commit(&offsets(1)).await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 50_001);
    assert!(text.ends_with("x\nlast\n"));
}

#[tokio::test]
async fn after_an_error_the_same_records_may_come_again() {
    let (_directory, path) = output();
    let mut task = start(Path::new("/dev/full")).await.unwrap();
    let lines = [batch(0, &["a"])];
    let error = task.put(&lines).await.unwrap_err();
    assert_eq!(error.reaction(), api::Reaction::Retry);
    assert!(task.put(&lines).await.is_err());
    drop(task);
    let mut task = start(&path).await.unwrap();
    task.put(&lines).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\n");
}

#[tokio::test]
async fn a_removed_file_makes_a_commit_fail_and_the_records_come_again() {
    let (_directory, path) = output();
    let mut task = start(&path).await.unwrap();
    task.put(&[batch(0, &["a"])]).await.unwrap();
    fs::remove_file(&path).unwrap();
    assert!(task.pre_commit(&offsets(1)).await.is_err());
    task.put(&[batch(0, &["a"])]).await.unwrap();
    task.pre_commit(&offsets(1)).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\n");
}
