//! Every verb of the REST API through every worker of a group of both kinds.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::rest::Answer;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, PAUSE, id, of_cluster};

const SOURCE: &str = "org.apache.kafka.connect.file.FileStreamSourceConnector";
/// What a worker of Ferroduct logs at each generation of the group.
const SHARED_OUT: &str = "the group has shared out";
/// A class that comes with Apache Kafka and is not built into Ferroduct.
const FOREIGN: &str = "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector";

/// Starts a worker that is alone in its group, and so leads it.
pub(super) fn lead(worker: Builder) -> Worker {
    let mut worker = worker.start().expect("the leader starts");
    let led = wait::until("a leader", LIMIT, PAUSE, || {
        worker.process().ensure_running()?;
        Ok(in_group(&worker).then_some(()))
    });
    led.unwrap_or_else(|error| panic!("{error:#}: {}", worker.log()));
    worker
}

/// Starts a leader, and others once it leads.
pub(super) fn group(leader: Builder, others: Vec<Builder>) -> Vec<Worker> {
    let mut all = vec![lead(leader)];
    let others: Vec<Worker> = others.into_iter().map(|other| other.spawn().expect("a worker")).collect();
    for mut other in others {
        other.wait_until_it_answers().expect("an answer");
        all.push(other);
    }
    let leader = format!("leader=\"{}/\"", all[0].url());
    let joined = wait::until("a group of all", LIMIT, PAUSE, || Ok(all.iter().all(in_group).then_some(())));
    joined.unwrap_or_else(|error| panic!("{error:#}"));
    let ours = all.iter().map(Worker::log).find(|log| log.contains(SHARED_OUT)).expect("one of ours");
    assert!(ours.contains(&leader), "another worker leads: {ours}");
    all
}

/// Whether a worker is in the group: both kinds say so in their logs.
fn in_group(worker: &Worker) -> bool {
    let log = worker.log();
    log.contains(SHARED_OUT) || log.contains("Finished starting connectors and tasks")
}

pub(super) fn ours(name: &str) -> Builder {
    of_cluster(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), name)
}

pub(super) fn java(name: &str) -> Builder {
    of_cluster(Worker::java_distributed(Kafka::shared().bootstrap()), name)
}

/// Sends a request until the worker takes it: during a rebalance Java's refuse it.
pub(super) fn ask(worker: &Worker, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
    let body = body.map(Value::to_string);
    let mut last: Option<Answer> = None;
    let answered = wait::until("an answer", LIMIT, PAUSE, || {
        let answer = worker.rest().send(method, path, body.as_deref())?;
        let busy = answer.status == 409 || answer.text.contains("a rebalance is expected");
        let json = answer.json();
        last = Some(answer);
        Ok(if busy { None } else { Some(json?) })
    });
    let answer = last.expect("an answer");
    assert_eq!(answer.status, status, "{method} {path} of {}: {}", worker.url(), answer.text);
    answered.unwrap_or_else(|error| panic!("{method} {path} of {}: {error:#}: {}", worker.url(), answer.text))
}

/// Waits until all workers answer the same path as they should.
pub(super) fn see(workers: &[Worker], path: &str, what: &str, reached: impl Fn(u16, &Value) -> bool) {
    for worker in workers {
        let seen = wait::until(what, LIMIT, PAUSE, || {
            let answer = worker.rest().get(path)?;
            Ok(reached(answer.status, &answer.json()?).then_some(()))
        });
        seen.unwrap_or_else(|error| {
            panic!("{path} of {}: {error:#}: {:?}", worker.url(), worker.rest().get(path))
        });
    }
}

/// Waits until a connector and its only task are in a state, as all workers see it.
pub(super) fn see_state(workers: &[Worker], name: &str, state: &str) {
    see(workers, &format!("/connectors/{name}/status"), state, |_, status| {
        let tasks = status["tasks"].as_array().map_or(0, Vec::len);
        status["connector"]["state"] == state
            && if state == "STOPPED" {
                tasks == 0
            } else {
                tasks == 1 && status["tasks"][0]["state"] == state
            }
    });
}

