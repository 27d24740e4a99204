//! Connections that are cut, refused or not to be had.

use std::net::SocketAddr;
use std::sync::Arc;

use api::{Batch, Reaction, SinkTask};
use testkit::database::{Database, Postgres};
use testkit::proxy::Proxy;
use tokio::time::timeout;

use super::{
    Holder, LIMIT, Reader, UPSERT, database, end, lines, mariadb, on_postgres, properties, put, putting,
    records, start, until, url_without_bulk, waiting,
};

const ROWS: i32 = 2000;

/// More than fits between a client and its server, so that the last row is not sent when the first are written.
fn many() -> Vec<Batch> {
    let text = "long ".repeat(800);
    let rows: Vec<(i32, &str)> = (0..ROWS).map(|id| (id, text.as_str())).collect();
    records(&mut Reader::new("t"), &rows)
}

/// The column of a session's number where [`waiting`] finds it.
fn id(database: &Database) -> &'static str {
    if on_postgres(database) { "pid" } else { "ID" }
}

/// Cuts the connection while the server has read some rows of a stream and waits at one of them.
async fn cut_in_the_middle(database: &Database, url: &str, hold: &str, waiting: &str) {
    let holder = Holder::of(database, hold).await;
    let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], database.port()))).unwrap();
    let url = url.replace(&database.port().to_string(), &proxy.port().to_string());
    let task = start(&properties(database, &[("connection.url", &url)]), Arc::default()).await;
    let put = putting(task, many());
    until(database, waiting).await;
    let first = lines(database, waiting)[0].clone();
    proxy.cut();
    // The next attempt comes as far.
    until(database, &format!("{waiting} AND {} <> {first}", id(database))).await;
    assert!(proxy.accepted() >= 2, "a new connection was made");
    holder.release();
    timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
    assert_eq!(lines(database, "SELECT count(*), count(DISTINCT id) FROM t"), ["2000|2000"]);
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_copy_is_made_again() {
    let database = database();
    database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, v text); \
             CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_advisory_xact_lock_shared(5); RETURN NEW; END $$; \
             CREATE TRIGGER hold BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.id = 100) EXECUTE FUNCTION hold()",
        )
        .unwrap();
    let hold = "SELECT pg_advisory_lock(5)";
    cut_in_the_middle(&database, &database.jdbc_url(), hold, &waiting(&database)).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_bulk_is_made_again() {
    let database = mariadb();
    cut_in_a_trigger(&database, &database.jdbc_url()).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_load_is_made_again() {
    let database = mariadb();
    cut_in_a_trigger(&database, &url_without_bulk(&database)).await;
}

async fn cut_in_a_trigger(database: &Database, url: &str) {
    database
        .execute(
            "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE held (n int); INSERT INTO held VALUES (0);\n\
             DELIMITER //\nCREATE TRIGGER hold BEFORE INSERT ON t FOR EACH ROW BEGIN\n\
             IF NEW.id = 100 THEN UPDATE held SET n = n + 1; END IF;\nEND//\n",
        )
        .unwrap();
    // The list names the statement that waits: it is the trigger's.
    let waiting = format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{}' AND TIME >= 1 \
         AND (INFO LIKE 'LOAD DATA%' OR INFO LIKE 'INSERT%' OR INFO LIKE 'UPDATE held SET n = n + 1%')",
        database.name()
    );
    cut_in_the_middle(database, url, "UPDATE held SET n = 7", &waiting).await;
}

/// A connection that the server itself ends while a put waits.
async fn killed(database: &Database) {
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')").unwrap();
    let holder = Holder::of(database, "UPDATE t SET v = 'held' WHERE id = 1").await;
    let task = start(&properties(database, &UPSERT), Arc::default()).await;
    let put = putting(task, records(&mut Reader::new("t"), &[(1, "x"), (2, "y")]));
    let waiting = waiting(database);
    until(database, &waiting).await;
    let first = lines(database, &waiting)[0].clone();
    end(database, &first);
    until(database, &format!("{waiting} AND {} <> {first}", id(database))).await;
    holder.release();
    timeout(LIMIT, put).await.expect("in time").unwrap().unwrap();
    assert_eq!(lines(database, "SELECT * FROM t ORDER BY id"), ["1|x", "2|y"]);
}

#[tokio::test]
async fn a_connection_that_is_killed_is_made_again() {
    killed(&database()).await;
    killed(&mariadb()).await;
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

/// An account of one connection, which another task has.
async fn crowded(database: &Database) {
    database.execute("CREATE TABLE t (id int PRIMARY KEY, v text)").unwrap();
    let entries = [
        ("connection.user", "sink_crowd"),
        ("connection.password", "x"),
        ("connection.attempts", "1"),
        ("max.retries", "100000"),
    ];
    let mut first = start(&properties(database, &entries), Arc::default()).await;
    let mut second = start(&properties(database, &entries), Arc::default()).await;
    let mut reader = Reader::new("t");
    put(first.as_mut(), &records(&mut reader, &[(1, "a")])).await.unwrap();
    let batches = records(&mut reader, &[(2, "b")]);
    let error = second.put(&batches).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Retry, "{error:#}");
    SinkTask::stop(first.as_mut()).await.unwrap();
    timeout(LIMIT, put(second.as_mut(), &batches)).await.expect("in time").unwrap();
    assert_eq!(lines(database, "SELECT * FROM t ORDER BY id"), ["1|a", "2|b"]);
}

#[tokio::test]
async fn a_server_that_has_no_connection_left_is_tried_again() {
    let postgres = database();
    postgres
        .execute(
            "DROP ROLE IF EXISTS sink_crowd; CREATE ROLE sink_crowd LOGIN PASSWORD 'x' CONNECTION LIMIT 1; \
             GRANT CREATE ON SCHEMA public TO sink_crowd; \
             ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO sink_crowd",
        )
        .unwrap();
    crowded(&postgres).await;
    postgres.execute("DROP OWNED BY sink_crowd; DROP ROLE sink_crowd").unwrap();
    let mariadb = mariadb();
    mariadb
        .execute(&format!(
            "DROP USER IF EXISTS sink_crowd; CREATE USER sink_crowd IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 1; \
             GRANT ALL ON {}.* TO sink_crowd",
            mariadb.name()
        ))
        .unwrap();
    crowded(&mariadb).await;
}
