//! Where COPY is refused, or does less than an INSERT: the same rows arrive by statements.

use std::sync::Arc;

use api::{Batch, Record, Schema, Value};
use testkit::database::{Database, Postgres};

use super::{lines, properties, put, start};

const ROWS: i64 = 50;

fn batch(first: i64) -> Batch {
    let record = |id| Record {
        value: Some(Value::Struct(Box::new([Value::Int(id), Value::Text(format!("v{id}").into())]))),
        partition: Some(0),
        offset: id,
        ..Record::default()
    };
    Batch {
        value_schema: Some(
            Schema::structure().field("id", Schema::int32()).field("v", Schema::optional_string()).build(),
        ),
        records: (first..first + ROWS).map(record).collect(),
        ..Batch::new("t".into())
    }
}

/// Defines tables, writes rows to `t`, and answers what a query finds then.
async fn written(define: &str, entries: &[(&str, &str)], shown: &str) -> Vec<String> {
    let database = Postgres::shared().create_database("sink_refused").unwrap();
    database.execute(define).unwrap();
    let mut task = start(&properties(&database, entries), Arc::default()).await;
    put(task.as_mut(), &[batch(0)]).await.unwrap();
    lines(&database, shown)
}

const VIEWS: [(&str, &str); 1] = [("table.types", "TABLE,VIEW,PARTITIONED TABLE")];
const SHOWN: &str = "SELECT id, v FROM b ORDER BY id";

#[tokio::test]
async fn rows_are_those_of_copy_wherever_copy_cannot_be() {
    let copied = written("CREATE TABLE t (id int, v text)", &[], "SELECT id, v FROM t ORDER BY id").await;
    assert_eq!(copied.len(), 50);
    let rule = "CREATE TABLE b (id int, v text); CREATE TABLE t (id int, v text); \
                CREATE RULE elsewhere AS ON INSERT TO t DO INSTEAD INSERT INTO b VALUES (NEW.id, NEW.v)";
    assert_eq!(written(rule, &[], SHOWN).await, copied);
    let view = "CREATE TABLE b (id int, v text); CREATE VIEW t AS SELECT * FROM b";
    assert_eq!(written(view, &VIEWS, SHOWN).await, copied);
    let instead = "CREATE TABLE b (id int, v text); CREATE VIEW t AS SELECT id, v || '' AS v FROM b; \
                   CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS \
                   $$ BEGIN INSERT INTO b VALUES (NEW.id, NEW.v); RETURN NEW; END $$; \
                   CREATE TRIGGER elsewhere INSTEAD OF INSERT ON t FOR EACH ROW EXECUTE FUNCTION elsewhere()";
    assert_eq!(written(instead, &VIEWS, SHOWN).await, copied);
    let parted = "CREATE TABLE t (id int, v text) PARTITION BY RANGE (id); \
                  CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (25); \
                  CREATE TABLE q PARTITION OF t FOR VALUES FROM (25) TO (100)";
    assert_eq!(written(parted, &VIEWS, "SELECT id, v FROM t ORDER BY id").await, copied);
}

fn restricted(database: &Database) -> Vec<(String, String)> {
    let user = format!("role_{}", database.name());
    database
        .execute(&format!(
            "CREATE TABLE t (id int, v text); CREATE ROLE {user} LOGIN PASSWORD 'x'; \
             GRANT INSERT (id, v), SELECT ON t TO {user}; \
             CREATE POLICY own ON t USING (true) WITH CHECK (id >= 0)"
        ))
        .unwrap();
    vec![("connection.user".to_owned(), user), ("connection.password".to_owned(), "x".to_owned())]
}

/// Policies for rows, which are switched on while the task runs: COPY is refused from then on.
#[tokio::test]
async fn a_table_with_row_security_takes_statements() {
    let database = Postgres::shared().create_database("sink_policy").unwrap();
    let user = restricted(&database);
    let entries: Vec<(&str, &str)> = user.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let mut task = start(&properties(&database, &entries), Arc::default()).await;
    put(task.as_mut(), &[batch(0)]).await.unwrap();
    database.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY").unwrap();
    put(task.as_mut(), &[batch(ROWS)]).await.unwrap();
    assert_eq!(lines(&database, "SELECT count(*), count(DISTINCT id) FROM t"), ["100|100"]);
    database.execute(&format!("DROP TABLE t; DROP ROLE {}", user[0].1)).unwrap();
}
