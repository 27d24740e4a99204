//! A sink task against a real Kafka: what the worker does around a task that refuses, retries and waits.

mod ahead;
mod rejects;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use api::config::{ConfigValue, Definition, Problems, Properties};
use api::{
    Batch, Connector, ConnectorContext, ConnectorType, Converter, ConverterPlugin, Decoder, Description,
    Encoder, Error, HeaderConverter, HeaderConverterPlugin, Offsets, PluginType, Record, Registry, Result,
    Role, Schema, SinkContext, SinkPlugin, SinkTask, TopicPartition, Transform, TransformPlugin, Transformed,
    Value,
};
use async_trait::async_trait;
use bytes::Bytes;
use testkit::Kafka;
use tokio::sync::Notify;
use worker::Config;
use worker::status::TargetState;
use worker::store::FileStore;
use worker::task::{Clients, Services, Task, TaskEvent, TaskId, TaskKind, TaskReport, TaskSpec};

use self::ahead::Slow;

/// Bytes as they are; refuses some values, and asks for another attempt at others, for ever.
struct AsIs;

const BAD: &[u8] = b"bad";
const LATER: &[u8] = b"later";

/// How often another attempt was asked for.
static ATTEMPTS: AtomicU32 = AtomicU32::new(0);

const AS_IS: &str = "test.AsIsConverter";

impl ConverterPlugin for AsIs {
    fn description(&self) -> Description {
        Description { class: AS_IS, version: "1", kind: PluginType::Converter }
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn configure(&self, _: &Properties, _: Role) -> Result<Box<dyn Converter>, Problems> {
        Ok(Box::new(AsIs))
    }
}

impl Converter for AsIs {
    fn encoder(&self, _: &str, _: Option<&Arc<Schema>>) -> Result<Box<dyn Encoder>> {
        Err(Error::fail("nothing is written here"))
    }

    fn decoder(&self, _: &str) -> Box<dyn Decoder> {
        Box::new(AsIs)
    }
}

impl Decoder for AsIs {
    fn decode(&mut self, message: Option<Bytes>) -> Result<Option<Value>> {
        match message.as_deref() {
            Some(BAD) => Err(Error::reject("a bad value")),
            Some(LATER) => {
                ATTEMPTS.fetch_add(1, Ordering::Relaxed);
                Err(Error::retry("not now"))
            }
            _ => Ok(message.map(Value::Bytes)),
        }
    }

    fn schema(&self) -> Option<&Arc<Schema>> {
        None
    }
}

impl HeaderConverterPlugin for AsIs {
    fn description(&self) -> Description {
        Description { class: AS_IS, version: "1", kind: PluginType::HeaderConverter }
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn configure(&self, _: &Properties) -> Result<Box<dyn HeaderConverter>, Problems> {
        Ok(Box::new(AsIs))
    }
}

impl HeaderConverter for AsIs {
    fn encode(&self, _: &str, _: &str, _: Option<&Arc<Schema>>, _: &Value, _: &mut Vec<u8>) -> Result<bool> {
        Ok(false)
    }

    fn decode(&self, _: &str, _: &str, bytes: Option<Bytes>) -> Result<(Option<Arc<Schema>>, Value)> {
        Ok((None, bytes.map_or(Value::Null, Value::Bytes)))
    }
}

/// A transform that refuses one value.
struct Refuse;

const REFUSE: &str = "test.Refuse";
const REFUSED: &[u8] = b"refused";

impl TransformPlugin for Refuse {
    fn description(&self) -> Description {
        Description { class: REFUSE, version: "1", kind: PluginType::Transformation }
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn configure(&self, _: &Properties) -> Result<Box<dyn Transform>, Problems> {
        Ok(Box::new(Refuse))
    }
}

impl Transform for Refuse {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        let refused =
            |record: &mut Record| matches!(&record.value, Some(Value::Bytes(value)) if value == REFUSED);
        let records: Vec<Record> = batch.records.extract_if(.., refused).collect();
        for record in records {
            out.reject(&batch, record, Error::reject("a refused value"));
        }
        out.push(batch);
    }
}

/// What a sink refuses.
#[derive(Clone)]
enum Picky {
    /// Nothing.
    Nothing,
    /// Every third record in `put`, every fifth in `pre_commit`.
    ByNumber,
    /// All at once.
    All,
    /// All for now, and for ever.
    Later,
    /// Each record; then `put` waits until it may go on.
    Each(Arc<Gate>),
    /// Nothing; but the first `put` takes its time, and then asks for something.
    Slow(Arc<Slow>),
}

#[derive(Default)]
struct Gate {
    reached: AtomicBool,
    open: Notify,
}

struct PickyTask {
    picky: Picky,
    context: Arc<dyn SinkContext>,
    put: Vec<Batch>,
}

#[async_trait]
impl SinkPlugin for Picky {
    fn description(&self) -> Description {
        Description { class: "test.Picky", version: "1", kind: PluginType::Sink }
    }

    fn task_class(&self) -> &'static str {
        "test.PickyTask"
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn validate(&self, _: &Properties, _: &mut Vec<ConfigValue>) {}

