use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::Reaction;
use rustix::fs::XattrFlags;
use tempfile::TempDir;

use super::{MARK, Target};

/// Where a test that runs itself as a child finds its file.
const FILE: &str = "FERRODUCT_TEST_FILE";

fn file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("output.txt");
    (directory, path)
}

fn content(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Whether the file system keeps marks; where it does not, a line that was torn stays, ended.
fn marks(path: &Path) -> bool {
    let file = File::create(path.with_extension("probe")).unwrap();
    rustix::fs::fsetxattr(&file, MARK, b"0 0", XattrFlags::empty()).is_ok()
}

#[test]
fn appends_to_what_is_there() {
    let (_directory, path) = file();
    let mut target = Target::open(&path).unwrap();
    target.append(b"one\n").unwrap();
    target.append(b"two\n").unwrap();
    target.sync().unwrap();
    drop(target);
    Target::open(&path).unwrap().append(b"three\n").unwrap();
    assert_eq!(content(&path), "one\ntwo\nthree\n");
}

#[test]
fn a_line_of_somebody_else_is_ended_and_kept() {
    let (_directory, path) = file();
    fs::write(&path, "no end").unwrap();
    let mut target = Target::open(&path).unwrap();
    target.append(b"one\n").unwrap();
    File::options().append(true).open(&path).unwrap().write_all(b"again").unwrap();
    target.append(b"two\n").unwrap();
    assert_eq!(content(&path), "no end\none\nagain\ntwo\n");
}

#[test]
fn what_a_killed_worker_left_half_way_is_taken_back() {
    let (_directory, path) = file();
    if !marks(&path) {
        return assert_eq!(Target::open(&path).unwrap().marked(), None);
    }
    let mut target = Target::open(&path).unwrap();
    target.append(b"one\n").unwrap();
    // As far as a worker comes that is killed in the middle of an append.
    target.mark(4, b"two\nthree\n".len());
    target.file.write_all(b"two\nth").unwrap();
    drop(target);
    Target::open(&path).unwrap().append(b"two\nthree\n").unwrap();
    assert_eq!(content(&path), "one\ntwo\nthree\n");
}

#[test]
fn a_mark_that_does_not_fit_the_file_takes_nothing_back() {
    let (_directory, path) = file();
    for (start, length) in [(100, 50), (0, 3)] {
        fs::write(&path, "of a user\n").unwrap();
        let mut target = Target::open(&path).unwrap();
        target.mark(start, length);
        target.append(b"one\n").unwrap();
        assert_eq!(content(&path), "of a user\none\n", "mark {start} {length}");
    }
}

#[test]
fn a_renamed_file_keeps_what_it_has_and_a_new_one_goes_on() {
    let (_directory, path) = file();
    let mut target = Target::open(&path).unwrap();
    target.append(b"one\n").unwrap();
    let old = path.with_extension("1");
    fs::rename(&path, &old).unwrap();
    target.append(b"two\n").unwrap();
    target.sync().unwrap();
    assert_eq!((content(&old), content(&path)), ("one\n".to_owned(), "two\n".to_owned()));
}

#[test]
fn what_a_removed_file_had_comes_again_unless_it_was_durable() {
    let (_directory, path) = file();
    let mut target = Target::open(&path).unwrap();
    target.append(b"one\n").unwrap();
    target.sync().unwrap();
    fs::remove_file(&path).unwrap();
    target.sync().unwrap();
    target.append(b"two\n").unwrap();
    fs::remove_file(&path).unwrap();
    let error = target.sync().unwrap_err();
    assert_eq!(error.reaction(), Reaction::Retry);
    target.append(b"two\n").unwrap();
    target.sync().unwrap();
    assert_eq!(content(&path), "two\n");
}

#[test]
fn a_removal_that_a_put_finds_is_told_at_the_commit() {
    let (_directory, path) = file();
    let mut target = Target::open(&path).unwrap();
    target.append(b"one\n").unwrap();
    fs::remove_file(&path).unwrap();
    target.append(b"two\n").unwrap();
    assert_eq!(target.sync().unwrap_err().reaction(), Reaction::Retry);
    target.sync().unwrap();
}

#[test]
fn a_file_that_may_only_be_written_is_written() {
    let (_directory, path) = file();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o200)).unwrap();
    let mut target = Target::open(&path).unwrap();
    // Root may read it all the same.
    target.readable = false;
    target.append(b"one\n").unwrap();
    target.sync().unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(content(&path), "one\n");
}

