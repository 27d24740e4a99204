//! A disk that is full: not the fault of a record, and nothing that passes by itself.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use api::{Batch, Reaction};
use testkit::SmallDisk;
use testkit::database::{Database, MariaDb, Postgres, Settings};

use super::{Context, Reader, lines, properties, put, records, start};

const DISK_MEGABYTES: u32 = 48;
const FILLER_BYTES: usize = 42 * 1024 * 1024;
const ROWS: i32 = 2000;

/// More than what the filler leaves.
fn many(reader: &mut Reader) -> Vec<Batch> {
    let text = "long ".repeat(800);
    let rows: Vec<(i32, &str)> = (10..ROWS + 10).map(|id| (id, text.as_str())).collect();
    records(reader, &rows)
}

/// Fills the disk by a put, and puts again when there is room.
async fn fill(database: &Database, disk: &SmallDisk) {
    let context = Context::tolerant();
    let mut reader = Reader::new("t");
    let mut task = start(&properties(database, &[]), context.clone()).await;
    put(task.as_mut(), &records(&mut reader, &[(1, "a"), (2, "b")])).await.unwrap();
    let filler = disk.path().join("filler");
    fs::write(&filler, vec![1; FILLER_BYTES]).unwrap();
    let batches = many(&mut reader);
    let error = put(task.as_mut(), &batches).await.unwrap_err();
    let words = format!("{error:#}");
    assert_eq!(error.reaction(), Reaction::Fail, "{words}");
    assert!(words.contains("full") && !words.contains("long"), "{words}");
    assert!(context.offsets().is_empty(), "no record is to blame");
    assert_eq!(lines(database, "SELECT count(*) FROM t"), ["2"]);
    // An operator makes room and starts the task again.
    fs::remove_file(filler).unwrap();
    let mut task = start(&properties(database, &[]), Arc::default()).await;
    put(task.as_mut(), &batches).await.unwrap();
    let all = (ROWS + 2).to_string();
    assert_eq!(lines(database, "SELECT count(*), count(DISTINCT id) FROM t"), [format!("{all}|{all}")]);
}

#[tokio::test]
async fn a_full_disk_of_postgresql_fails_the_task() {
    let disk = SmallDisk::mount(DISK_MEGABYTES).unwrap();
    let place = disk.path().join("space");
    fs::create_dir(&place).unwrap();
    // Root runs the server under another account, which has to own the place; nobody else can or has to give it away.
    Command::new("chown").arg("postgres").arg(&place).output().unwrap();
    let server = Postgres::start().unwrap();
    server.execute(&format!("CREATE TABLESPACE small LOCATION '{}'", place.display())).unwrap();
    let database = server.create_database("sink_disk").unwrap();
    database
        .execute(
            "CREATE TABLE t (id int, v text) TABLESPACE small; ALTER TABLE t ALTER v SET STORAGE EXTERNAL",
        )
        .unwrap();
    fill(&database, &disk).await;
}

#[tokio::test]
async fn a_full_disk_of_mariadb_fails_the_task() {
    let disk = SmallDisk::mount(DISK_MEGABYTES).unwrap();
    let place = disk.path().display();
    // MySQL 8.0.21 and later put tables only where they are told that some may be.
    let settings = Settings::default().option(&format!("--loose-innodb-directories={place}"));
    let server = MariaDb::start_with(settings).unwrap();
    let database = server.create_database("sink_disk").unwrap();
    database.execute(&format!("CREATE TABLE t (id int, v text) DATA DIRECTORY = '{place}'")).unwrap();
    fill(&database, &disk).await;
}
