use api::Error;
use api::config::Properties;

use super::{Policy, Refusal, Stage};

fn properties(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn refusal() -> Refusal {
    Refusal {
        stage: Stage::Transformation,
        class: "org.apache.kafka.connect.transforms.Cast$Value",
        transform: Some("cast".into()),
        error: Error::reject("expected a number, got text"),
    }
}

#[test]
fn without_keys_a_refused_record_ends_the_task_and_is_named() {
    let policy = Policy::parse(&properties(&[])).expect("no keys are fine");
    let error = policy.decide(refusal(), &"the record at offset 7 of `t`-0").expect_err("no tolerance");
    assert_eq!(
        format!("{error:#}"),
        "Tolerance exceeded in error handler: TRANSFORMATION by transform `cast` \
         (`org.apache.kafka.connect.transforms.Cast$Value`) of the record at offset 7 of `t`-0: expected a number, \
         got text"
    );
}

#[test]
fn with_tolerance_it_is_left_out() {
    let policy = Policy::parse(&properties(&[("errors.tolerance", "all")])).expect("a tolerance");
    policy.decide(refusal(), &"a record").expect("tolerance");
}

#[test]
fn the_dead_letter_queue_has_kafkas_defaults() {
    let keys = [("errors.deadletterqueue.topic.name", "dlq")];
    let queue = Policy::parse(&properties(&keys)).expect("a policy").dead_letter_queue.expect("a queue");
    assert_eq!((&*queue.topic, queue.replication_factor, queue.context_headers), ("dlq", 3, false));
    let none = Policy::parse(&properties(&[("errors.deadletterqueue.topic.name", "")])).expect("a policy");
    assert_eq!(none.dead_letter_queue, None);
}

#[test]
fn numbers_that_are_none_are_told_with_their_key() {
    let problems = Policy::parse(&properties(&[("errors.retry.timeout", "soon")])).expect_err("no number");
    assert_eq!(problems.0[0].key, "errors.retry.timeout");
}