/// What a user does with one connector, through one worker.
fn every_verb(workers: &[Worker], asked: &Worker, directory: &TempDir) {
    let name = format!("verbs-{}", id(asked).rsplit(':').next().expect("a port"));
    let input = directory.path().join(&name);
    fs::write(&input, "one\ntwo\nthree\n").expect("the file is written");
    let config = |batch: &str| json!({ "name": name, "connector.class": SOURCE, "tasks.max": "1", "file": input, "topic": name, "batch.size": batch });
    let connector = format!("/connectors/{name}");
    let of = |end: &str| format!("{connector}/{end}");
    let body = json!({ "name": name, "config": config("10") });

    let made = ask(asked, "POST", "/connectors", Some(&body), 201);
    assert_eq!(made["config"], config("10"));
    assert_eq!(made["type"], "source");
    see_state(workers, &name, "RUNNING");
    let again = wait::until("a refusal", LIMIT, PAUSE, || {
        let answer = asked.rest().post("/connectors", &body)?;
        anyhow::ensure!(answer.status == 409, "{answer:?}");
        Ok(answer.text.contains(&format!("Connector {name} already exists")).then_some(()))
    });
    again.unwrap_or_else(|error| panic!("{error:#}"));

    assert_eq!(ask(asked, "GET", &connector, None, 200)["tasks"], json!([{ "connector": name, "task": 0 }]));
    assert_eq!(ask(asked, "GET", &of("config"), None, 200), config("10"));
    assert_eq!(ask(asked, "GET", &of("tasks/0/status"), None, 200)["state"], "RUNNING");
    let all = ask(asked, "GET", "/connectors?expand=status&expand=info", None, 200);
    assert_eq!(all[&name]["info"]["name"], *name);
    assert_eq!(all[&name]["status"]["connector"]["state"], "RUNNING");
    see(workers, &of("topics"), "the topic", |_, topics| topics[&name]["topics"] == json!([name]));

    let batch = |wanted: &str| {
        see(workers, &of("tasks"), "other tasks", |_, tasks| tasks[0]["config"]["batch.size"] == wanted);
        see_state(workers, &name, "RUNNING");
    };
    assert_eq!(ask(asked, "PUT", &of("config"), Some(&config("20")), 200)["config"]["batch.size"], "20");
    batch("20");
    let patch = json!({ "batch.size": "30" });
    assert_eq!(ask(asked, "PATCH", &of("config"), Some(&patch), 200)["config"], config("30"));
    batch("30");

    ask(asked, "PUT", &of("pause"), None, 202);
    see_state(workers, &name, "PAUSED");
    ask(asked, "PUT", &of("resume"), None, 202);
    see_state(workers, &name, "RUNNING");

    ask(asked, "POST", &of("restart"), None, 204);
    see_state(workers, &name, "RUNNING");
    ask(asked, "POST", &of("tasks/0/restart"), None, 204);
    see_state(workers, &name, "RUNNING");
    let planned = ask(asked, "POST", &of("restart?includeTasks=true"), None, 202);
    assert_eq!(planned["connector"]["state"], "RESTARTING", "{planned}");
    assert_eq!(planned["tasks"][0]["state"], "RESTARTING", "{planned}");
    see_state(workers, &name, "RUNNING");
    // A restart is answered before the topic of statuses tells of it, by both kinds of workers.
    let nothing = wait::until("a restart of nothing", LIMIT, PAUSE, || {
        let planned = ask(asked, "POST", &of("restart?includeTasks=true&onlyFailed=true"), None, 202);
        let states = [&planned["connector"]["state"], &planned["tasks"][0]["state"]];
        Ok(states.iter().all(|state| *state == "RUNNING").then_some(()))
    });
    nothing.unwrap_or_else(|error| panic!("{error:#}"));
    ask(asked, "POST", &of("tasks/7/restart"), None, 404);

    ask(asked, "PUT", &of("stop"), None, 204);
    see_state(workers, &name, "STOPPED");
    let partition = json!({ "filename": input });
    let offset = |position: u32| json!([{ "partition": partition, "offset": { "position": position } }]);
    see(workers, &of("offsets"), "the offset", |_, offsets| offsets["offsets"] == offset(14));
    let altered = ask(asked, "PATCH", &of("offsets"), Some(&json!({ "offsets": offset(4) })), 200);
    assert_eq!(altered["message"], "The offsets for this connector have been altered successfully");
    see(workers, &of("offsets"), "the other offset", |_, offsets| offsets["offsets"] == offset(4));
    ask(asked, "DELETE", &of("offsets"), None, 200);
    see(workers, &of("offsets"), "no offsets", |_, offsets| offsets["offsets"] == json!([]));
    ask(asked, "PUT", &of("topics/reset"), None, 202);
    see(workers, &of("topics"), "no topics", |_, topics| topics[&name]["topics"] == json!([]));
    ask(asked, "PUT", &of("resume"), None, 202);
    see_state(workers, &name, "RUNNING");
    see(workers, &of("topics"), "the topic again", |_, topics| topics[&name]["topics"] == json!([name]));

    let path = "/connector-plugins/FileStreamSource/config/validate";
    assert_eq!(ask(asked, "PUT", path, Some(&config("40")), 200)["error_count"], 0);
    let wrong = json!({ "name": name, "connector.class": SOURCE, "batch.size": "many" });
    ask(asked, "PUT", &of("config"), Some(&wrong), 400);

    ask(asked, "DELETE", &connector, None, 204);
    see(workers, &connector, "no connector", |status, _| status == 404);
    see(workers, &of("status"), "no status", |status, _| status == 404);
    for (method, path) in [("DELETE", ""), ("PUT", "/stop"), ("PUT", "/pause"), ("POST", "/restart")] {
        ask(asked, method, &format!("{connector}{path}"), None, 404);
    }
}

