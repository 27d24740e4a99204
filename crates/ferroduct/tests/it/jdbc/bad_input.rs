//! What a user hears who makes a mistake: the key or the record, what to do, and never the password.

use serde_json::{Map, Value, json};
use testkit::database::{Database, MariaDb};
use testkit::{Kafka, Worker, wait};

use super::sink::message;
use super::{BINARY, JSON, LIMIT, PAUSE, SINK, SOURCE};

/// Entries of a configuration beside or in place of others; an empty text takes one away.
type Entries<'a> = &'a [(&'a str, &'a str)];

struct User {
    worker: Worker,
    config: Map<String, Value>,
    count: usize,
}

impl User {
    fn new(class: &str, database: &Database, entries: Entries<'_>) -> Self {
        let worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
            .property("key.converter", JSON)
            .property("value.converter", JSON)
            .start()
            .expect("the worker starts");
        let url = database.jdbc_url();
        let own = [
            ("connector.class", class),
            ("connection.url", url.as_str()),
            ("connection.user", database.user()),
            ("connection.password", database.password()),
            ("connection.attempts", "1"),
        ];
        let all = own.iter().chain(entries);
        let config = all.map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        Self { worker, config, count: 0 }
    }

    /// Makes a connector, and answers why it is refused or why its task fails.
    fn hears(&mut self, entries: Entries<'_>) -> String {
        self.count += 1;
        let name = format!("wrong-{}", self.count);
        let mut config = self.config.clone();
        for (key, value) in entries {
            match value.is_empty() {
                true => drop(config.remove(*key)),
                false => drop(config.insert((*key).to_owned(), Value::from(*value))),
            }
        }
        let rest = self.worker.rest();
        let answer = rest.post("/connectors", &json!({"name": name, "config": config})).expect("an answer");
        let body = answer.json().expect("JSON");
        if answer.status == 400 {
            return body["message"].as_str().expect("a message").to_owned();
        }
        assert_eq!(answer.status, 201, "{entries:?}: {answer:?}");
        let path = format!("/connectors/{name}/status");
        let failed = wait::until("a failed task", LIMIT, PAUSE, || {
            let task = &rest.get(&path)?.ok()?["tasks"][0];
            Ok((task["state"] == "FAILED").then(|| task["trace"].as_str().unwrap_or_default().to_owned()))
        });
        failed.unwrap_or_else(|error| panic!("{entries:?}: {error:#}: {:?}", rest.get(&path)))
    }

    /// Asserts that the answer to a mistake has all these words, and not the password.
    fn check(&mut self, entries: Entries<'_>, words: &[&str]) {
        let heard = self.hears(entries);
        for word in words {
            assert!(heard.contains(word), "{entries:?}: expected `{word}` in {heard}");
        }
        assert!(!heard.contains("secret"), "{entries:?}: {heard}");
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(!self.worker.log().contains("secret"), "a password in the log:\n{}", self.worker.log());
        }
    }
}

#[test]
fn mistakes_in_sources_of_mariadb_are_named() {
    let database = MariaDb::shared().create_database("mistakes").expect("a database");
    database
        .execute(
            "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, ts datetime NULL, v varchar(9)); \
             INSERT INTO t VALUES (1, now(), 'a'); CREATE TABLE words (word varchar(9) PRIMARY KEY)",
        )
        .expect("tables");
    let mut user = User::new(SOURCE, &database, &[("mode", "bulk"), ("topic.prefix", "mistakes-")]);
    let right = database.jdbc_url();
    let of = |place: &str| right.replace(&format!("127.0.0.1:{}", database.port()), place);
    for (system, name) in [
        ("sqlserver://h:1433;databaseName=x;password=secret", "SQL Server"),
        ("oracle:thin:u/secret@//h:1521/x", "Oracle"),
        ("db2://h:50000/x:password=secret;", "Db2"),
    ] {
        let url = format!("jdbc:{system}");
        user.check(&[("connection.url", &url)], &["`connection.url`", "is not supported", name]);
    }
    user.check(&[("connection.url", "")], &["`connection.url`"]);
    user.check(&[("connection.url", "mariadb://u:secret@h/d")], &["`connection.url`", "JDBC URL"]);
    user.check(&[("connection.url", &of("no.such.host.invalid"))], &["no.such.host.invalid:3306"]);
    user.check(&[("connection.url", &of("127.0.0.1:1"))], &["127.0.0.1:1", "refused"]);
    user.check(&[("connection.url", &of("127.0.0.1:abc"))], &["`connection.url`", "port", "65535"]);
    user.check(&[("connection.password", "another-secret")], &["Access denied", "ferroduct"]);
    let nowhere = right.replace(database.name(), "nowhere");
    user.check(&[("connection.url", &nowhere)], &["Unknown database 'nowhere'"]);
    user.check(&[("table.whitelist", "nope")], &["not assigned a table", "tables exist"]);

    let incrementing = ("mode", "incrementing");
    let words = ("table.whitelist", "words");
    user.check(&[incrementing, words], &["`incrementing.column.name`"]);
    let column = ("incrementing.column.name", "word");
    user.check(&[incrementing, words, column], &["`word`", "`words`", "varchar", "expected an integer"]);
    let column = ("incrementing.column.name", "nope");
    user.check(&[incrementing, ("table.whitelist", "t"), column], &["nope", "does not exist", "`t`"]);
    let timestamp = ("mode", "timestamp");
    user.check(&[timestamp, ("table.whitelist", "t")], &["`timestamp.column.name`"]);
    let column = ("timestamp.column.name", "ts");
    user.check(&[timestamp, ("table.whitelist", "t"), column], &["ts", "`t`", "nullable"]);
    user.check(&[("mode", "streaming")], &["streaming", "configuration mode", "timestamp+incrementing"]);
    user.check(&[("mode", "")], &["mode must be specified"]);
    let query = ("query", "SELECT * FROM t");
    user.check(&[query, ("table.whitelist", "t")], &["'query'", "table.whitelist"]);
    user.check(&[("query", "SELECT nope FROM t")], &["query", "nope"]);
    user.check(&[("poll.interval.ms", "soon")], &["soon", "poll.interval.ms"]);

    // Keys of anybody are allowed, but one that is almost known is told of.
    user.check(&[("table.whitlist", "t"), ("table.whitelist", "nope")], &["not assigned a table"]);
    let told = wait::until("the warning", LIMIT, PAUSE, || {
        Ok(user.worker.log().contains("`table.whitlist` (did you mean `table.whitelist`?)").then_some(()))
    });
    told.unwrap_or_else(|_| panic!("{}", user.worker.log()));
}

