//! JDBC on workers of a cluster: what users do with two of them, and offsets that are set in the topic of offsets.

use serde_json::Value;
use testkit::database::{MariaDb, Postgres};
use testkit::{Kafka, Worker, wait};

use super::{
    BINARY, JSON, LIMIT, PAUSE, SINK, SOURCE, create, set_back, times_as, wait_for_rows, wait_for_state,
};

/// Starts a worker of the cluster of a name.
fn worker(kafka: &Kafka, cluster: &str) -> Worker {
    Worker::ferroduct_distributed(BINARY, kafka.bootstrap())
        .of_cluster(cluster)
        .property("offset.storage.partitions", "1")
        .property("status.storage.partitions", "1")
        .property("offset.flush.interval.ms", "200")
        .property("session.timeout.ms", "10000")
        .property("heartbeat.interval.ms", "1000")
        .property("scheduled.rebalance.max.delay.ms", "1000")
        .property("value.converter", JSON)
        .property("key.converter", JSON)
        .start()
        .expect("the worker starts")
}

fn tell(worker: &Worker, name: &str, verb: &str, state: &str) {
    let answer = worker.rest().send("PUT", &format!("/connectors/{name}/{verb}"), None).expect("an answer");
    assert!(answer.status < 300, "{verb}: {answer:?}");
    wait_for_state(worker, name, state);
}

/// The ids of all records of a topic, once there are as many.
fn ids(kafka: &Kafka, topic: &str, count: usize) -> Vec<i64> {
    let records = kafka.consume(topic, count).expect("the records");
    let id = |record: &String| {
        let record: Value = serde_json::from_str(record).expect("JSON");
        record["payload"]["id"].as_i64().expect("an id")
    };
    records.iter().map(id).collect()
}

