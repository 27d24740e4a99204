//! MariaDB through the whole worker, as a new user tries it.

use serde_json::json;
use testkit::database::MariaDb;
use testkit::{Kafka, Worker};

use super::{BINARY, JSON, SOURCE};

#[test]
fn a_table_of_users_arrives_as_json_with_its_schema() {
    let kafka = Kafka::shared();
    let database = MariaDb::shared().create_database("mydb").expect("a database");
    database
        .execute(
            "CREATE TABLE users (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id varchar(20), pwd varchar(20), \
             name varchar(20), created_at datetime DEFAULT NOW()); \
             INSERT INTO users VALUES (2, 'user1', 'p', 'Jo', '2021-12-05 06:57:48')",
        )
        .expect("the table");
    let url = database.jdbc_url().replace("jdbc:mariadb:", "jdbc:mysql:");
    let _worker = Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("value.converter", JSON)
        .connector(&[
            ("name", "my-source-connect"),
            ("connector.class", SOURCE),
            ("connection.url", &url),
            ("connection.user", database.user()),
            ("connection.password", database.password()),
            ("mode", "incrementing"),
            ("incrementing.column.name", "id"),
            ("table.whitelist", "users"),
            ("topic.prefix", "my_topic_"),
            ("tasks.max", "1"),
        ])
        .start()
        .expect("the worker starts");

    let records = kafka.consume("my_topic_users", 1).expect("the user");

    let text = |name: &str| json!({"type": "string", "optional": true, "field": name});
    let stamp = "org.apache.kafka.connect.data.Timestamp";
    let expected = json!({
        "schema": {
            "type": "struct",
            "fields": [
                {"type": "int32", "optional": false, "field": "id"},
                text("user_id"),
                text("pwd"),
                text("name"),
                {"type": "int64", "optional": true, "name": stamp, "version": 1, "field": "created_at"},
            ],
            "optional": false,
            "name": "users",
        },
        "payload": {"id": 2, "user_id": "user1", "pwd": "p", "name": "Jo", "created_at": 1_638_687_468_000_u64},
    });
    assert_eq!(records, [expected.to_string()]);
}