#[test]
fn mistakes_in_sinks_of_mariadb_are_named() {
    let kafka = Kafka::shared();
    let database = MariaDb::shared().create_database("mistakes_sink").expect("a database");
    database.execute("CREATE TABLE narrow (other int PRIMARY KEY)").expect("a table");
    kafka.produce("mistakes-good", &[&message(1, Some("ann"))]).expect("a record");
    kafka.produce("mistakes-plain", &[r#"{"id":1}"#]).expect("a record");
    kafka.produce("mistakes-broken", &["{broken"]).expect("a record");
    let key = r#"{"schema":{"type":"int32","optional":false},"payload":1}"#;
    let keys = [
        "--topic",
        "mistakes-tombs",
        "--reader-property",
        "parse.key=true",
        "--reader-property",
        "key.separator=|",
        "--reader-property",
        "null.marker=NULL",
    ];
    kafka.produce_with(&keys, &format!("{key}|{}\n{key}|NULL\n", message(1, None))).expect("records");
    let entries = [("topics", "mistakes-good"), ("max.retries", "1"), ("retry.backoff.ms", "100")];
    let mut user = User::new(SINK, &database, &entries);
    let create = ("auto.create", "true");

    let url = ("connection.url", "jdbc:sqlserver://h;password=secret");
    user.check(&[url], &["connection.url", "SQL Server"]);
    user.check(&[("connection.password", "another-secret")], &["Access denied"]);
    let nowhere = database.jdbc_url().replace(database.name(), "nowhere");
    user.check(&[("connection.url", &nowhere)], &["Unknown database 'nowhere'"]);
    user.check(&[("topics", "")], &["topics", "topics.regex"]);
    let (plain, schemaless) = (("topics", "mistakes-plain"), ("value.converter.schemas.enable", "false"));
    user.check(&[plain, create], &["mistakes-plain", "offset 0", "schemas.enable=false"]);
    let converter = ("value.converter", JSON);
    user.check(&[plain, create, converter, schemaless], &["mistakes-plain", "schema"]);
    user.check(&[("topics", "mistakes-broken"), create], &["mistakes-broken", "offset 0", "JSON"]);
    user.check(&[("table.name.format", "nope")], &["nope", "missing", "auto-creation is disabled"]);
    user.check(&[("table.name.format", "narrow")], &["narrow", "id"]);
    user.check(&[("insert.mode", "upsert"), create], &["insert.mode", "pk.mode"]);
    user.check(&[("insert.mode", "replace")], &["insert.mode", "UPSERT"]);
    user.check(&[("pk.mode", "value")], &["pk.mode", "RECORD_VALUE"]);
    let fields = ("pk.fields", "nope");
    user.check(&[("pk.mode", "record_value"), fields, create], &["nope", "PK"]);
    let by_key = ("pk.mode", "record_key");
    user.check(&[by_key, create], &["pk.mode=record_key", "mistakes-good", "offset=0"]);
    user.check(&[("delete.enabled", "true"), ("pk.mode", "record_value")], &["pk.mode record_key"]);
    let tombs = [("topics", "mistakes-tombs"), by_key, ("pk.fields", "id"), create];
    user.check(&tombs, &["delete.enabled=false", "mistakes-tombs", "offset=1"]);
    user.check(&[("batch.size", "many")], &["many", "batch.size"]);
}
