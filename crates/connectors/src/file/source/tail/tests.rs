use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::{Reaction, Value};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use proptest::prop_assert_eq;
use tempfile::TempDir;

use super::{BLOCK_BYTES, LINE_BYTES_MAX, Step, Tail};

struct Case {
    _directory: TempDir,
    path: PathBuf,
}

impl Case {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("input.txt");
        Self { _directory: directory, path }
    }

    fn with(content: impl AsRef<[u8]>) -> Self {
        let case = Self::new();
        fs::write(&case.path, content).unwrap();
        case
    }

    fn append(&self, content: impl AsRef<[u8]>) {
        File::options().append(true).open(&self.path).unwrap().write_all(content.as_ref()).unwrap();
    }

    fn tail(&self, committed: Option<u64>) -> Tail {
        Tail { grace: Duration::ZERO, ..Tail::new(self.path.clone(), committed) }
    }

    /// Renames the file and writes another in its place.
    fn replace(&self, content: &str) -> PathBuf {
        let old = self.path.with_extension("old");
        fs::rename(&self.path, &old).unwrap();
        fs::write(&self.path, content).unwrap();
        old
    }
}

/// Everything that there is for now, and the position behind it.
fn all(tail: &mut Tail) -> (Vec<String>, Vec<u64>) {
    let (mut lines, mut positions) = (Vec::new(), Vec::new());
    loop {
        match tail.step().unwrap() {
            Step::Lines(mut block) => {
                while !block.done() {
                    lines.extend(block.take(1).into_iter().map(|record| match record.value {
                        Some(Value::Text(text)) => text.to_string(),
                        other => panic!("expected text, got {other:?}"),
                    }));
                    positions.push(block.position());
                }
            }
            Step::Restarted => positions.push(0),
            Step::Nothing => return (lines, positions),
            Step::Stream => panic!("a file is no stream"),
        }
    }
}

#[track_caller]
fn check(tail: &mut Tail, lines: &[&str], positions: &[u64]) {
    assert_eq!(all(tail), (lines.iter().map(|&line| line.to_owned()).collect(), positions.to_vec()));
}

#[test]
fn a_file_that_grows_gives_each_line_once() {
    let case = Case::with("one\ntw");
    let mut tail = case.tail(None);
    check(&mut tail, &["one"], &[4]);
    check(&mut tail, &[], &[]);
    case.append("o\n");
    check(&mut tail, &["two"], &[8]);
    case.append("three\r");
    check(&mut tail, &[], &[]);
    case.append("\nfour\n");
    check(&mut tail, &["three", "four"], &[15, 20]);
}

#[test]
fn goes_on_behind_a_committed_line() {
    let case = Case::with("one\ntwo\r\nthree\rfour\n");
    for (committed, lines) in [(0, 4), (4, 3), (9, 2), (15, 1), (20, 0)] {
        assert_eq!(all(&mut case.tail(Some(committed))).0.len(), lines, "from {committed}");
    }
}

#[test]
fn a_position_within_a_line_is_taken_as_the_one_before_it() {
    // Java counts characters: with an accent before, its number is too small, and may be within any line.
    let case = Case::with("\u{e9}\u{e9}\u{e9}\nsecond\nthird\n");
    check(&mut case.tail(Some(4)), &["\u{e9}\u{e9}\u{e9}", "second", "third"], &[7, 14, 20]);
    check(&mut case.tail(Some(11)), &["second", "third"], &[14, 20]);
    let case = Case::with("a\r\nb\n");
    check(&mut case.tail(Some(2)), &["a", "b"], &[3, 5]);
}

#[test]
fn a_position_behind_the_end_begins_anew() {
    let case = Case::with("one\n");
    check(&mut case.tail(Some(100)), &["one"], &[4]);
}

#[test]
fn a_line_start_is_found_far_in_front() {
    let case = Case::with(format!("first\n{}", "x".repeat(200_000)));
    case.append("\nlast\n");
    let (lines, positions) = all(&mut case.tail(Some(150_000)));
    assert_eq!((lines[0].len(), positions), (200_000, vec![200_007, 200_012]));
}

#[test]
fn a_missing_file_is_waited_for() {
    let case = Case::new();
    let mut tail = case.tail(None);
    check(&mut tail, &[], &[]);
    check(&mut tail, &[], &[]);
    fs::write(&case.path, "here\n").unwrap();
    check(&mut tail, &["here"], &[5]);
}

#[test]
fn a_missing_file_that_comes_back_is_gone_on_with() {
    let case = Case::new();
    let mut tail = case.tail(Some(4));
    check(&mut tail, &[], &[]);
    fs::write(&case.path, "one\ntwo\n").unwrap();
    check(&mut tail, &["two"], &[8]);
    let away = case.path.with_extension("away");
    fs::rename(&case.path, &away).unwrap();
    check(&mut tail, &[], &[]);
    fs::rename(&away, &case.path).unwrap();
    case.append("three\n");
    check(&mut tail, &["three"], &[14]);
}

#[test]
fn a_file_that_was_cut_is_read_anew() {
    let case = Case::with("one\ntwo\n");
    let mut tail = case.tail(None);
    check(&mut tail, &["one", "two"], &[4, 8]);
    File::options().write(true).open(&case.path).unwrap().set_len(0).unwrap();
    check(&mut tail, &[], &[0]);
    case.append("new\n");
    check(&mut tail, &["new"], &[4]);
}

#[test]
fn a_file_that_was_written_anew_in_place_is_read_anew() {
    let case = Case::with("one\ntwo\n");
    let mut tail = case.tail(None);
    check(&mut tail, &["one", "two"], &[4, 8]);
    fs::write(&case.path, "something longer\nthan it was\n").unwrap();
    check(&mut tail, &["something longer", "than it was"], &[0, 17, 29]);
}

