use testkit::java::Judge;

#[test]
fn a_judge_answers_line_by_line() {
    let mut judge = Judge::start("Echo").unwrap();

    assert_eq!(judge.ask("one").unwrap(), "one");
    assert_eq!(judge.ask("zwei ä €").unwrap(), "zwei ä €");
}

#[test]
fn the_error_of_a_judge_that_ended_shows_its_log() {
    let mut judge = Judge::start("Echo").unwrap();

    let error = judge.ask("exit").unwrap_err();

    assert!(format!("{error:#}").contains("told to exit"), "{error:#}");
}

#[test]
fn a_judge_that_does_not_exist_is_an_error() {
    let error = Judge::start("Missing").unwrap_err();

    assert!(format!("{error:#}").contains("Missing.java"), "{error:#}");
}
