//! Rows that are bad: each is found, and the others are written.

use std::sync::Arc;

use api::Reaction;

use super::{Context, Reader, UPSERT, database, lines, mariadb, properties, put, records, start};

#[tokio::test]
async fn a_bad_row_among_many_is_found_and_the_others_are_written() {
    let database = database();
    database
        .execute("CREATE TABLE t (id int PRIMARY KEY, v varchar(3)); INSERT INTO t VALUES (5, 'old')")
        .unwrap();
    let context = Context::tolerant();
    let mut task = start(&properties(&database, &[]), context.clone()).await;
    let rows: Vec<(i32, &str)> =
        (0..40).map(|id| (id, if id == 17 || id == 18 { "too long" } else { "ok" })).collect();
    let batches = records(&mut Reader::new("t"), &rows);
    put(task.as_mut(), &batches).await.unwrap();
    assert_eq!(context.offsets(), [5, 17, 18]);
    let rejected = context.rejected.lock();
    assert!(
        rejected.iter().all(|(_, words)| !words.contains("too long") && words.contains(".\"t\"")),
        "{rejected:?}"
    );
    assert!(rejected[1].1.contains("text is longer than its column"), "{rejected:?}");
    assert!(rejected[0].1.contains("`t_pkey`"), "{rejected:?}");
    assert_eq!(lines(&database, "SELECT count(*), max(v) FROM t WHERE id <> 5"), ["37|ok"]);
}

#[tokio::test]
async fn of_two_changes_of_a_key_the_earlier_stays_when_the_later_is_bad() {
    let database = database();
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v varchar(3))").unwrap();
    let context = Context::tolerant();
    let mut task = start(&properties(&database, &UPSERT), context.clone()).await;
    let batches = records(&mut Reader::new("t"), &[(1, "a"), (2, "b"), (1, "too long")]);
    put(task.as_mut(), &batches).await.unwrap();
    assert_eq!(context.offsets(), [2]);
    assert_eq!(lines(&database, "SELECT * FROM t ORDER BY 1"), ["1|a", "2|b"]);
}

#[tokio::test]
async fn of_two_changes_of_a_key_the_earlier_stays_on_mariadb_too() {
    let database = mariadb();
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v varchar(3))").unwrap();
    let context = Context::tolerant();
    let mut task = start(&properties(&database, &UPSERT), context.clone()).await;
    let batches = records(&mut Reader::new("t"), &[(1, "a"), (2, "b"), (1, "too long")]);
    put(task.as_mut(), &batches).await.unwrap();
    assert_eq!(context.offsets(), [2]);
    assert_eq!(lines(&database, "SELECT * FROM t ORDER BY 1"), ["1|a", "2|b"]);
}

/// Statements that were prepared before a table was changed are no reason to end.
#[tokio::test]
async fn rows_of_mariadb_are_written_after_somebody_has_changed_the_table() {
    for entries in [&[][..], &UPSERT[..]] {
        let database = mariadb();
        database.execute("CREATE TABLE t (id int PRIMARY KEY, v varchar(3))").unwrap();
        let mut task = start(&properties(&database, entries), Arc::default()).await;
        let mut reader = Reader::new("t");
        for (count, change) in
            ["", "ADD COLUMN more int", "MODIFY v varchar(9)", "ADD CHECK (id < 99)"].into_iter().enumerate()
        {
            if !change.is_empty() {
                database.execute(&format!("ALTER TABLE t {change}")).unwrap();
            }
            let first = i32::try_from(count).unwrap() * 10;
            let rows: Vec<(i32, &str)> = (first..first + 10).map(|id| (id, "a")).collect();
            put(task.as_mut(), &records(&mut reader, &rows)).await.unwrap();
        }
        assert_eq!(lines(&database, "SELECT count(*) FROM t"), ["40"]);
    }
}

/// Whatever the server says of a request of many rows, each bad one is found with its own reason.
#[tokio::test]
async fn rows_that_mariadb_refuses_for_any_reason_are_found_with_it() {
    for entries in [&[][..], &UPSERT[..]] {
        let database = mariadb();
        database
            .execute(
                "CREATE TABLE u (v varchar(9) PRIMARY KEY); INSERT INTO u VALUES ('a'), ('b'), ('s'); \
                 CREATE TABLE t (id int PRIMARY KEY, v varchar(3) NOT NULL, FOREIGN KEY (v) REFERENCES u (v));\n\
                 DELIMITER //\n\
                 CREATE TRIGGER signals BEFORE INSERT ON t FOR EACH ROW \
                 IF NEW.v = 's' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no s here'; END IF//",
            )
            .unwrap();
        let mut bad = vec![
            ((2, "nowhere"), "longer than its column"),
            ((2, "x"), "a row that is not there"),
            ((2, "s"), "error 1644"),
        ];
        if !database.is_mysql() {
            // MySQL passes it over before 8.0.16.
            database.execute("ALTER TABLE t ADD CHECK (id <> 6)").unwrap();
            bad.push(((6, "a"), "a check of the table"));
        }
        let context = Context::tolerant();
        let mut task = start(&properties(&database, entries), context.clone()).await;
        for (count, (row, reason)) in bad.into_iter().enumerate() {
            let rows = [(0, "a"), row, (3, "b"), (4, "a")];
            put(task.as_mut(), &records(&mut Reader::new("t"), &rows)).await.unwrap();
            let rejected = context.rejected.lock();
            assert_eq!(rejected.len(), count + 1, "{rejected:?}");
            assert!(rejected[count].1.contains(reason), "{rejected:?}");
            assert_eq!(lines(&database, "SELECT * FROM t ORDER BY 1"), ["0|a", "3|b", "4|a"]);
            database.execute("DELETE FROM t").unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_is_written_when_bad_rows_are_not_tolerated() {
    let database = database();
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v varchar(3))").unwrap();
    let mut task = start(&properties(&database, &[]), Arc::default()).await;
    let batches = records(&mut Reader::new("t"), &[(1, "a"), (2, "too long"), (3, "c")]);
    let error = put(task.as_mut(), &batches).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Reject);
    assert!(lines(&database, "SELECT * FROM t").is_empty());
    // The task is as good as before.
    put(task.as_mut(), &batches[..1]).await.unwrap();
    assert_eq!(lines(&database, "SELECT * FROM t"), ["1|a"]);
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_the_commit_finds_its_row() {
    let database = database();
    database
        .execute(
            "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1), (3); \
             CREATE TABLE t (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED, v text)",
        )
        .unwrap();
    let context = Context::tolerant();
    let mut task = start(&properties(&database, &[]), context.clone()).await;
    put(task.as_mut(), &records(&mut Reader::new("t"), &[(1, "a"), (2, "b"), (3, "c")])).await.unwrap();
    assert_eq!(context.offsets(), [1]);
    assert_eq!(lines(&database, "SELECT * FROM t ORDER BY 1"), ["1|a", "3|c"]);
}
