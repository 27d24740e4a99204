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
