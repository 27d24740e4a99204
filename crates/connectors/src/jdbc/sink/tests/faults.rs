//! What goes wrong between a sink and its database.

mod connections;
mod disk;
mod lasting;
mod locks;
mod rows;

use std::time::Duration;

use api::{Batch, SinkTask};
use testkit::database::{Database, MariaDb, Postgres};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Context, Reader, lines, properties, put, start, url_without_bulk};

const LIMIT: Duration = Duration::from_secs(120);

const UPSERT: [(&str, &str); 3] =
    [("insert.mode", "upsert"), ("pk.mode", "record_key"), ("auto.create", "true")];

fn database() -> Database {
    Postgres::shared().create_database("sink_faults").expect("a database")
}

fn mariadb() -> Database {
    MariaDb::shared().create_database("sink_faults").expect("a database")
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

/// A session that has done something and holds what it got by it until it is told to end.
struct Holder<'a> {
    database: &'a Database,
    session: std::thread::JoinHandle<()>,
}

impl<'a> Holder<'a> {
    async fn of(database: &'a Database, statement: &str) -> Self {
        let sleep = if on_postgres(database) { "SELECT pg_sleep(600)" } else { "SELECT SLEEP(600)" };
        let held = format!("BEGIN; {statement}; {sleep};");
        let other = database.clone();
        // Its end is an error: the session is ended from outside.
        let session = std::thread::spawn(move || drop(other.execute(&held)));
        until(database, &Self::sessions(database)).await;
        Self { database, session }
    }

    fn sessions(database: &Database) -> String {
        if on_postgres(database) {
            "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' \
             AND pid <> pg_backend_pid() AND datname = current_database()"
                .to_owned()
        } else {
            let name = database.name();
            format!(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{name}' AND INFO LIKE 'SELECT SLEEP%'"
            )
        }
    }

    fn release(self) {
        for session in lines(self.database, &Self::sessions(self.database)) {
            end(self.database, &session);
        }
        self.session.join().expect("its thread ends");
    }
}

fn on_postgres(database: &Database) -> bool {
    database.jdbc_url().starts_with("jdbc:postgresql:")
}

/// Ends a session from outside.
fn end(database: &Database, session: &str) {
    if on_postgres(database) {
        database.query(&format!("SELECT pg_terminate_backend({session})")).expect("the session ends");
    } else {
        database.execute(&format!("KILL {session}")).expect("the session ends");
    }
}

/// The sessions of a sink that wait for a lock.
fn waiting(database: &Database) -> String {
    if on_postgres(database) {
        return "SELECT pid FROM pg_stat_activity WHERE application_name = 'ferroduct' \
                AND wait_event_type = 'Lock' AND datname = current_database()"
            .to_owned();
    }
    // INNODB_TRX would say it outright, but the server shows an old state of it for as long as it is asked for more
    // than ten times a second, by whomever.
    format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{}' AND TIME >= 1 \
         AND (INFO LIKE 'INSERT%' OR INFO LIKE 'LOAD DATA%')",
        database.name()
    )
}
