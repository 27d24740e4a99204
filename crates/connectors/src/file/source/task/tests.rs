use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::{Batch, SourceOffset, SourcePlugin, SourceTask, Type, Value};
use futures_util::FutureExt;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::file::source::FileStreamSource;
use crate::file::source::readers::THREADS;
use crate::file::source::tests::{context, properties};

async fn start(
    path: &Path,
    more: &[(&str, &str)],
    position: Option<Json>,
) -> api::Result<Box<dyn SourceTask>> {
    let file = path.display().to_string();
    let mut entries = vec![("file", file.as_str()), ("topic", "lines")];
    entries.extend(more);
    let (committed, context) = context();
    if let Some(position) = position {
        let offset = SourceOffset::of("position", position);
        committed.0.lock().insert(json!({"filename": file}).to_string(), offset);
    }
    FileStreamSource::new().task(&properties(&entries), context).await
}

fn file_with(content: &[u8]) -> (TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("input.txt");
    fs::write(&path, content).unwrap();
    (directory, path)
}

fn texts(batches: &[Batch]) -> Vec<&str> {
    let records = batches.iter().flat_map(|batch| &batch.records);
    records
        .map(|record| match &record.value {
            Some(Value::Text(text)) => &**text,
            other => panic!("expected text, got {other:?}"),
        })
        .collect()
}

fn position(batches: &[Batch]) -> Option<u64> {
    batches.last()?.positions.last()?.1.0["position"].as_u64()
}

/// The next poll that has records.
async fn next(task: &mut dyn SourceTask) -> Vec<Batch> {
    loop {
        let batches = task.poll().await.unwrap();
        if batches.iter().any(|batch| !batch.records.is_empty()) {
            return batches;
        }
    }
}

#[tokio::test]
async fn records_have_a_schema_a_topic_and_a_position() {
    let (_directory, path) = file_with(b"one\ntwo\n");
    let mut task = start(&path, &[], None).await.unwrap();
    let batches = next(&mut *task).await;
    assert_eq!(texts(&batches), ["one", "two"]);
    let batch = &batches[0];
    assert_eq!((&*batch.topic, &batch.key_schema), ("lines", &None));
    let schema = batch.value_schema.as_ref().unwrap();
    assert_eq!((schema.kind, schema.optional), (Type::String, false));
    let record = &batch.records[0];
    assert_eq!((&record.key, record.timestamp_ms, record.partition), (&None, None, None));
    let (partition, offset) = &batch.positions[0];
    assert_eq!(Json::Object(partition.0.clone()), json!({"filename": path.display().to_string()}));
    assert_eq!(Json::Object(offset.0.clone()), json!({"position": 8}));
}

#[tokio::test]
async fn a_poll_has_no_more_records_than_batch_size_says() {
    let (_directory, path) = file_with(b"1\n2\n3\n4\n5\n");
    let mut task = start(&path, &[("batch.size", "2")], None).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let batches = next(&mut *task).await;
        seen.push((texts(&batches).join(","), position(&batches).unwrap()));
    }
    assert_eq!(seen, [("1,2".to_owned(), 4), ("3,4".to_owned(), 8), ("5".to_owned(), 10)]);
    let mut task = start(&path, &[("batch.size", "-3")], None).await.unwrap();
    assert_eq!(texts(&next(&mut *task).await), ["1"]);
}

#[tokio::test]
async fn goes_on_where_the_committed_offset_says() {
    let (_directory, path) = file_with(b"one\ntwo\n");
    for (position, expected) in
        [(json!(4), vec!["two"]), (json!(null), vec!["one", "two"]), (json!(-7), vec!["one", "two"])]
    {
        let mut task = start(&path, &[], Some(position)).await.unwrap();
        assert_eq!(texts(&next(&mut *task).await), expected);
    }
    let error = start(&path, &[], Some(json!("4"))).await.err().unwrap();
    assert_eq!(error.to_string(), "Offset position is the incorrect type");
}

#[tokio::test]
async fn a_poll_that_is_dropped_loses_nothing() {
    let mut content = Vec::new();
    for number in 0..300_000 {
        writeln!(content, "line {number}").unwrap();
    }
    let (_directory, path) = file_with(&content);
    let source = FileStreamSource::new();
    let file = path.display().to_string();
    let entries = properties(&[("file", file.as_str()), ("topic", "lines"), ("batch.size", "100000")]);
    let mut task = source.task(&entries, context().1).await.unwrap();
    // The first poll is dropped for sure, as every reader is busy; of the others some are.
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    for _ in 0..THREADS {
        let gate = gate.clone();
        source.shared.readers.submit(Box::new(move || drop(gate.lock())));
    }
    assert!(task.poll().now_or_never().is_none());
    drop(closed);
    let mut seen = Vec::new();
    while seen.len() < 300_000 {
        // Polled once and dropped: as a stop or a pause does.
        let batches = match task.poll().now_or_never() {
            Some(batches) => batches.unwrap(),
            None => {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
        };
        seen.extend(texts(&batches).into_iter().map(str::to_owned));
    }
    assert_eq!(seen.join("\n") + "\n", String::from_utf8(content).unwrap());
}

#[tokio::test]
async fn lines_that_are_appended_wake_a_waiting_poll() {
    let (_directory, path) = file_with(b"one\nno end");
    let mut task = start(&path, &[], None).await.unwrap();
    assert_eq!(texts(&next(&mut *task).await), ["one"]);
    let appended = async {
        tokio::task::yield_now().await;
        File::options().append(true).open(&path).unwrap().write_all(b" yet\n").unwrap();
    };
    let (batches, ()) = tokio::join!(next(&mut *task), appended);
    assert_eq!(texts(&batches), ["no end yet"]);
    assert_eq!(position(&batches), Some(15));
}

#[tokio::test]
async fn where_a_file_was_cut_the_source_says_that_it_stands_at_0() {
    let (_directory, path) = file_with(b"one\n");
    let mut task = start(&path, &[], None).await.unwrap();
    next(&mut *task).await;
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    let batches = loop {
        let batches = task.poll().await.unwrap();
        if !batches.is_empty() {
            break batches;
        }
    };
    assert_eq!((texts(&batches).len(), position(&batches)), (0, Some(0)));
}

#[tokio::test]
async fn a_directory_ends_the_task() {
    let directory = tempfile::tempdir().unwrap();
    let mut task = start(directory.path(), &[], None).await.unwrap();
    let error = task.poll().await.err().unwrap();
    assert!(error.to_string().ends_with("it is a directory"), "{error}");
}

#[tokio::test]
async fn a_pipe_has_lines_and_no_positions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
    let mut task = start(&path, &[], None).await.unwrap();
    // Nobody writes yet: a poll waits, and does not block.
    assert!(task.poll().now_or_never().is_none_or(|batches| batches.unwrap().is_empty()));
    for text in ["one\n", "two\n"] {
        let writer = path.clone();
        let written = tokio::task::spawn_blocking(move || fs::write(writer, text));
        let batches = next(&mut *task).await;
        assert_eq!(texts(&batches), [text.trim_end()]);
        assert!(batches[0].positions.is_empty());
        written.await.unwrap().unwrap();
    }
}
