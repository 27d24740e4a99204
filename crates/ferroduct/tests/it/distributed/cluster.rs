//! Who is in the cluster, what each worker has, and why: `GET /cluster`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};
use testkit::worker::Builder;
use testkit::{Kafka, Worker, wait};

use super::{BINARY, LIMIT, Lines, PAUSE, append, ferroduct, id, java, of_cluster, put};

fn ours(name: &str) -> Builder {
    of_cluster(Worker::ferroduct_distributed(BINARY, Kafka::shared().bootstrap()), name)
}

fn cluster(worker: &Worker) -> Value {
    worker.rest().get("/cluster").expect("an answer").ok().expect("the cluster")
}

/// Waits until a worker tells of the cluster what is wanted.
fn wait_for(worker: &Worker, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = wait::until(what, LIMIT, PAUSE, || {
        let info = cluster(worker);
        Ok(wanted(&info).then_some(info))
    });
    found.unwrap_or_else(|error| panic!("{error:#}: {:#}", cluster(worker)))
}

fn list<'a>(info: &'a Value, key: &str) -> &'a [Value] {
    info[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A worker by its host and port.
fn of<'a>(info: &'a Value, worker: &Worker) -> &'a Value {
    let same = |known: &&Value| known["worker_id"] == id(worker);
    list(info, "workers").iter().find(same).unwrap_or_else(|| panic!("{} in {info:#}", id(worker)))
}

/// Where each task is, by its connector.
fn places(info: &Value) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for worker in list(info, "workers") {
        for task in list(worker, "tasks") {
            let connector = task["connector"].as_str().expect("a name").to_owned();
            let place = worker["worker_id"].as_str().expect("a worker").to_owned();
            assert_eq!(places.insert(connector, place), None, "a task is with two workers: {info:#}");
        }
    }
    places
}

fn at_rest(info: &Value, workers: usize, tasks: usize) -> bool {
    let reachable = list(info, "workers").iter().filter(|worker| worker["reachable"] == true);
    info["state"] == "stable"
        && info["delay"].is_null()
        && reachable.count() == workers
        && list(info, "unassigned").is_empty()
        && list(info, "workers").iter().map(|worker| list(worker, "tasks").len()).sum::<usize>() == tasks
}

fn reasons(worker: &Value) -> BTreeSet<&str> {
    let all = list(worker, "tasks").iter().chain(list(worker, "connectors"));
    all.filter_map(|part| part["reason"].as_str()).collect()
}

