//! A sink that refuses single records: the worker's side of `SinkContext::reject`, with a real Kafka.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

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

use crate::cluster::eventually;

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

/// What a slow task asks for at the end of its first `put`.
enum Wish {
    /// That the same records come again.
    Retry,
    /// That no more records come.
    Pause,
}

struct Slow {
    wish: Wish,
    context: OnceLock<Arc<dyn SinkContext>>,
    /// The offsets of what was taken.
    taken: Mutex<Vec<i64>>,
    puts: AtomicUsize,
}

impl Slow {
    fn new(wish: Wish) -> Arc<Self> {
        Arc::new(Self { wish, context: OnceLock::new(), taken: Mutex::default(), puts: AtomicUsize::new(0) })
    }

    async fn put(&self, batches: &[Batch], context: &Arc<dyn SinkContext>) -> Result<()> {
        let offsets = batches.iter().flat_map(|batch| &batch.records).map(|record| record.offset);
        let first = self.puts.fetch_add(1, Ordering::AcqRel) == 0;
        if first {
            // Long enough for the next records to be read meanwhile.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        match self.wish {
            Wish::Retry if first => return Err(Error::retry("not now")),
            Wish::Pause if first => context.pause(&[partition(batches)]),
            _ => {}
        }
        self.taken.lock().unwrap().extend(offsets);
        self.context.get_or_init(|| context.clone());
        Ok(())
    }
}

