use expect_test::{Expect, expect};

use super::creation;

fn check(body: &str, expected: Expect) {
    let actual = match creation(serde_json::from_str(body).unwrap()) {
        Ok(creation) => format!("{:?} {:?} {:?}", creation.name, creation.config, creation.initial),
        Err(error) => format!("{} {}", error.status.as_u16(), error.message),
    };
    expected.assert_eq(&actual);
}

#[test]
fn a_request_names_a_connector_its_configuration_and_its_first_state() {
    check(r#"{"name": " a ", "config": {"x": 1}}"#, expect![[r#""a" {"x": Some("1")} Running"#]]);
    check(r#"{"config": {}, "initial_state": "paused"}"#, expect![[r#""" {} Paused"#]]);
    check(r#"{"name": 7, "config": {}, "initial_state": null}"#, expect![[r#""7" {} Running"#]]);
}

#[test]
fn what_is_wrong_with_a_request_is_told() {
    check(r#"{"name": "a"}"#, expect![[r#"400 the request has no "config""#]]);
    check(
        r#"{"name": "a", "config": []}"#,
        expect!["400 the configuration has to be a JSON object, not an array"],
    );
    check(
        r#"{"name": "a", "config": {}, "initial_state": "SLEEPING"}"#,
        expect![[r#"400 cannot take "SLEEPING" for "initial_state": expected RUNNING, PAUSED or STOPPED"#]],
    );
    check(
        r#"{"name": {}, "config": {}}"#,
        expect![[r#"400 the value of "name" has to be a string, not an object"#]],
    );
}