#[test]
fn a_worker_alone_has_all_and_leads() {
    let name = "overview-one";
    let worker = ferroduct(name);
    let lines = Lines::new(name, 2);
    lines.create(&[&worker]);
    lines.wait_until_run(worker.rest(), &[id(&worker)]);
    let info = wait_for(&worker, "a cluster at rest", |info| at_rest(info, 1, 4));
    assert_eq!(info["group_id"], format!("cluster-{name}"));
    assert_eq!(info["protocol"], "sessioned");
    assert_eq!(info["leader"]["worker_id"], id(&worker));
    assert_eq!(info["leader"]["url"], format!("{}/", worker.url()));
    assert_eq!(info["notes"], json!([]));
    assert!(info["kafka_cluster_id"].is_string() && info["generation"].is_u64(), "{info:#}");
    let own = of(&info, &worker);
    assert_eq!(
        (&own["leader"], &own["kind"], &own["reachable"]),
        (&json!(true), &json!("ferroduct"), &json!(true))
    );
    assert_eq!(own["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(own["connectors"].as_array().map(Vec::len), Some(4));
    for part in list(own, "tasks").iter().chain(list(own, "connectors")) {
        assert_eq!(part["state"], "RUNNING", "{info:#}");
        let reason = part["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("given in generation") && reason.contains("with the fewest"), "{reason}");
        assert!(part["since_generation"].as_u64() <= info["generation"].as_u64(), "{info:#}");
    }
    // What its tasks take is known after a while.
    let info = wait_for(&worker, "the load of a worker", |info| of(info, &worker)["load"].is_f64());
    assert!(list(of(&info, &worker), "tasks").iter().any(|task| task["load"].is_f64()), "{info:#}");
}

#[test]
fn a_standalone_worker_is_in_no_cluster() {
    let worker =
        Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap()).start().expect("the worker starts");
    let answer = worker.rest().get("/cluster").expect("an answer");
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json().expect("JSON")["message"], "this worker is standalone: it is in no cluster");
}

#[test]
fn three_workers_tell_the_same_and_what_a_killed_one_had_is_held_back_until_an_instant() {
    let name = "overview-three";
    let start = || {
        let worker = ours(name).property("scheduled.rebalance.max.delay.ms", "600000");
        worker.start().expect("the worker starts")
    };
    let mut workers = [start(), start(), start()];
    let lines = Lines::new(name, 3);
    lines.create(&workers.each_ref());
    let mut known = Vec::new();
    for worker in &workers {
        let info = wait_for(worker, "a cluster at rest", |info| at_rest(info, 3, 6));
        assert_eq!(list(&info, "workers").iter().filter(|worker| worker["leader"] == true).count(), 1);
        assert!(list(&info, "workers").iter().all(|worker| worker["kind"] == "ferroduct"), "{info:#}");
        assert!(list(&info, "workers").iter().all(|worker| !reasons(worker).is_empty()), "{info:#}");
        known.push((places(&info), info["leader"].clone(), info["generation"].clone()));
    }
    assert!(known.iter().all(|told| *told == known[0]), "{known:#?}");
    let statuses = lines.wait_until_run(workers[0].rest(), &workers.each_ref().map(id));
    assert_eq!(places(&cluster(&workers[0])), statuses);

    // One that does not lead.
    let leader = known[0].1["worker_id"].as_str().expect("a leader").to_owned();
    let killed = workers.iter().position(|worker| id(worker) != leader).expect("a worker");
    let lost: Vec<String> = known[0]
        .0
        .iter()
        .filter(|(_, at)| **at == id(&workers[killed]))
        .map(|(name, _)| name.clone())
        .collect();
    workers[killed].kill().expect("the worker is killed");
    for worker in workers.iter().enumerate().filter(|(index, _)| *index != killed).map(|(_, worker)| worker) {
        let info = wait_for(worker, "what is held back", |info| {
            let held = list(info, "unassigned").iter().filter(|part| part["task"].is_u64());
            let held: BTreeSet<&str> = held.filter_map(|part| part["connector"].as_str()).collect();
            held == lost.iter().map(String::as_str).collect() && list(info, "workers").len() == 2
        });
        let until = info["delay"]["until"].as_str().unwrap_or_default();
        assert!(until.len() == "2026-11-21T16:00:01.250Z".len() && until.ends_with('Z'), "{info:#}");
        let reason = list(&info, "unassigned")[0]["reason"].as_str().unwrap_or_default();
        assert_eq!(reason, format!("its worker is gone; held back until {until} in case it comes back"));
        for worker in list(&info, "workers") {
            assert!(
                reasons(worker).iter().all(|reason| reason.starts_with("kept where it was; given")),
                "{info:#}"
            );
        }
    }
}

/// Java's workers have no such endpoint, and pass over the loads that ours tell of in the bytes of the group.
#[test]
fn workers_of_apache_kafka_are_shown_whoever_leads() {
    let name = "overview-mixed";
    let mut ours = ours(name).property("assignment.balance", "load").start().expect("the worker starts");
    let mut lines = Lines::new(name, 2);
    lines.append();
    lines.create(&[&ours]);
    lines.wait(true);
    // Known loads are told with the next round.
    wait_for(&ours, "loads", |info| list(of(info, &ours), "tasks").iter().all(|task| task["load"].is_f64()));
    let theirs = java(name);
    let both = |info: &Value| {
        let busy = |worker: &Value| !list(worker, "tasks").is_empty();
        at_rest(info, 2, 4) && list(info, "workers").iter().all(busy)
    };
    let info = wait_for(&ours, "a share for each", both);
    assert_eq!(info["leader"]["worker_id"], id(&ours));
    let (own, other) = (of(&info, &ours), of(&info, &theirs));
    assert_eq!((&own["kind"], &other["kind"]), (&json!("ferroduct"), &json!("kafka_connect")));
    assert_eq!((&other["version"], &other["load"]), (&json!("4.3.1"), &Value::Null));
    assert!(!reasons(other).is_empty(), "{info:#}");
    assert_eq!(places(&info), lines.wait_until_run(ours.rest(), &[id(&ours), id(&theirs)]));

    // Now theirs leads.
    ours.stop().expect("our worker stops");
    lines.append();
    lines.wait_until_run(theirs.rest(), &[id(&theirs)]);
    ours.restart().expect("our worker starts again");
    let info = wait_for(&ours, "a share for each", both);
    assert_eq!(info["leader"]["worker_id"], id(&theirs));
    let words = "the leader is a worker of Apache Kafka, which does not tell why something is where it is";
    assert_eq!(info["notes"], json!([words]));
    assert_eq!((&of(&info, &theirs)["leader"], &of(&info, &ours)["leader"]), (&json!(true), &json!(false)));
    assert!(list(&info, "workers").iter().all(|worker| reasons(worker).is_empty()), "{info:#}");
    assert_eq!(places(&info), lines.wait_until_run(ours.rest(), &[id(&ours), id(&theirs)]));
    lines.wait(true);
}

/// A worker that joins takes the one task that works, and leaves those that have nothing to do where they are.
#[test]
fn work_is_shared_out_by_what_tasks_take() {
    let name = "overview-load";
    let start = || ours(name).property("assignment.balance", "load").start().expect("the worker starts");
    let first = start();
    let directory = tempfile::TempDir::new().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    let connectors: Vec<String> = (0..7).map(|number| format!("{name}-{number}")).collect();
    for connector in &connectors {
        fs::write(file(connector), "").expect("a file");
        // Work for a processor, and none for the brokers.
        let config = json!({
            "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
            "tasks.max": "1", "file": file(connector), "topic": name,
            "transforms": "one,two,three,drop",
            "transforms.one.type": "org.apache.kafka.connect.transforms.HoistField$Value",
            "transforms.one.field": "one",
            "transforms.two.type": "org.apache.kafka.connect.transforms.HoistField$Value",
            "transforms.two.field": "two",
            "transforms.three.type": "org.apache.kafka.connect.transforms.HoistField$Value",
            "transforms.three.field": "three",
            "transforms.drop.type": "org.apache.kafka.connect.transforms.Filter",
        });
        put(first.rest(), connector, &config);
    }
    let busy = &connectors[0];
    let work = Work::start(file(busy));
    let load = |info: &Value, wanted: bool| -> f64 {
        let tasks = list(info, "workers").iter().flat_map(|worker| list(worker, "tasks"));
        let some = tasks.filter(|task| (task["connector"] == **busy) == wanted);
        some.filter_map(|task| task["load"].as_f64()).sum()
    };
    wait_for(&first, "a task with a load", |info| {
        at_rest(info, 1, 7) && load(info, true) > 0.1 && load(info, true) > 5.0 * load(info, false)
    });
    let second = start();
    let info = wait_for(&first, "a share of the load", |info| {
        at_rest(info, 2, 7) && !list(of(info, &second), "tasks").is_empty()
    });
    let moved = list(of(&info, &second), "tasks");
    let names: Vec<&str> = moved.iter().filter_map(|task| task["connector"].as_str()).collect();
    assert_eq!(names, [busy.as_str()], "{info:#}");
    let reason = moved[0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("from a worker with more load"), "{info:#}");
    drop(work);
}

/// Lines that come on and on.
struct Work {
    ended: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Work {
    fn start(path: std::path::PathBuf) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let lines = "a line\n".repeat(1_000);
        let thread = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                append(&path, &lines);
                thread::sleep(PAUSE / 5);
            }
        });
        Self { ended, thread: Some(thread) }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the lines are written");
        }
    }
}
