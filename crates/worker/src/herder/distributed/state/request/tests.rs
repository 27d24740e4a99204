use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::tests::cluster;
use super::super::{Action, Event, State, World, Write};
use crate::cluster::Share;
use crate::cluster::config::{Configs, Record};
use crate::cluster::protocol::{Assignment, Protocol};
use crate::cluster::status::Statuses;
use crate::herder::HerderError;
use crate::herder::call::{Outcome, Request};
use crate::herder::entities::ConnectorType;
use crate::herder::state::{Action as Local, Event as News};
use crate::herder::view::Class;
use crate::status::TargetState;

const WAITING: usize = super::WAITING_MAX;

/// A worker that has read of a source `s`, of a stopped source `st` and of a sink `k`.
fn worker(rejects_conflicts: bool) -> State {
    let mut configs = Configs::default();
    let config = |class: &str| BTreeMap::from([("connector.class".to_owned(), Some(class.to_owned()))]);
    let connector = |name: &str, class| Record::Connector { name: name.into(), config: Some(config(class)) };
    let stopped = Record::Target { name: "st".into(), target: Some(TargetState::Stopped) };
    let records = [connector("s", "Source"), connector("st", "Source"), stopped, connector("k", "Sink")];
    for (offset, record) in (0..).zip(&records) {
        let (key, value) = record.encode();
        configs.take(offset, &key, value.as_deref()).unwrap();
    }
    let describe = |class: &str| {
        let kind = if class == "Source" { ConnectorType::Source } else { ConnectorType::Sink };
        Some(Class { kind, version: "1".into() })
    };
    let mut state = cluster::state(0, Arc::new(configs));
    state.settings.rejects_conflicts = rejects_conflicts;
    state.settings.describe = Box::new(describe);
    state
}

fn step(state: &mut State, event: Event) -> Vec<Action> {
    state.step(World { now_ms: 1, wall_ms: 1, statuses: &Statuses::default() }, event)
}

/// Has a generation begin in which this worker or another leads.
fn generation(state: &mut State, leader: &str) -> Vec<Action> {
    let assignment = Assignment {
        error: 0,
        leader: leader.into(),
        leader_url: format!("http://{leader}:1/").into(),
        config_offset: 0,
        assigned: Share::default(),
        revoked: Share::default(),
        delay_ms: 0,
    };
    let protocol = Protocol::Sessioned;
    step(state, Event::Assigned { me: "w".into(), generation: 1, protocol, assignment })
}

fn ask(state: &mut State, call: u64, name: &str, request: Request) -> Vec<Action> {
    step(state, Event::News(News::Called { call, name: name.into(), request }))
}

fn answers(actions: Vec<Action>) -> Vec<Outcome> {
    let answer = |action| match action {
        Action::Local(Local::Reply { outcome, .. }) => Some(outcome),
        _ => None,
    };
    actions.into_iter().filter_map(answer).collect()
}

fn refusal(actions: Vec<Action>) -> HerderError {
    match &mut *answers(actions) {
        [Err(error)] => error.clone(),
        other => panic!("{other:?}"),
    }
}

fn no_leader() -> HerderError {
    let words = "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was \
                 underway.";
    HerderError::Conflict(words.to_owned())
}

#[test]
fn what_needs_a_leader_waits_for_one() {
    let mut state = worker(false);
    assert_eq!(answers(ask(&mut state, 1, "s", Request::Delete)), []);
    let elsewhere = HerderError::Elsewhere("http://other:1/".into());
    assert_eq!(refusal(generation(&mut state, "other")), elsewhere);
}

#[test]
fn only_so_many_requests_wait() {
    let mut state = worker(false);
    for call in 0..WAITING {
        assert_eq!(answers(ask(&mut state, call as u64, "s", Request::Delete)), []);
    }
    assert_eq!(refusal(ask(&mut state, 9999, "s", Request::Delete)), no_leader());
}

#[test]
fn what_needs_a_leader_is_refused_in_the_words_of_java_if_that_is_wanted() {
    let mut state = worker(true);
    assert_eq!(refusal(ask(&mut state, 1, "s", Request::Delete)), no_leader());
    generation(&mut state, "other");
    step(&mut state, Event::Prepare);
    let words = "Cannot complete request momentarily due to stale configuration (typically caused by a concurrent \
                 config change)";
    let stale = HerderError::Conflict(words.to_owned());
    assert_eq!(refusal(ask(&mut state, 2, "s", Request::Delete)), stale);
}

#[test]
fn any_worker_writes_levels_and_targets() {
    let mut state = worker(true);
    let writes = |actions: Vec<Action>| {
        let write = |action| match action {
            Action::Write { name, write, .. } => Some((name.to_string(), write)),
            _ => None,
        };
        actions.into_iter().filter_map(write).collect::<Vec<_>>()
    };
    let level = ask(&mut state, 1, "org.a", Request::SetLevel("DEBUG".into()));
    assert_eq!(writes(level), [("org.a".to_owned(), Write::Level("DEBUG".into()))]);
    let pause = ask(&mut state, 2, "s", Request::SetTarget(TargetState::Paused));
    assert_eq!(writes(pause), [("s".to_owned(), Write::Target(TargetState::Paused))]);
}

#[test]
fn requests_of_other_workers_are_refused_in_the_words_of_java() {
    let mut state = worker(false);
    generation(&mut state, "w");
    let task = || Request::PutTasks(vec![BTreeMap::new()]);
    let missing = HerderError::NotFound("Connector none not found".to_owned());
    assert_eq!(refusal(ask(&mut state, 1, "none", task())), missing);
    assert_eq!(refusal(ask(&mut state, 2, "none", Request::Fence)), missing);
    let words = "Cannot submit non-empty set of task configs for stopped connector st";
    assert_eq!(refusal(ask(&mut state, 3, "st", task())), HerderError::BadRequest(words.to_owned()));
    let words = "Connector k is not a source connector";
    assert_eq!(refusal(ask(&mut state, 4, "k", Request::Fence)), HerderError::BadRequest(words.to_owned()));
}