#[test]
fn a_replaced_file_is_read_to_its_end() {
    let case = Case::with("one\n");
    let mut tail = case.tail(None);
    check(&mut tail, &["one"], &[4]);
    let old = case.replace("new\n");
    File::options().append(true).open(old).unwrap().write_all(b"two\nno end").unwrap();
    check(&mut tail, &["two", "no end", "new"], &[8, 0, 4]);
}

#[test]
fn a_replaced_file_without_more_is_left_for_position_0() {
    let case = Case::with("one\n");
    let mut tail = case.tail(None);
    check(&mut tail, &["one"], &[4]);
    case.replace("");
    check(&mut tail, &[], &[0]);
    case.append("new\n");
    check(&mut tail, &["new"], &[4]);
}

#[test]
fn the_writer_of_a_replaced_file_is_given_time() {
    let case = Case::with("one\n");
    let mut tail = Tail::new(case.path.clone(), None);
    check(&mut tail, &["one"], &[4]);
    let old = case.replace("new\n");
    check(&mut tail, &[], &[]);
    File::options().append(true).open(old).unwrap().write_all(b"late\n").unwrap();
    check(&mut tail, &["late"], &[9]);
}

#[test]
fn a_removed_file_is_left_once_another_is_there() {
    let case = Case::with("one\ntwo");
    let mut tail = case.tail(None);
    check(&mut tail, &["one"], &[4]);
    fs::remove_file(&case.path).unwrap();
    check(&mut tail, &[], &[]);
    fs::write(&case.path, "new\n").unwrap();
    check(&mut tail, &["two", "new"], &[0, 4]);
}

#[test]
fn a_directory_is_refused_by_the_name_of_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let error = Tail::new(directory.path().to_owned(), None).step().unwrap_err();
    assert_eq!(error.reaction(), Reaction::Fail);
    assert_eq!(
        error.to_string(),
        format!("cannot read `file` `{}`: it is a directory", directory.path().display())
    );
}

#[test]
fn a_path_through_a_file_is_refused() {
    let case = Case::with("one\n");
    let error = Tail::new(case.path.join("below"), None).step().unwrap_err();
    assert_eq!(error.reaction(), Reaction::Fail);
    assert!(format!("{error:#}").contains("`file` `"), "{error:#}");
}

#[test]
fn a_pipe_is_a_stream() {
    let step = Tail::new(Path::new("/dev/null").to_owned(), None).step().unwrap();
    assert!(matches!(step, Step::Stream), "{step:?}");
}

#[test]
fn a_line_longer_than_a_block_is_one_line() {
    let long = "x".repeat(3 * BLOCK_BYTES as usize + 7);
    let case = Case::with(format!("short\n{long}\nlast\n"));
    let (lines, positions) = all(&mut case.tail(None));
    assert_eq!(lines, ["short", &long, "last"]);
    assert_eq!(positions.last(), Some(&(long.len() as u64 + 12)));
}

#[test]
fn a_line_beyond_the_bound_is_refused_with_its_position() {
    let case = Case::with("one\n");
    let mut tail = case.tail(None);
    check(&mut tail, &["one"], &[4]);
    // A hole: 100 MiB without a line end, which take no room.
    File::options().write(true).open(&case.path).unwrap().set_len(100 * 1024 * 1024).unwrap();
    let error = tail.step().unwrap_err();
    assert_eq!(error.reaction(), Reaction::Fail);
    let words = format!("the line at position 4 is longer than {LINE_BYTES_MAX} bytes");
    assert!(error.to_string().ends_with(&words), "{error}");
}

#[test]
fn a_line_up_to_the_bound_is_read() {
    let case = Case::with("one\n");
    File::options().write(true).open(&case.path).unwrap().set_len(LINE_BYTES_MAX - 1).unwrap();
    case.append("\n");
    let (lines, _) = all(&mut case.tail(None));
    assert_eq!((lines.len(), lines[1].len() as u64), (2, LINE_BYTES_MAX - 5));
}

/// Content whose lines are around the size of a block, and of any bytes.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let short = (0..50_usize, any::<u8>());
    let run = prop_oneof![3 => short, 1 => (Just(BLOCK_BYTES as usize / 3), b' '..=b'z')];
    let end = prop::sample::select(vec!["\n", "\r\n", "\r", ""]);
    prop::collection::vec((run, end), 0..12).prop_map(|parts| {
        let mut bytes = Vec::new();
        for ((count, byte), end) in parts {
            bytes.extend(std::iter::repeat_n(byte, count));
            bytes.extend(end.as_bytes());
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn wherever_reading_stops_the_rest_follows(content in content(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        let whole = Case::with(&content);
        let (expected, positions) = all(&mut whole.tail(None));
        // The same content, growing in steps, each followed by a restart at the position reached.
        let growing = Case::with("");
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(content.len() + 1)).collect();
        cuts.push(content.len());
        cuts.sort_unstable();
        let (mut lines, mut reached, mut before) = (Vec::new(), None, 0);
        for cut in cuts {
            growing.append(&content[before..cut]);
            before = cut;
            let (more, positions) = all(&mut growing.tail(reached));
            lines.extend(more);
            reached = positions.last().copied().or(reached);
        }
        prop_assert_eq!(&lines, &expected);
        for (index, position) in positions.iter().enumerate().step_by(1 + positions.len() / 20) {
            let (rest, _) = all(&mut whole.tail(Some(*position)));
            prop_assert_eq!(&rest[..], &expected[index + 1..]);
        }
    }
}
