use std::collections::BTreeSet;
use std::time::Duration;

use api::Reaction;
use api::config::Password;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use testkit::MariaDb;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::writes;
use crate::jdbc::dialect::mysql::MySql;
use crate::jdbc::dialect::{Access, Dialect, Select, Session};
use crate::jdbc::url::Url;
use crate::jdbc::value::{Calendar, Granularity, Mapping, Numeric, Zone};

#[test]
fn statements_that_write_are_known_by_their_first_word() {
    for text in [
        "insert into t",
        " /* app */ /* two */ INSERT",
        "(REPLACE INTO t)",
        "with c as (select 1) delete",
        "/* cut",
    ] {
        assert!(writes(text), "{text}");
    }
    for text in ["SELECT 1", "/* INSERT */ SELECT 1", "", "SHOW TABLES", "ins\u{e9}"] {
        assert!(!writes(text), "{text}");
    }
}

async fn session(database: &testkit::Database, user: &str, password: &str) -> Box<dyn Session> {
    session_at(&database.jdbc_url(), user, password).await
}

async fn session_at(url: &str, user: &str, password: &str) -> Box<dyn Session> {
    let access = Access {
        url: Url::parse(url, &[]).unwrap(),
        user: Some(user.to_owned()),
        password: Some(Password::new(password)),
    };
    MySql.open(&access, &mapping()).await.unwrap()
}

async fn connection(database: &testkit::Database) -> Conn {
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(database.port())
        .user(Some(database.user()))
        .pass(Some(database.password()))
        .db_name(Some(database.name()));
    Conn::new(options).await.unwrap()
}

fn mapping() -> Mapping {
    Mapping {
        numeric: Numeric::None,
        granularity: Granularity::ConnectLogical,
        calendar: Calendar::Legacy,
        zone: Zone::UTC,
        all_columns: true,
        tells_precision: true,
    }
}

