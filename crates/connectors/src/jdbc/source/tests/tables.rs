//! Tables that come, go, change and may not be read.

use api::SourceTask;

use super::{Committed, Read, database, failure, properties, read_all, tasks};

#[tokio::test]
async fn tables_are_split_over_tasks_and_have_topics_of_their_own() {
    let database = database();
    for table in ["a", "b", "c"] {
        database.execute(&format!("CREATE TABLE {table} (id int); INSERT INTO {table} VALUES (1)")).unwrap();
    }
    database
        .execute("CREATE SCHEMA other; CREATE TABLE other.d (id int); CREATE VIEW v AS SELECT * FROM a")
        .unwrap();
    let entries = [("mode", "bulk"), ("topic.prefix", "pre-"), ("table.types", "TABLE")];
    let all = properties(&database, &entries);
    let read = read_all(&all, Committed::default()).await.unwrap();
    assert_eq!(read.topics, ["pre-a", "pre-b", "pre-c"]);
    assert!(read.committed.0.is_empty(), "bulk keeps no offsets");
    assert_eq!(tasks(&all, 3, &Committed::default()).await.unwrap().len(), 3);
    let mut excluded = all.clone();
    excluded.insert("table.include.list".into(), "public\\.[abc],other.*".into());
    excluded.insert("table.exclude.list".into(), "public.b".into());
    assert_eq!(read_all(&excluded, Committed::default()).await.unwrap().topics, ["pre-a", "pre-c"]);
    let mut views = all.clone();
    views.insert("table.types".into(), "view".into());
    assert_eq!(read_all(&views, Committed::default()).await.unwrap().topics, ["pre-v"]);
    database.execute("CREATE TABLE other.a (id int)").unwrap();
    assert!(failure(&all).await.contains("duplicate unqualified table names: other.a, public.a"));
}

#[tokio::test]
async fn a_dropped_table_does_not_stop_the_others() {
    let database = database();
    database.execute("CREATE TABLE a (id serial); CREATE TABLE b (id serial)").unwrap();
    let entries = [("mode", "incrementing"), ("validate.non.null", "false"), ("poll.interval.ms", "1")];
    let mut task = tasks(&properties(&database, &entries), 1, &Committed::default()).await.unwrap().remove(0);
    database.execute("DROP TABLE a; INSERT INTO b DEFAULT VALUES").unwrap();
    let mut read = Read::default();
    while read.topics.is_empty() {
        for batch in task.poll().await.unwrap() {
            read.take(batch);
        }
    }
    assert_eq!(read.topics, ["b"]);
}

#[tokio::test]
async fn a_table_that_may_not_be_read_does_not_stop_the_others() {
    let database = database();
    let user = format!("reader_{}", database.name());
    database
        .execute(&format!(
            "CREATE TABLE a (id serial); CREATE TABLE b (id serial); CREATE ROLE {user} LOGIN PASSWORD 'p'; \
             GRANT SELECT ON a, b TO {user}; INSERT INTO a DEFAULT VALUES"
        ))
        .unwrap();
    let entries = [
        ("mode", "incrementing"),
        ("validate.non.null", "false"),
        ("poll.interval.ms", "1"),
        ("table.poll.interval.ms", "1"),
        ("connection.user", &user),
        ("connection.password", "p"),
    ];
    let config = properties(&database, &entries);
    let mut task = tasks(&config, 1, &Committed::default()).await.unwrap().remove(0);
    let mut read = Read::default();
    let mut next = async |topics: &[&str]| {
        while read.topics.len() < topics.len() {
            for batch in task.poll().await.unwrap() {
                read.take(batch);
            }
        }
        assert_eq!(read.topics, topics);
    };
    next(&["a"]).await;
    let revoke =
        format!("REVOKE ALL ON a FROM {user}; INSERT INTO a DEFAULT VALUES; INSERT INTO b DEFAULT VALUES");
    database.execute(&revoke).unwrap();
    next(&["a", "b"]).await;
    // It is read on once it may be, and what came meanwhile with it.
    database.execute(&format!("GRANT SELECT ON a TO {user}")).unwrap();
    next(&["a", "b", "a"]).await;
    assert_eq!(read.payloads()[2], serde_json::json!({"id": 2}));
}

#[tokio::test]
async fn columns_that_come_and_go_change_the_schema_of_the_next_query() {
    let database = database();
    database
        .execute("CREATE TABLE t (id serial PRIMARY KEY, a text); INSERT INTO t (a) VALUES ('x')")
        .unwrap();
    let config = properties(&database, &[("mode", "incrementing"), ("record.key", "primary_key")]);
    let first = read_all(&config, Committed::default()).await.unwrap();
    assert_eq!(first.payloads(), [serde_json::json!({"id": 1, "a": "x"})]);
    assert_eq!(first.keys[0]["payload"], serde_json::json!({"id": 1}));
    database.execute("ALTER TABLE t ADD b int; ALTER TABLE t DROP a; INSERT INTO t (b) VALUES (7)").unwrap();
    let second = read_all(&config, first.committed).await.unwrap();
    assert_eq!(second.payloads(), [serde_json::json!({"id": 2, "b": 7})]);
}
