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
pub(super) fn message(id: u32, name: Option<&str>) -> String {
    let schema = r#"{"type":"struct","optional":false,"name":"users","fields":[
        {"type":"int32","optional":false,"field":"id"},{"type":"string","optional":true,"field":"name"},
        {"type":"int64","optional":true,"name":"org.apache.kafka.connect.data.Timestamp","version":1,
         "field":"created_at"}]}"#;
    let name = name.map_or_else(|| "null".to_owned(), |name| format!("\"{name}\""));
    let payload = format!(r#"{{"id":{id},"name":{name},"created_at":1638687468000}}"#);
    format!(r#"{{"schema":{},"payload":{payload}}}"#, schema.replace('\n', ""))
}

/// A user's first topic: it becomes a table, a bad record a dead letter. `fraction`: how the database shows that a moment
/// has none.
fn topic_to_table(database: &Database, topic: &str, fraction: &str) {
    let kafka = Kafka::shared();
    let (url, dead) = (database.jdbc_url(), format!("{topic}_dead"));
    let entries = [
        ("name", topic),
        ("topics", topic),
        ("auto.create", "true"),
        ("insert.mode", "upsert"),
        ("pk.mode", "record_value"),
        ("pk.fields", "id"),
        ("errors.tolerance", "all"),
        ("errors.deadletterqueue.topic.name", &dead),
        ("errors.deadletterqueue.topic.replication.factor", "1"),
        ("errors.deadletterqueue.context.headers.enable", "true"),
    ];
    let first = [message(1, Some("ann")), message(2, None), message(1, Some("bob"))];
    kafka.produce(topic, &first.each_ref().map(String::as_str)).expect("records");
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("offset.flush.interval.ms", "200")
        .connector(&sink(database, &url, &entries))
        .start()
        .expect("the worker starts");
    let moment = format!("2021-12-05 06:57:48{fraction}");
    let all = format!("SELECT * FROM {topic} ORDER BY id");
    wait_for_rows(database, &all, &[&format!("1|bob|{moment}"), &format!("2||{moment}")]);

    database.execute(&format!("ALTER TABLE {topic} ADD CHECK (name <> 'secret')")).expect("a check");
    let second = [message(3, Some("cid")), message(4, Some("secret")), message(2, Some("dan"))];
    kafka.produce(topic, &second.each_ref().map(String::as_str)).expect("records");
    let names = format!("SELECT id, name FROM {topic} ORDER BY id");
    wait_for_rows(database, &names, &["1|bob", "2|dan", "3|cid"]);
    let headers = ["--formatter-property", "print.headers=true"];
    // The trace among the headers has lines.
    let letter = kafka.consume_with(&dead, 1, &headers).expect("the dead letter").join("\n");
    assert!(letter.ends_with(&second[1]), "{letter}");
    for place in ["topic:".to_owned() + topic, "partition:0".to_owned(), "offset:4".to_owned()] {
        assert!(letter.contains(&format!("__connect.errors.{place}")), "{letter}");
    }
    assert!(!worker.log().contains("secret\""), "no data in the log");

    // A user who sets the group back has everything written again.
    let group = format!("connect-{topic}");
    let committed = wait::until("the commit", LIMIT, PAUSE, || {
        let committed = kafka.probe()?.committed(&group)?;
        Ok(committed.iter().any(|(_, offset)| *offset == 6).then_some(()))
    });
    committed.expect("the group of Java's name holds the offset");
    worker.stop().expect("the worker stops");
    database.execute(&format!("DELETE FROM {topic}")).expect("an empty table");
    let reset = ["--reset-offsets", "--to-earliest", "--execute", "--group", &group, "--all-topics"];
    kafka.consumer_groups(&reset).expect("the group is set back");
    worker.restart().expect("the worker starts again");
    wait_for_rows(database, &names, &["1|bob", "2|dan", "3|cid"]);
}

#[test]
fn a_topic_becomes_a_table_of_postgresql_and_bad_records_dead_letters() {
    let database = Postgres::shared().create_database("sink_worker").expect("a database");
    topic_to_table(&database, "sink_users", "");
}

#[test]
fn a_topic_becomes_a_table_of_mariadb_and_bad_records_dead_letters() {
    let database = MariaDb::shared().create_database("sink_worker").expect("a database");
    topic_to_table(&database, "sink_users_mariadb", ".000");
}

/// What is read while a put waits counts only once it is in the table.
#[test]
fn records_that_are_read_while_a_put_waits_are_not_lost_with_the_worker() {
    let kafka = Kafka::shared();
    let database = Postgres::shared().create_database("sink_waits").expect("a database");
    database.execute("CREATE TABLE waits (id int, name text, created_at timestamp)").expect("a table");
    let other = database.clone();
    // Its end is an error: it is ended from outside.
    let holder =
        std::thread::spawn(move || drop(other.execute("BEGIN; LOCK TABLE waits; SELECT pg_sleep(600)")));
    let sessions = |condition: &str| {
        let sql =
            format!("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND {condition}");
        wait::until("a session", LIMIT, PAUSE, || {
            let rows = database.query(&sql)?;
            Ok(rows.first().and_then(|row| row[0].clone()))
        })
    };
    let held = sessions("wait_event = 'PgSleep'").expect("the lock is held");
    let url = database.jdbc_url();
    let mut worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("offset.flush.interval.ms", "100")
        .connector(&sink(&database, &url, &[("name", "waits"), ("topics", "waits")]))
        .start()
        .expect("the worker starts");
    let produce = |ids: std::ops::Range<u32>| {
        let lines: Vec<String> = ids.map(|id| message(id, None)).collect();
        kafka.produce("waits", &lines.iter().map(String::as_str).collect::<Vec<_>>()).expect("records");
    };
    produce(0..3);
    sessions("application_name = 'ferroduct' AND wait_event_type = 'Lock'").expect("the put waits");
    produce(3..3000);
    let committed = kafka.probe().and_then(|mut probe| probe.committed("connect-waits")).expect("offsets");
    assert!(committed.iter().all(|(_, offset)| *offset == 0), "{committed:?}");
    worker.kill().expect("the worker is killed");
    worker.restart().expect("the worker starts again");
    database.execute(&format!("SELECT pg_terminate_backend({held})")).expect("the lock is given back");
    holder.join().expect("its thread ends");
    wait_for_rows(&database, "SELECT count(DISTINCT id) FROM waits", &["3000"]);
    worker.stop().expect("the worker stops");
    let committed = kafka.probe().and_then(|mut probe| probe.committed("connect-waits")).expect("offsets");
    assert!(committed.iter().any(|(_, offset)| *offset == 3000), "{committed:?}");
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
