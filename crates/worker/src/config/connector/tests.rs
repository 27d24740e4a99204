use std::fs;

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;

fn check(content: &str, expected: Expect) {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("connector");
    fs::write(&path, content).expect("write");
    let shown = match ConnectorFile::load(&path) {
        Ok(file) => format!("{} {:?} {:?}", file.name, file.initial_state, file.config),
        Err(error) => error.to_string().replace(&path.display().to_string(), "FILE"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn all_three_shapes_are_read() {
    check("name=a\ntasks.max=1\n", expect![[r#"a Running {"name": Some("a"), "tasks.max": Some("1")}"#]]);
    check(
        r#" {"name": "a", "tasks.max": 1, "on": true, "none": null, "big": 12345678901234567890.10}"#,
        expect![[
            r#"a Running {"big": Some("12345678901234567890.10"), "name": Some("a"), "none": None, "on": Some("true"), "tasks.max": Some("1")}"#
        ]],
    );
    check(
        r#"{"name": "a", "config": {"tasks.max": 1}, "initial_state": "paused", "other": [1]}"#,
        expect![[r#"a Paused {"tasks.max": Some("1")}"#]],
    );
    check(
        r#"{"name": "a", "config": "a text"}"#,
        expect![[r#"a Running {"config": Some("a text"), "name": Some("a")}"#]],
    );
}

#[test]
fn what_is_wrong_names_the_file_and_the_key() {
    check("tasks.max=1", expect!["cannot read `FILE`: the key `name` is missing"]);
    check(r#"{"config": {}}"#, expect!["cannot read `FILE`: the key `name` is missing"]);
    check(
        r#"{"name": "a", "file": ["x"]}"#,
        expect!["cannot read `FILE`: the key `file`: expected a text, a number or a boolean"],
    );
    check(
        r#"{"name": "a", "config": {"name": "b"}}"#,
        expect!["cannot read `FILE`: the key `name` in `config` is `b`, and `a` beside it"],
    );
    check(
        r#"{"name": "a", "config": {}, "initial_state": "asleep"}"#,
        expect!["cannot read `FILE`: the key `initial_state`: expected RUNNING, PAUSED or STOPPED"],
    );
    check(
        "{\"name\": \"a\",\n",
        expect!["cannot read `FILE`: it is no JSON object: EOF while parsing a value at line 2 column 0"],
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = ConnectorFile::load(Path::new("/nonexistent/c.json")).expect_err("no file").to_string();
    assert!(error.starts_with("cannot read `/nonexistent/c.json`: No such file"), "{error}");
}
