//! The topics of a cluster: what a worker of Apache Kafka writes we read, what we write it reads.

use std::fs;
use std::sync::Arc;

use api::{SourceOffset, SourcePartition};
use serde_json::{Value as Json, json};
use testkit::rest::Rest;
use testkit::{Kafka, Worker};
use tokio::time::{sleep, timeout};
use worker::cluster::config::{Change, Record};
use worker::cluster::status::{Key, Report, Value};
use worker::herder::RawConfig;
use worker::status::{State, TargetState};
use worker::store::OffsetStore;
use worker::task::TaskId;

use crate::cluster::{Cluster, LIMIT, PAUSE, eventually};

const SOURCE: &str = "org.apache.kafka.connect.file.FileStreamSourceConnector";

fn id(task: u32) -> TaskId {
    TaskId { connector: "lines-in".into(), task }
}

fn source_config(worker: &Worker, topic: &str) -> Json {
    let file = worker.directory().join("in.txt");
    json!({"connector.class": SOURCE, "file": file.to_str().unwrap(), "topic": topic, "tasks.max": "1"})
}

fn raw(json: &Json) -> RawConfig {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    json.as_object().unwrap().iter().map(|(key, value)| (key.clone(), text(value))).collect()
}

fn partition(json: Json) -> SourcePartition {
    SourcePartition(json.as_object().unwrap().clone())
}

fn offset(json: Json) -> SourceOffset {
    SourceOffset(json.as_object().unwrap().clone())
}

fn state(rest: &Rest, connector: &str) -> Option<String> {
    let status = rest.get(&format!("/connectors/{connector}/status")).unwrap();
    let status = status.json().ok()?;
    status["connector"]["state"].as_str().map(str::to_owned)
}

