//! Workers that variables of the environment configure, as in container images.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use testkit::child::Child;
use testkit::rest::Rest;
use testkit::{Kafka, Worker, ports, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);
const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

/// The binary without a file, as an image starts it.
struct Container {
    process: Child,
    directory: TempDir,
}

impl Container {
    fn start(mode: &str, variables: &[(&str, &str)]) -> Self {
        let directory = TempDir::new().expect("a directory");
        let mut command = Command::new(BINARY);
        command.arg(mode).envs(variables.iter().copied()).current_dir(directory.path());
        let process = Child::spawn(command, &directory.path().join("log")).expect("the program starts");
        Self { process, directory }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).expect("the log")
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// A client of a worker that answers.
    fn rest(&mut self, url: &str) -> Rest {
        let rest = Rest::new(url);
        let answers = wait::until("an answer", LIMIT, PAUSE, || {
            self.process.ensure_running()?;
            Ok(rest.get("/connectors").ok().filter(|answer| answer.status == 200).map(drop))
        });
        answers.unwrap_or_else(|error| panic!("{error:#}:\n{}", self.log()));
        rest
    }
}

#[test]
fn a_worker_of_a_cluster_needs_no_file() {
    let kafka = Kafka::shared();
    let url = format!("http://127.0.0.1:{}", ports::free());
    let mut container = Container::start(
        "distributed",
        &[
            ("CONNECT_BOOTSTRAP_SERVERS", kafka.bootstrap()),
            ("CONNECT_GROUP_ID", "environment"),
            ("CONNECT_LISTENERS", &url),
            ("CONNECT_CONFIG_STORAGE_TOPIC", "environment-configs"),
            ("CONNECT_OFFSET_STORAGE_TOPIC", "environment-offsets"),
            ("CONNECT_STATUS_STORAGE_TOPIC", "environment-statuses"),
            ("CONNECT_CONFIG_STORAGE_REPLICATION_FACTOR", "1"),
            ("CONNECT_OFFSET_STORAGE_REPLICATION_FACTOR", "1"),
            ("CONNECT_STATUS_STORAGE_REPLICATION_FACTOR", "1"),
            ("CONNECT_KEY_CONVERTER", STRING),
            ("CONNECT_VALUE_CONVERTER", STRING),
            // Aliases with an underscore and a dash.
            ("CONNECT_CONFIG_PROVIDERS", "my_env,my-env"),
            (
                "CONNECT_CONFIG_PROVIDERS_MY__ENV_CLASS",
                "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
            ),
            (
                "CONNECT_CONFIG_PROVIDERS_MY___ENV_CLASS",
                "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
            ),
            ("ONE_PART", "environment"),
            ("OTHER_PART", "lines"),
            ("CONNECT_LOG4J_ROOT_LOGLEVEL", "INFO"),
            ("CONNECT_PORT_8083_TCP_ADDR", "10.9.8.7"),
            ("CONNECT_CONSUMER_SSL_KEY_PASSWORD", "hunter2"),
        ],
    );
    let rest = container.rest(&url);
    fs::write(container.path("in.txt"), "one\n").expect("the input");
    let config = json!({ "connector.class": "FileStreamSource", "file": container.path("in.txt"),
        "topic": "${my_env:ONE_PART}-${my-env:OTHER_PART}" });
    let created =
        rest.post("/connectors", &json!({ "name": "environment", "config": config })).expect("an answer");
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(kafka.consume("environment-lines", 1).expect("the line"), ["one"]);

    let log = container.log();
    let left_out: Vec<&str> =
        log.lines().filter(|line| line.contains("CONNECT_LOG4J_ROOT_LOGLEVEL")).collect();
    assert!(left_out.len() == 1 && left_out[0].contains("CONNECT_PORT_8083_TCP_ADDR"), "{log}");
    assert!(log.contains("CONNECT_CONSUMER_SSL_KEY_PASSWORD") && !log.contains("hunter2"), "{log}");
    // As the engine ends a container.
    assert!(container.process.stop(LIMIT).expect("it ends").success(), "{}", container.log());
}

#[test]
fn what_no_variable_says_is_told_with_the_variable() {
    let variables = [("CONNECT_GROUP_ID", "g"), ("CONNECT_KEY_CONVERTER", "StringConvertr")];
    let mut container = Container::start("distributed", &variables);
    assert!(!container.process.wait(LIMIT).expect("it ends").success());
    let log = container.log();
    for name in ["BOOTSTRAP_SERVERS", "VALUE_CONVERTER", "CONFIG_STORAGE_TOPIC", "STATUS_STORAGE_TOPIC"] {
        assert!(log.contains(&format!("CONNECT_{name}")), "{name}:\n{log}");
    }
}

#[test]
fn the_environment_counts_more_than_the_file() {
    let variable = "CONNECT_OFFSET_FLUSH_INTERVAL_MS";
    let worker = || Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap());
    let right = worker().property("offset.flush.interval.ms", "soon").environment(variable, "1000").start();
    right.expect("the worker starts");
    let mut wrong = worker().environment(variable, "later").spawn().expect("the program starts");
    assert!(!wrong.process().wait(LIMIT).expect("it ends").success());
    for words in ["worker.properties", "later", variable] {
        assert!(wrong.log().contains(words), "{words}:\n{}", wrong.log());
    }
}

#[test]
fn a_standalone_worker_takes_connectors_behind_an_empty_file() {
    let directory = TempDir::new().expect("a directory");
    let connector = directory.path().join("sink.properties");
    fs::write(&connector, "name=empty-file\nconnector.class=FileStreamSink\ntopics=t\nfile=/dev/null\n")
        .expect("a file");
    let url = format!("http://127.0.0.1:{}", ports::free());
    let log = directory.path().join("log");
    let mut command = Command::new(BINARY);
    command
        .args([Path::new("standalone"), Path::new("/dev/null"), &connector])
        .env("CONNECT_BOOTSTRAP_SERVERS", Kafka::shared().bootstrap())
        .env("CONNECT_LISTENERS", &url)
        .env("CONNECT_KEY_CONVERTER", STRING)
        .env("CONNECT_VALUE_CONVERTER", STRING)
        .env("CONNECT_OFFSET_STORAGE_FILE_FILENAME", directory.path().join("offsets"));
    let mut process = Child::spawn(command, &log).expect("the program starts");
    let rest = Rest::new(&url);
    let there = wait::until("the connector", LIMIT, PAUSE, || {
        process.ensure_running()?;
        Ok(rest.get("/connectors/empty-file").ok().filter(|answer| answer.status == 200).map(drop))
    });
    there.unwrap_or_else(|error| panic!("{error:#}:\n{}", fs::read_to_string(&log).unwrap_or_default()));
}