/// The level of a logger that is set through one worker is that of all.
fn levels(workers: &[Worker], asked: &Worker, level: &str) {
    let path = "/admin/loggers/org.apache.kafka.connect.runtime.rest";
    ask(asked, "PUT", &format!("{path}?scope=cluster"), Some(&json!({ "level": level })), 204);
    see(workers, path, "the level", |_, shown| shown["level"] == level && shown["last_modified"].is_u64());
}

fn through_all(workers: &[Worker]) {
    let directory = TempDir::new().expect("a directory");
    for (asked, level) in workers.iter().zip(["DEBUG", "WARN", "INFO"]) {
        every_verb(workers, asked, &directory);
        levels(workers, asked, level);
    }
}

fn foreign(name: &str) -> Value {
    json!({
        "name": name, "connector.class": FOREIGN, "tasks.max": "1", "source.cluster.alias": "a",
        "target.cluster.alias": "b", "source.cluster.bootstrap.servers": Kafka::shared().bootstrap(),
        "target.cluster.bootstrap.servers": Kafka::shared().bootstrap(), "emit.heartbeats.interval.seconds": "600",
    })
}

#[test]
fn every_verb_through_every_worker_while_java_leads() {
    let workers = group(java("verbs-java"), vec![ours("verbs-java"), java("verbs-java")]);
    through_all(&workers);
    // What only Java has fails where it is given to Ferroduct, and only there.
    let names: Vec<String> = (0..6).map(|index| format!("foreign-{index}")).collect();
    for (name, asked) in names.iter().zip(workers.iter().cycle()) {
        ask(asked, "PUT", &format!("/connectors/{name}/config"), Some(&foreign(name)), 201);
    }
    let own = id(&workers[1]);
    let mut failed = 0;
    for name in &names {
        let path = format!("/connectors/{name}/status");
        see(&workers, &path, "a state that fits the worker", |_, status| {
            let connector = &status["connector"];
            connector["state"] == if connector["worker_id"] == own { "FAILED" } else { "RUNNING" }
        });
        let status = ask(&workers[0], "GET", &path, None, 200);
        if status["connector"]["worker_id"] == own {
            failed += 1;
            let trace = status["connector"]["trace"].as_str().expect("a trace");
            assert!(trace.contains("Failed to find any class") && trace.contains(FOREIGN), "{trace}");
        }
    }
    assert!((1..6).contains(&failed), "{failed} of six are on the worker of Ferroduct");
}

#[test]
fn every_verb_through_every_worker_while_ferroduct_leads() {
    let workers = group(ours("verbs-ours"), vec![java("verbs-ours"), java("verbs-ours")]);
    through_all(&workers);
    // The leader validates, and can validate only what it has.
    for asked in &workers {
        let refused = ask(asked, "PUT", "/connectors/foreign/config", Some(&foreign("foreign")), 400);
        let words = refused["message"].as_str().expect("words");
        assert!(words.contains("Failed to find any class") && words.contains(FOREIGN), "{words}");
    }
}