/// Waits until REST tells this offset of the only table of a connector, or none.
fn wait_for_offset(worker: &Worker, name: &str, offset: Option<i64>) {
    let path = format!("/connectors/{name}/offsets");
    let found = || -> anyhow::Result<Value> { worker.rest().get(&path)?.ok() };
    let reached = wait::until("the offset", LIMIT, PAUSE, || {
        let Ok(found) = found() else { return Ok(None) };
        Ok((found["offsets"][0]["offset"]["incrementing"].as_i64() == offset).then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}: {:?}", found()));
}

/// Writes an offset into the topic as scripts do, `NULL` for a tombstone, while the connector is stopped.
fn write_offset(kafka: &Kafka, cluster: &str, key: &str, value: &str) {
    let topic = format!("{cluster}-offsets");
    let arguments = [
        ["--topic", &topic],
        ["--reader-property", "parse.key=true"],
        ["--reader-property", "key.separator=#"],
        ["--reader-property", "null.marker=NULL"],
    ];
    kafka.produce_with(arguments.as_flattened(), &format!("{key}#{value}\n")).expect("the offset is written");
}

#[test]
fn offsets_that_a_script_writes_into_their_topic_are_where_a_source_goes_on() {
    let kafka = Kafka::shared();
    let database = Postgres::shared().create_database("offsets_topic").unwrap();
    database
        .execute(
            "CREATE TABLE reset_rows (id serial PRIMARY KEY, name text); \
                  INSERT INTO reset_rows (name) VALUES ('a'), ('b'), ('c')",
        )
        .unwrap();
    let worker = worker(kafka, "jdbcoffsets");
    let entries = [
        ("connector.class", SOURCE),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("table.whitelist", "reset_rows"),
        ("topic.prefix", "script-"),
        ("poll.interval.ms", "100"),
    ];
    create(&worker, "scripted", &database, &database.jdbc_url(), &entries);
    wait_for_offset(&worker, "scripted", Some(3));
    assert_eq!(ids(kafka, "script-reset_rows", 3), [1, 2, 3]);

    // The key is that of the record that is there, byte by byte.
    let arguments = ["--formatter-property", "print.key=true", "--formatter-property", "key.separator=#"];
    let stored = kafka.consume_with("jdbcoffsets-offsets", 1, &arguments).expect("the stored offset");
    let (key, _) = stored[0].split_once('#').expect("a key");
    assert_eq!(key, r#"["scripted",{"protocol":"1","table":"public.reset_rows"}]"#);

    tell(&worker, "scripted", "stop", "STOPPED");
    write_offset(kafka, "jdbcoffsets", key, "NULL");
    wait_for_offset(&worker, "scripted", None);
    tell(&worker, "scripted", "resume", "RUNNING");
    assert_eq!(ids(kafka, "script-reset_rows", 6)[3..], [1, 2, 3]);
    wait_for_offset(&worker, "scripted", Some(3));

    tell(&worker, "scripted", "stop", "STOPPED");
    write_offset(kafka, "jdbcoffsets", key, r#"{"incrementing":1}"#);
    wait_for_offset(&worker, "scripted", Some(1));
    tell(&worker, "scripted", "resume", "RUNNING");
    assert_eq!(ids(kafka, "script-reset_rows", 8)[6..], [2, 3]);
    wait_for_offset(&worker, "scripted", Some(3));
}

#[test]
fn iris_data_travels_through_two_workers_that_share_its_tasks() {
    let kafka = Kafka::shared();
    let server = Postgres::shared();
    let (from, to) =
        (server.create_database("iris_far").unwrap(), server.create_database("iris_near").unwrap());
    let table =
        "CREATE TABLE iris_data (id serial PRIMARY KEY, \"timestamp\" timestamp, sepal_length float8)";
    from.execute(table).unwrap();
    to.execute(table).unwrap();
    from.execute(
        "INSERT INTO iris_data (timestamp, sepal_length) VALUES ('2021-12-05 06:57:48.5', 5.1), (null, 4.9)",
    )
    .unwrap();
    let workers = [worker(kafka, "jdbciris"), worker(kafka, "jdbciris")];
    let source = [
        ("connector.class", SOURCE),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("table.whitelist", "iris_data"),
        ("topic.prefix", "shared-"),
        ("topic.creation.default.partitions", "1"),
        ("topic.creation.default.replication.factor", "1"),
        ("poll.interval.ms", "100"),
    ];
    // Each by another worker, whoever leads.
    create(&workers[0], "far-iris", &from, &from.jdbc_url(), &[&source[..], &times_as("string")].concat());
    let sink = [
        ("connector.class", SINK),
        ("topics", "shared-iris_data"),
        ("table.name.format", "iris_data"),
        ("auto.create", "false"),
        ("insert.mode", "upsert"),
        ("pk.mode", "record_value"),
        ("pk.fields", "id"),
    ];
    create(&workers[1], "near-iris", &to, &to.jdbc_url(), &[&sink[..], &times_as("Timestamp")].concat());
    let all = "SELECT * FROM iris_data ORDER BY id";
    let rows = ["1|2021-12-05 06:57:48.5|5.1", "2||4.9"];
    wait_for_rows(&to, all, &rows);

    // What a worker did goes on in the other one once it is gone.
    let [mut gone, left] = workers;
    gone.kill().expect("the worker is killed");
    from.execute("INSERT INTO iris_data (sepal_length) VALUES (9.5)").unwrap();
    wait_for_rows(&to, all, &[rows[0], rows[1], "3||9.5"]);
    wait_for_state(&left, "far-iris", "RUNNING");
}

#[test]
fn users_of_mariadb_are_written_again_by_a_cluster_when_the_group_of_the_sink_is_set_back() {
    let kafka = Kafka::shared();
    let database = MariaDb::shared().create_database("mydb_cluster").unwrap();
    database
        .execute(
            "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, user_id varchar(20), created_at datetime); \
             INSERT INTO users VALUES (1, 'u1', '2021-12-05 06:57:48'), (2, null, null)",
        )
        .unwrap();
    let url = database.jdbc_url().replace("mariadb:", "mysql:") + "?useSSL=false&serverTimezone=UTC";
    let worker = worker(kafka, "jdbcusers");
    let source = [
        ("connector.class", SOURCE),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("table.whitelist", "users"),
        ("topic.prefix", "cluster_topic_"),
        ("poll.interval.ms", "100"),
    ];
    create(&worker, "cluster-source-connect", &database, &url, &source);
    let sink = [
        ("connector.class", SINK),
        ("auto.create", "true"),
        ("auto.evolve", "true"),
        ("delete.enabled", "false"),
        ("topics", "cluster_topic_users"),
    ];
    create(&worker, "cluster-sink-connect", &database, &url, &sink);
    let all = "SELECT * FROM cluster_topic_users ORDER BY id";
    let rows = ["1|u1|2021-12-05 06:57:48.000", "2||"];
    wait_for_rows(&database, all, &rows);

    tell(&worker, "cluster-sink-connect", "stop", "STOPPED");
    database.execute("TRUNCATE cluster_topic_users").unwrap();
    set_back(kafka, "connect-cluster-sink-connect", "cluster_topic_users");
    tell(&worker, "cluster-sink-connect", "resume", "RUNNING");
    wait_for_rows(&database, all, &rows);
}
