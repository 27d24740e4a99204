use std::sync::Arc;

use super::super::tests::cluster::{self, records};
use super::super::tests::worker::Told;
use super::super::{Action, Event, Write};
use crate::cluster::Share;
use crate::cluster::config::Record;
use crate::herder::RawConfig;
use crate::herder::state::{Action as Local, Event as News};
use crate::status::TargetState;

fn name() -> Arc<str> {
    "c0".into()
}

fn connector() -> Record {
    Record::Connector { name: name(), config: Some(cluster::config("c0", 1, 0)) }
}

fn task(version: u8) -> RawConfig {
    cluster::config("c0", 1, version)
}

/// Which tasks are sent to the leader.
fn sent(actions: &[Action]) -> Option<&[RawConfig]> {
    actions.iter().find_map(|action| match action {
        Action::Send { tasks, .. } => Some(&**tasks),
        _ => None,
    })
}

fn splits_later(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Local(Local::SplitLater { .. })))
}

#[test]
fn tasks_that_were_written_behind_those_that_are_wanted_are_replaced() {
    let share = Share { connectors: vec![name()], tasks: Vec::new() };
    let (mut worker, actions) = Told::with(&[connector()], "other", share);
    let started = actions.iter().find_map(|action| match action {
        Action::Local(Local::StartConnector { instance, .. }) => Some(*instance),
        _ => None,
    });
    let instance = started.expect("the connector starts");
    let properties = task(1).into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    worker.step(Event::News(News::ConnectorStarted { name: name(), instance, outcome: Ok(()) }));
    let split = News::ConnectorSplit { name: name(), instance, outcome: Ok(vec![properties]) };
    let actions = worker.step(Event::News(split.clone()));
    assert_eq!(sent(&actions), Some(&[task(1)][..]));
    let own = worker.read(&records(&name(), Write::Tasks(vec![task(1)])));
    assert!(!splits_later(&own), "{own:?}");

    let late = worker.read(&records(&name(), Write::Tasks(vec![task(0)])));
    assert!(splits_later(&late), "{late:?}");
    assert_eq!(sent(&worker.step(Event::News(split.clone()))), Some(&[task(1)][..]));
    worker.read(&records(&name(), Write::Tasks(vec![task(1)])));
    assert_eq!(sent(&worker.step(Event::News(split))), None);
}

#[test]
fn a_connector_whose_tasks_were_written_after_it_was_stopped_is_left_with_none() {
    let (mut leader, _) = Told::with(&[connector()], "me", Share::default());
    let emptied = |actions: &[Action]| {
        actions.iter().any(
            |action| matches!(action, Action::Write { write: Write::Tasks(tasks), .. } if tasks.is_empty()),
        )
    };
    let stop = records(&name(), Write::Stop);
    let tasks = records(&name(), Write::Tasks(vec![task(0)]));
    assert!(!emptied(&leader.read(&stop)));
    assert!(emptied(&leader.read(&tasks)));
    let all = [vec![connector()], stop, tasks].concat();
    assert!(emptied(&Told::with(&all, "me", Share::default()).1), "a new leader");
    assert!(!emptied(&Told::with(&all, "other", Share::default()).1), "who does not lead");
    let paused = Record::Target { name: name(), target: Some(TargetState::Paused) };
    assert!(!emptied(&Told::with(&[all, vec![paused]].concat(), "me", Share::default()).1));
}
