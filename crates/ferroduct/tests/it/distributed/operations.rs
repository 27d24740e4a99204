//! What operators do to one connector, and what the others notice of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::rest::Rest;
use testkit::{Kafka, wait};

use super::{LIMIT, Lines, PAUSE, ferroduct, id, put};

/// How often each connector and each task has begun to run, as the topic of statuses tells.
fn starts(cluster: &str) -> BTreeMap<String, usize> {
    let kafka = Kafka::shared();
    let topic = format!("{cluster}-statuses");
    let count: u64 = kafka.end_offsets(&topic).expect("the ends of the topic").iter().sum();
    let count = usize::try_from(count).expect("a number of records");
    let keys = ["--formatter-property", "print.key=true"];
    let records = kafka.consume_with(&topic, count, &keys).expect("the statuses");
    let mut starts = BTreeMap::new();
    for record in records {
        let (key, value) = record.split_once('\t').expect("a key and a value");
        if value.contains(r#""state":"RUNNING""#) {
            *starts.entry(key.to_owned()).or_default() += 1;
        }
    }
    starts
}

/// Waits until a connector and so many tasks of it run.
fn wait_for_tasks(rest: &Rest, name: &str, count: usize) {
    let path = format!("/connectors/{name}/status");
    let running = wait::until("tasks that run", LIMIT, PAUSE, || {
        let Ok(status) = rest.get(&path)?.ok() else { return Ok(None) };
        let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
        let runs = |part: &Value| part["state"] == "RUNNING";
        Ok((runs(&status["connector"]) && tasks.len() == count && tasks.iter().all(runs)).then_some(()))
    });
    running.unwrap_or_else(|error| panic!("{error:#}: {:?}", rest.get(&path)));
}

#[test]
fn what_is_done_to_one_connector_starts_nothing_else() {
    let cluster = "quiet";
    let workers = [ferroduct(cluster), ferroduct(cluster), ferroduct(cluster)];
    let all = workers.each_ref();
    let lines = Lines::new(cluster, 5);
    lines.create(&all);
    // What moves when the last worker comes has moved once that has something.
    let owners = wait::until("a share for each worker", LIMIT, PAUSE, || {
        let owners = lines.wait_until_run(workers[0].rest(), &all.map(id));
        let busy: BTreeSet<&String> = owners.values().collect();
        Ok((busy.len() == workers.len()).then_some(owners))
    });
    let owners = owners.expect("every worker has its share");
    let before = starts(cluster);
    let file = lines.path("other", "in");
    std::fs::write(&file, "").expect("a file");
    let config = |size: &str| {
        json!({
            "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
            "file": file, "topic": "quiet-other", "batch.size": size,
        })
    };
    // 51 creations, changes and deletions, each through another worker.
    for number in 0..17 {
        let rest = |step: usize| workers[(number + step) % workers.len()].rest();
        let name = format!("other-{number}");
        put(rest(0), &name, &config("1000"));
        wait_for_tasks(rest(0), &name, 1);
        put(rest(1), &name, &config("2000"));
        wait_for_tasks(rest(1), &name, 1);
        let path = format!("/connectors/{name}");
        assert_eq!(rest(2).delete(&path).expect("an answer").status, 204);
        let gone = wait::until("a connector that is gone", LIMIT, PAUSE, || {
            Ok((rest(0).get(&path)?.status == 404).then_some(()))
        });
        gone.unwrap_or_else(|error| panic!("{error:#}"));
    }
    let after = starts(cluster);
    for (key, starts) in &before {
        assert_eq!(after[key], *starts, "{key} has begun to run again");
    }
    assert_eq!(before.len(), 20, "every connector and every task was looked at: {before:?}");
    assert_eq!(lines.wait_until_run(workers[0].rest(), &all.map(id)), owners);
}

#[test]
fn a_status_tells_what_each_task_has_done_last_wherever_it_runs() {
    let cluster = "activity";
    let workers = [ferroduct(cluster), ferroduct(cluster)];
    let mut lines = Lines::new(cluster, 1);
    lines.create(&workers.each_ref());
    for worker in &workers {
        for (name, _) in lines.connectors() {
            let path = format!("/connectors/{name}/status");
            let complete = wait::until("the activity of a task", LIMIT, PAUSE, || {
                lines.append();
                let Ok(status) = worker.rest().get(&format!("{path}?activity=true"))?.ok() else {
                    return Ok(None);
                };
                let activity = &status["tasks"][0]["activity"];
                let times = ["last_put", "last_commit"].map(|key| activity[key].as_str().unwrap_or_default());
                let told =
                    times.iter().all(|time| time.ends_with('Z')) && activity["records"].as_u64() > Some(0);
                Ok((told && (name.ends_with("source") || activity["lag"].is_u64())).then_some(()))
            });
            complete.unwrap_or_else(|error| {
                panic!("{error:#}: {:?}", worker.rest().get(&format!("{path}?activity=true")))
            });
            let plain = worker.rest().get(&path).expect("an answer").ok().expect("a status");
            assert_eq!(plain["tasks"][0].get("activity"), None, "{plain}");
        }
    }
    lines.wait(true);
}
