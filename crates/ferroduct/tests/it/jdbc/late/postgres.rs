//! PostgreSQL.

use testkit::database::PostgresEngine;

use super::Late;

const TRANSACTIONS: u32 = 60;

/// A mode, and the timestamp column it works with: in the one of whole seconds times are rounded, and equal ones are the
/// rule.
const MODES: &[(&str, &str)] = &[
    ("incrementing", "ts"),
    ("timestamp", "ts"),
    ("timestamp", "second"),
    ("timestamp+incrementing", "ts"),
    ("timestamp+incrementing", "second"),
];

#[test]
fn rows_committed_late_arrive_in_every_mode() {
    let tables = "CREATE TABLE rows_late (id serial PRIMARY KEY, ts timestamptz NOT NULL DEFAULT now(), \
             second timestamptz(0) NOT NULL DEFAULT now()); CREATE TABLE rows_gone (id int); \
             CREATE INDEX ON rows_late (ts); CREATE INDEX ON rows_late (second)";
    Late { name: "late", tables, transactions, modes: MODES }.arrives::<PostgresEngine>();
}

/// Transactions of random length one after the other: some roll back, some have several rows, some delete one, some
/// sleep before their first row, so that it is older than it looks.
fn transactions(writer: u32) -> String {
    let transaction = |number: u32| {
        let pause =
            |part: u32| format!("SELECT pg_sleep({}.0 / 1000);", (number * 7 + writer * 13 + part * 29) % 60);
        let row = "INSERT INTO rows_late DEFAULT VALUES;";
        let end = if number % 5 == 4 { "ROLLBACK;" } else { "COMMIT;" };
        let delete = if number % 4 == 1 { DELETE } else { "" };
        let before = if number.is_multiple_of(3) { pause(1) } else { String::new() };
        format!(
            "BEGIN; {before} {row} {} {row} {delete} {} {end}\n",
            pause(2),
            if number.is_multiple_of(2) { pause(3) } else { String::new() }
        )
    };
    (0..TRANSACTIONS).map(transaction).collect()
}

/// Takes one of the first rows away, and notes that it was there.
const DELETE: &str = "WITH gone AS (DELETE FROM rows_late WHERE id = \
    (SELECT id FROM rows_late ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id) \
    INSERT INTO rows_gone SELECT id FROM gone;";
