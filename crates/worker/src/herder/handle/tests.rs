use std::sync::atomic::AtomicUsize;
use std::thread;

use api::config::{Definition, Problems, Properties};
use api::{
    Batch, Connector, ConnectorContext, Converter, ConverterPlugin, Decoder, Description, Encoder,
    HeaderConverter, HeaderConverterPlugin, PluginType, Registry, Role, Schema, SourceContext, SourceOffset,
    SourcePartition, SourcePlugin, SourceTask, Value,
};
use async_trait::async_trait;
use futures_util::future::{join_all, pending};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::*;
use crate::config::Config;
use crate::herder::entities::{ConnectorInfo, ConnectorOffset, InitialState, RawConfig};
use crate::status::State;
use crate::store::FileStore;
use crate::task::Clients;

/// How long a test waits for what has to come about; it is not expected to.
const LONG: Duration = Duration::from_secs(180);
/// How long a test waits for what does not come about.
const SHORT: Duration = Duration::from_millis(200);

/// A source connector that does what its configuration says: `start`, `split`, `stop` and `poll` may each be
/// `fail`, `panic`, `hang` (at an await point) or `block` (its thread).
#[derive(Clone, Default)]
struct Puppet {
    polls: Arc<AtomicUsize>,
    stops: Arc<AtomicUsize>,
    released: Arc<AtomicBool>,
}

