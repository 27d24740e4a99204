//! Requests between workers, and what is answered while they cannot be sent.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::worker::Builder;
use testkit::{Kafka, Worker, ports, wait};

use super::verbs::{ask, group, java, lead, ours, see, see_state};
use super::{BINARY, LIMIT, PAUSE, id, of_cluster};

const SOURCE: &str = "org.apache.kafka.connect.file.FileStreamSourceConnector";
const SINK: &str = "org.apache.kafka.connect.file.FileStreamSinkConnector";

/// Sources of a group, whose tasks are written again and again.
struct Sources {
    directory: TempDir,
    names: Vec<String>,
}

impl Sources {
    fn new(cluster: &str, count: usize) -> Self {
        let directory = TempDir::new().expect("a directory");
        let names: Vec<String> = (0..count).map(|index| format!("{cluster}-{index}")).collect();
        for name in &names {
            fs::write(directory.path().join(name), "a line\n").expect("the file is written");
        }
        Self { directory, names }
    }

    fn config(&self, name: &str, batch: usize) -> Value {
        json!({
            "name": name, "connector.class": SOURCE, "tasks.max": "1", "topic": name,
            "file": self.directory.path().join(name), "batch.size": batch.to_string(),
        })
    }

    /// Gives all of them another configuration and waits until each has the tasks for it.
    fn change(&self, workers: &[Worker], batch: usize) {
        for (name, asked) in self.names.iter().zip(workers.iter().cycle()) {
            let (path, config) = (format!("/connectors/{name}/config"), self.config(name, batch));
            let status = if batch == 1 { 201 } else { 200 };
            ask(asked, "PUT", &path, Some(&config), status);
        }
        let batch = batch.to_string();
        for name in &self.names {
            let path = format!("/connectors/{name}/tasks");
            see(workers, &path, "other tasks", |_, tasks| tasks[0]["config"]["batch.size"] == batch);
            see_state(workers, name, "RUNNING");
        }
    }
}

/// How many keys were written for the requests between the workers of a cluster.
fn keys(name: &str) -> usize {
    let topic = format!("{name}-configs");
    let kafka = Kafka::shared();
    let count = kafka.probe().and_then(|mut probe| probe.records(&topic)).expect("the records are counted");
    let args = ["--formatter-property", "print.key=true"];
    let count = usize::try_from(count).expect("a count");
    let lines = kafka.consume_with(&topic, count, &args).expect("the records are read");
    lines.iter().filter(|line| line.starts_with("session-key\t")).count()
}

/// Keys that live for two seconds, and signatures of another algorithm than the default.
fn signed(worker: Builder, algorithm: &str) -> Builder {
    worker
        .property("inter.worker.key.ttl.ms", "2000")
        .property("inter.worker.signature.algorithm", algorithm)
        .property("inter.worker.verification.algorithms", "HmacSHA256,HmacSHA512")
}

fn tasks_are_written_while_keys_change(name: &str, workers: &[Worker]) {
    let sources = Sources::new(name, 4);
    for batch in 1..=5 {
        sources.change(workers, batch);
    }
    let more = wait::until("other keys", LIMIT, 20 * PAUSE, || Ok((keys(name) > 3).then_some(())));
    more.unwrap_or_else(|error| panic!("{error:#}: {} keys", keys(name)));
    sources.change(workers, 6);
}

#[test]
fn a_java_leader_takes_tasks_of_ours_while_keys_change() {
    let name = "signed-java";
    let workers = group(signed(java(name), "HmacSHA256"), vec![signed(ours(name), "HmacSHA512")]);
    tasks_are_written_while_keys_change(name, &workers);
}

#[test]
fn our_leader_takes_tasks_of_java_while_keys_change() {
    let name = "signed-ours";
    let workers = group(signed(ours(name), "HmacSHA512"), vec![signed(java(name), "HmacSHA256")]);
    tasks_are_written_while_keys_change(name, &workers);
}

