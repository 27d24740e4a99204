use std::sync::Arc;

use super::super::tests::cluster::{self, read_records as read};
use super::super::tests::worker::Told;
use super::super::{Action, Event, State, World};
use crate::cluster::config::{Configs, Record};
use crate::cluster::protocol::{Assignment, Metadata, Protocol};
use crate::cluster::status::Statuses;
use crate::cluster::{Loads, Share};
use crate::status::TargetState;
use crate::task::TaskId;

fn connector(name: &str) -> Record {
    Record::Connector { name: name.into(), config: Some(cluster::config(name, 1, 0)) }
}

fn paused(name: &str) -> Record {
    Record::Target { name: name.into(), target: Some(TargetState::Paused) }
}

fn rejoins(state: &mut State, event: Event) -> usize {
    let statuses = Statuses::default();
    let actions = state.step(World { now_ms: 1, wall_ms: 1, statuses: &statuses }, event);
    actions.iter().filter(|action| matches!(action, Action::Rejoin(_))).count()
}

/// How often a worker asks for another round that reads of something else while a generation begins in which
/// `leader` shares out, and how often when it reads on after that.
fn asks(leader: &str, meanwhile: &[Record], later: &[Record]) -> (usize, usize) {
    let mut configs = Configs::default();
    read(&mut configs, &[connector("c0")]);
    let mut state = cluster::state(0, Arc::new(configs.clone()));
    let config_offset = configs.offset;
    let changes = read(&mut configs, meanwhile);
    assert_eq!(rejoins(&mut state, Event::Prepare), 0);
    let heard = Event::Configs { configs: Arc::new(configs.clone()), changes };
    assert_eq!(rejoins(&mut state, heard), 0, "the round may have it already");
    let assignment = Assignment {
        error: 0,
        leader: leader.into(),
        leader_url: "http://w1:8083/".into(),
        config_offset,
        assigned: Share::default(),
        revoked: Share::default(),
        delay_ms: 0,
    };
    let protocol = Protocol::Sessioned;
    let begun = Event::Assigned { me: "me".into(), generation: 1, protocol, assignment };
    let at_once = rejoins(&mut state, begun);
    let changes = read(&mut configs, later);
    (at_once, rejoins(&mut state, Event::Configs { configs: Arc::new(configs), changes }))
}

#[test]
fn a_worker_that_knows_more_than_was_shared_out_asks_for_another_round_at_once() {
    for leader in ["me", "other"] {
        assert_eq!(asks(leader, &[connector("c1")], &[]), (1, 0), "{leader} leads");
        assert_eq!(asks(leader, &[connector("c1"), paused("c1")], &[paused("c0")]), (1, 0), "{leader} leads");
        assert_eq!(asks(leader, &[], &[connector("c1")]), (0, 1), "{leader} leads");
    }
}

/// How often a worker asks for another round that has been told to give up a connector and its task.
fn asks_after_revocation(before: &[Record]) -> usize {
    let mut configs = Configs::default();
    read(&mut configs, &[connector("c0")]);
    read(&mut configs, before);
    let config_offset = configs.offset;
    let mut state = cluster::state(0, Arc::new(configs));
    let task = TaskId { connector: "c0".into(), task: 0 };
    let assignment = Assignment {
        error: 0,
        leader: "other".into(),
        leader_url: "http://w1:8083/".into(),
        config_offset,
        assigned: Share::default(),
        revoked: Share { connectors: vec!["c0".into()], tasks: vec![task] },
        delay_ms: 0,
    };
    let protocol = Protocol::Sessioned;
    rejoins(&mut state, Event::Assigned { me: "me".into(), generation: 1, protocol, assignment })
}

#[test]
fn what_is_taken_away_is_given_to_others_unless_it_is_gone() {
    assert_eq!(asks_after_revocation(&[]), 1);
    assert_eq!(asks_after_revocation(&[Record::Connector { name: "c0".into(), config: None }]), 0);
}

#[test]
fn what_is_shared_out_as_before_needs_no_round() {
    for leader in ["me", "other"] {
        assert_eq!(
            asks(leader, &[connector("c0"), paused("c0")], &[connector("c0")]),
            (0, 0),
            "{leader} leads"
        );
    }
}

/// What the members of a group get when this worker, which has led it under a protocol, shares out under another one.
fn shared_out(before: Protocol, now: Protocol) -> Vec<Vec<Arc<str>>> {
    let (mut leader, _) =
        Told::with_protocol(before, &[connector("c0"), connector("c1")], "me", Share::default());
    let member = |id: &str| {
        let url = format!("http://{id}:8083/").into();
        let config_offset = leader.configs.offset;
        (id.into(), Metadata { url, config_offset, current: None, loads: Loads::new() })
    };
    let members = vec![member("me"), member("other")];
    leader.step(Event::Prepare);
    let elected = Event::Elected { me: "me".into(), generation: 2, protocol: now, members };
    let assigned = leader.step(elected).into_iter().find_map(|action| match action {
        Action::Assign { assignments, .. } => Some(assignments),
        _ => None,
    });
    let assigned = assigned.expect("the group is told");
    let own = assigned[0].1.clone();
    let shares = assigned.into_iter().map(|(_, assignment)| assignment.assigned.connectors).collect();
    leader.step(Event::Assigned { me: "me".into(), generation: 2, protocol: now, assignment: own });
    let again = leader.state.wake_at_ms().is_some();
    assert_eq!(again, before != now, "a round in which nobody got anything is followed by another one");
    shares
}

#[test]
fn who_kept_what_it_ran_gives_it_up_before_it_is_shared_out_under_an_eager_protocol() {
    let one_each = [["c0".into()], ["c1".into()]];
    assert_eq!(shared_out(Protocol::Eager, Protocol::Eager), one_each);
    for before in [Protocol::Compatible, Protocol::Sessioned] {
        assert_eq!(shared_out(before, Protocol::Eager), [Vec::<Arc<str>>::new(), Vec::new()], "{before:?}");
    }
}