fn partition(batches: &[Batch]) -> TopicPartition {
    TopicPartition { topic: batches[0].offset_topic().clone(), partition: 0 }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sink_refuses_is_in_the_queue_before_its_offset_is_committed() {
    const COUNT: usize = 1_000;
    let kafka = Kafka::shared();
    fill("picky-tolerant", COUNT);
    let stage = Stage::start("picky-tolerant", Picky::ByNumber, &[("errors.tolerance", "all")]);
    eventually("everything committed", || committed("picky-tolerant") == COUNT as u64);
    // Not a moment later: the commit came after them.
    let letters: u64 = kafka.end_offsets("picky-tolerant-dlq").unwrap().iter().sum();
    assert!(letters >= (COUNT.div_ceil(3) + COUNT.div_ceil(5)) as u64, "{letters} dead letters");
    let print = ["--formatter-property", "print.headers=true"];
    // Traces end in a line feed, so a letter is a line of headers and one of its value.
    let lines = kafka.consume_with("picky-tolerant-dlq", letters as usize, &print).unwrap();
    let lines: HashSet<&str> = lines.iter().map(String::as_str).collect();
    let headers: Vec<&str> = lines.iter().copied().filter(|line| line.contains("stage:TASK_PUT")).collect();
    for number in (0..COUNT).filter(|number| number % 3 == 0 || number % 5 == 0) {
        let (offset, value) = (format!("__connect.errors.offset:{number},"), format!("\t{number}"));
        assert!(headers.iter().any(|line| line.contains(&offset)), "{number} is no dead letter");
        assert!(lines.contains(&*value), "the dead letter {number} has other bytes");
    }
    assert!(headers[0].contains("org.apache.kafka.connect.sink.SinkTask"), "{}", headers[0]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tolerance_a_refused_record_ends_the_task_and_is_a_dead_letter() {
    fill("picky-strict", 10);
    let stage = Stage::start("picky-strict", Picky::ByNumber, &[]);
    eventually("the end of the task", || stage.failure().is_some());
    let trace = stage.failure().unwrap();
    assert!(trace.starts_with("Tolerance exceeded in error handler: TASK_PUT"), "{trace}");
    assert!(trace.contains("offset 0 of `picky-strict`-0") && trace.contains("one of 3"), "{trace}");
    assert_eq!(Kafka::shared().consume("picky-strict-dlq", 1).unwrap(), ["0"]);
    assert_eq!(committed("picky-strict"), 0);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_fails_as_a_whole_ends_the_task_whatever_is_tolerated() {
    fill("picky-whole", 10);
    let stage = Stage::start("picky-whole", Picky::All, &[("errors.tolerance", "all")]);
    eventually("the end of the task", || stage.failure().is_some());
    let trace = stage.failure().unwrap();
    assert!(trace.starts_with("Exiting WorkerSinkTask due to unrecoverable exception"), "{trace}");
    assert!(trace.contains("not these"), "{trace}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_much_is_kept_for_dead_letters_and_then_a_commit_lets_it_go() {
    const COUNT: usize = 100;
    let line = "x".repeat(500_000);
    Kafka::shared().produce("picky-large", &[&*line; COUNT]).unwrap();
    // No commit comes by itself within the time of this test.
    let stage = Stage::start_with("3600000", "picky-large", Picky::ByNumber, &[("errors.tolerance", "all")]);
    eventually("a commit before its time", || committed("picky-large") > 0);
    assert_eq!(stage.failure(), None);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_commits_nothing_that_is_no_dead_letter_yet() {
    const COUNT: usize = 1_000;
    fill("picky-stopped", COUNT);
    let gate = Arc::new(Gate::default());
    // There is room for a part of the dead letters only, so that the others wait for Kafka.
    let keys = [("errors.tolerance", "all"), ("producer.override.buffer.memory", "65536")];
    let mut stage = Stage::start_with("3600000", "picky-stopped", Picky::Each(gate.clone()), &keys);
    eventually("a put", || gate.reached.load(Ordering::Acquire));
    stage.task.stop();
    gate.open.notify_one();
    stage.task.stopped().await;
    assert_eq!(stage.failure(), None);
    let letters: u64 = Kafka::shared().end_offsets("picky-stopped-dlq").unwrap().iter().sum();
    let committed = committed("picky-stopped");
    assert!(letters >= committed, "{committed} records are committed and {letters} are dead letters");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tolerance_the_first_bad_record_counts_whatever_refuses_it() {
    Kafka::shared().produce("picky-first", &["good", "refused", "bad"]).unwrap();
    let keys = [("transforms", "r"), ("transforms.r.type", REFUSE)];
    let stage = Stage::start("picky-first", Picky::Nothing, &keys);
    eventually("the end of the task", || stage.failure().is_some());
    let trace = stage.failure().unwrap();
    assert!(trace.contains("TRANSFORMATION") && trace.contains("offset 1 of `picky-first`-0"), "{trace}");
    assert_eq!(Kafka::shared().end_offsets("picky-first-dlq").unwrap(), [1]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_without_end_holds_up_no_stop_and_commits_nothing() {
    Kafka::shared().produce("picky-endless", &["good", "later", "good"]).unwrap();
    let stage = Stage::start("picky-endless", Picky::Nothing, &[("errors.retry.timeout", "-1")]);
    eventually("an attempt", || ATTEMPTS.load(Ordering::Relaxed) > 0);
    stage.stop().await;
    assert!(committed("picky-endless") <= 1, "what was not converted comes again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_target_takes_nothing_can_be_paused() {
    fill("picky-paused", 10);
    let stage = Stage::start("picky-paused", Picky::Later, &[]);
    let reported = |wanted: &TaskEvent| stage.reports.lock().unwrap().contains(wanted);
    eventually("a record", || reported(&TaskEvent::Topic("picky-paused".into())));
    stage.task.set_target(TargetState::Paused);
    eventually("the pause", || reported(&TaskEvent::Paused));
    stage.reports.lock().unwrap().clear();
    stage.task.set_target(TargetState::Started);
    eventually("the end of the pause", || reported(&TaskEvent::Running));
    stage.stop().await;
}

/// More than two puts hold.
const MANY: usize = 25_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_ahead_of_a_put_that_is_tried_again_comes_behind_it() {
    fill("picky-again", MANY);
    let slow = Slow::new(Wish::Retry);
    let stage = Stage::start("picky-again", Picky::Slow(slow.clone()), &[]);
    eventually("all records", || slow.taken.lock().unwrap().len() >= MANY);
    assert!(slow.taken.lock().unwrap().iter().copied().eq(0..MANY as i64), "each once and in order");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_ahead_of_a_partition_that_the_task_pauses_waits_until_it_is_resumed() {
    fill("picky-halted", MANY);
    let slow = Slow::new(Wish::Pause);
    let stage = Stage::start("picky-halted", Picky::Slow(slow.clone()), &[]);
    eventually("the first records", || slow.context.get().is_some());
    let before = slow.taken.lock().unwrap().len();
    eventually("a commit of them", || committed("picky-halted") == before as u64);
    assert_eq!(slow.taken.lock().unwrap().len(), before, "nothing more comes");
    let halted = TopicPartition { topic: "picky-halted".into(), partition: 0 };
    slow.context.get().unwrap().resume(&[halted]);
    eventually("all records", || slow.taken.lock().unwrap().len() >= MANY);
    assert!(slow.taken.lock().unwrap().iter().copied().eq(0..MANY as i64), "each once and in order");
    stage.stop().await;
}
