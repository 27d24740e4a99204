//! `delivery.guarantee=exactly_once`, however often the worker and the database are killed.

use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::database::{Database, Engine, MariaDbEngine, PASSWORD, PostgresEngine, Server, USER};
use testkit::{Kafka, Worker, wait};

use super::BINARY;
use super::sink::message;

const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(50);
const RECORDS: usize = 30_000;
/// With every so many kills of the worker the database is killed, too.
const DATABASE_EVERY: usize = 5;

/// A database that rows go to.
trait Target {
    fn url(&self) -> String;

    /// A row of numbers; `None`: the database does not answer, or has no such table yet.
    fn numbers(&self, sql: &str) -> Option<Vec<usize>>;

    /// Kills the database and starts it again, if it is a process of its own.
    fn kill(&mut self) {}
}

/// A database of a server of its own.
struct Served<E: Engine> {
    server: Server<E>,
    database: Database,
}

impl<E: Engine> Served<E> {
    fn start() -> Self {
        let server = Server::start().expect("a server to kill");
        let database = server.create_database("once").expect("a database");
        Self { server, database }
    }
}

impl<E: Engine> Target for Served<E> {
    fn url(&self) -> String {
        self.database.jdbc_url()
    }

    fn numbers(&self, sql: &str) -> Option<Vec<usize>> {
        let rows = self.database.query(sql).ok()?;
        rows.first()?.iter().map(|cell| cell.as_deref()?.parse().ok()).collect()
    }

    fn kill(&mut self) {
        self.server.kill().expect("the server is killed");
        self.server.restart().expect("the server starts again");
    }
}

/// A file of SQLite.
struct File(TempDir);

impl File {
    fn path(&self) -> String {
        self.0.path().join("once.db").display().to_string()
    }
}

impl Target for File {
    fn url(&self) -> String {
        format!("jdbc:sqlite:{}", self.path())
    }

    fn numbers(&self, sql: &str) -> Option<Vec<usize>> {
        let connection = Connection::open(self.path()).ok()?;
        let numbers = connection.query_row(sql, [], |row| {
            (0..row.as_ref().column_count())
                .map(|index| row.get::<_, i64>(index))
                .collect::<Result<Vec<_>, _>>()
        });
        numbers.ok()?.into_iter().map(|number| usize::try_from(number).ok()).collect()
    }
}

fn worker(kafka: &Kafka, topic: &str, tasks: &str, url: &str) -> Worker {
    Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", "org.apache.kafka.connect.json.JsonConverter")
        .property("offset.flush.interval.ms", "300")
        .connector(&[
            ("name", topic),
            ("connector.class", "io.confluent.connect.jdbc.JdbcSinkConnector"),
            ("connection.url", url),
            ("connection.user", USER),
            ("connection.password", PASSWORD),
            ("topics", topic),
            ("tasks.max", tasks),
            ("auto.create", "true"),
            ("delivery.guarantee", "exactly_once"),
            ("retry.backoff.ms", "100"),
            ("connection.backoff.ms", "100"),
            // The database may be away for long.
            ("max.retries", "100000"),
            // So long the group waits for a worker that was killed.
            // Whoever comes back waits for the one that was killed.
            ("consumer.override.session.timeout.ms", "3000"),
            ("consumer.override.heartbeat.interval.ms", "300"),
        ])
        .start()
        .expect("the worker starts")
}

/// Every record exactly once in a table without key.
fn exactly_once(target: &mut dyn Target, topic: &str, tasks: &str, kills: usize) {
    let kafka = Kafka::shared();
    kafka.create_topic(topic, 2).expect("a topic");
    let mut worker = worker(kafka, topic, tasks, &target.url());
    let count = |target: &dyn Target| {
        let numbers = target.numbers(&format!("SELECT COUNT(*) FROM {topic}"));
        numbers.map_or(0, |numbers| numbers[0])
    };
    for kill in 0..kills {
        let first = RECORDS * kill / kills;
        let numbers = first..RECORDS * (kill + 1) / kills;
        let lines: Vec<String> =
            numbers.map(|number| message(u32::try_from(number).expect("a number"), None)).collect();
        kafka.produce(topic, &lines.iter().map(String::as_str).collect::<Vec<_>>()).expect("records");
        // Somewhere among the records, wherever the task is then.
        let some = first + 1 + kill * 37;
        wait::until("rows", LIMIT, PAUSE, || Ok((count(target) >= some).then_some(()))).expect("rows");
        if kill % DATABASE_EVERY == 1 {
            target.kill();
        }
        worker.kill().expect("the worker is killed");
        worker.restart().expect("the worker starts again");
        if kill % DATABASE_EVERY == 3 {
            // This time the worker sees it.
            target.kill();
        }
    }
    let all = wait::until("all rows", LIMIT, PAUSE, || Ok((count(target) >= RECORDS).then_some(())));
    all.unwrap_or_else(|error| panic!("{} rows: {error:#}\n{}", count(target), worker.log()));
    let distinct = format!("SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM {topic}");
    assert_eq!(target.numbers(&distinct), Some(vec![RECORDS, RECORDS, 0, RECORDS - 1]));
}

#[test]
fn rows_of_postgresql_are_there_once_whoever_is_killed() {
    exactly_once(&mut Served::<PostgresEngine>::start(), "once_postgresql", "2", 20);
}

#[test]
fn rows_of_mariadb_are_there_once_whoever_is_killed() {
    exactly_once(&mut Served::<MariaDbEngine>::start(), "once_mariadb", "2", 20);
}

#[test]
fn rows_of_sqlite_are_there_once_whenever_the_worker_is_killed() {
    exactly_once(&mut File(TempDir::new().expect("a directory")), "once_sqlite", "1", 10);
}