    async fn start(&self, _: &Properties, _: Arc<dyn ConnectorContext>) -> Result<Box<dyn Connector>> {
        Err(Error::fail("only tasks are started here"))
    }

    async fn task(&self, _: &Properties, context: Arc<dyn SinkContext>) -> Result<Box<dyn SinkTask>> {
        Ok(Box::new(PickyTask { picky: self.clone(), context, put: Vec::new() }))
    }

    fn alter_offsets(&self, _: &Properties, _: &[(TopicPartition, Option<i64>)]) -> Result<bool> {
        Ok(true)
    }
}

impl PickyTask {
    fn reject(&self, batches: &[Batch], every: i64) -> Result<()> {
        for batch in batches {
            for record in batch.records.iter().filter(|record| record.offset % every == 0) {
                let error = Error::reject(format!("one of {every}"));
                self.context.reject(batch, record, error)?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl SinkTask for PickyTask {
    async fn put(&mut self, batches: &[Batch]) -> Result<()> {
        match &self.picky {
            _ if batches.is_empty() => {}
            Picky::Nothing => {}
            Picky::Slow(slow) => slow.put(batches, &self.context).await?,
            Picky::All => return Err(Error::reject("not these")),
            Picky::Later => return Err(Error::retry("not now")),
            Picky::Each(gate) => {
                self.reject(batches, 1)?;
                gate.reached.store(true, Ordering::Release);
                gate.open.notified().await;
            }
            Picky::ByNumber => {
                self.reject(batches, 3)?;
                self.put.extend_from_slice(batches);
            }
        }
        Ok(())
    }

    async fn pre_commit(&mut self, put: &Offsets) -> Result<Offsets> {
        // From a thread of its own, as a writer in the background would.
        std::thread::scope(|scope| scope.spawn(|| self.reject(&self.put, 5)).join().unwrap())?;
        self.put.clear();
        Ok(put.clone())
    }
}

/// A running task of a sink that is picky, and what it reported.
struct Stage {
    task: Task,
    reports: Arc<Mutex<Vec<TaskEvent>>>,
    _directory: tempfile::TempDir,
}

impl Stage {
    fn start(name: &str, picky: Picky, keys: &[(&str, &str)]) -> Self {
        Self::start_with("100", name, picky, keys)
    }

    /// With a time between commits.
    fn start_with(interval_ms: &str, name: &str, picky: Picky, keys: &[(&str, &str)]) -> Self {
        let kafka = Kafka::shared();
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("offsets");
        let properties = |entries: &[(&str, &str)]| -> Properties {
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let worker = properties(&[
            ("bootstrap.servers", kafka.bootstrap()),
            ("key.converter", AS_IS),
            ("value.converter", AS_IS),
            ("header.converter", AS_IS),
            ("offset.flush.interval.ms", interval_ms),
            ("offset.storage.file.filename", file.to_str().unwrap()),
        ]);
        let registry = Registry {
            converters: vec![Arc::new(AsIs)],
            header_converters: vec![Arc::new(AsIs)],
            transforms: vec![Arc::new(Refuse)],
            ..Registry::default()
        };
        let services = Services {
            clients: Clients::new(Arc::new(worker.clone())),
            config: Arc::new(Config::parse(worker).unwrap()),
            registry: Arc::new(registry),
            offsets: Arc::new(FileStore::open(&file).unwrap()),
            cluster: None,
            runtime: tokio::runtime::Handle::current(),
        };
        let queue = format!("{name}-dlq");
        let mut connector = properties(keys);
        connector.insert("errors.deadletterqueue.topic.name".to_owned(), queue);
        connector.insert("errors.deadletterqueue.context.headers.enable".to_owned(), "true".to_owned());
        let spec = TaskSpec {
            id: TaskId { connector: name.into(), task: 0 },
            kind: TaskKind::Sink(Arc::new(picky)),
            connector,
            task: properties(&[("topics", name)]),
            target: TargetState::Started,
            exactly_once: None,
        };
        let reports = Arc::new(Mutex::new(Vec::new()));
        let reported = reports.clone();
        let report = Arc::new(move |report: TaskReport| reported.lock().unwrap().push(report.event));
        Self {
            task: Task::start(spec, Arc::new(services), Arc::default(), report),
            reports,
            _directory: directory,
        }
    }

    fn failure(&self) -> Option<String> {
        self.reports.lock().unwrap().iter().find_map(|event| match event {
            TaskEvent::Failed { trace, .. } => Some(trace.clone()),
            _ => None,
        })
    }

    async fn stop(mut self) {
        self.task.stop();
        self.task.stopped().await;
    }
}

fn fill(topic: &str, count: usize) {
    let lines: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Kafka::shared().produce(topic, &lines).unwrap();
}

fn committed(name: &str) -> u64 {
    let offsets = Kafka::shared().probe().unwrap().committed(&format!("connect-{name}")).unwrap();
    offsets.first().map_or(0, |(_, offset)| *offset)
}
