//! What goes wrong between a sink and its database.

use std::sync::Arc;
use std::time::Duration;

use api::{Batch, Reaction, SinkTask};
use testkit::database::{Database, MariaDb, Postgres};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Context, Reader, lines, properties, put, start};

const LIMIT: Duration = Duration::from_secs(120);

fn database() -> Database {
    Postgres::shared().create_database("sink_faults").expect("a database")
}

/// Records of ids and texts with JSON's schemas, the key `{id}`.
fn records(reader: &mut Reader, rows: &[(i32, &str)]) -> Vec<Batch> {
    let schema = |fields: &str| format!(r#"{{"type":"struct","optional":false,"fields":[{fields}]}}"#);
    let id = r#"{"type":"int32","optional":false,"field":"id"}"#;
    let text = r#"{"type":"string","optional":true,"field":"v"}"#;
    let messages: Vec<(String, String)> = rows
        .iter()
        .map(|(number, v)| {
            let key = format!(r#"{{"schema":{},"payload":{{"id":{number}}}}}"#, schema(id));
            let payload = format!(r#"{{"id":{number},"v":"{v}"}}"#);
            (key, format!(r#"{{"schema":{},"payload":{payload}}}"#, schema(&format!("{id},{text}"))))
        })
        .collect();
    let messages: Vec<(&str, &str)> = messages.iter().map(|(key, value)| (&**key, &**value)).collect();
    reader.read(&messages)
}

/// Waits until a query answers something.
async fn until(database: &Database, sql: &str) {
    let waited = timeout(LIMIT, async {
        while lines(database, sql).is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never true: {sql}"));
}

fn putting(mut task: Box<dyn SinkTask>, batches: Vec<Batch>) -> JoinHandle<api::Result<()>> {
    tokio::spawn(async move { put(task.as_mut(), &batches).await })
}

const UPSERT: [(&str, &str); 3] =
    [("insert.mode", "upsert"), ("pk.mode", "record_key"), ("auto.create", "true")];

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

/// A lock that another session holds until it is told to end.
struct Lock<'a> {
    database: &'a Database,
    session: std::thread::JoinHandle<()>,
}

impl<'a> Lock<'a> {
    async fn take(database: &'a Database, statement: &str) -> Self {
        let held = format!("BEGIN; {statement}; SET application_name = 'holder'; SELECT pg_sleep(600);");
        let other = database.clone();
        // Its end is an error: the session is ended from outside.
        let session = std::thread::spawn(move || drop(other.execute(&held)));
        until(database, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'holder' AND datname = current_database()").await;
        Self { database, session }
    }

    fn release(self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'holder' AND datname = current_database()";
        self.database.query(end).expect("the session ends");
        self.session.join().expect("its thread ends");
    }
}

const WAITING: &str = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'ferroduct' \
                       AND wait_event_type = 'Lock' AND datname = current_database()";

#[tokio::test]
async fn a_table_that_is_locked_is_waited_for() {
    let database = database();
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text)").unwrap();
    let lock = Lock::take(&database, "LOCK TABLE t").await;
    let task = start(&properties(&database, &[]), Arc::default()).await;
    let rows: Vec<(i32, &str)> = (0..20).map(|id| (id, "x")).collect();
    let put = putting(task, records(&mut Reader::new("t"), &rows));
    until(&database, WAITING).await;
    lock.release();
    timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
    assert_eq!(lines(&database, "SELECT count(*) FROM t"), ["20"]);
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_copy_is_made_again() {
    let database = database();
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text)").unwrap();
    let lock = Lock::take(&database, "LOCK TABLE t").await;
    let task = start(&properties(&database, &[]), Arc::default()).await;
    let rows: Vec<(i32, &str)> = (0..2000).map(|id| (id, "x")).collect();
    let put = putting(task, records(&mut Reader::new("t"), &rows));
    // The copy waits for its table while its connection is cut.
    until(&database, WAITING).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ferroduct' \
               AND wait_event_type = 'Lock' AND datname = current_database()";
    database.query(cut).unwrap();
    until(&database, WAITING).await;
    lock.release();
    timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
    assert_eq!(lines(&database, "SELECT count(*), count(DISTINCT id) FROM t"), ["2000|2000"]);
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
async fn a_server_that_does_not_come_back_fails_the_task_after_its_retries() {
    let mut server = Postgres::start().expect("a server");
    let database = server.create_database("gone").expect("a database");
    let entries = [("max.retries", "2"), ("connection.attempts", "1"), ("auto.create", "true")];
    let mut task = start(&properties(&database, &entries), Arc::default()).await;
    let mut reader = Reader::new("t");
    put(task.as_mut(), &records(&mut reader, &[(1, "a")])).await.unwrap();
    server.stop().unwrap();
    let batches = records(&mut reader, &[(2, "b")]);
    let mut reactions = Vec::new();
    for _ in 0..3 {
        reactions.push(task.put(&batches).await.unwrap_err().reaction());
    }
    assert_eq!(reactions, [Reaction::Retry, Reaction::Retry, Reaction::Fail]);
    server.restart().unwrap();
    put(task.as_mut(), &batches).await.unwrap();
    assert_eq!(lines(&database, "SELECT * FROM t ORDER BY 1"), ["1|a", "2|b"]);
}

async fn fails(database: &Database, entries: &[(&str, &str)], words: &[&str]) {
    let mut task = start(&properties(database, entries), Context::tolerant()).await;
    let error = put(task.as_mut(), &records(&mut Reader::new("t"), &[(1, "secret")])).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Fail, "{error:#}");
    let text = format!("{error:#}");
    assert!(words.iter().all(|word| text.contains(word)) && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn what_only_a_user_can_mend_fails_the_task_with_the_reason() {
    let database = database();
    fails(&database, &[], &["Table", ".\"t\" is missing and auto-creation is disabled"]).await;
    database.execute("CREATE TABLE b (id int, v text); CREATE VIEW t AS SELECT * FROM b").unwrap();
    fails(&database, &[], &["is a VIEW, and `table.types` allows TABLE only"]).await;
    database.execute("DROP VIEW t; CREATE VIEW t AS SELECT id FROM b").unwrap();
    let view = [("table.types", "TABLE,VIEW"), ("auto.evolve", "true")];
    fails(&database, &view, &["View", "name='v'", "ALTER VIEW is unsupported"]).await;
    database.execute("DROP VIEW t; CREATE TABLE t (id int, v text)").unwrap();
    fails(&database, &UPSERT, &["no unique constraint or primary key in the table"]).await;
    database
        .execute(
            "DROP ROLE IF EXISTS sink_reader; CREATE ROLE sink_reader LOGIN PASSWORD 'x'; \
             GRANT SELECT ON t TO sink_reader",
        )
        .unwrap();
    let user = [("connection.user", "sink_reader"), ("connection.password", "x")];
    fails(&database, &user, &["permission denied for table t"]).await;
    let password = [("connection.user", "sink_reader"), ("connection.password", "wrong")];
    fails(&database, &password, &["cannot connect"]).await;
}

#[tokio::test]
async fn a_view_that_takes_rows_is_written_through_when_it_is_allowed() {
    let database = database();
    database.execute("CREATE TABLE b (id int, v text); CREATE VIEW t AS SELECT * FROM b").unwrap();
    let mut task = start(&properties(&database, &[("table.types", "TABLE,VIEW")]), Arc::default()).await;
    let rows: Vec<(i32, &str)> = (0..20).map(|id| (id, "x")).collect();
    put(task.as_mut(), &records(&mut Reader::new("t"), &rows)).await.unwrap();
    assert_eq!(lines(&database, "SELECT count(*) FROM b"), ["20"]);
}

#[tokio::test]
async fn a_table_that_changes_meanwhile_is_read_again() {
    let database = database();
    let entries = [("auto.create", "true"), ("auto.evolve", "true")];
    let mut task = start(&properties(&database, &entries), Arc::default()).await;
    let mut reader = Reader::new("t");
    put(task.as_mut(), &records(&mut reader, &[(1, "a")])).await.unwrap();
    database.execute("ALTER TABLE t DROP COLUMN v").unwrap();
    put(task.as_mut(), &records(&mut reader, &[(2, "b")])).await.unwrap();
    assert_eq!(lines(&database, "SELECT id, v FROM t ORDER BY 1"), ["1|", "2|b"]);
    database.execute("DROP TABLE t").unwrap();
    let rows: Vec<(i32, &str)> = (0..20).map(|id| (id, "x")).collect();
    put(task.as_mut(), &records(&mut reader, &rows)).await.unwrap();
    assert_eq!(lines(&database, "SELECT count(*) FROM t"), ["20"]);
}

#[tokio::test]
async fn a_full_disk_fails_the_task() {
    // What the servers say then; a real one would take all tests with it.
    let postgres = database();
    postgres
        .execute(
            "CREATE TABLE t (id int, v text); \
             CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$; \
             CREATE TRIGGER no_space BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION no_space()",
        )
        .unwrap();
    fails(&postgres, &[], &[".\"t\"", "the disk of the database is full"]).await;
    let mariadb = MariaDb::shared().create_database("sink_faults").unwrap();
    mariadb
        .execute(
            "CREATE TABLE t (id int, v text); CREATE TRIGGER no_space BEFORE INSERT ON t FOR EACH ROW \
             SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1021",
        )
        .unwrap();
    fails(&mariadb, &[], &["`t`", "the disk of the database is full"]).await;
}

#[tokio::test]
async fn what_only_a_user_can_mend_fails_the_task_on_mariadb() {
    let database = MariaDb::shared().create_database("sink_faults").unwrap();
    fails(&database, &[], &["`t` is missing and auto-creation is disabled"]).await;
    database.execute("CREATE TABLE b (id int, v text); CREATE VIEW t AS SELECT * FROM b").unwrap();
    fails(&database, &[], &["is a VIEW, and `table.types` allows TABLE only"]).await;
    let name = database.name();
    database
        .execute(&format!(
            "DROP VIEW t; CREATE TABLE t (id int, v text); CREATE OR REPLACE USER sink_reader IDENTIFIED BY 'x'; \
             GRANT SELECT ON {name}.* TO sink_reader"
        ))
        .unwrap();
    let user = [("connection.user", "sink_reader"), ("connection.password", "x")];
    fails(&database, &user, &["INSERT command denied"]).await;
    let password = [("connection.user", "sink_reader"), ("connection.password", "wrong")];
    fails(&database, &password, &["cannot connect"]).await;
}

/// The connections of a database of MariaDB that wait for a row.
fn waiting(database: &Database) -> String {
    // INNODB_TRX would say it outright, but the server shows an old state of it for as long as it is asked for more
    // than ten times a second, by whomever.
    format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{}' AND INFO LIKE 'INSERT%' AND TIME_MS > 500",
        database.name()
    )
}

#[tokio::test]
async fn a_connection_to_mariadb_that_is_killed_is_made_again() {
    let database = MariaDb::shared().create_database("sink_faults").unwrap();
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')").unwrap();
    let other = database.clone();
    // Its end is an error: it is killed.
    let holder = std::thread::spawn(move || {
        drop(other.execute("BEGIN; UPDATE t SET v = 'held' WHERE id = 1; SELECT SLEEP(600)"));
    });
    let held = format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{}' AND INFO LIKE 'SELECT SLEEP%'",
        database.name()
    );
    until(&database, &held).await;
    let task = start(&properties(&database, &UPSERT), Arc::default()).await;
    let put = putting(task, records(&mut Reader::new("t"), &[(1, "x"), (2, "y")]));
    let waiting = waiting(&database);
    until(&database, &waiting).await;
    let first = lines(&database, &waiting)[0].clone();
    database.execute(&format!("KILL {first}")).unwrap();
    until(&database, &format!("{waiting} AND ID <> {first}")).await;
    database.execute(&format!("KILL {}", lines(&database, &held)[0])).unwrap();
    timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
    holder.join().unwrap();
    assert_eq!(lines(&database, "SELECT * FROM t ORDER BY id"), ["1|x", "2|y"]);
}

#[tokio::test]
async fn a_deadlock_on_mariadb_is_tried_again() {
    let database = MariaDb::shared().create_database("sink_faults").unwrap();
    database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b'); \
             INSERT INTO t SELECT seq, 'c' FROM seq_10_to_500",
        )
        .unwrap();
    // The server ends the transaction that has done less, which is that of the task.
    let (other, waiting) = (database.clone(), waiting(&database));
    let script = format!(
        "DELIMITER //\nBEGIN NOT ATOMIC\nSTART TRANSACTION;\nUPDATE t SET v = 'r' WHERE id >= 2;\n\
         SELECT GET_LOCK('{0}', 0);\n\
         WHILE NOT EXISTS ({waiting}) DO DO SLEEP(0.2); END WHILE;\nUPDATE t SET v = 'r' WHERE id = 1;\nCOMMIT;\n\
         END//\n",
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
