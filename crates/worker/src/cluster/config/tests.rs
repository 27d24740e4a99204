use expect_test::{Expect, expect};

use super::*;
use crate::cluster::Share;
use crate::cluster::signature::{Algorithm, SessionKey};
use crate::cluster::topic::Entry;
use crate::herder::RawConfig;
use crate::status::TargetState;
use crate::task::TaskId;

fn config(entries: &[(&str, Option<&str>)]) -> RawConfig {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect()
}

fn task(connector: &str, task: u32) -> Record {
    let id = TaskId { connector: connector.into(), task };
    Record::Task { id, config: Some(config(&[("n", Some(&task.to_string()))])) }
}

fn check(record: Record, expected: Expect) {
    let (key, value) = record.encode();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    expected.assert_eq(&format!("{} {}", text(&key), value.as_deref().map_or("-".to_owned(), text)));
    assert_eq!(Record::decode(&key, value.as_deref()), Ok(Some(record)));
}

#[test]
fn records_are_written_as_kafka_writes_them() {
    let name = || "a-b".into();
    let properties = config(&[("k", Some("v\"\n")), ("none", None)]);
    check(
        Record::Connector { name: name(), config: Some(properties) },
        expect![[r#"connector-a-b {"properties":{"k":"v\"\n","none":null}}"#]],
    );
    check(Record::Connector { name: name(), config: None }, expect!["connector-a-b -"]);
    check(
        Record::Target { name: name(), target: Some(TargetState::Stopped) },
        expect![[r#"target-state-a-b {"state":"PAUSED","state.v2":"STOPPED"}"#]],
    );
    check(
        Record::Target { name: name(), target: Some(TargetState::Started) },
        expect![[r#"target-state-a-b {"state":"STARTED","state.v2":"STARTED"}"#]],
    );
    check(Record::Target { name: name(), target: None }, expect!["target-state-a-b -"]);
    check(task("a-b", 12), expect![[r#"task-a-b-12 {"properties":{"n":"12"}}"#]]);
    check(Record::Commit { name: name(), tasks: Some(3) }, expect![[r#"commit-a-b {"tasks":3}"#]]);
    check(Record::Commit { name: name(), tasks: None }, expect!["commit-a-b -"]);
    let id = TaskId { connector: name(), task: 12 };
    check(Record::Task { id, config: None }, expect!["task-a-b-12 -"]);
    check(Record::Fencing { name: name(), tasks: 3 }, expect![[r#"tasks-fencing-a-b {"task-count":3}"#]]);
    check(
        Record::SessionKey(SessionKey::new(Algorithm::HmacSha256, vec![0, 1, 2], 5)),
        expect![[r#"session-key {"key":"AAEC","algorithm":"HmacSHA256","creation-timestamp":5}"#]],
    );
    check(
        Record::Restart { name: name(), include_tasks: true, only_failed: false },
        expect![[r#"restart-connector-a-b {"include-tasks":true,"only-failed":false}"#]],
    );
    check(
        Record::LoggerLevel { namespace: "org.a".into(), level: "DEBUG".into() },
        expect![[r#"logger-cluster-org.a {"level":"DEBUG"}"#]],
    );
}

#[test]
fn what_lacks_a_meaning_is_told_without_its_value() {
    let check = |key: &str, value: &str, reason| {
        assert_eq!(Record::decode(key.as_bytes(), Some(value.as_bytes())), Err(reason), "{key} {value}");
    };
    check("connector-a", "{", Unreadable::NoJson);
    check("connector-a", "[]", Unreadable::Field("value"));
    check("connector-a", r#"{"properties":{"a":{}}}"#, Unreadable::Field("properties"));
    check("target-state-a", r#"{"state":"LOST"}"#, Unreadable::Field("state"));
    check("target-state-a", r#"{"state":"STARTED","state.v2":"LOST"}"#, Unreadable::Field("state"));
    check("task-a", r#"{"properties":{}}"#, Unreadable::Key);
    check("commit-a", r#"{"tasks":-1}"#, Unreadable::Field("tasks"));
    check(
        "session-key",
        r#"{"key":"?","algorithm":"HmacSHA256","creation-timestamp":1}"#,
        Unreadable::Field("key"),
    );
    check("other-a", "{}", Unreadable::Key);
    assert_eq!(Record::decode(b"tasks-fencing-a", None), Ok(None));
    let older = Record::decode(b"target-state-a", Some(br#"{"state":"PAUSED"}"#));
    assert_eq!(older, Ok(Some(Record::Target { name: "a".into(), target: Some(TargetState::Paused) })));
}

/// Takes records at offsets from 0 on; answers what came of them.
fn read(configs: &mut Configs, records: impl IntoIterator<Item = Record>) -> Vec<Change> {
    let mut changes = Vec::new();
    for record in records {
        let (key, value) = record.encode();
        changes.extend(configs.take(configs.offset.max(0), &key, value.as_deref()).unwrap());
    }
    changes
}

fn connector(name: &str, value: &str) -> Record {
    Record::Connector { name: name.into(), config: Some(config(&[("k", Some(value))])) }
}

fn commit(name: &str, tasks: u32) -> Record {
    Record::Commit { name: name.into(), tasks: Some(tasks) }
}

fn numbers(configs: &Configs, name: &str) -> Vec<u32> {
    configs.connectors[name].tasks().map(|(task, _)| task).collect()
}

#[test]
fn tasks_count_once_they_are_committed() {
    let mut configs = Configs::default();
    assert_eq!(configs.offset, -1);
    read(&mut configs, [connector("a", "1"), task("a", 0), task("a", 1)]);
    assert!(numbers(&configs, "a").is_empty());
    assert_eq!(read(&mut configs, [commit("a", 2)]), [Change::Tasks("a".into())]);
    assert_eq!((numbers(&configs, "a"), configs.offset), (vec![0, 1], 4));
    read(&mut configs, [task("a", 0), commit("a", 1)]);
    assert_eq!(numbers(&configs, "a"), [0]);
    read(&mut configs, [commit("a", 0)]);
    assert!(numbers(&configs, "a").is_empty());
    assert_eq!(configs.configured(), [("a".into(), 0)].into());
    read(&mut configs, [task("a", 0), commit("a", 1)]);
    let tasks = |task| Share { tasks: vec![TaskId { connector: "a".into(), task }], ..Share::default() };
    assert!(configs.has_any(&tasks(0)) && !configs.has_any(&tasks(1)));
    let connectors = |name: &str| Share { connectors: vec![name.into()], ..Share::default() };
    assert!(configs.has_any(&connectors("a")) && !configs.has_any(&connectors("b")));
}

#[test]
fn half_a_set_of_tasks_is_none_and_is_to_be_written_anew() {
    let mut configs = Configs::default();
    read(&mut configs, [connector("a", "1"), task("a", 1), commit("a", 2)]);
    assert!(configs.connectors["a"].inconsistent());
    assert!(numbers(&configs, "a").is_empty());
    let tasks = [config(&[("n", Some("0"))]), config(&[("n", Some("1"))])];
    assert!(configs.connectors["a"].changes(&tasks));
    read(&mut configs, [task("a", 0), task("a", 1), commit("a", 2)]);
    assert!(!configs.connectors["a"].inconsistent());
    assert!(!configs.connectors["a"].changes(&tasks));
}

#[test]
fn a_changed_connector_has_its_tasks_written_even_if_they_are_the_same() {
    let mut configs = Configs::default();
    read(&mut configs, [connector("a", "1"), task("a", 0), commit("a", 1)]);
    let tasks = [config(&[("n", Some("0"))])];
    assert!(!configs.connectors["a"].changes(&tasks));
    read(&mut configs, [connector("a", "2")]);
    assert!(configs.connectors["a"].changes(&tasks));
}

#[test]
fn tasks_of_a_connector_that_was_deleted_mean_nothing() {
    let mut configs = Configs::default();
    assert_eq!(read(&mut configs, [task("a", 0), commit("a", 1)]), []);
    assert!(configs.connectors.is_empty());
    read(&mut configs, [connector("a", "1"), task("a", 0), commit("a", 1)]);
    let deleted = Record::Connector { name: "a".into(), config: None };
    assert_eq!(read(&mut configs, [deleted]), [Change::Removed("a".into())]);
    read(&mut configs, [connector("a", "1")]);
    assert!(numbers(&configs, "a").is_empty());
}

#[test]
fn targets_are_told_when_they_change_and_outlive_the_connector() {
    let mut configs = Configs::default();
    let target = |target| Record::Target { name: "a".into(), target };
    assert_eq!(read(&mut configs, [target(Some(TargetState::Paused))]), []);
    read(&mut configs, [connector("a", "1")]);
    assert_eq!(configs.target("a"), TargetState::Paused);
    assert_eq!(read(&mut configs, [target(Some(TargetState::Paused))]), []);
    assert_eq!(read(&mut configs, [target(None)]), [Change::Target("a".into())]);
    assert_eq!(configs.target("a"), TargetState::Started);
}

#[test]
fn what_is_no_json_does_not_count_as_java_counts() {
    let mut configs = Configs::default();
    assert!(configs.take(7, b"connector-a", Some(b"{")).is_err());
    assert_eq!(configs.offset, -1);
    assert!(configs.take(8, b"connector-a", Some(b"{}")).is_err());
    assert_eq!(configs.offset, 9);
    assert_eq!(configs.take(9, b"commit-a", None), Ok(None));
    assert_eq!(configs.offset, 10);
}

/// The keys of what deletes all that is left of a connector.
fn deleted(configs: &Configs, name: &str) -> Vec<String> {
    let records = configs.deleted_tasks(&name.into());
    let entries = records.iter().map(Record::encode);
    let key = |(key, value): Entry| {
        assert_eq!(value, None);
        String::from_utf8(key).unwrap()
    };
    entries.map(key).collect()
}

fn strangers(configs: &Configs) -> Vec<&str> {
    configs.strangers().map(|name| &**name).collect()
}

#[test]
fn what_is_left_of_the_tasks_of_a_deleted_connector_is_deleted_too() {
    let mut configs = Configs::default();
    read(&mut configs, [connector("a", "1"), task("a", 0), task("a", 1), commit("a", 2)]);
    // Fewer tasks, and one that nobody has committed.
    read(&mut configs, [task("a", 0), commit("a", 1), task("a", 7)]);
    assert_eq!(deleted(&configs, "a"), ["commit-a", "task-a-0", "task-a-1", "task-a-7"]);
    assert!(strangers(&configs).is_empty());
    // A leader of Java leaves them there.
    read(&mut configs, [Record::Connector { name: "a".into(), config: None }]);
    assert_eq!(strangers(&configs), ["a"]);
    let records = configs.deleted_tasks(&"a".into());
    assert_eq!(read(&mut configs, records), []);
    assert!(strangers(&configs).is_empty() && deleted(&configs, "a").is_empty());
}

#[test]
fn tasks_that_compaction_has_left_of_a_deleted_connector_are_known() {
    let mut configs = Configs::default();
    read(&mut configs, [task("gone", 3), commit("gone", 4), task("half", 0), commit("there", 0)]);
    read(&mut configs, [connector("there", "1"), connector("b", "1"), task("b", 0), commit("b", 1)]);
    assert_eq!(strangers(&configs), ["gone", "half"]);
    assert_eq!(deleted(&configs, "gone"), ["commit-gone", "task-gone-3"]);
    // A connector of that name is made anew.
    read(&mut configs, [connector("half", "1")]);
    assert_eq!(strangers(&configs), ["gone"]);
}

#[test]
fn it_is_known_since_when_connectors_and_their_numbers_of_tasks_are_what_they_are() {
    let mut configs = Configs::default();
    let mut check = |records: Vec<Record>, changed: bool| {
        let (before, at) = (configs.configured(), configs.configured_at);
        let text = format!("{records:?}");
        read(&mut configs, records);
        assert_eq!(configs.configured() != before, changed, "{text}");
        assert_eq!(configs.configured_at, if changed { configs.offset } else { at }, "{text}");
    };
    let paused = Record::Target { name: "a".into(), target: Some(TargetState::Paused) };
    let removed = |name: &str| Record::Connector { name: name.into(), config: None };
    check(vec![connector("a", "1")], true);
    check(vec![connector("a", "2"), paused], false);
    check(vec![task("a", 0), task("a", 1), commit("a", 2)], true);
    check(vec![task("a", 0), task("a", 1), commit("a", 2), commit("b", 1)], false);
    // Half a set of tasks is none.
    check(vec![task("a", 0), commit("a", 2)], true);
    check(vec![task("a", 0), commit("a", 1)], true);
    check(vec![removed("b")], false);
    check(vec![removed("a")], true);
}