/// Requests between workers as somebody else would send them.
fn internal(worker: &Worker, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let body: Option<&[u8]> = (method == "POST").then_some(b"[]");
    let headers: Vec<(&str, &str)> =
        headers.iter().copied().chain([("content-type", "application/json")]).collect();
    let answer = worker.rest().send_with(method, path, &headers, body).expect("an answer");
    let message = answer.json().expect("JSON")["message"].as_str().unwrap_or_default().to_owned();
    (answer.status, message)
}

#[test]
fn internal_requests_are_refused_in_the_words_of_java() {
    let (one, other) = ("refusals-ours", "refusals-java");
    let (mine, theirs) = (lead(ours(one)), java(other).start().expect("a worker"));
    let wait_for_key = |worker: &Worker| {
        let headers =
            [("X-Connect-Authorization", "AAAA"), ("X-Connect-Request-Signature-Algorithm", "HmacSHA256")];
        let known = wait::until("a key", LIMIT, PAUSE, || {
            Ok((internal(worker, "PUT", "/connectors/none/fence", &headers).0 == 403).then_some(()))
        });
        known.unwrap_or_else(|error| panic!("{error:#}"));
    };
    wait_for_key(&mine);
    wait_for_key(&theirs);
    let signature = |signature| ("X-Connect-Authorization", signature);
    let algorithm = |algorithm| ("X-Connect-Request-Signature-Algorithm", algorithm);
    let cases: [&[(&str, &str)]; 5] = [
        &[],
        &[signature("AAAA")],
        &[algorithm("HmacSHA256")],
        &[signature("AAAA"), algorithm("HmacSHA512")],
        &[signature("AAAA"), algorithm("HmacSHA256")],
    ];
    for headers in cases {
        for (method, path) in [("POST", "/connectors/none/tasks"), ("PUT", "/connectors/none/fence")] {
            let (expected, actual) =
                (internal(&theirs, method, path, headers), internal(&mine, method, path, headers));
            assert_eq!(actual, expected, "{method} {path} {headers:?}");
        }
    }
}

/// A worker that could sign does not ask for signatures in a group that has agreed on less.
#[test]
fn a_group_that_has_agreed_on_less_wants_no_signatures() {
    let name = "compatible";
    let theirs = java(name).property("connect.protocol", "compatible");
    let workers = group(ours(name), vec![theirs]);
    let leader = &workers[0];
    assert!(leader.log().contains("protocol=\"compatible\""), "{}", leader.log());
    let sources = Sources::new(name, 3);
    sources.change(&workers, 1);
    sources.change(&workers, 2);
    let sink =
        json!({ "connector.class": SINK, "topics": "t", "file": sources.directory.path().join("out") });
    ask(leader, "PUT", "/connectors/compatible-sink/config", Some(&sink), 201);
    let fence = |connector: &str| internal(leader, "PUT", &format!("/connectors/{connector}/fence"), &[]);
    assert_eq!(fence("none"), (404, "Connector none not found".to_owned()));
    let words = "Connector compatible-sink is not a source connector";
    assert_eq!(fence("compatible-sink"), (400, words.to_owned()));
    let path = format!("/connectors/{}/fence", sources.names[0]);
    let fenced = leader.rest().send_with("PUT", &path, &[("content-type", "application/json")], None);
    assert_eq!(fenced.expect("an answer").status, 204);
}

