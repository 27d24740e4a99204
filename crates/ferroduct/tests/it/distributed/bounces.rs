//! Workers that come back, in order and not, in a group with a worker of Apache Kafka, under each protocol and while
//! it is raised from one to the next: what Kafka's own system tests do with `connect.protocol`.

use serde_json::json;
use testkit::rest::Rest;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, Lines, PAUSE, id, of_cluster};

const PROTOCOL: &str = "connect.protocol";

fn start(worker: Builder, cluster: &str, protocol: &str) -> Worker {
    of_cluster(worker, cluster).property(PROTOCOL, protocol).start().expect("the worker starts")
}

fn ours(cluster: &str, protocol: &str) -> Worker {
    start(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), cluster, protocol)
}

fn theirs(cluster: &str, protocol: &str) -> Worker {
    start(Worker::java_distributed(Kafka::shared().bootstrap()), cluster, protocol)
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

/// Waits until all runs on these workers, each of which has a task.
fn wait_for_shares(lines: &Lines, rest: &Rest, workers: &[&Worker]) {
    let all: Vec<&str> = workers.iter().map(|worker| id(worker)).collect();
    let shared = wait::until("a share for each", LIMIT, PAUSE, || {
        let owners = lines.wait_until_run(rest, &all);
        Ok(all.iter().all(|worker| owners.values().any(|owner| owner == worker)).then_some(()))
    });
    shared.unwrap_or_else(|error| panic!("{error:#}"));
}

/// Two workers with data flowing and a connector that stays paused.
struct Pair {
    workers: [Worker; 2],
    lines: Lines,
    paused: Lines,
}

impl Pair {
    fn new(cluster: &str, workers: [Worker; 2]) -> Self {
        let (lines, paused) = (Lines::new(cluster, 2), Lines::new(&format!("{cluster}-paused"), 1));
        let mut pair = Self { workers, lines, paused };
        pair.lines.append();
        pair.lines.create(&pair.workers.each_ref());
        pair.paused.create(&[&pair.workers[1]]);
        pair.wait_for_shares(pair.workers[0].rest(), &[0, 1]);
        let name = pair.paused();
        let asked = pair.workers[0].rest().put(&format!("/connectors/{name}/pause"), &json!(null));
        assert_eq!(asked.expect("an answer").status, 202);
        wait_for_state(pair.workers[1].rest(), &name, "PAUSED");
        pair
    }

    fn paused(&self) -> String {
        self.paused.connectors().remove(0).0
    }

    /// One of them asked, all runs on these, each of which has a share, and comes through, and what is paused stays so.
    fn goes_on(&mut self, asked: usize, on: &[usize]) {
        self.lines.append();
        let rest = self.workers[asked].rest();
        self.wait_for_shares(rest, on);
        wait_for_state(rest, &self.paused(), "PAUSED");
        self.lines.wait(true);
    }

    fn wait_for_shares(&self, rest: &Rest, on: &[usize]) {
        let workers: Vec<&Worker> = on.iter().map(|worker| &self.workers[*worker]).collect();
        wait_for_shares(&self.lines, rest, &workers);
    }

    /// One ends in order, and comes back with a protocol.
    fn bounces(&mut self, worker: usize, protocol: &str) {
        self.workers[worker].stop().expect("the worker stops");
        self.goes_on(1 - worker, &[1 - worker]);
        self.workers[worker].restart_with(PROTOCOL, protocol).expect("the worker starts again");
        self.goes_on(worker, &[0, 1]);
    }

    /// One is killed, and comes back at once.
    fn is_killed(&mut self, worker: usize) {
        self.workers[worker].kill().expect("the worker is killed");
        self.lines.append();
        self.workers[worker].restart().expect("the worker starts again");
        self.goes_on(worker, &[0, 1]);
    }
}

/// The name that a protocol has in the group.
fn in_the_group(protocol: &str) -> &str {
    if protocol == "eager" { "default" } else { protocol }
}

#[test]
fn workers_of_both_kinds_bounce_under_each_protocol_while_it_is_raised() {
    let cluster = "bounce";
    let mut pair = Pair::new(cluster, [ours(cluster, "eager"), theirs(cluster, "eager")]);
    for (protocol, next) in [("eager", "compatible"), ("compatible", "sessioned"), ("sessioned", "sessioned")]
    {
        wait_for_protocol(&pair.workers[0], in_the_group(protocol));
        pair.bounces(0, protocol);
        pair.is_killed(0);
        // One after the other comes back with the next one, which counts once both have it.
        pair.bounces(1, next);
        wait_for_protocol(&pair.workers[0], in_the_group(protocol));
        pair.bounces(0, next);
    }
    wait_for_protocol(&pair.workers[0], "sessioned");
}

/// Whoever joins gives up all that it has before a round: nothing is repeated but what the killed one had not committed.
#[test]
fn workers_of_ours_alone_bounce_in_an_eager_group_and_raise_its_protocol() {
    let cluster = "bounce-ours";
    let mut pair = Pair::new(cluster, [ours(cluster, "eager"), ours(cluster, "eager")]);
    wait_for_protocol(&pair.workers[0], "default");
    pair.bounces(0, "eager");
    pair.lines.wait(false);
    pair.is_killed(1);
    pair.bounces(1, "sessioned");
    wait_for_protocol(&pair.workers[0], "default");
    pair.bounces(0, "sessioned");
    wait_for_protocol(&pair.workers[0], "sessioned");
}

/// Who offers no more than `eager` comes into a group whose workers keep what they run: they give it up first.
#[test]
fn a_worker_that_lowers_the_protocol_runs_nothing_that_others_still_run() {
    let cluster = "lowered";
    let first = ours(cluster, "sessioned");
    let mut lines = Lines::new(cluster, 3);
    lines.append();
    lines.create(&[&first]);
    lines.wait(false);
    wait_for_protocol(&first, "sessioned");
    let second = ours(cluster, "eager");
    wait_for_shares(&lines, first.rest(), &[&first, &second]);
    lines.append();
    lines.wait(false);
    wait_for_protocol(&first, "default");
}

/// A group agrees on what all of its members know: `eager` of theirs with `sessioned` of ours, which offers all.
#[test]
fn a_group_agrees_on_the_least_protocol() {
    let (theirs, ours) = (theirs("least", "eager"), ours("least", "sessioned"));
    let mut lines = Lines::new("least", 2);
    lines.append();
    lines.create(&[&theirs, &ours]);
    lines.wait_until_run(theirs.rest(), &[id(&ours), id(&theirs)]);
    lines.wait(true);
    wait_for_protocol(&ours, "default");
}

/// Waits until the protocol of the last round is this one, by the name that it has in the group.
fn wait_for_protocol(ours: &Worker, name: &str) {
    let agreed = || -> Option<String> {
        let log = ours.log();
        let round = log.lines().rfind(|line| line.contains("the group has shared out"))?;
        let (_, name) = round.split_once("protocol=\"")?;
        Some(name.split_once('"')?.0.to_owned())
    };
    let reached =
        wait::until("a protocol", LIMIT, PAUSE, || Ok((agreed().as_deref() == Some(name)).then_some(())));
    reached.unwrap_or_else(|error| panic!("{error:#}: {name}, not {:?}", agreed()));
}
