use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::{children, lines};

fn shell(script: &str) -> (Child, ChildStdout) {
    let mut process = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let output = process.stdout.take().unwrap();
    (process, output)
}

#[test]
fn every_line_is_taken() {
    let (mut process, output) = shell("echo one; echo two");
    let mut taken = Vec::new();
    lines(&mut process, output, Duration::from_secs(180), |line| taken.push(line.to_owned())).unwrap();
    assert_eq!(taken, ["one", "two"]);
    assert!(process.wait().unwrap().success());
}

#[test]
fn what_hangs_is_ended_with_all_that_it_has_started() {
    let (mut process, output) = shell("sleep 600 & echo started; wait");
    let mut started = Vec::new();
    let parent = process.id();
    // The line is there after the silent process it tells of.
    let ended = lines(&mut process, output, Duration::from_secs(10), |_| started = children(parent));
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("nothing was printed for 10s"), "{error}");
    let [sleeping] = started[..] else { panic!("{started:?}") };
    let gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{sleeping}/stat")).unwrap_or_default();
        // Whoever adopted it may not have asked for its status yet.
        Ok((stat.is_empty() || stat.contains(") Z ")).then_some(()))
    };
    testkit::wait::until("its end", Duration::from_secs(180), Duration::from_millis(10), gone).unwrap();
}
