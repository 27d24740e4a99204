//! Workers that come, go, crash and come back.

use serde_json::json;

use super::{Lines, ferroduct, id, java};

#[test]
fn a_worker_alone_goes_on_after_kill_9() {
    let mut worker = ferroduct("alone");
    let mut lines = Lines::new("alone", 2);
    lines.append();
    lines.create(&[&worker]);
    lines.wait(false);
    worker.kill().expect("the worker is killed");
    lines.append();
    worker.restart().expect("the worker starts again");
    lines.wait_until_run(worker.rest(), &[id(&worker)]);
    lines.wait(true);
    for (name, _) in lines.connectors() {
        assert_eq!(worker.rest().delete(&format!("/connectors/{name}")).expect("an answer").status, 204);
    }
    assert_eq!(worker.rest().get("/connectors").expect("an answer").ok().expect("success"), json!([]));
}

#[test]
fn what_a_killed_worker_ran_runs_elsewhere() {
    let (mut first, second) = (ferroduct("pair"), ferroduct("pair"));
    let mut lines = Lines::new("pair", 3);
    lines.append();
    lines.create(&[&first, &second]);
    let owners = lines.wait_until_run(second.rest(), &[id(&first), id(&second)]);
    let share = owners.values().filter(|owner| *owner == id(&first)).count();
    assert!((2..=4).contains(&share), "{owners:?}");
    lines.wait(false);
    first.kill().expect("the worker is killed");
    lines.append();
    lines.wait_until_run(second.rest(), &[id(&second)]);
    lines.wait(true);
}

#[test]
fn a_worker_that_stops_gives_its_work_away_without_repeats() {
    let (mut first, second) = (ferroduct("leaving"), ferroduct("leaving"));
    let mut lines = Lines::new("leaving", 2);
    lines.append();
    lines.create(&[&second, &first]);
    lines.wait_until_run(first.rest(), &[id(&first), id(&second)]);
    lines.wait(false);
    first.stop().expect("the worker stops");
    lines.append();
    lines.wait_until_run(second.rest(), &[id(&second)]);
    lines.wait(false);
}

/// A rolling upgrade: a cluster of Apache Kafka gets a worker of ours, loses its own, and is given back.
#[test]
fn a_cluster_of_apache_kafka_is_taken_over_and_given_back() {
    let mut theirs = java("upgrade");
    let mut lines = Lines::new("upgrade", 2);
    lines.append();
    lines.create(&[&theirs]);
    lines.wait(false);
    let mut ours = ferroduct("upgrade");
    lines.append();
    lines.wait_until_run(ours.rest(), &[id(&theirs), id(&ours)]);
    lines.wait(true);
    theirs.stop().expect("the worker of Apache Kafka stops");
    lines.append();
    lines.wait_until_run(ours.rest(), &[id(&ours)]);
    lines.wait(true);
    theirs.restart().expect("the worker of Apache Kafka starts again");
    lines.append();
    lines.wait_until_run(theirs.rest(), &[id(&theirs), id(&ours)]);
    ours.stop().expect("our worker stops");
    lines.append();
    lines.wait_until_run(theirs.rest(), &[id(&theirs)]);
    lines.wait(true);
}
