//! Whole pipelines as users describe them: out of one database, through Kafka, into another.

use serde_json::Value;
use testkit::database::{MariaDb, Postgres};
use testkit::{Kafka, Worker};

use super::{BINARY, JSON, SINK, SOURCE, create, set_back, times_as, wait_for_rows};

/// A worker to which connectors are given by REST, as users do.
fn worker(kafka: &Kafka) -> Worker {
    Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .property("key.converter", JSON)
        .property("offset.flush.interval.ms", "200")
        .start()
        .expect("the worker starts")
}

#[test]
fn iris_data_travels_to_another_postgresql_with_its_times_as_text() {
    let kafka = Kafka::shared();
    let server = Postgres::shared();
    let (from, to) =
        (server.create_database("iris_from").unwrap(), server.create_database("iris_to").unwrap());
    let table = "CREATE TABLE iris_data (id serial PRIMARY KEY, \"timestamp\" timestamp, sepal_length float8, \
                 target int)";
    from.execute(table).unwrap();
    to.execute(table).unwrap();
    from.execute(
        "INSERT INTO iris_data (timestamp, sepal_length, target) VALUES ('2021-12-05 06:57:48.5', 5.1, 0), \
         ('2021-12-05 06:57:48', 4.9, 1), ('2021-12-05 06:57:48.007', 4.7, null), (null, null, 2)",
    )
    .unwrap();
    let worker = worker(kafka);
    let source = [
        ("connector.class", SOURCE),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("table.whitelist", "iris_data"),
        ("topic.prefix", "stories-"),
        ("topic.creation.default.partitions", "1"),
        ("topic.creation.default.replication.factor", "1"),
        ("poll.interval.ms", "100"),
    ];
    create(&worker, "iris-source", &from, &from.jdbc_url(), &[&source[..], &times_as("string")].concat());
    let sink = [
        ("connector.class", SINK),
        ("topics", "stories-iris_data"),
        ("table.name.format", "iris_data"),
        ("auto.create", "false"),
        ("insert.mode", "insert"),
    ];
    create(&worker, "iris-sink", &to, &to.jdbc_url(), &[&sink[..], &times_as("Timestamp")].concat());

    let rows = [
        "1|2021-12-05 06:57:48.5|5.1|0",
        "2|2021-12-05 06:57:48|4.9|1",
        "3|2021-12-05 06:57:48.007|4.7|",
        "4|||2",
    ];
    wait_for_rows(&to, "SELECT * FROM iris_data ORDER BY id", &rows);
    let record: Value =
        serde_json::from_str(&kafka.consume("stories-iris_data", 1).expect("a record")[0]).expect("JSON");
    assert_eq!(record["payload"]["timestamp"], "2021-12-05 06:57:48.500");
    assert_eq!(record["schema"]["fields"][1]["type"], "string");
    from.execute("INSERT INTO iris_data (sepal_length) VALUES (9.5)").unwrap();
    wait_for_rows(&to, "SELECT id, sepal_length FROM iris_data WHERE id = 5", &["5|9.5"]);
}

#[test]
fn users_of_mariadb_are_written_again_when_the_group_of_the_sink_is_set_back() {
    let kafka = Kafka::shared();
    let server = MariaDb::shared();
    let database = server.create_database("mydb").unwrap();
    database
        .execute(
            "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, user_id varchar(20), pwd varchar(20), \
             name varchar(20), created_at datetime DEFAULT NOW()); \
             INSERT INTO users VALUES (1, 'u1', 'p', 'Jo', '2021-12-05 06:57:48'), (2, null, null, null, null)",
        )
        .unwrap();
    // What users of Connector/J write.
    let url = database.jdbc_url().replace("mariadb:", "mysql:") + "?useSSL=false&serverTimezone=UTC";
    let worker = worker(kafka);
    create(
        &worker,
        "story-source-connect",
        &database,
        &url,
        &[
            ("connector.class", SOURCE),
            ("mode", "incrementing"),
            ("incrementing.column.name", "id"),
            ("table.whitelist", "users"),
            ("topic.prefix", "story_topic_"),
            ("tasks.max", "1"),
            ("poll.interval.ms", "100"),
        ],
    );
    create(
        &worker,
        "story-sink-connect",
        &database,
        &url,
        &[
            ("connector.class", SINK),
            ("auto.create", "true"),
            ("auto.evolve", "true"),
            ("delete.enabled", "false"),
            ("tasks.max", "1"),
            ("topics", "story_topic_users"),
        ],
    );
    let all = "SELECT * FROM story_topic_users ORDER BY id";
    let rows = ["1|u1|p|Jo|2021-12-05 06:57:48.000", "2||||"];
    wait_for_rows(&database, all, &rows);

    let stopped = worker.rest().send("PUT", "/connectors/story-sink-connect/stop", None).expect("an answer");
    assert_eq!(stopped.status, 204, "{stopped:?}");
    database.execute("TRUNCATE story_topic_users").unwrap();
    set_back(kafka, "connect-story-sink-connect", "story_topic_users");
    let resumed =
        worker.rest().send("PUT", "/connectors/story-sink-connect/resume", None).expect("an answer");
    assert_eq!(resumed.status, 202, "{resumed:?}");
    wait_for_rows(&database, all, &rows);
}