impl Puppet {
    async fn act(&self, properties: &Properties, key: &str) -> api::Result<()> {
        match properties.get(key).map(String::as_str) {
            Some("fail") => Err(api::Error::fail("it broke").caused_by("age")),
            Some("panic") => panic!("a puppet panics in {key}"),
            Some("hang") => pending().await,
            Some("block") => {
                while !self.released.load(Ordering::Acquire) {
                    thread::sleep(Duration::from_millis(2));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

const DESCRIPTION: Description =
    Description { class: "test.PuppetConnector", version: "7", kind: PluginType::Source };

#[async_trait]
impl SourcePlugin for Puppet {
    fn description(&self) -> Description {
        DESCRIPTION
    }

    fn task_class(&self) -> &'static str {
        "test.PuppetTask"
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    async fn start(
        &self,
        properties: &Properties,
        _: Arc<dyn ConnectorContext>,
    ) -> api::Result<Box<dyn Connector>> {
        self.act(properties, "start").await?;
        Ok(Box::new(Strings { puppet: self.clone(), properties: properties.clone() }))
    }

    async fn task(&self, properties: &Properties, _: SourceContext) -> api::Result<Box<dyn SourceTask>> {
        Ok(Box::new(Strings { puppet: self.clone(), properties: properties.clone() }))
    }

    fn alter_offsets(
        &self,
        _: &Properties,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> api::Result<bool> {
        match offsets.iter().any(|(partition, _)| partition.0.contains_key("bad")) {
            true => Err(api::Error::fail("the partition is bad")),
            false => Ok(true),
        }
    }
}

/// A connector or task of a puppet.
struct Strings {
    puppet: Puppet,
    properties: Properties,
}

#[async_trait]
impl Connector for Strings {
    async fn split(&mut self, tasks_max: usize) -> api::Result<Vec<Properties>> {
        self.puppet.act(&self.properties, "split").await?;
        Ok(vec![self.properties.clone(); tasks_max])
    }

    async fn stop(&mut self) -> api::Result<()> {
        self.puppet.act(&self.properties, "stop").await
    }
}

#[async_trait]
impl SourceTask for Strings {
    async fn poll(&mut self) -> api::Result<Vec<Batch>> {
        self.puppet.polls.fetch_add(1, Ordering::AcqRel);
        self.puppet.act(&self.properties, "poll").await?;
        sleep(Duration::from_millis(1)).await;
        Ok(Vec::new())
    }

    async fn stop(&mut self) -> api::Result<()> {
        self.puppet.stops.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

/// A converter for puppets, who have no records.
struct Nothing;

impl ConverterPlugin for Nothing {
    fn description(&self) -> Description {
        Description { class: "test.NothingConverter", version: "7", kind: PluginType::Converter }
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn configure(&self, _: &Properties, _: Role) -> Result<Box<dyn Converter>, Problems> {
        Ok(Box::new(Self))
    }
}

impl Converter for Nothing {
    fn encoder(&self, _: &str, _: Option<&Arc<Schema>>) -> api::Result<Box<dyn Encoder>> {
        Err(api::Error::fail("there is nothing to encode"))
    }

    fn decoder(&self, _: &str) -> Box<dyn Decoder> {
        unreachable!("there is nothing to decode")
    }
}

impl HeaderConverterPlugin for Nothing {
    fn description(&self) -> Description {
        let class = "org.apache.kafka.connect.storage.SimpleHeaderConverter";
        Description { class, version: "7", kind: PluginType::HeaderConverter }
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn configure(&self, _: &Properties) -> Result<Box<dyn HeaderConverter>, Problems> {
        Ok(Box::new(Self))
    }
}

impl HeaderConverter for Nothing {
    fn encode(
        &self,
        _: &str,
        _: &str,
        _: Option<&Arc<Schema>>,
        _: &Value,
        _: &mut Vec<u8>,
    ) -> api::Result<bool> {
        Ok(false)
    }

    fn decode(&self, _: &str, _: &str, _: Option<bytes::Bytes>) -> api::Result<(Option<Arc<Schema>>, Value)> {
        Ok((None, Value::Null))
    }
}

/// A herder with puppets, whose broker is not there.
struct Stage {
    herder: Herder,
    puppet: Puppet,
    tasks: Option<Runtime>,
    _directory: TempDir,
}

impl Stage {
    /// A stage where nothing is given up, however slow the machine is. Has to be made inside the runtime that runs
    /// the herder.
    fn new() -> Self {
        Self::with_patience(LONG, LONG)
    }

    /// A stage for puppets that hang: `graceful` is for tasks, `patience` for connectors that others wait for.
    fn with_patience(graceful: Duration, patience: Duration) -> Self {
        let directory = TempDir::new().expect("a directory");
        let file = directory.path().join("offsets");
        let properties: Properties = [
            ("bootstrap.servers", "127.0.0.1:1"),
            ("key.converter", "test.NothingConverter"),
            ("value.converter", "test.NothingConverter"),
            ("offset.storage.file.filename", file.to_str().expect("a path")),
            ("task.shutdown.graceful.timeout.ms", &graceful.as_millis().to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        let puppet = Puppet::default();
        let registry = Registry {
            sources: vec![Arc::new(puppet.clone())],
            converters: vec![Arc::new(Nothing)],
            header_converters: vec![Arc::new(Nothing)],
            ..Registry::default()
        };
        let tasks = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
        let tasks = tasks.expect("a runtime");
        let services = Services {
            clients: Clients::new(Arc::new(properties.clone())),
            config: Arc::new(Config::parse(properties).expect("a configuration")),
            registry: Arc::new(registry),
            offsets: Arc::new(FileStore::open(&file).expect("a store")),
            cluster: None,
            runtime: tasks.handle().clone(),
        };
        let identity = Identity { worker_id: "host:8083".to_owned(), commit: "c0ffee".to_owned() };
        let herder = Herder::start_with(Arc::new(services), identity, patience);
        Self { herder, puppet, tasks: Some(tasks), _directory: directory }
    }

    async fn put(&self, name: &str, entries: &[(&str, &str)]) -> Result<(bool, ConnectorInfo), HerderError> {
        self.herder.put_config(name, puppet(entries)).await
    }

    /// Waits until a connector and its tasks are in these states.
    async fn comes_to(&self, name: &str, expected: &[State]) {
        let reached = async {
            while self.states(name) != expected {
                sleep(Duration::from_millis(2)).await;
            }
        };
        if timeout(LONG, reached).await.is_err() {
            panic!("{name} comes to {expected:?}, not {:?}", self.states(name));
        }
    }

    fn states(&self, name: &str) -> Vec<State> {
        let Ok(status) = self.herder.connector_status(name) else { return Vec::new() };
        let tasks = status.tasks.iter().map(|task| task.state);
        [status.connector.state].into_iter().chain(tasks).collect()
    }
}

impl Drop for Stage {
    /// Lets blocked threads go, or the runtime would wait for them.
    fn drop(&mut self) {
        self.puppet.released.store(true, Ordering::Release);
        if let Some(tasks) = self.tasks.take() {
            tasks.shutdown_background();
        }
    }
}

fn puppet(entries: &[(&str, &str)]) -> RawConfig {
    let class = [("connector.class", "Puppet")];
    class.iter().chain(entries).map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect()
}

const RUNNING: [State; 2] = [State::Running, State::Running];

#[tokio::test]
async fn a_connector_is_created_and_shown() {
    let stage = Stage::new();
    let created = stage.herder.create("a", puppet(&[("tasks.max", "2")]), InitialState::Running).await;
    let info = serde_json::to_string(&created.expect("created")).expect("JSON");
    let expected = r#"{"name":"a","config":{"connector.class":"Puppet","name":"a","tasks.max":"2"},"tasks":[{"connector":"a","task":0},{"connector":"a","task":1}],"type":"source"}"#;
    assert_eq!(info, expected);
    stage.comes_to("a", &[State::Running, State::Running, State::Running]).await;
    let status = stage.herder.task_status("a", 1).expect("a status");
    let expected = r#"{"id":1,"state":"RUNNING","worker_id":"host:8083","version":"7"}"#;
    assert_eq!(serde_json::to_string(&status).expect("JSON"), expected);
    assert_eq!(stage.herder.tasks("a").expect("tasks")[0].config["task.class"], "test.PuppetTask");
    assert_eq!(stage.herder.connectors(), ["a"]);
    stage.herder.delete("a").await.expect("deleted");
    assert!(stage.herder.connectors().is_empty());
    assert_eq!(stage.puppet.stops.load(Ordering::Acquire), 2);
}

#[tokio::test]
async fn what_cannot_be_created_is_refused_in_kafkas_words() {
    let stage = Stage::new();
    let herder = &stage.herder;
    let differs = herder.create("a", puppet(&[("name", "b")]), InitialState::Running).await;
    let words = "Connector name configuration (b) doesn't match connector name in the URL (a)";
    assert_eq!(differs, Err(HerderError::BadRequest(words.to_owned())));
    let wrong = stage.put("a", &[("tasks.max", "0")]).await.expect_err("refused").to_string();
    assert!(
        wrong.contains("Invalid value 0 for configuration tasks.max: Value must be at least 1"),
        "{wrong}"
    );
    let unknown = stage.put("a", &[("connector.class", "Pupet")]).await.expect_err("refused").to_string();
    assert!(unknown.ends_with("Did you mean test.PuppetConnector?"), "{unknown}");
    stage.put("a", &[]).await.expect("created");
    let exists = herder.create("a", puppet(&[]), InitialState::Running).await.expect_err("there is one");
    assert_eq!(exists, HerderError::AlreadyExists("Connector a already exists".to_owned()));
}

#[tokio::test]
async fn a_paused_task_polls_no_more() {
    let stage = Stage::new();
    stage.put("a", &[]).await.expect("created");
    stage.comes_to("a", &RUNNING).await;
    stage.herder.pause("a").await.expect("paused");
    stage.comes_to("a", &[State::Paused, State::Paused]).await;
    let polls = stage.puppet.polls.load(Ordering::Acquire);
    sleep(Duration::from_millis(50)).await;
    assert_eq!(stage.puppet.polls.load(Ordering::Acquire), polls);
    stage.herder.resume("a").await.expect("resumed");
    stage.comes_to("a", &RUNNING).await;
    stage.herder.stop("a").await.expect("stopped");
    assert_eq!(stage.states("a"), [State::Stopped]);
    stage.herder.resume("a").await.expect("resumed");
    stage.comes_to("a", &RUNNING).await;
}

#[tokio::test]
async fn a_connector_that_breaks_tells_why_and_harms_nobody() {
    let stage = Stage::new();
    for (key, how, words) in [
        ("start", "fail", "it broke: age"),
        ("start", "panic", "the connector panicked: a puppet panics in start"),
        ("split", "fail", "it broke: age"),
        ("split", "panic", "the connector panicked: a puppet panics in split"),
    ] {
        let error = stage.put("a", &[(key, how)]).await.expect_err("broken");
        assert_eq!(error, HerderError::Internal(words.to_owned()));
        assert_eq!(stage.states("a"), [State::Failed]);
    }
    stage.put("b", &[]).await.expect("created");
    stage.comes_to("b", &RUNNING).await;
    stage.put("a", &[]).await.expect("mended");
    stage.comes_to("a", &RUNNING).await;
}

#[tokio::test]
async fn a_connector_that_hangs_is_given_up_when_others_wait_for_it() {
    let stage = Stage::with_patience(SHORT, SHORT);
    for key in ["start", "split", "stop"] {
        for how in ["hang", "block"] {
            let herder = stage.herder.clone();
            let config = puppet(&[(key, how)]);
            let hanging = tokio::spawn(async move { herder.put_config("a", config).await });
            while stage.herder.connectors() != ["a"] {
                sleep(Duration::from_millis(1)).await;
            }
            stage.put("b", &[]).await.expect("created");
            stage.comes_to("b", &RUNNING).await;
            if key == "stop" {
                // What comes now must not find it starting.
                stage.comes_to("a", &RUNNING).await;
            }
            timeout(LONG, stage.herder.delete("a")).await.expect("in time").expect("deleted");
            let outcome = hanging.await.expect("an answer");
            assert_eq!(outcome.is_ok(), key == "stop", "{key} {how}: {outcome:?}");
            stage.herder.delete("b").await.expect("deleted");
        }
    }
}

#[tokio::test]
async fn a_task_that_fails_or_panics_is_restarted_alone() {
    let stage = Stage::new();
    stage.put("b", &[]).await.expect("created");
    for (how, words) in [("fail", "it broke\nCaused by: age"), ("panic", "a puppet panics in poll")] {
        stage.put("a", &[("poll", how)]).await.expect("created");
        stage.comes_to("a", &[State::Running, State::Failed]).await;
        let trace = stage.herder.task_status("a", 0).expect("a status").trace.expect("a trace");
        assert!(trace.contains(words), "{trace}");
        let planned = stage.herder.restart_connector_and_tasks("a", true, true).await.expect("a plan");
        assert_eq!((planned.connector.state, planned.tasks[0].state), (State::Running, State::Restarting));
        stage.comes_to("a", &[State::Running, State::Failed]).await;
        stage.herder.delete("a").await.expect("deleted");
    }
    stage.comes_to("b", &RUNNING).await;
}

#[tokio::test]
async fn a_task_that_does_not_stop_is_given_up_and_started_anew() {
    let stage = Stage::with_patience(SHORT, LONG);
    stage.put("a", &[("poll", "block")]).await.expect("created");
    stage.comes_to("a", &RUNNING).await;
    stage.herder.restart_task("a", 0).await.expect("restarted");
    stage.comes_to("a", &RUNNING).await;
    stage.put("a", &[]).await.expect("another configuration");
    stage.comes_to("a", &RUNNING).await;
    let unknown = stage.herder.restart_task("a", 9).await;
    assert_eq!(unknown, Err(HerderError::NotFound("Task a-9 not found".to_owned())));
}

#[tokio::test]
async fn changes_of_one_connector_are_done_in_order() {
    let stage = Stage::new();
    let values: Vec<String> = (0..20).map(|value| value.to_string()).collect();
    let puts = values.iter().map(|value| stage.herder.put_config("a", puppet(&[("x", value)])));
    for (number, outcome) in join_all(puts).await.into_iter().enumerate() {
        let (created, info) = outcome.expect("done");
        assert_eq!((created, info.config["x"].as_str()), (number == 0, values[number].as_str()));
    }
    stage.comes_to("a", &RUNNING).await;
}

#[tokio::test]
async fn offsets_of_a_stopped_source_are_changed() {
    let stage = Stage::new();
    stage.put("a", &[]).await.expect("created");
    let offset = |key: &str, position: Option<u64>| ConnectorOffset {
        partition: SourcePartition::of(key, "x"),
        offset: position.map(|position| SourceOffset::of("position", position)),
    };
    let herder = &stage.herder;
    assert!(matches!(herder.reset_offsets("a").await, Err(HerderError::BadRequest(_))));
    assert!(matches!(herder.alter_offsets("a", Vec::new()).await, Err(HerderError::BadRequest(_))));
    herder.stop("a").await.expect("stopped");
    let words = herder.alter_offsets("a", vec![offset("file", Some(4)), offset("other", Some(5))]).await;
    assert_eq!(words.as_deref(), Ok("The offsets for this connector have been altered successfully"));
    herder.alter_offsets("a", vec![offset("file", None)]).await.expect("forgotten");
    assert_eq!(herder.offsets("a").await.expect("offsets").offsets, [offset("other", Some(5))]);
    let bad = herder.alter_offsets("a", vec![offset("bad", Some(1))]).await;
    assert_eq!(bad, Err(HerderError::Internal("the partition is bad".to_owned())));
    let words = herder.reset_offsets("a").await;
    assert_eq!(words.as_deref(), Ok("The offsets for this connector have been reset successfully"));
    assert!(herder.offsets("a").await.expect("offsets").offsets.is_empty());
    let unknown = herder.offsets("b").await;
    assert_eq!(unknown, Err(HerderError::NotFound("Connector b not found".to_owned())));
}

#[tokio::test]
async fn a_shutdown_ends_all_that_can_be_ended() {
    // Time enough for what is good.
    let stage = Stage::with_patience(Duration::from_secs(10), SHORT);
    stage.put("good", &[]).await.expect("created");
    stage.put("hanging", &[("poll", "block"), ("stop", "block")]).await.expect("created");
    stage.comes_to("good", &RUNNING).await;
    stage.comes_to("hanging", &RUNNING).await;
    assert_eq!(stage.herder.health().await, Health::Healthy);
    timeout(LONG, stage.herder.shutdown()).await.expect("in time");
    assert_eq!(stage.puppet.stops.load(Ordering::Acquire), 1);
    let late = stage.put("late", &[]).await;
    assert_eq!(late, Err(HerderError::Internal("The worker is shutting down".to_owned())));
    assert_eq!(stage.herder.shared.about.server_info().kafka_cluster_id, None);
    assert_eq!(stage.herder.connectors(), ["good", "hanging"]);
}