#[test]
fn a_worker_that_others_cannot_reach_is_named_in_their_logs() {
    let name = "unreachable";
    let port = ports::free().to_string();
    let leader = lead(
        ours(name).property("rest.advertised.port", &port).property("rest.advertised.host.name", "localhost"),
    );
    let follower = ours(name).start().expect("a follower");
    let url = format!("http://localhost:{port}/");
    let told = wait::until("a word of the follower", LIMIT, PAUSE, || {
        let log = follower.log();
        let warning = log.lines().find(|line| line.contains("cannot reach a worker of the group"));
        Ok(warning.map(str::to_owned))
    });
    let told = told.unwrap_or_else(|error| panic!("{error:#}: {}", follower.log()));
    assert!(told.contains(&url) && told.contains("rest.advertised.host.name"), "{told}");
    // What has to be done by the leader fails with its URL; what is read is answered.
    let config = json!({ "connector.class": SINK, "topics": "t", "file": "/tmp/none" });
    let refused = follower.rest().put("/connectors/a/config", &config).expect("an answer");
    assert_eq!(refused.status, 500, "{refused:?}");
    assert!(refused.text.contains("IO Error trying to forward REST request"), "{refused:?}");
    assert!(refused.text.contains(url.trim_end_matches('/')), "{refused:?}");
    assert_eq!(follower.rest().get("/connectors").expect("an answer").ok().expect("success"), json!([]));
    // The other way round: the leader does what its follower has asked it for by other ways, and sees the follower.
    let sees = wait::until("the leader sees the follower", LIMIT, PAUSE, || {
        let log = leader.log();
        let reached = log.lines().any(|line| line.contains("can be reached") && line.contains(id(&follower)));
        Ok(reached.then_some(()))
    });
    sees.unwrap_or_else(|error| panic!("{error:#}: {}", leader.log()));
}

#[test]
fn a_worker_that_has_not_read_its_topics_answers_what_it_can() {
    let nobody = format!("127.0.0.1:{}", ports::free());
    let worker = of_cluster(Worker::ferroduct_distributed(BINARY, &nobody), "startup");
    let worker = worker.start().expect("GET / is answered");
    let info = worker.rest().get("/").expect("an answer").ok().expect("success");
    assert_eq!((&info["version"], &info["kafka_cluster_id"]), (&json!("4.3.1"), &Value::Null));
    assert_eq!(worker.rest().get("/admin/loggers/root").expect("an answer").status, 200);
    let health = worker.rest().get("/health").expect("an answer");
    let words = "Worker is still starting up. The worker is currently reading to the end of internal topics.";
    assert_eq!(
        (health.status, health.json().expect("JSON")),
        (503, json!({ "status": "starting", "message": words }))
    );
}

/// Of a worker that has stopped without a word, the group hears only when its session is over. Until then nobody leads.
fn while_the_group_shares_out(name: &str, mode: &str, test: impl FnOnce(&Worker)) {
    let leader = ours(name).property("rest.conflict.mode", mode);
    let mut workers = group(leader, vec![ours(name).property("session.timeout.ms", "30000")]);
    let mut silent = workers.pop().expect("a follower");
    silent.process().pause().expect("the follower is stopped");
    // A third one has the group share out, which waits for the silent one.
    let third = ours(name).spawn().expect("a worker");
    test(&workers[0]);
    drop((third, silent));
}

#[test]
fn a_write_waits_while_the_group_shares_out() {
    let name = "queued";
    let sources = Sources::new(name, 1);
    while_the_group_shares_out(name, "queue", |leader| {
        for batch in 1..=20 {
            let path = format!("/connectors/{}/config", sources.names[0]);
            let answer = leader.rest().put(&path, &sources.config(&sources.names[0], batch));
            let answer = answer.expect("an answer");
            assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        }
    });
}

#[test]
fn a_write_is_refused_while_the_group_shares_out_if_that_is_wanted() {
    let name = "rejected";
    let sources = Sources::new(name, 1);
    while_the_group_shares_out(name, "reject", |leader| {
        let path = format!("/connectors/{}/config", sources.names[0]);
        let mut batch = 0;
        let refused = wait::until("a refusal", LIMIT, PAUSE, || {
            batch += 1;
            let answer = leader.rest().put(&path, &sources.config(&sources.names[0], batch))?;
            anyhow::ensure!(matches!(answer.status, 200 | 201 | 409), "{answer:?}");
            Ok((answer.status == 409).then_some(answer))
        });
        let refused = refused.unwrap_or_else(|error| panic!("{error:#}"));
        let words = "Cannot complete request momentarily due to stale configuration (typically caused by a concurrent \
                     config change)";
        assert_eq!(refused.json().expect("JSON"), json!({ "error_code": 409, "message": words }));
        // What is read is answered all the same.
        assert_eq!(leader.rest().get("/connectors").expect("an answer").status, 200);
    });
}
