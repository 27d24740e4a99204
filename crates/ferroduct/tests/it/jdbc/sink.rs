//! Records of topics as a new user brings them to tables.

use testkit::database::{Database, MariaDb, Postgres};
use testkit::{Kafka, Worker, wait};

use super::{BINARY, JSON, LIMIT, PAUSE, SINK, SOURCE, wait_for_rows};

/// The keys of a sink of a database.
fn sink<'a>(database: &'a Database, url: &'a str, entries: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut keys = vec![
        ("connector.class", SINK),
        ("connection.url", url),
        ("connection.user", database.user()),
        ("connection.password", database.password()),
    ];
    keys.extend_from_slice(entries);
    keys
}

/// A message of JSON with its schema: an id, a text that may be missing, a moment.
fn message(id: u32, name: Option<&str>) -> String {
    let schema = r#"{"type":"struct","optional":false,"name":"users","fields":[
        {"type":"int32","optional":false,"field":"id"},{"type":"string","optional":true,"field":"name"},
        {"type":"int64","optional":true,"name":"org.apache.kafka.connect.data.Timestamp","version":1,
         "field":"created_at"}]}"#;
    let name = name.map_or_else(|| "null".to_owned(), |name| format!("\"{name}\""));
    let payload = format!(r#"{{"id":{id},"name":{name},"created_at":1638687468000}}"#);
    format!(r#"{{"schema":{},"payload":{payload}}}"#, schema.replace('\n', ""))
}

#[test]
fn a_topic_becomes_a_table_and_bad_records_dead_letters() {
    let kafka = Kafka::shared();
    let database = Postgres::shared().create_database("sink_worker").expect("a database");
    let url = database.jdbc_url();
    let entries = [
        ("name", "jdbc-sink"),
        ("topics", "sink_users"),
        ("auto.create", "true"),
        ("insert.mode", "upsert"),
        ("pk.mode", "record_value"),
        ("pk.fields", "id"),
        ("errors.tolerance", "all"),
        ("errors.deadletterqueue.topic.name", "sink_users_dead"),
        ("errors.deadletterqueue.topic.replication.factor", "1"),
    ];
    let first = [message(1, Some("ann")), message(2, None), message(1, Some("bob"))];
    kafka.produce("sink_users", &first.each_ref().map(String::as_str)).expect("records");
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("offset.flush.interval.ms", "200")
        .connector(&sink(&database, &url, &entries))
        .start()
        .expect("the worker starts");
    let all = "SELECT * FROM sink_users ORDER BY id";
    wait_for_rows(&database, all, &["1|bob|2021-12-05 06:57:48", "2||2021-12-05 06:57:48"]);

    database.execute("ALTER TABLE sink_users ADD CHECK (name <> 'secret')").expect("a check");
    let second = [message(3, Some("cid")), message(4, Some("secret")), message(2, Some("dan"))];
    kafka.produce("sink_users", &second.each_ref().map(String::as_str)).expect("records");
    let names = "SELECT id, name FROM sink_users ORDER BY id";
    wait_for_rows(&database, names, &["1|bob", "2|dan", "3|cid"]);
    let dead = kafka.consume("sink_users_dead", 1).expect("the dead letter");
    assert_eq!(dead, [second[1].clone()]);
    assert!(!worker.log().contains("secret\""), "no data in the log");

    // A user who sets the group back has everything written again.
    let committed = wait::until("the commit", LIMIT, PAUSE, || {
        let committed = kafka.probe()?.committed("connect-jdbc-sink")?;
        Ok(committed.iter().any(|(_, offset)| *offset == 6).then_some(()))
    });
    committed.expect("the group of Java's name holds the offset");
    worker.stop().expect("the worker stops");
    database.execute("TRUNCATE sink_users").expect("an empty table");
    let reset =
        ["--reset-offsets", "--to-earliest", "--execute", "--group", "connect-jdbc-sink", "--all-topics"];
    kafka.consumer_groups(&reset).expect("the group is set back");
    worker.restart().expect("the worker starts again");
    wait_for_rows(&database, names, &["1|bob", "2|dan", "3|cid"]);
}

#[test]
fn tables_of_mariadb_go_through_kafka_into_another_database() {
    let kafka = Kafka::shared();
    let server = MariaDb::shared();
    let (from, to) = (server.create_database("from").unwrap(), server.create_database("to").unwrap());
    from.execute(
        "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, user_id varchar(20), pwd varchar(20), \
         name varchar(20), created_at datetime(3)); \
         INSERT INTO users (user_id, pwd, name, created_at) VALUES ('u1', 'p', 'ann', '2021-12-05 06:57:48'), \
         (null, null, null, null)",
    )
    .unwrap();
    // What users of Connector/J write.
    let (from_url, to_url) =
        (from.jdbc_url().replace("mariadb:", "mysql:"), to.jdbc_url().replace("mariadb:", "mysql:"));
    let source = [
        ("name", "my-source-connect"),
        ("connector.class", SOURCE),
        ("connection.url", &from_url),
        ("connection.user", from.user()),
        ("connection.password", from.password()),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("table.whitelist", "users"),
        ("topic.prefix", "mariadb_topic_"),
        ("poll.interval.ms", "100"),
        ("tasks.max", "1"),
    ];
    let entries = [
        ("name", "my-sink-connect"),
        ("auto.create", "true"),
        ("auto.evolve", "true"),
        ("delete.enabled", "false"),
        ("tasks.max", "1"),
        ("topics", "mariadb_topic_users"),
    ];
    let _worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .connector(&source)
        .connector(&sink(&to, &to_url, &entries))
        .start()
        .expect("the worker starts");
    let all = "SELECT * FROM mariadb_topic_users ORDER BY id";
    wait_for_rows(&to, all, &["1|u1|p|ann|2021-12-05 06:57:48.000", "2||||"]);
    from.execute("INSERT INTO users (name) VALUES ('bob')").unwrap();
    wait_for_rows(&to, "SELECT id, name FROM mariadb_topic_users ORDER BY id", &["1|ann", "2|", "3|bob"]);
}

/// Every record exactly once in a table without key, however often the worker is killed while it writes.
fn exactly_once(database: &Database, topic: &str, kills: usize) {
    const RECORDS: usize = 30_000;
    let kafka = Kafka::shared();
    kafka.create_topic(topic, 2).expect("a topic");
    let url = database.jdbc_url();
    let entries = [
        ("name", topic),
        ("topics", topic),
        ("tasks.max", "2"),
        ("auto.create", "true"),
        ("delivery.guarantee", "exactly_once"),
        ("retry.backoff.ms", "100"),
        ("connection.backoff.ms", "100"),
        // So long the group waits for a worker that was killed.
        ("consumer.override.session.timeout.ms", "6000"),
    ];
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("offset.flush.interval.ms", "300")
        .connector(&sink(database, &url, &entries))
        .start()
        .expect("the worker starts");
    let count = || -> usize {
        let rows = database.query(&format!("SELECT COUNT(*) FROM {topic}")).unwrap_or_default();
        rows.first().and_then(|row| row[0].as_deref()?.parse().ok()).unwrap_or(0)
    };
    for kill in 0..kills {
        let first = RECORDS * kill / kills;
        let numbers = first..RECORDS * (kill + 1) / kills;
        let lines: Vec<String> =
            numbers.map(|number| message(u32::try_from(number).expect("a number"), None)).collect();
        kafka.produce(topic, &lines.iter().map(String::as_str).collect::<Vec<_>>()).expect("records");
        // Somewhere among the records, wherever the task is then.
        let some = first + 1 + kill * 37;
        wait::until("rows", LIMIT, PAUSE / 10, || Ok((count() >= some).then_some(()))).expect("rows");
        worker.kill().expect("the worker is killed");
        worker.restart().expect("the worker starts again");
    }
    wait::until("all rows", LIMIT, PAUSE, || Ok((count() >= RECORDS).then_some(()))).expect("all rows");
    let distinct = format!("SELECT COUNT(*), COUNT(DISTINCT id), MIN(id), MAX(id) FROM {topic}");
    let all = RECORDS.to_string();
    wait_for_rows(database, &distinct, &[&format!("{all}|{all}|0|{}", RECORDS - 1)]);
}

#[test]
fn rows_of_postgresql_are_there_once_whenever_the_worker_is_killed() {
    exactly_once(&Postgres::shared().create_database("once").expect("a database"), "once_postgresql", 20);
}

#[test]
fn rows_of_mariadb_are_there_once_whenever_the_worker_is_killed() {
    exactly_once(&MariaDb::shared().create_database("once").expect("a database"), "once_mariadb", 5);
}
