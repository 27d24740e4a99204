//! Locks that others hold, and deadlocks.

use std::sync::Arc;

use api::{Batch, Reaction};
use testkit::database::Database;
use tokio::time::timeout;

use super::{
    Context, Holder, LIMIT, Reader, UPSERT, database, lines, mariadb, properties, put, putting, records,
    start, until, waiting,
};

fn twenty() -> Vec<Batch> {
    let rows: Vec<(i32, &str)> = (0..20).map(|id| (id, "x")).collect();
    records(&mut Reader::new("t"), &rows)
}

#[tokio::test]
async fn a_table_that_is_locked_is_waited_for() {
    for (database, lock) in [(database(), "LOCK TABLE t"), (mariadb(), "LOCK TABLES t WRITE")] {
        database.execute("CREATE TABLE t (id int PRIMARY KEY, v text)").unwrap();
        let holder = Holder::of(&database, lock).await;
        let task = start(&properties(&database, &[]), Arc::default()).await;
        let put = putting(task, twenty());
        until(&database, &waiting(&database)).await;
        holder.release();
        timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
        assert_eq!(lines(&database, "SELECT count(*) FROM t"), ["20"]);
    }
}

/// A server that does not wait for a lock as long as it is held: the put is tried again, nothing is lost, and the task
/// lives.
async fn given_up(database: &Database, lock: &str, limit: (&str, &str)) {
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')").unwrap();
    let holder = Holder::of(database, lock).await;
    let mut entries = UPSERT.to_vec();
    entries.push(limit);
    let context = Context::tolerant();
    let mut task = start(&properties(database, &entries), context.clone()).await;
    let batches = twenty();
    for _ in 0..3 {
        assert_eq!(task.put(&batches).await.unwrap_err().reaction(), Reaction::Retry);
    }
    holder.release();
    put(task.as_mut(), &batches).await.unwrap();
    assert_eq!(lines(database, "SELECT count(*), max(v) FROM t"), ["20|x"]);
    assert!(context.offsets().is_empty(), "no record is to blame");
    // A later lock has all its retries again.
    let holder = Holder::of(database, lock).await;
    assert_eq!(task.put(&batches).await.unwrap_err().reaction(), Reaction::Retry);
    holder.release();
    put(task.as_mut(), &batches).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_the_server_gives_up_waiting_for_is_tried_again() {
    given_up(&database(), "LOCK TABLE t", ("connection.options", "-c lock_timeout=200ms")).await;
    let limit = ("connection.sessionVariables", "innodb_lock_wait_timeout=1");
    given_up(&mariadb(), "UPDATE t SET v = 'held' WHERE id = 1", limit).await;
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let database = database();
    database
        .execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        .unwrap();
    // The other session has row 2 and wants row 1, which the task has by then.
    let other = database.clone();
    let rival = std::thread::spawn(move || {
        other.execute(
            "SET deadlock_timeout = '10min'; SET application_name = 'rival'; BEGIN; UPDATE t SET v = 'r' WHERE id = 2; \
             DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'ferroduct' \
             AND wait_event_type = 'Lock' AND datname = current_database()) LOOP PERFORM pg_sleep(0.02); \
             PERFORM pg_stat_clear_snapshot(); END LOOP; END $$; \
             UPDATE t SET v = 'r' WHERE id = 1; COMMIT;",
        )
    });
    until(
        &database,
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'rival' AND query LIKE '%DO $$%'",
    )
    .await;
    let task = start(&properties(&database, &UPSERT), Arc::default()).await;
    let put = putting(task, records(&mut Reader::new("t"), &[(1, "x"), (2, "y")]));
    timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
    rival.join().unwrap().expect("the other session goes on");
    assert_eq!(lines(&database, "SELECT * FROM t ORDER BY 1"), ["1|x", "2|y"]);
}

#[tokio::test]
async fn a_deadlock_on_mariadb_is_tried_again() {
    let database = mariadb();
    database.sequence(500);
    database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b'); \
             INSERT INTO t SELECT seq, 'c' FROM seq_1_to_500 WHERE seq >= 10",
        )
        .unwrap();
    // The server ends the transaction that has done less, which is that of the task.
    let (other, waiting) = (database.clone(), waiting(&database));
    let script = format!(
        "DELIMITER //\nCREATE PROCEDURE rival() BEGIN\nSTART TRANSACTION;\nUPDATE t SET v = 'r' WHERE id >= 2;\n\
         SELECT GET_LOCK('{0}', 0);\n\
         WHILE NOT EXISTS ({waiting}) DO DO SLEEP(0.2); END WHILE;\nUPDATE t SET v = 'r' WHERE id = 1;\nCOMMIT;\n\
         END//\nCALL rival()//\n",
        database.name()
    );
    let rival = std::thread::spawn(move || other.execute(&script));
    until(&database, &format!("SELECT 1 FROM DUAL WHERE IS_USED_LOCK('{}') IS NOT NULL", database.name()))
        .await;
    let task = start(&properties(&database, &UPSERT), Arc::default()).await;
    let put = putting(task, records(&mut Reader::new("t"), &[(1, "x"), (2, "y")]));
    timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
    rival.join().unwrap().expect("the other session goes on");
    assert_eq!(lines(&database, "SELECT * FROM t WHERE id < 10 ORDER BY id"), ["1|x", "2|y"]);
}

/// Two tasks that write the same keys, each in another order.
async fn rivals(database: &Database) {
    const ROUNDS: usize = 30;
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text)").unwrap();
    let entries: Vec<_> = UPSERT.into_iter().chain([("max.retries", "1000")]).collect();
    let mut tasks = Vec::new();
    for up in [true, false] {
        let mut task = start(&properties(database, &entries), Arc::default()).await;
        tasks.push(tokio::spawn(async move {
            let mut reader = Reader::new("t");
            let ids = |number: i32| if up { number } else { 99 - number };
            let rows: Vec<(i32, &str)> = (0..100).map(|number| (ids(number), "x")).collect();
            for _ in 0..ROUNDS {
                put(task.as_mut(), &records(&mut reader, &rows)).await?;
            }
            api::Result::<()>::Ok(())
        }));
    }
    for task in tasks {
        timeout(LIMIT, task).await.expect("in time").unwrap().unwrap();
    }
    assert_eq!(lines(database, "SELECT count(*), count(DISTINCT id), max(v) FROM t"), ["100|100|x"]);
}

#[tokio::test]
async fn tasks_that_write_the_same_keys_all_come_through() {
    rivals(&database()).await;
    rivals(&mariadb()).await;
}
