//! Workers that come back, in order and not, in a group with a worker of Apache Kafka, under each protocol: what
//! Kafka's own system tests do with `connect.protocol`.

use serde_json::json;
use testkit::rest::Rest;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, Lines, PAUSE, id, of_cluster};

/// A worker of ours and one of Apache Kafka that offer these protocols.
fn workers(cluster: &str, ours: &str, theirs: &str) -> (Worker, Worker) {
    let bootstrap = Kafka::shared().bootstrap();
    let start = |worker, protocol| {
        of_cluster(worker, cluster).property("connect.protocol", protocol).start().expect("the worker starts")
    };
    let theirs = start(Worker::java_distributed(bootstrap), theirs);
    (start(Worker::ferroduct_distributed(BINARY, bootstrap), ours), theirs)
}

/// Waits until the task of a connector is in this state on whichever worker.
fn wait_for_state(rest: &Rest, name: &str, state: &str) {
    let path = format!("/connectors/{name}/status");
    let reached = wait::until("a state", LIMIT, PAUSE, || {
        let Ok(status) = rest.get(&path)?.ok() else { return Ok(None) };
        Ok((status["connector"]["state"] == state && status["tasks"][0]["state"] == state).then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}: {state}, not {:?}", rest.get(&path)));
}

/// Bounces our worker in order and not, and Apache Kafka's, with data flowing and a connector that stays paused.
fn bounces(protocol: &str) {
    let cluster = format!("bounce-{protocol}");
    let (mut ours, mut theirs) = workers(&cluster, protocol, protocol);
    let mut lines = Lines::new(&cluster, 2);
    let paused = Lines::new(&format!("{cluster}-paused"), 1);
    lines.append();
    lines.create(&[&ours, &theirs]);
    paused.create(&[&theirs]);
    let both = |ours: &Worker, theirs: &Worker| [id(ours).to_owned(), id(theirs).to_owned()];
    let allowed = both(&ours, &theirs);
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    lines.wait_until_run(ours.rest(), &allowed);
    let (name, _) = paused.connectors().remove(0);
    let answer = ours.rest().put(&format!("/connectors/{name}/pause"), &json!(null)).expect("an answer");
    assert_eq!(answer.status, 202, "{answer:?}");
    wait_for_state(theirs.rest(), &name, "PAUSED");
    assert_eq!(agreed(&ours), if protocol == "eager" { "default" } else { protocol });

    ours.stop().expect("our worker stops");
    lines.append();
    lines.wait_until_run(theirs.rest(), &[id(&theirs)]);
    wait_for_state(theirs.rest(), &name, "PAUSED");
    ours.restart().expect("our worker starts again");
    lines.append();
    lines.wait_until_run(ours.rest(), &allowed);
    lines.wait(true);

    ours.kill().expect("our worker is killed");
    lines.append();
    ours.restart().expect("our worker starts again");
    lines.wait_until_run(ours.rest(), &allowed);
    wait_for_state(ours.rest(), &name, "PAUSED");
    lines.wait(true);

    theirs.stop().expect("the worker of Apache Kafka stops");
    lines.append();
    lines.wait_until_run(ours.rest(), &[id(&ours)]);
    wait_for_state(ours.rest(), &name, "PAUSED");
    theirs.restart().expect("the worker of Apache Kafka starts again");
    lines.append();
    lines.wait_until_run(theirs.rest(), &allowed);
    wait_for_state(theirs.rest(), &name, "PAUSED");
    lines.wait(true);
}

#[test]
fn workers_bounce_in_an_eager_group() {
    bounces("eager");
}

#[test]
fn workers_bounce_in_a_compatible_group() {
    bounces("compatible");
}

#[test]
fn workers_bounce_in_a_sessioned_group() {
    bounces("sessioned");
}

/// A group agrees on what all of its members know: `eager` of theirs with `sessioned` of ours, which offers all.
#[test]
fn a_group_agrees_on_the_least_protocol() {
    let (ours, theirs) = workers("least", "sessioned", "eager");
    let mut lines = Lines::new("least", 2);
    lines.append();
    lines.create(&[&theirs, &ours]);
    lines.wait_until_run(theirs.rest(), &[id(&ours), id(&theirs)]);
    lines.wait(true);
    assert_eq!(agreed(&ours), "default");
}

/// The protocol of the last round, by the name that it has in the group.
fn agreed(ours: &Worker) -> String {
    let log = ours.log();
    let round = log.lines().rfind(|line| line.contains("the group has shared out")).expect("a round");
    let (_, name) = round.split_once("protocol=\"").expect("the line names the protocol");
    name.split_once('"').expect("the name ends").0.to_owned()
}
