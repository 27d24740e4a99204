use std::time::Instant;

use super::{Listing, Statement, Transaction, Watch};

fn statement(thread: i64, identity: i64) -> Statement {
    Statement { thread, identity, tolerance: 0, writer: false }
}

fn transaction(thread: i64, id: u64, started: &str) -> Transaction {
    Transaction { thread, id: id.to_string(), started: started.to_owned(), writer: id < 1 << 48 }
}

fn see(
    watch: &mut Watch,
    statements: &[Statement],
    transactions: &[Transaction],
) -> (Vec<String>, Vec<String>) {
    let listing = Listing { statements: statements.to_vec(), transactions: transactions.to_vec() };
    watch.update(Instant::now(), &listing);
    let open = watch.open();
    (open.writers.into_iter().collect(), open.others.into_iter().collect())
}

const NONE: [String; 0] = [];

#[test]
fn a_transaction_keeps_its_name_from_its_first_statement_to_its_end() {
    let mut watch = Watch::default();
    let (writers, others) = see(&mut watch, &[statement(7, 100)], &[]);
    assert_eq!((writers.len(), others.len()), (0, 1));
    let reader = transaction(7, (1 << 48) + 5, "10:00:00");
    assert_eq!(see(&mut watch, &[statement(7, 100)], &[reader]), (NONE.to_vec(), others.clone()));
    // It writes, rests, runs another statement.
    let writer = transaction(7, 42, "10:00:00");
    assert_eq!(
        see(&mut watch, &[statement(7, 100)], std::slice::from_ref(&writer)),
        (others.clone(), NONE.to_vec())
    );
    assert_eq!(see(&mut watch, &[], std::slice::from_ref(&writer)), (others.clone(), NONE.to_vec()));
    assert_eq!(see(&mut watch, &[statement(7, 101)], &[writer]), (others.clone(), NONE.to_vec()));
    assert_eq!(see(&mut watch, &[], &[]), (NONE.to_vec(), NONE.to_vec()));
}

#[test]
fn the_next_transaction_of_a_connection_has_a_new_name() {
    let mut watch = Watch::default();
    let (first, _) = see(&mut watch, &[], &[transaction(7, 42, "10:00:00")]);
    let (second, _) = see(&mut watch, &[], &[transaction(7, 43, "10:00:00")]);
    assert_ne!(first, second);
    let (_, statement_alone) = see(&mut watch, &[statement(7, 100)], &[]);
    assert_ne!(second, statement_alone);
    let (_, next) = see(&mut watch, &[statement(7, 101)], &[]);
    assert_ne!(statement_alone, next);
}

#[test]
fn statements_that_are_known_by_their_second_only_are_told_apart_in_the_end() {
    let mut watch = Watch::default();
    let at = |second| Statement { thread: 7, identity: second, tolerance: 1, writer: true };
    let (first, _) = see(&mut watch, &[at(10)], &[]);
    assert_eq!(see(&mut watch, &[at(11)], &[]).0, first);
    assert_ne!(see(&mut watch, &[at(12)], &[]).0, first);
}

#[test]
fn prepared_transactions_without_a_connection_are_apart() {
    let mut watch = Watch::default();
    let (both, _) = see(&mut watch, &[], &[transaction(0, 1, "a"), transaction(0, 2, "a")]);
    assert_eq!(both.len(), 2);
    let (one, _) = see(&mut watch, &[], &[transaction(0, 2, "a")]);
    assert!(one.len() == 1 && both.contains(&one[0]));
}
