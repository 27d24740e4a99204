//! A secret that came from a provider is shown nowhere.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Kafka, Worker};

use super::{BINARY, create, settled, write};

const SECRET: &str = "s3cr3t-\"quoted\"-pässwörd";
const FILE: &str = "org.apache.kafka.common.config.provider.FileConfigProvider";

fn worker(kafka: &Kafka) -> testkit::worker::Builder {
    Worker::ferroduct_standalone(BINARY, kafka.bootstrap())
        .property("config.providers", "file")
        .property("config.providers.file.class", FILE)
        .property("offset.flush.interval.ms", "100")
}

/// The answer must not have the secret, in whatever form; answers it.
fn asked(worker: &Worker, method: &str, path: &str, body: Option<&Value>) -> String {
    let body = body.map(Value::to_string);
    let answer = worker.rest().send(method, path, body.as_deref()).expect("an answer");
    clean(&format!("{method} {path}"), &answer.text);
    answer.text
}

fn clean(place: &str, text: &str) {
    for form in ["s3cr3t", "pässw"] {
        assert!(!text.contains(form), "{place} shows the secret: {text}");
    }
}

fn variable(path: &Path) -> String {
    format!("${{file:{}:pass}}", path.display())
}

#[test]
fn a_secret_is_in_no_answer_no_log_and_no_file() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let secrets = directory.path().join("db.properties");
    write(&secrets, format!("pass={}\n", SECRET.replace('\\', "\\\\")));
    let pass = variable(&secrets);
    let input = directory.path().join("in.txt");
    write(&input, "one\ntwo\n");
    let mut worker = worker(kafka).property("producer.client.id", &pass).start().expect("a worker");

    let source = json!({
        "name": "secret-source",
        "connector.class": "FileStreamSource",
        "file": input,
        "topic": "provider-secrecy",
        "password": pass,
        "transforms": "mask",
        "transforms.mask.type": "org.apache.kafka.connect.transforms.HoistField$Value",
        "transforms.mask.field": pass,
        "errors.log.enable": "true",
        "producer.override.sasl.jaas.config": pass,
    });
    create(worker.rest(), "secret-source", &source);
    // Where the secret is a part of a path that is not there, an error would name it.
    let sink = json!({
        "connector.class": "FileStreamSink",
        "topics": "provider-secrecy",
        "file": format!("{}/none/{pass}/out.txt", directory.path().display()),
    });
    create(worker.rest(), "secret-sink", &sink);
    assert_eq!(settled(worker.rest(), "secret-source")["tasks"][0]["state"], "RUNNING");
    let status = settled(worker.rest(), "secret-sink");
    let trace = status["tasks"][0]["trace"].as_str().expect("the task has failed");
    assert!(trace.contains(&format!("none/{pass}/out.txt")), "{trace}");

    answers(&worker, &pass, &source);
    let stored: Value =
        serde_json::from_str(&asked(&worker, "GET", "/connectors/secret-source/tasks", None)).expect("JSON");
    assert_eq!(stored[0]["config"]["password"], pass);
    kafka.consume("provider-secrecy", 2).expect("the records arrive");
    worker.stop().expect("the worker ends");
    clean("the log", &worker.log());
    let offsets = fs::read(worker.directory().join("offsets")).expect("the file of offsets");
    clean("the file of offsets", &String::from_utf8_lossy(&offsets));
}

/// Asks for everything there is to ask for, and for what is refused.
fn answers(worker: &Worker, pass: &str, source: &Value) {
    for name in ["secret-source", "secret-sink"] {
        for end in ["", "/config", "/status", "/tasks", "/tasks/0/status", "/offsets", "/topics"] {
            asked(worker, "GET", &format!("/connectors/{name}{end}"), None);
        }
    }
    asked(worker, "GET", "/connectors?expand=info&expand=status", None);
    let validate = "/connector-plugins/FileStreamSource/config/validate";
    let infos: Value = serde_json::from_str(&asked(worker, "PUT", validate, Some(source))).expect("JSON");
    assert_eq!(infos["error_count"], 0);
    let hoisted = infos["configs"].as_array().expect("keys").iter();
    let hoisted =
        hoisted.map(|config| &config["value"]).find(|value| value["name"] == "transforms.mask.field");
    assert_eq!(hoisted.expect("the key is there")["value"], pass);
    for (key, words) in [
        ("batch.size", "Not a number of type INT"),
        ("errors.tolerance", "String must be one of: none, all"),
        ("transforms.mask.type", "could not be found"),
        ("value.converter", "could not be found"),
        ("transforms", "Missing required configuration"),
    ] {
        let mut wrong = source.clone();
        wrong[key] = pass.into();
        let told = asked(worker, "PUT", validate, Some(&wrong));
        assert!(told.contains(words), "{key}: {told}");
        let body = json!({ "name": "secret-source", "config": wrong });
        let refused = asked(worker, "POST", "/connectors", Some(&body));
        assert!(refused.contains(words) && refused.contains("\"error_code\":400"), "{key}: {refused}");
    }
    let body = json!({ "name": "wrong", "config": { "connector.class": pass } });
    let refused = asked(worker, "POST", "/connectors", Some(&body));
    assert!(refused.contains("Failed to find any class"), "{refused}");
}

#[test]
fn a_worker_takes_its_own_properties_from_providers_and_names_what_it_cannot_read() {
    let kafka = Kafka::shared();
    let directory = TempDir::new().expect("a directory");
    let settings = directory.path().join("worker.properties");
    let offsets = directory.path().join("its-offsets");
    write(&settings, format!("offsets={}\npass={SECRET}\n", offsets.display()));
    let input = directory.path().join("in.txt");
    write(&input, "one\n");
    let key = |key: &str| format!("${{file:{}:{key}}}", settings.display());
    let started = worker(kafka).property("offset.storage.file.filename", &key("offsets"));
    let mut started = started.start().expect("a worker");
    let source = json!({ "connector.class": "FileStreamSource", "file": input, "topic": "provider-worker" });
    create(started.rest(), "of-worker", &source);
    kafka.consume("provider-worker", 1).expect("the record arrives");
    started.stop().expect("the worker ends");
    assert!(offsets.exists(), "the offsets are where the provider says");

    let wrong = worker(kafka).property("offset.flush.timeout.ms", &key("pass"));
    refused(wrong, &format!("Invalid value {} for configuration offset.flush.timeout.ms", key("pass")));
    let absent = format!("${{file:{}/none:a}}", directory.path().display());
    let words =
        format!("cannot resolve {absent} for configuration client.id: Could not read properties from file");
    refused(worker(kafka).property("client.id", &absent), &words);
}

/// A worker that does not start and says why, without the secret.
fn refused(worker: testkit::worker::Builder, words: &str) {
    let mut worker = worker.spawn().expect("the program starts");
    let status = worker.process().wait(super::LIMIT).expect("the program ends");
    assert!(!status.success(), "it refuses");
    let log = worker.log();
    assert!(log.contains(words), "{log}");
    clean("the log", &log);
}
