use expect_test::{Expect, expect};

use super::*;

fn check(error: Error, expected: Expect) {
    expected.assert_eq(&error.to_string());
}

#[test]
fn a_code_is_named_as_kafka_names_it() {
    check(
        Error::broker(ResponseError::NotLeaderOrFollower, "write to topic `a`"),
        expect!["cannot write to topic `a`: NOT_LEADER_OR_FOLLOWER"],
    );
    check(
        Error::broker_with(ResponseError::InvalidConfig, "create topic `a`", Some("no such key.")),
        expect!["cannot create topic `a`: INVALID_CONFIG: no such key"],
    );
    check(Error::broker(ResponseError::Unknown(999), "x"), expect!["cannot x: error code 999"]);
}

#[test]
fn only_what_may_heal_is_retriable() {
    assert!(Error::broker(ResponseError::LeaderNotAvailable, "x").retriable());
    assert!(!Error::broker(ResponseError::TopicAuthorizationFailed, "x").retriable());
    assert!(Error::Disconnected { address: "a:1".into(), reason: "end of stream".into() }.retriable());
    assert!(!Error::Closed.retriable());
}
