//! What only a user can mend, and tables that change.

use std::sync::Arc;

use api::Reaction;
use testkit::database::Database;

use super::{Context, Reader, UPSERT, database, lines, mariadb, properties, put, records, start};

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
async fn what_only_a_user_can_mend_fails_the_task_on_mariadb() {
    let database = mariadb();
    fails(&database, &[], &["`t` is missing and auto-creation is disabled"]).await;
    database.execute("CREATE TABLE b (id int, v text); CREATE VIEW t AS SELECT * FROM b").unwrap();
    fails(&database, &[], &["is a VIEW, and `table.types` allows TABLE only"]).await;
    let name = database.name();
    database
        .execute(&format!(
            "DROP VIEW t; CREATE TABLE t (id int, v text); DROP USER IF EXISTS sink_reader; \
             CREATE USER sink_reader IDENTIFIED BY 'x'; \
             GRANT SELECT ON {name}.* TO sink_reader"
        ))
        .unwrap();
    let user = [("connection.user", "sink_reader"), ("connection.password", "x")];
    fails(&database, &user, &["INSERT command denied"]).await;
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
