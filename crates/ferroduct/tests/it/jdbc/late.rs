//! Every committed row arrives, whatever order transactions commit in, and whoever is killed meanwhile.

mod mariadb;
mod postgres;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::database::{Database, Engine, Server};
use testkit::{Kafka, Worker, wait};

use super::{BINARY, JSON, SOURCE};

const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(200);
const WRITERS: u32 = 4;

/// What writes rows into a database, and what reads them.
struct Late {
    /// Tells the topics and connectors of this from those of others.
    name: &'static str,
    /// Makes the tables `rows_late` and `rows_gone`, which has the rows that were deleted.
    tables: &'static str,
    /// The statements of a writer.
    transactions: fn(u32) -> String,
    /// Modes, each with the timestamp column it works with.
    modes: &'static [(&'static str, &'static str)],
}

impl Late {
    /// Lets writers write while the worker is killed, and the server is restarted and killed; then looks that all that was
    /// committed arrives in every mode, and nothing else.
    fn arrives<E: Engine>(&self) {
        let mut server = Server::<E>::start().expect("a server to restart");
        let database = server.create_database("late").expect("a database");
        database.execute(self.tables).expect("the tables");
        let directory = TempDir::new().expect("a directory");
        let mut worker = self.worker(&database, directory.path());
        for round in 0..4 {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (database, sql) = (database.clone(), (self.transactions)(writer));
                    // A server that is restarted ends transactions; those that were committed count.
                    thread::spawn(move || drop(database.execute(&sql)))
                })
                .collect();
            thread::sleep(Duration::from_secs(1));
            match round {
                0 => {
                    worker.kill().map(drop).and_then(|()| worker.restart()).expect("the worker starts again");
                    self.wait_until_all_run(&worker);
                }
                1 => server.restart().expect("the server starts again"),
                2 => server.kill().and_then(|()| server.restart()).expect("the server starts again"),
                _ => {}
            }
            writers.into_iter().for_each(|writer| writer.join().expect("a writer"));
        }
        let (wanted, gone) = (committed(&database, "rows_late"), committed(&database, "rows_gone"));
        assert!(wanted.len() > 200 && !gone.is_empty(), "the writers wrote");
        for (number, mode) in self.modes.iter().enumerate() {
            let file = file(directory.path(), number);
            let all = || wanted.is_subset(&arrived(&file));
            let outcome = wait::until("all rows", LIMIT, PAUSE, || Ok(all().then_some(())));
            let missing: Vec<_> = wanted.difference(&arrived(&file)).copied().collect();
            outcome.unwrap_or_else(|error| {
                panic!("{mode:?}: {missing:?} of {}: {error:#}\n{}", wanted.len(), worker.log())
            });
            let there = &wanted | &gone;
            assert!(arrived(&file).is_subset(&there), "{mode:?}: nothing that was rolled back arrives");
        }
    }

    /// Waits until every task runs: a worker whose connectors are in files ends where the database cannot be reached
    /// while it creates them, as Java's does.
    fn wait_until_all_run(&self, worker: &Worker) {
        let all = || {
            let Ok(answer) = worker.rest().get("/connectors?expand=status") else { return Ok(None) };
            let connectors = answer.json()?.as_object().cloned().unwrap_or_default();
            let running = |connector: &Value| connector["status"]["tasks"][0]["state"] == "RUNNING";
            Ok((connectors.len() == self.modes.len() * 2 && connectors.values().all(running)).then_some(()))
        };
        wait::until("all tasks", LIMIT, PAUSE, all)
            .unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
    }

    /// A worker with a source for each mode, and a file for each of their topics.
    fn worker(&self, database: &Database, directory: &Path) -> Worker {
        let url = database.jdbc_url();
        let mut builder = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
            .property("offset.flush.interval.ms", "300")
            .property("value.converter", JSON)
            .property("value.converter.schemas.enable", "false");
        for (number, (mode, column)) in self.modes.iter().enumerate() {
            let prefix = format!("{}-{number}-", self.name);
            let (topic, source, sink) =
                (format!("{prefix}rows_late"), format!("{prefix}source"), format!("{prefix}sink"));
            let file = file(directory, number).display().to_string();
            builder = builder
                .connector(&[
                    ("name", &source),
                    ("connector.class", SOURCE),
                    ("connection.url", &url),
                    ("connection.user", database.user()),
                    ("connection.password", database.password()),
                    ("connection.backoff.ms", "500"),
                    ("connection.attempts", "100"),
                    ("mode", mode),
                    ("incrementing.column.name", "id"),
                    ("timestamp.column.name", column),
                    ("table.whitelist", "rows_late"),
                    ("topic.prefix", &prefix),
                    ("poll.interval.ms", "20"),
                ])
                .connector(&[
                    ("name", &sink),
                    ("connector.class", "FileStreamSink"),
                    ("file", &file),
                    ("topics", &topic),
                    ("value.converter", "org.apache.kafka.connect.storage.StringConverter"),
                ]);
        }
        builder.start().expect("the worker starts")
    }
}

/// The ids that arrived in a file.
fn arrived(path: &Path) -> BTreeSet<i64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let id = |line: &str| serde_json::from_str::<Value>(line).ok()?["id"].as_i64();
    text.lines().filter_map(id).collect()
}

fn committed(database: &Database, table: &str) -> BTreeSet<i64> {
    let rows = database.query(&format!("SELECT id FROM {table}")).expect("the rows");
    rows.into_iter().map(|row| row[0].as_ref().expect("an id").parse().expect("a number")).collect()
}

fn file(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("{number}.txt"))
}
