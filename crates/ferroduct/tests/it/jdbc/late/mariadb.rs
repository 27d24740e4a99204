//! MariaDB.

use testkit::database::MariaDbEngine;

use super::Late;

const TRANSACTIONS: u32 = 40;

/// A mode, and the timestamp column it works with: equal timestamps are the rule in the one of whole seconds.
const MODES: &[(&str, &str)] = &[
    ("incrementing", "second"),
    ("timestamp", "second"),
    ("timestamp", "micro"),
    ("timestamp+incrementing", "second"),
    ("timestamp+incrementing", "micro"),
];

#[test]
fn rows_committed_late_arrive_in_every_mode() {
    let tables = "CREATE TABLE rows_late (id int AUTO_INCREMENT PRIMARY KEY, second datetime NOT NULL DEFAULT NOW(), \
             micro datetime(6) NOT NULL DEFAULT NOW(6), slept int, KEY (second), KEY (micro)); \
             CREATE TABLE rows_gone (id int); \
             CREATE TRIGGER gone AFTER DELETE ON rows_late FOR EACH ROW INSERT INTO rows_gone VALUES (OLD.id)";
    Late { name: "late-maria", tables, transactions, modes: MODES }.arrives::<MariaDbEngine>();
}

/// Transactions of random length one after the other: some roll back, some have several rows, some delete one, some
/// sleep before their first row or have read the clock before.
fn transactions(writer: u32) -> String {
    let transaction = |number: u32| {
        let pause =
            |part: u32| format!("DO SLEEP({}.0 / 1000);", (number * 7 + writer * 13 + part * 29) % 60);
        let row = "INSERT INTO rows_late () VALUES ();";
        // The clock is read when the statement begins, the row is written when it ends.
        let slow = "INSERT INTO rows_late (slept) SELECT SLEEP(0.03);";
        let end = if number % 5 == 4 { "ROLLBACK;" } else { "COMMIT;" };
        let first = if number.is_multiple_of(3) { slow } else { row };
        let delete = if number % 4 == 1 { "DELETE FROM rows_late ORDER BY id LIMIT 1;" } else { "" };
        let between = if number.is_multiple_of(2) { pause(3) } else { String::new() };
        format!("BEGIN; {first} {} {row} {between} {delete} {end}\n", pause(2))
    };
    (0..TRANSACTIONS).map(transaction).collect()
}