/// The names of all that is open.
async fn open(session: &mut dyn Session) -> BTreeSet<String> {
    let open = session.open_transactions(None).await.unwrap().unwrap();
    open.writers.into_iter().chain(open.others).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_listed_from_their_first_row_to_their_end() {
    // A server of its own: others write to the shared one.
    let server = MariaDb::start().unwrap();
    let database = server.create_database("open").unwrap();
    database.execute("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int)").unwrap();
    let mut session = session(&database, database.user(), database.password()).await;
    assert_eq!(open(&mut *session).await, BTreeSet::new());
    let mut writer = connection(&database).await;
    writer.query_drop("BEGIN").await.unwrap();
    writer.query_drop("INSERT INTO t (v) VALUES (1)").await.unwrap();
    let listed = session.open_transactions(None).await.unwrap().unwrap();
    assert_eq!((listed.writers.len(), listed.others.len()), (1, 0));
    // It keeps its name, however often others ask.
    for _ in 0..3 {
        assert_eq!(open(&mut *session).await, listed.writers);
    }
    writer.query_drop("COMMIT").await.unwrap();
    assert_eq!(open(&mut *session).await, BTreeSet::new());
    writer.query_drop("BEGIN").await.unwrap();
    writer.query_drop("INSERT INTO t (v) VALUES (2)").await.unwrap();
    let next = open(&mut *session).await;
    assert!(next.len() == 1 && next.is_disjoint(&listed.writers));
    writer.query_drop("ROLLBACK").await.unwrap();
    assert_eq!(open(&mut *session).await, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_runs_is_listed_and_keeps_its_name_as_a_transaction() {
    let server = MariaDb::start().unwrap();
    let database = server.create_database("running").unwrap();
    database.execute("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int)").unwrap();
    let mut session = session(&database, database.user(), database.password()).await;
    // Waits for a lock of the server before its first row.
    let mut locker = connection(&database).await;
    locker.query_drop("SELECT GET_LOCK('gate', 0)").await.unwrap();
    let mut writer = connection(&database).await;
    let running = tokio::spawn(async move {
        writer.query_drop("BEGIN").await.unwrap();
        writer.query_drop("INSERT INTO t (v) SELECT GET_LOCK('gate', 600)").await.unwrap();
        writer
    });
    let mut first = BTreeSet::new();
    while first.is_empty() {
        first = session.open_transactions(None).await.unwrap().unwrap().writers;
    }
    locker.query_drop("DO RELEASE_LOCK('gate')").await.unwrap();
    let mut writer = running.await.unwrap();
    assert_eq!(session.open_transactions(None).await.unwrap().unwrap().writers, first);
    writer.query_drop("COMMIT").await.unwrap();
    assert_eq!(open(&mut *session).await, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_this_connector_are_not_waited_for() {
    let server = MariaDb::start().unwrap();
    let database = server.create_database("readers").unwrap();
    let mut reading = session(&database, database.user(), database.password()).await;
    database.sequence(3000);
    let sql = "SELECT a.seq, repeat('x', 100) AS v FROM seq_1_to_3000 a, seq_1_to_3000 b".to_owned();
    reading.start(&Select { sql, ..Select::default() }).await.unwrap();
    reading.next(1).await.unwrap().unwrap();
    let mut session = session(&database, database.user(), database.password()).await;
    assert_eq!(open(&mut *session).await, BTreeSet::new());
    // Many at a time get their answers, though the server renews its list rarely.
    let mut asking = JoinSet::new();
    for _ in 0..20 {
        let mut session = self::session(&database, database.user(), database.password()).await;
        asking.spawn(async move { session.open_transactions(None).await.unwrap().is_some() });
    }
    assert!(asking.join_all().await.into_iter().all(|answered| answered));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_process_nothing_is_known() {
    let database = MariaDb::shared().create_database("rights").unwrap();
    let user = database.name();
    let create = format!("CREATE USER {user} IDENTIFIED BY 'p'; GRANT SELECT ON {user}.* TO {user}");
    database.execute(&create).unwrap();
    let mut session = session(&database, user, "p").await;
    assert_eq!(session.open_transactions(None).await.unwrap(), None);
    // And rows that come later are seen: no transaction stays open.
    database.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (7)").unwrap();
    assert_eq!(session.integer("SELECT max(id) FROM t").await.unwrap(), Some(7));
    database.execute("INSERT INTO t VALUES (8)").unwrap();
    assert_eq!(session.integer("SELECT max(id) FROM t").await.unwrap(), Some(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_on_one_server_all_get_answers_of_now() {
    let server = MariaDb::start().unwrap();
    let database = server.create_database("workers").unwrap();
    database.execute("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int)").unwrap();
    let (user, password) = (database.user(), database.password());
    // Each way to write the name is a server of its own to this process, as it is to each worker.
    let mut askers = Vec::new();
    for name in ["127.0.0.1", "localhost", "Localhost", "LocalHost", "LOCALHOST"] {
        let url = database.jdbc_url().replace("127.0.0.1", name);
        for _ in 0..2 {
            let session = session_at(&url, user, password).await;
            askers.push(Asker {
                url: url.clone(),
                user: user.to_owned(),
                password: password.to_owned(),
                session,
            });
        }
    }
    for _ in 0..3 {
        let mut writer = connection(&database).await;
        writer.query_drop("BEGIN").await.unwrap();
        writer.query_drop("INSERT INTO t (v) VALUES (1)").await.unwrap();
        askers = ask_all(askers, 1).await;
        writer.query_drop("COMMIT").await.unwrap();
        askers = ask_all(askers, 0).await;
    }
}

/// Who asks for open transactions, as a task does.
struct Asker {
    url: String,
    user: String,
    password: String,
    session: Box<dyn Session>,
}

impl Asker {
    /// Asks until it hears of this many transactions, and never of fewer.
    ///
    /// More may be told: a statement that the server shows without its text, between two of a reader, is taken for a
    /// writer's, which only delays. As a task does, it comes again with another session if the others were in the way for
    /// so long that there was no answer. Both happen where the machine is busy.
    async fn hears_of(&mut self, writers: usize) {
        const ATTEMPTS: usize = 20;
        for _ in 0..ATTEMPTS {
            match self.session.open_transactions(None).await {
                Ok(open) => {
                    let open = open.expect("the right to see them").writers.len();
                    assert!(open >= writers, "{open} of {writers}");
                    if open == writers {
                        return;
                    }
                }
                Err(error) => {
                    assert_eq!(error.reaction(), Reaction::Retry, "{error:#}");
                    self.session = session_at(&self.url, &self.user, &self.password).await;
                }
            }
        }
        panic!("not {writers} in {ATTEMPTS} attempts");
    }
}

/// Lets all ask at the same time, again and again, until each hears of as many transactions as there are.
async fn ask_all(askers: Vec<Asker>, expected: usize) -> Vec<Asker> {
    let mut asking = JoinSet::new();
    for mut asker in askers {
        asking.spawn(async move {
            for _ in 0..2 {
                asker.hears_of(expected).await;
            }
            asker
        });
    }
    asking.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_others_keep_from_being_renewed_is_not_believed() {
    const READINGS: usize = 100;
    let server = MariaDb::start().unwrap();
    let database = server.create_database("monitored").unwrap();
    database.execute("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int)").unwrap();
    let mut session = session(&database, database.user(), database.password()).await;
    assert_eq!(open(&mut *session).await, BTreeSet::new());
    let mut monitor = connection(&database).await;
    let read = "SELECT trx_id FROM information_schema.INNODB_TRX";
    monitor.query_drop(read).await.unwrap();
    let mut writer = connection(&database).await;
    writer.query_drop("BEGIN; INSERT INTO t (v) VALUES (1)").await.unwrap();
    let asking = tokio::spawn(async move { open(&mut *session).await });
    // As a program does that watches the server closely.
    for _ in 0..READINGS {
        monitor.query_drop(read).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    assert!(!asking.await.unwrap().is_empty(), "the transaction that was there before is in the answer");
}
