//! Workers that are stopped for longer than their session, cut off from brokers and from each other, and killed, and
//! brokers that go away: a short form of `cargo xtask chaos` with the same faults each time.

use std::time::Duration;

use testkit::chaos::{End, Plan, run};
use testkit::directory;

use super::BINARY;

/// Gives: a worker that is stopped (SIGSTOP) beyond its session, one that no broker answers, a broker that is killed, a
/// worker that is, and two workers that hear nothing of each other.
const SEED: u64 = 76_320;

#[test]
fn faults_lose_nothing_and_run_nothing_twice() {
    let plan = Plan {
        binary: BINARY.into(),
        logs: directory::target().join("chaos-test"),
        seed: SEED,
        pairs: 5,
        end: End::Faults(5),
        // Machines that run tests may be slow.
        patience: Duration::from_secs(600),
    };
    let report = run(&plan, &mut |line| println!("{line}")).expect("everything runs again after each fault");
    assert!(report.verdict.holds(), "{}", report.verdict);
}
