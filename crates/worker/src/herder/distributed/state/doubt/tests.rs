use std::sync::Arc;

use super::super::tests::cluster;
use super::super::tests::worker::Told;
use super::super::{Action, Event};
use crate::cluster::Share;
use crate::cluster::config::Record;
use crate::cluster::status::{Key, Report, Value};
use crate::herder::state::{Action as Local, Event as News, Generation};
use crate::status::State as Shown;
use crate::task::{TaskEvent, TaskId};

fn connector(name: &str) -> Record {
    Record::Connector { name: name.into(), config: Some(cluster::config(name, 1, 0)) }
}

fn removed(name: &str) -> Record {
    Record::Connector { name: name.into(), config: None }
}

/// What is told, in order: each key, and whether it is told of or removed.
fn told(actions: &[Action]) -> Vec<(Key, bool)> {
    let values = actions.iter().filter_map(|action| match action {
        Action::Tell { values, .. } => Some(values),
        _ => None,
    });
    values.flatten().map(|(key, value)| (key.clone(), value.is_some())).collect()
}

fn verifies(actions: &[Action]) -> usize {
    actions.iter().filter(|action| **action == Action::Verify).count()
}

fn running(worker_id: &str) -> Value {
    Value::Report(Report {
        state: Shown::Running,
        trace: None,
        worker_id: worker_id.into(),
        generation: 1,
        version: None,
        restart: None,
    })
}

fn verified(worker: &mut Told, records: &[Record]) -> Vec<Action> {
    cluster::read_records(&mut worker.configs, records);
    let configs = Some(Arc::new(worker.configs.clone()));
    worker.step(Event::Verified { configs })
}

/// A worker that runs a connector and its task.
fn runner() -> Told {
    let task = TaskId { connector: "c0".into(), task: 0 };
    let share = Share { connectors: vec!["c0".into()], tasks: vec![task.clone()] };
    let config = Some(cluster::config("c0", 1, 0));
    let records = [
        connector("c0"),
        Record::Task { id: task.clone(), config },
        Record::Commit { name: "c0".into(), tasks: Some(1) },
    ];
    let (mut worker, actions) = Told::with(&records, "other", share);
    let generation = |wanted: fn(&Local) -> Option<Generation>| {
        let local = actions.iter().filter_map(|action| match action {
            Action::Local(local) => Some(local),
            _ => None,
        });
        local.filter_map(wanted).next().expect("a start")
    };
    let instance = generation(|local| match local {
        Local::StartConnector { instance, .. } => Some(*instance),
        _ => None,
    });
    let generation = generation(|local| match local {
        Local::StartTask(start) => Some(start.generation),
        _ => None,
    });
    worker.step(Event::News(News::ConnectorStarted { name: "c0".into(), instance, outcome: Ok(()) }));
    worker.step(Event::News(News::TaskReported { id: task, generation, event: TaskEvent::Running }));
    worker
}

#[test]
fn what_runs_is_told_of_again_if_its_status_was_removed_by_mistake() {
    let (connector, task) =
        (Key::Connector("c0".into()), Key::Task(TaskId { connector: "c0".into(), task: 0 }));
    let mut worker = runner();
    let actions = worker.step(Event::Statuses(vec![connector.clone(), task.clone()]));
    assert_eq!((verifies(&actions), told(&actions)), (1, Vec::new()));
    // One look at a time, and another one if nothing could be read.
    assert_eq!(verifies(&worker.step(Event::Statuses(vec![connector.clone()]))), 0);
    let actions = worker.step(Event::Verified { configs: None });
    assert_eq!((verifies(&actions), told(&actions)), (1, Vec::new()));
    assert_eq!(told(&verified(&mut worker, &[])), [(connector, true), (task, true)]);
}

#[test]
fn nothing_is_told_again_of_what_is_gone() {
    let mut worker = runner();
    assert_eq!(verifies(&worker.step(Event::Statuses(vec![Key::Connector("c0".into())]))), 1);
    assert_eq!(told(&verified(&mut worker, &[removed("c0")])), []);
}

#[test]
fn a_leader_that_is_behind_removes_no_status_of_what_it_has_not_read_of() {
    let (mut leader, _) = Told::with(&[connector("c0")], "me", Share::default());
    let key = Key::Connector("c0".into());
    leader.statuses.take(&key.encode(), running("w1:8083").entry(&key).1.as_deref());
    let actions = leader.read(&[removed("c0")]);
    assert_eq!((verifies(&actions), told(&actions)), (1, Vec::new()));
    assert_eq!(told(&verified(&mut leader, &[connector("c0")])), []);

    let actions = leader.read(&[removed("c0")]);
    assert_eq!((verifies(&actions), told(&actions)), (1, Vec::new()));
    assert_eq!(told(&verified(&mut leader, &[])), [(key, false)]);
}
