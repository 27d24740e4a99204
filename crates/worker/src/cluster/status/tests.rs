use expect_test::{Expect, expect};

use super::*;
use crate::status::State;
use crate::task::TaskId;

fn report(state: State, worker: &str, generation: i32) -> Report {
    Report { state, trace: None, worker_id: worker.into(), generation, version: None, restart: None }
}

fn check(key: &Key, value: Value, expected: Expect) {
    let (bytes, json) = value.entry(key);
    let json = json.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    expected.assert_eq(&format!("{} {}", text(&bytes), text(&json)));
    assert_eq!(Key::decode(&bytes).as_ref(), Some(key));
    assert_eq!(key.value(&json), Some(value));
}

fn task(task: u32) -> Key {
    Key::Task(TaskId { connector: "a-b".into(), task })
}

fn id(task: u32) -> TaskId {
    TaskId { connector: "a-b".into(), task }
}

#[test]
fn records_are_written_as_kafka_writes_them() {
    let running = Report { version: Some("4.3.1".to_owned()), ..report(State::Running, "w:8083", 7) };
    check(
        &Key::Connector("a-b".into()),
        Value::Report(running),
        expect![[
            r#"status-connector-a-b {"state":"RUNNING","trace":null,"worker_id":"w:8083","generation":7,"version":"4.3.1"}"#
        ]],
    );
    let failed = Report { trace: Some("java\n\tat".to_owned()), ..report(State::Failed, "w:8083", 7) };
    check(
        &task(3),
        Value::Report(failed),
        expect![[
            r#"status-task-a-b-3 {"state":"FAILED","trace":"java\n\tat","worker_id":"w:8083","generation":7,"version":null}"#
        ]],
    );
    let used = TopicUse { name: "t".into(), connector: "a-b".into(), task: 1, discovered_ms: 5 };
    check(
        &Key::Topic { topic: "t".into(), connector: "a-b".into() },
        Value::TopicUse(used),
        expect![[
            r#"status-topic-t:connector-a-b {"topic":{"name":"t","connector":"a-b","task":1,"discoverTimestamp":5}}"#
        ]],
    );
}

#[test]
fn a_value_of_an_older_worker_has_no_version() {
    let value = br#"{"state":"PAUSED","trace":null,"worker_id":"w","generation":2}"#;
    assert_eq!(task(0).value(value), Some(Value::Report(report(State::Paused, "w", 2))));
}

#[test]
fn what_is_not_known_is_passed_over() {
    let mut statuses = Statuses::default();
    for (key, value) in [
        ("other", "{}"),
        ("status-connector-", "{}"),
        ("status-task-a", "{}"),
        ("status-task-a-x", "{}"),
        ("status-topic-t", "{}"),
        ("status-topic-t:a", "{}"),
        ("status-connector-a", "{}"),
        ("status-connector-a", r#"{"state":"LOST","worker_id":"w","generation":1}"#),
        ("status-connector-a", "no JSON"),
    ] {
        assert_eq!(statuses.take(key.as_bytes(), Some(value.as_bytes())), None, "{key} {value}");
    }
    assert_eq!(statuses, Statuses::default());
}

fn take(statuses: &mut Statuses, key: &Key, report: Report) {
    let (bytes, value) = Value::Report(report).entry(key);
    assert_eq!(statuses.take(&bytes, value.as_deref()).as_ref(), Some(key));
}

#[test]
fn a_late_word_of_a_task_that_was_given_up_is_passed_over() {
    let mut statuses = Statuses::default();
    take(&mut statuses, &task(0), report(State::Running, "new", 5));
    assert!(!statuses.overruled(&id(0)));
    take(&mut statuses, &task(0), report(State::Unassigned, "old", 4));
    assert_eq!(statuses.task(&id(0)).unwrap().state, State::Running);
    assert!(statuses.overruled(&id(0)), "the topic says something else");
    take(&mut statuses, &task(0), report(State::Running, "new", 5));
    assert!(!statuses.overruled(&id(0)));
    take(&mut statuses, &task(0), report(State::Unassigned, "new", 6));
    assert_eq!(statuses.task(&id(0)).unwrap().state, State::Unassigned);
}

#[test]
fn a_task_that_its_own_worker_gives_up_is_given_up_in_the_generation_in_which_it_started() {
    let mut statuses = Statuses::default();
    take(&mut statuses, &task(0), report(State::Running, "w", 5));
    take(&mut statuses, &task(0), report(State::Unassigned, "other", 5));
    assert_eq!(statuses.task(&id(0)).unwrap().state, State::Running);
    take(&mut statuses, &task(0), report(State::Unassigned, "w", 5));
    assert_eq!(statuses.task(&id(0)).unwrap().state, State::Unassigned);
}

#[test]
fn a_connector_goes_with_its_tasks() {
    let mut statuses = Statuses::default();
    take(&mut statuses, &Key::Connector("a-b".into()), report(State::Running, "w", 1));
    take(&mut statuses, &task(0), report(State::Running, "w", 1));
    take(&mut statuses, &task(1), report(State::Running, "w", 1));
    take(&mut statuses, &Key::Connector("a-bc".into()), report(State::Running, "w", 1));
    assert_eq!(statuses.tasks("a-b").map(|(task, _)| task).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(statuses.keys().count(), 4);
    statuses.take(b"status-connector-a-b", None);
    assert_eq!(statuses.keys().collect::<Vec<_>>(), [Key::Connector("a-bc".into())]);
}

#[test]
fn a_worker_speaks_over_nobody_who_knows_better() {
    let mut statuses = Statuses::default();
    let failed = |worker, generation| report(State::Failed, worker, generation);
    assert!(statuses.safe(&task(0), &failed("w1", 1)));
    take(&mut statuses, &task(0), report(State::Running, "w2", 5));
    assert!(!statuses.safe(&task(0), &failed("w1", 4)));
    assert!(statuses.safe(&task(0), &failed("w1", 5)));
    assert!(statuses.safe(&task(0), &failed("w2", 4)));
}
