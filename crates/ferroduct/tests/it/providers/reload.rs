//! Values that change while connectors run.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, PAUSE, create, replace, settled, write};

/// A source that writes to the topic that a file names.
fn source(input: &Path, settings: &Path, more: &Value) -> Value {
    let mut config = json!({
        "connector.class": "FileStreamSource",
        "file": input,
        "topic": format!("${{file:{}:topic}}", settings.display()),
    });
    config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    config
}

fn append(path: &Path, line: &str) {
    use std::io::Write;
    let file = std::fs::OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| writeln!(file, "{line}")).expect("the file grows");
}

fn topics(worker: &Worker, name: &str) -> Vec<String> {
    let answer = worker.rest().get(&format!("/connectors/{name}/topics")).expect("an answer");
    let topics = &answer.json().expect("JSON")[name]["topics"];
    topics
        .as_array()
        .expect("topics")
        .iter()
        .map(|topic| topic.as_str().expect("a name").to_owned())
        .collect()
}

fn wait_for_topic(worker: &Worker, name: &str, topic: &str) {
    let reached = wait::until("the topic", LIMIT, PAUSE, || {
        Ok(topics(worker, name).iter().any(|used| used == topic).then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}: {:?}\n{}", topics(worker, name), worker.log()));
}

#[test]
fn a_changed_value_starts_a_connector_anew_with_its_tasks_unless_it_is_not_to_be() {
    let directory = TempDir::new().expect("a directory");
    let settings = directory.path().join("settings.properties");
    write(&settings, "topic=reload-before\n");
    let worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
        .property("config.providers", "file")
        .property("config.providers.file.class", "FileConfigProvider")
        .property("config.providers.file.param.ttl.ms", "200")
        .start()
        .expect("a worker");
    let [first, second] = ["first.txt", "second.txt"].map(|name| directory.path().join(name));
    for input in [&first, &second] {
        write(input, "one\n");
    }
    create(worker.rest(), "restarts", &source(&first, &settings, &json!({})));
    create(worker.rest(), "stays", &source(&second, &settings, &json!({ "config.action.reload": "none" })));
    for name in ["restarts", "stays"] {
        settled(worker.rest(), name);
        wait_for_topic(&worker, name, "reload-before");
    }

    replace(&settings, "topic=reload-after\n");
    // The task that runs writes where it wrote before; the line that follows its restart goes elsewhere.
    let reached = wait::until("a line in the other topic", LIMIT, PAUSE, || {
        append(&first, "more");
        append(&second, "more");
        Ok(topics(&worker, "restarts").iter().any(|topic| topic == "reload-after").then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
    assert_eq!(topics(&worker, "stays"), ["reload-before"]);
    let config = worker.rest().get("/connectors/restarts/config").expect("an answer").json().expect("JSON");
    assert_eq!(config["topic"], format!("${{file:{}:topic}}", settings.display()));

    // A file that cannot be read leaves what runs alone, and a user's restart takes over what has changed.
    replace(&settings, "topic=\\uXY\n");
    let told = wait::until("a word about the file", LIMIT, PAUSE, || {
        Ok(worker
            .log()
            .contains("cannot look whether values of the configuration have changed")
            .then_some(()))
    });
    told.unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
    assert_eq!(settled(worker.rest(), "restarts")["tasks"][0]["state"], "RUNNING");
    replace(&settings, "topic=reload-last\n");
    let restarted = worker.rest().post("/connectors/stays/restart", &Value::Null).expect("an answer");
    assert!(restarted.status < 300, "{restarted:?}");
    let reached = wait::until("a line in the last topic", LIMIT, PAUSE, || {
        append(&second, "more");
        Ok(topics(&worker, "stays").iter().any(|topic| topic == "reload-last").then_some(()))
    });
    reached.unwrap_or_else(|error| panic!("{error:#}\n{}", worker.log()));
}
