use super::{Summary, scope};

#[test]
fn the_summary_adds_results_and_ignores_other_lines() {
    let mut summary = Summary::default();
    for line in [
        "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 38.72s",
        "test broker::it_passed ... ok",
        "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
    ] {
        summary.add(line);
    }
    assert_eq!((summary.binaries, summary.passed, summary.failed, summary.ignored), (2, 15, 2, 1));
}

#[test]
fn the_workspace_is_tested_unless_packages_are_named() {
    let scope = |arguments: &[&str]| scope(&arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());

    assert_eq!(scope(&[]), ["--workspace"]);
    assert_eq!(scope(&["--", "-panicking"]), ["--workspace"]);
    assert!(scope(&["--package", "xtask"]).is_empty());
    assert!(scope(&["-pxtask"]).is_empty());
}
