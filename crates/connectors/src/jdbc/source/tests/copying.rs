//! Queries that are copied, and those that cannot be.

use super::refusing::Refusing;
use super::{Committed, database, failure, properties, read_all};

#[tokio::test]
async fn a_server_that_does_not_copy_sends_the_same_rows_one_by_one() {
    let database = database();
    database
        .execute("CREATE TABLE t (id serial PRIMARY KEY, a text); INSERT INTO t (a) SELECT g FROM generate_series(1, 5000) g")
        .unwrap();
    let entries = [("mode", "incrementing"), ("batch.max.rows", "300"), ("record.key", "primary_key")];
    let copied = properties(&database, &entries);
    let refusing = Refusing::before(&database).await;
    let sent = refusing.properties(copied.clone());
    let (copied, sent) = (
        read_all(&copied, Committed::default()).await.unwrap(),
        read_all(&sent, Committed::default()).await.unwrap(),
    );
    assert_eq!(copied.values.len(), 5000);
    assert_eq!((copied.values, copied.keys), (sent.values, sent.keys));
    assert_eq!(copied.committed.0, sent.committed.0);
    // What is wrong with a query itself is said as ever.
    let wrong = properties(&database, &[("mode", "bulk"), ("query", "SELECT nope FROM t")]);
    assert!(failure(&refusing.properties(wrong)).await.contains("column \"nope\" does not exist"));
}

#[tokio::test]
async fn queries_that_cannot_be_copied_or_end_in_something_else_are_read() {
    let database = database();
    for (query, expected) in [
        ("SHOW server_encoding", "UTF8"),
        ("SELECT 'a' AS a;", "a"),
        ("SELECT 'b' AS b -- the last line", "b"),
        ("WITH c AS (SELECT 'c' AS c) SELECT * FROM c", "c"),
    ] {
        let config = properties(&database, &[("mode", "bulk"), ("query", query), ("topic.prefix", "q")]);
        let read = read_all(&config, Committed::default()).await.unwrap();
        let values: Vec<_> = read.payloads()[0].as_object().unwrap().values().cloned().collect();
        assert_eq!(values, [serde_json::json!(expected)], "{query}");
    }
}
