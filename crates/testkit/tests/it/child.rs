use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Command};
use std::time::Duration;

use testkit::child::Child;
use testkit::directory::Directory;
use testkit::wait;

const LIMIT: Duration = Duration::from_secs(180);

/// Set for the process that a test starts of itself, to the log of what that process starts.
const INNER: &str = "TESTKIT_INNER_LOG";

fn shell(script: &str, directory: &Directory) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Child::spawn(command, &directory.path().join("log")).unwrap()
}

/// Returns the letter of the state in `/proc`, nothing for a process that is gone.
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

fn wait_for_state(pid: u32, wanted: &[Option<char>]) {
    wait::until("the state", LIMIT, Duration::from_millis(5), || {
        Ok(wanted.contains(&state(pid)).then_some(()))
    })
    .unwrap();
}

#[test]
fn a_process_ends_by_term() {
    let directory = Directory::new("child").unwrap();
    let mut child = shell("exec sleep 600", &directory);

    assert_eq!(child.stop(LIMIT).unwrap().signal(), Some(15));
}

#[test]
fn a_process_that_ignores_term_is_killed() {
    let directory = Directory::new("child").unwrap();
    let mut child = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done", &directory);
    wait::until("the trap", LIMIT, Duration::from_millis(5), || {
        Ok(child.log_tail().contains("ready").then_some(()))
    })
    .unwrap();

    assert_eq!(child.stop(Duration::from_millis(50)).unwrap().signal(), Some(9));
}

#[test]
fn a_paused_process_stands_still_until_it_is_resumed() {
    let directory = Directory::new("child").unwrap();
    let mut child = shell("exec sleep 600", &directory);

    child.pause().unwrap();
    wait_for_state(child.pid(), &[Some('T')]);
    child.resume().unwrap();
    wait_for_state(child.pid(), &[Some('S')]);
}

#[test]
fn an_ended_process_is_told_by_its_status_and_log() {
    let directory = Directory::new("child").unwrap();
    let mut child = shell("echo said; exit 3", &directory);

    assert_eq!(child.wait(LIMIT).unwrap().code(), Some(3));
    assert_eq!(child.log_tail(), "said\n");
    assert!(child.ensure_running().is_err());
}

/// Runs this test in a second process, which starts a third and dies without a word.
#[test]
fn a_process_dies_with_the_one_that_started_it() {
    if let Some(log) = env::var_os(INNER) {
        let mut command = Command::new("sleep");
        command.arg("600");
        let child = Child::spawn(command, log.as_ref()).unwrap();
        println!("\npid {}", child.pid());
        process::abort();
    }
    let directory = Directory::new("child").unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child::a_process_dies_with_the_one_that_started_it", "--nocapture"])
        .env(INNER, directory.path().join("log"))
        .output()
        .unwrap();
    assert_eq!(output.status.signal(), Some(6));
    let printed = String::from_utf8(output.stdout).unwrap();
    let pid = printed.lines().find_map(|line| line.strip_prefix("pid ")).unwrap().parse().unwrap();

    // Whoever adopts it may not have asked for its status yet.
    wait_for_state(pid, &[None, Some('Z')]);
}