#[test]
fn a_full_device_is_tried_again() {
    let mut target = Target::open(Path::new("/dev/full")).unwrap();
    let error = target.append(b"one\n").unwrap_err();
    assert_eq!(
        (error.reaction(), error.to_string()),
        (Reaction::Retry, "cannot write to `file` `/dev/full`".into())
    );
}

#[test]
fn tasks_that_share_a_file_do_not_mix_their_lines() {
    let (_directory, path) = file();
    let line = |byte: u8| [vec![byte; 5000], vec![b'\n']].concat().repeat(20);
    std::thread::scope(|scope| {
        for byte in b'a'..b'e' {
            let path = &path;
            scope.spawn(move || {
                let mut target = Target::open(path).unwrap();
                (0..20).for_each(|_| target.append(&line(byte)).unwrap());
            });
        }
    });
    let text = content(&path);
    let whole = |line: &str| line.len() == 5000 && line.bytes().all(|byte| byte == line.as_bytes()[0]);
    assert!(text.lines().all(whole));
    assert_eq!(text.lines().count(), 4 * 20 * 20);
}

/// Runs one of the tests that are ignored as a process of its own.
fn child(test: &str, path: &Path, before: &str) -> Command {
    let mut command = Command::new("sh");
    let run = format!("{before} exec \"$0\" --ignored --exact file::sink::target::tests::{test}");
    command.arg("-c").arg(run).arg(std::env::current_exe().unwrap());
    command.env(FILE, path).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn a_write_that_fails_half_way_leaves_whole_lines() {
    let (_directory, path) = file();
    // The limit of 100 KiB is met in the middle of an append.
    let limit = "trap '' XFSZ; ulimit -f 200;";
    let status = child("appends_until_it_fails", &path, limit).status().unwrap();
    assert!(status.success());
    let text = content(&path);
    assert!(text.len() > 80_000 && text.len().is_multiple_of(8000), "{} bytes", text.len());
    assert!(text.lines().all(|line| line.len() == 99));
}

#[test]
#[ignore = "run by a_write_that_fails_half_way_leaves_whole_lines, under a limit"]
fn appends_until_it_fails() {
    let path = PathBuf::from(std::env::var_os(FILE).expect("set by the parent"));
    let mut target = Target::open(&path).unwrap();
    let lines = (format!("{:99}\n", "x")).repeat(80);
    let error = loop {
        if let Err(error) = target.append(lines.as_bytes()) {
            break error;
        }
    };
    assert_eq!(error.reaction(), Reaction::Fail);
    assert_eq!(target.marked(), None);
}

#[test]
fn a_worker_killed_at_any_moment_leaves_whole_appends() {
    let (_directory, path) = file();
    let marks = marks(&path);
    for round in 0..20_u64 {
        let mut child = child("appends_for_ever", &path, "").spawn().unwrap();
        // It appends by now, on a slow machine, too.
        let deadline = Instant::now() + Duration::from_secs(180);
        while fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
            assert!(Instant::now() < deadline, "nothing was appended");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(round * 7 % 20));
        child.kill().unwrap();
        child.wait().unwrap();
        Target::open(&path).unwrap().append(b"after a kill\n").unwrap();
        let text = content(&path);
        if marks {
            let appended = text.replace("after a kill\n", "").len();
            assert!(appended.is_multiple_of(1_000_000), "round {round}: {appended} bytes");
        }
        assert!(text.lines().all(|line| line.len() == 99 || line == "after a kill" || !marks));
        assert!(text.ends_with("\nafter a kill\n") || text == "after a kill\n");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
#[ignore = "run by a_worker_killed_at_any_moment_leaves_whole_appends, which kills it"]
fn appends_for_ever() {
    let path = PathBuf::from(std::env::var_os(FILE).expect("set by the parent"));
    let mut target = Target::open(&path).unwrap();
    let lines = (format!("{:99}\n", "x")).repeat(10_000);
    // A bound for the case that nobody kills it.
    for _ in 0..2000 {
        target.append(lines.as_bytes()).unwrap();
    }
}
