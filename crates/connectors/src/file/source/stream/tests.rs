use std::io::Write;
use std::os::fd::AsFd;

use api::Value;
use tokio::sync::mpsc;

use super::Reader;
use crate::file::source::block::Block;

fn lines(mut block: Block) -> Vec<String> {
    let records = block.take(usize::MAX).into_iter();
    records
        .map(|record| match record.value {
            Some(Value::Text(text)) => text.to_string(),
            other => panic!("expected text, got {other:?}"),
        })
        .collect()
}

/// What a reader makes of parts that are written one after the other.
fn read(parts: &[&[u8]]) -> Vec<Vec<String>> {
    let (input, mut output) = std::io::pipe().unwrap();
    let mut reader = Reader { name: "a pipe".to_owned(), input: input.as_fd(), unfinished: Vec::new() };
    let mut seen = Vec::new();
    for part in parts {
        output.write_all(part).unwrap();
        seen.push(reader.read().unwrap().map_or_else(Vec::new, lines));
    }
    seen
}

#[test]
fn a_line_may_come_in_parts() {
    let parts: [&[u8]; 5] = [b"on", b"e\ntwo\nthr", b"ee\r", b"\n", b"x"];
    let expected: [&[&str]; 5] = [&[], &["one", "two"], &[], &["three"], &[]];
    assert_eq!(read(&parts), expected);
}

#[test]
fn a_reader_ends_once_nobody_wants_its_lines() {
    let (input, mut output) = std::io::pipe().unwrap();
    output.write_all(b"one\n").unwrap();
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let reader = Reader { name: "a pipe".to_owned(), input: input.as_fd(), unfinished: Vec::new() };
    reader.run(&sender);
}

#[test]
fn a_line_beyond_the_bound_is_refused() {
    let (input, output) = std::io::pipe().unwrap();
    let mut reader = Reader { name: "a pipe".to_owned(), input: input.as_fd(), unfinished: Vec::new() };
    let writer = std::thread::spawn(move || {
        let mut output = output;
        let part = vec![b'x'; 1024 * 1024];
        // Until the reader has enough of it.
        while output.write_all(&part).is_ok() {}
    });
    let error = loop {
        match reader.read() {
            Ok(block) => assert!(block.is_none(), "no line has ended"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "cannot read a pipe: a line is longer than 67108864 bytes");
    drop(input);
    writer.join().unwrap();
}
