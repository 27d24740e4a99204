use api::Value;
use api::java::decode_utf8;
use bytes::Bytes;
use proptest::prelude::{Just, Strategy};
use proptest::prelude::{ProptestConfig, any, prop, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::{Block, complete_len};

fn texts(block: &mut Block, count_max: usize) -> Vec<String> {
    let text = |value| match value {
        Some(Value::Text(text)) => text.to_string(),
        other => panic!("expected text, got {other:?}"),
    };
    block.take(count_max).into_iter().map(|record| text(record.value)).collect()
}

fn lines(bytes: &[u8]) -> (Vec<String>, usize) {
    let complete = complete_len(bytes);
    let mut block = Block::new(Bytes::copy_from_slice(&bytes[..complete]), 0);
    (texts(&mut block, usize::MAX), complete)
}

/// What Java's task does, byte by byte: complete lines and where they end.
fn reference(bytes: &[u8]) -> Vec<(String, usize)> {
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let next = match bytes[at] {
            b'\n' => at + 1,
            b'\r' if at + 1 == bytes.len() => break,
            b'\r' if bytes[at + 1] == b'\n' => at + 2,
            b'\r' => at + 1,
            _ => {
                at += 1;
                continue;
            }
        };
        lines.push((decode_utf8(&bytes[start..at]), next));
        (start, at) = (next, next);
    }
    lines
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), any::<u8>(),];
    prop::collection::vec(byte, 0..200)
}

#[track_caller]
fn check(bytes: &[u8], expected: &[&str], complete: usize) {
    assert_eq!(lines(bytes), (expected.iter().map(|&line| line.to_owned()).collect(), complete));
}

#[test]
fn every_line_end_of_java_ends_a_line() {
    check(b"a\nb\r\nc\rd", &["a", "b", "c"], 7);
    check(b"\n\n\r\r\n\r\nx", &["", "", "", "", ""], 7);
    check(b"", &[], 0);
    check(b"no end", &[], 0);
}

#[test]
fn a_carriage_return_waits_for_the_byte_that_follows() {
    check(b"a\r", &[], 0);
    check(b"a\nb\r", &["a"], 2);
    check(b"a\r\r", &["a"], 2);
    check(b"\r", &[], 0);
}

#[test]
fn only_the_line_that_is_not_utf_8_is_mended() {
    check(b"ok\n\xff\xfe\nstill \xc3\xa9\n", &["ok", "\u{fffd}\u{fffd}", "still \u{e9}"], 15);
}

#[test]
fn lines_share_the_memory_of_the_block() {
    let bytes = Bytes::from_static(b"first\nsecond\n");
    let mut block = Block::new(bytes.clone(), 0);
    let records = block.take(2);
    let Some(Value::Text(second)) = &records[1].value else { panic!("expected text") };
    assert_eq!(second.as_bytes().as_ptr(), bytes[6..].as_ptr());
}

#[test]
fn positions_stand_behind_the_lines_that_were_taken() {
    let mut block = Block::new(Bytes::from_static(b"a\r\nbb\nccc\n"), 100);
    assert_eq!(block.position(), 100);
    assert_eq!(texts(&mut block, 1), ["a"]);
    assert_eq!(block.position(), 103);
    assert_eq!(texts(&mut block, 1), ["bb"]);
    assert_eq!(block.position(), 106);
    assert_eq!(texts(&mut block, 9), ["ccc"]);
    assert_eq!((block.position(), block.end()), (110, 110));
    assert!(block.done());
    assert!(block.take(1).is_empty());
}

#[test]
fn the_last_line_of_a_replaced_file_is_followed_by_position_0() {
    let mut block = Block::last(Bytes::from_static(b"no end"), 100);
    assert_eq!(texts(&mut block, 5), ["no end"]);
    assert_eq!(block.position(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn splits_as_java_does(bytes in content()) {
        let expected = reference(&bytes);
        let (lines, complete) = lines(&bytes);
        prop_assert_eq!(complete, expected.last().map_or(0, |line| line.1));
        prop_assert_eq!(lines, expected.into_iter().map(|line| line.0).collect::<Vec<_>>());
    }

    #[test]
    fn the_rest_follows_from_every_position(bytes in content(), count_max in 1..5_usize) {
        let expected = reference(&bytes);
        let mut block = Block::new(Bytes::copy_from_slice(&bytes[..complete_len(&bytes)]), 0);
        let (mut taken, mut before) = (0, 0);
        while !block.done() {
            taken += texts(&mut block, count_max).len();
            let position = block.position();
            prop_assert!(position > before, "positions go on");
            prop_assert_eq!(position, expected[taken - 1].1 as u64);
            let rest = reference(&bytes[position as usize..]);
            let rest = rest.into_iter().map(|line| line.0).collect::<Vec<_>>();
            prop_assert_eq!(&rest[..], &expected[taken..].iter().map(|line| line.0.clone()).collect::<Vec<_>>()[..]);
            before = position;
        }
        prop_assert_eq!(taken, expected.len());
    }
}
