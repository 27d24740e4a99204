use std::io;

use api::{Error, OrReaction};

use super::*;

const POLICY: Policy = Policy { max: Some(3), backoff_ms: 1_000, backoff_max_ms: 3_000, reset_ms: 10_000 };

fn at(now_ms: i64) -> Now {
    Now { now_ms, wall_ms: 1_700_000_000_000 + now_ms }
}

#[test]
fn waits_double_up_to_the_longest_and_end_with_the_budget() {
    let mut restarts = Restarts::default();
    for (token, whole_ms) in [(1, 1_000), (2, 2_000), (3, 3_000)] {
        let delay_ms = restarts.fails(&POLICY, at(0), "gone", "a-0", token).unwrap();
        assert!((whole_ms * 4 / 5..=whole_ms).contains(&delay_ms), "{delay_ms}");
        assert!(restarts.begins(token));
        assert!(!restarts.begins(token), "it begins once");
    }
    assert_eq!(restarts.fails(&POLICY, at(0), "gone", "a-0", 4), None);
    let told = restarts.told().unwrap();
    assert_eq!((told.count, told.max, told.next_attempt), (3, Some(3), None));
}

#[test]
fn what_fails_together_comes_back_apart() {
    let delays: std::collections::BTreeSet<u64> =
        (0..20).map(|task| POLICY.delay_ms(1, &salt("a", Some(task)))).collect();
    assert!(delays.len() > 10, "{delays:?}");
}

#[test]
fn the_budget_is_regained_by_running_long_enough() {
    let mut restarts = Restarts::default();
    for token in 0..3 {
        restarts.fails(&POLICY, at(0), "gone", "a-0", token);
    }
    restarts.runs(at(100));
    restarts.runs(at(5_000));
    assert_eq!(restarts.fails(&POLICY, at(10_099), "gone", "a-0", 3), None, "not long enough");
    restarts.runs(at(20_000));
    assert!(restarts.fails(&POLICY, at(30_000), "gone", "a-0", 4).is_some());
    assert_eq!(restarts.told().unwrap().count, 1);
}

#[test]
fn what_is_told_names_reason_and_instant() {
    let mut restarts = Restarts::default();
    let policy = Policy { backoff_ms: 0, ..POLICY };
    restarts.fails(&policy, at(250), "cannot write\nCaused by: connection refused", "a-0", 1);
    let json = serde_json::to_string(&restarts.told()).unwrap();
    expect_test::expect![[
        r#"{"count":1,"max":3,"reason":"cannot write: connection refused","next_attempt":"2023-11-14T22:13:20.250Z"}"#
    ]]
    .assert_eq(&json);
}

#[test]
fn a_budget_of_none_is_not_worth_a_word() {
    let mut restarts = Restarts::default();
    let policy = Policy { max: Some(0), ..POLICY };
    assert_eq!(restarts.fails(&policy, at(0), "gone", "a-0", 1), None);
    assert_eq!(restarts.told(), None);
}

#[test]
fn a_connector_says_otherwise_than_its_worker() {
    let config = |key: &str| match key {
        MAX => Some("-1"),
        BACKOFF => Some(" 5 "),
        BACKOFF_MAX => Some("${file:x:y}"),
        _ => None,
    };
    let policy = POLICY.of(config);
    assert_eq!(policy, Policy { max: None, backoff_ms: 5, ..POLICY });
}

#[test]
fn only_what_may_pass_is_started_anew() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
    let expired = kafka::Error::Expired { topic: "t".into(), partition: 0, last: None };
    let cases = [
        (Error::retry("a lock"), true),
        (Error::fail("gave up").caused_by(Error::retry("a lock")), true),
        (Err::<(), _>(refused()).or_fail("cannot connect").unwrap_err(), true),
        (Error::fail("cannot write").caused_by(expired), true),
        (Error::fail("a wrong option"), false),
        (Error::reject("a bad record"), false),
        (Error::fail("exceeded").caused_by(Error::reject("a bad record").caused_by(refused())), false),
        (Err::<(), _>(denied()).or_fail("cannot open").unwrap_err(), false),
        (Error::fail("cannot configure").caused_by(kafka::Error::Config(Vec::new())), false),
    ];
    for (error, expected) in cases {
        assert_eq!(may_pass(&error), expected, "{error:?}");
    }
}