/// Whoever leads takes the right to write from those before, which are told that nothing was written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_replaced_writes_nothing() {
    let cluster = Cluster::new("leaders", Kafka::shared().bootstrap());
    let (first, second) = (cluster.leader().await, cluster.leader().await);
    let config = |value: &str| RawConfig::from([("k".to_owned(), Some(value.to_owned()))]);
    // It does not lead yet.
    let refused = first.put_connector("c", config("none"), None).await.unwrap_err();
    assert!(refused.to_string().contains("does not lead"), "{refused}");
    first.claim().await.unwrap();
    first.put_connector("c", config("first"), None).await.unwrap();
    second.claim().await.unwrap();
    let failed = first.put_connector("c", config("late"), None).await.unwrap_err();
    assert!(failed.to_string().contains("can be safely retried"), "{failed}");
    second.refresh(LIMIT).await.unwrap();
    assert_eq!(*second.snapshot().connectors["c"].config, config("first"));
    second.put_connector("c", config("second"), None).await.unwrap();
    // What any worker may write is not held back.
    let target = Record::Target { name: "c".into(), target: Some(TargetState::Paused) };
    first.put_by_anybody(target).await.unwrap();
    first.relinquish().await;
    first.put_connector("c", config("later"), None).await.unwrap_err();
    second.refresh(LIMIT).await.unwrap();
    assert_eq!(*second.snapshot().connectors["c"].config, config("second"));
    assert_eq!(second.snapshot().target("c"), TargetState::Paused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_java_writes_is_read() {
    let cluster = Cluster::new("java-writes", Kafka::shared().bootstrap());
    let java = cluster.java().start().unwrap();
    fs::write(java.directory().join("in.txt"), "one\ntwo\n").unwrap();
    let mut config = source_config(&java, &cluster.name);
    eventually("the connector created", || {
        let created = java.rest().put("/connectors/lines-in/config", &config).unwrap();
        created.status == 201
    });

    let (configs, changes) = cluster.configs().await;
    let (statuses, offsets) = (cluster.statuses().await, cluster.offsets().await);
    eventually("its task", || {
        let configs = configs.snapshot();
        configs.connectors.get("lines-in").is_some_and(|connector| connector.tasks().len() == 1)
    });
    config["name"] = "lines-in".into();
    let connector = configs.snapshot().connectors["lines-in"].clone();
    assert_eq!(*connector.config, raw(&config));
    assert_eq!(connector.applied.as_ref(), Some(&connector.config));
    let task = connector.tasks().next().unwrap().1.clone();
    assert_eq!(task["task.class"].as_deref(), Some("org.apache.kafka.connect.file.FileStreamSourceTask"));
    assert!(!connector.changes(&[(*task).clone()]));
    assert_eq!(configs.snapshot().target("lines-in"), TargetState::Started);
    assert!(configs.snapshot().session_key.is_some(), "a sessioned cluster has a key");

    let running = |report: Option<&Report>| report.is_some_and(|report| report.state == State::Running);
    eventually("both running", || {
        statuses.read(|all| running(all.connector("lines-in")) && running(all.task(&id(0))))
    });
    let report = statuses.read(|all| all.task(&id(0)).unwrap().clone());
    assert_eq!(format!("http://{}", report.worker_id), java.url());
    assert_eq!((report.trace, report.version.as_deref()), (None, Some("4.3.1")));
    eventually("the topic that it uses", || {
        statuses.read(|all| all.topics("lines-in").any(|used| *used.name == *cluster.name))
    });

    let file = java.directory().join("in.txt").to_str().unwrap().to_owned();
    let read = partition(json!({ "filename": file }));
    let committed = async {
        while offsets.read("lines-in", &read).await.unwrap() != Some(offset(json!({"position": 8}))) {
            sleep(PAUSE).await;
        }
    };
    timeout(LIMIT, committed).await.expect("the offset committed");
    assert_eq!(offsets.all("lines-in").await.unwrap(), [(read, offset(json!({"position": 8})))]);

    java.rest().put("/connectors/lines-in/pause", &Json::Null).unwrap();
    eventually("the pause told", || changes.lock().unwrap().contains(&Change::Target("lines-in".into())));
    assert_eq!(configs.snapshot().target("lines-in"), TargetState::Paused);
    assert_eq!(java.rest().put("/connectors/lines-in/stop", &Json::Null).unwrap().status, 204);
    eventually("no tasks", || configs.snapshot().connectors["lines-in"].tasks().len() == 0);
    assert_eq!(configs.snapshot().target("lines-in"), TargetState::Stopped);
    assert_eq!(java.rest().delete("/connectors/lines-in").unwrap().status, 204);
    eventually("the connector gone", || configs.snapshot().connectors.is_empty());
    eventually("its statuses gone", || statuses.read(|all| all.keys().count()) == 0);

    // It leaves what it wrote of the task, which goes with nothing else.
    let strangers = || configs.snapshot().strangers().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(strangers(), ["lines-in"]);
    configs.remove_strangers().await.unwrap();
    assert!(strangers().is_empty());
    let other = || java.rest().put("/connectors/lines-in/config", &config).unwrap().status;
    eventually("the connector created anew", || other() == 201);
    eventually("its task running", || statuses.read(|all| running(all.task(&id(0)))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_write_java_reads() {
    let cluster = Cluster::new("we-write", Kafka::shared().bootstrap());
    let (configs, _) = cluster.configs().await;
    let (statuses, offsets) = (cluster.statuses().await, cluster.offsets().await);
    let config = json!({
        "connector.class": SOURCE, "name": "lines-in", "file": "/nowhere/in.txt", "topic": cluster.name,
        "tasks.max": "1",
    });
    configs.put_connector("lines-in", raw(&config), Some(TargetState::Stopped)).await.unwrap();
    let mut paused = config.clone();
    paused["name"] = "paused".into();
    configs.put_connector("paused", raw(&paused), Some(TargetState::Paused)).await.unwrap();
    let mut task = raw(&paused);
    task.insert(
        "task.class".to_owned(),
        Some("org.apache.kafka.connect.file.FileStreamSourceTask".to_owned()),
    );
    configs.put_tasks("paused", vec![task.clone()]).await.unwrap();
    configs.put_tasks("lines-in", Vec::new()).await.unwrap();
    assert_eq!(configs.snapshot().connectors["paused"].tasks().len(), 1);
    let key = Arc::new(partition(json!({"filename": "/nowhere/in.txt"})));
    offsets.write("lines-in", vec![(key.clone(), Some(offset(json!({"position": 7}))))]).await.unwrap();

    let java = cluster.java().start().unwrap();
    let rest = java.rest();
    eventually("the stopped connector", || state(rest, "lines-in").as_deref() == Some("STOPPED"));
    eventually("the paused connector", || state(rest, "paused").as_deref() == Some("PAUSED"));
    assert_eq!(rest.get("/connectors/lines-in/config").unwrap().json().unwrap(), config);
    let tasks = rest.get("/connectors/paused/tasks").unwrap().json().unwrap();
    assert_eq!(tasks, json!([{"id": {"connector": "paused", "task": 0}, "config": task}]));
    let told = || rest.get("/connectors/lines-in/offsets").unwrap().json().unwrap()["offsets"].clone();
    let expected = json!([{"partition": {"filename": "/nowhere/in.txt"}, "offset": {"position": 7}}]);
    eventually("our offset", || told() == expected);
    offsets.write("lines-in", vec![(key, None)]).await.unwrap();
    eventually("no offset", || told() == json!([]));

    // What is written while Java's worker runs.
    configs.put(Record::Target { name: "paused".into(), target: Some(TargetState::Started) }).await.unwrap();
    eventually("the connector resumed", || state(rest, "paused").as_deref() == Some("RUNNING"));
    let failed = Report {
        state: State::Failed,
        trace: Some("what went wrong".to_owned()),
        worker_id: "elsewhere:8083".into(),
        generation: 99,
        version: Some("1.2".to_owned()),
        restart: None,
    };
    let task = TaskId { connector: "paused".into(), task: 0 };
    statuses.put(&[(Key::Task(task), Some(Value::Report(failed)))]).await.unwrap();
    let expected = json!({
        "id": 0, "state": "FAILED", "worker_id": "elsewhere:8083", "version": "1.2", "trace": "what went wrong",
    });
    eventually("our status", || {
        rest.get("/connectors/paused/tasks/0/status").unwrap().json().is_ok_and(|status| status == expected)
    });
    configs.remove_connector("lines-in").await.unwrap();
    eventually("the connector gone", || rest.get("/connectors/lines-in").unwrap().status == 404);
}
