//! First loads that several tasks share, with everybody killed at any moment.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use api::config::Properties;
use api::{Batch, OffsetReader, Result, SourceContext, SourceOffset, SourcePartition, SourceTask, Value};
use async_trait::async_trait;
use parking_lot::Mutex;
use testkit::database::Database;

use super::{Committed, Flavour, Settings, database, properties, read_all, split};
use crate::jdbc::source::offset;
use crate::jdbc::source::task::Task;

/// The offsets that are committed, which every task sees.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<HashMap<SourcePartition, SourceOffset>>>);

#[async_trait]
impl OffsetReader for Store {
    async fn offset(&self, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        Ok(self.0.lock().get(partition).cloned())
    }
}

impl Store {
    /// How far Java's connector would take the table as read.
    fn reached(&self) -> i64 {
        let table = [("protocol".to_owned(), "1".into()), ("table".to_owned(), "public.t".into())];
        let partition = SourcePartition(serde_json::Map::from_iter(table));
        self.0.lock().get(&partition).map_or(-1, |stored| offset::Offset::of(stored).last())
    }
}

/// A task, and the batches of it that are not in Kafka yet.
struct Running {
    task: Task,
    under_way: VecDeque<Batch>,
}

async fn start(properties: &Properties, tasks_max: usize, store: &Store) -> Vec<Running> {
    let mut running = Vec::new();
    for properties in split(properties, tasks_max).await.unwrap() {
        let settings = Settings::read(&properties, Flavour::Confluent).unwrap();
        let context = SourceContext { offsets: Arc::new(store.clone()) };
        let task = Task::start(&properties, settings, context).await.unwrap();
        running.push(Running { task, under_way: VecDeque::new() });
    }
    running
}

/// What is in Kafka: the ids of all records, and how many there are.
#[derive(Default)]
struct Arrived {
    ids: BTreeSet<i64>,
    count: usize,
}

impl Arrived {
    /// Has the oldest batch of a task arrive, and commits its positions.
    fn take(&mut self, running: &mut Running, store: &Store) {
        let Some(batch) = running.under_way.pop_front() else { return };
        for record in &batch.records {
            let Some(Value::Struct(values)) = &record.value else { panic!("a row is a struct") };
            let Value::Int(id) = values[0] else { panic!("an id is a number") };
            self.ids.insert(id);
            self.count += 1;
        }
        let positions = batch.positions.into_iter();
        store.0.lock().extend(positions.map(|(partition, offset)| ((*partition).clone(), offset)));
    }
}

/// One poll, unless there is nothing left to do.
async fn poll(running: &mut Running) {
    if running.task.busy() {
        running.under_way.extend(running.task.poll().await.unwrap());
    }
}

/// Numbers that look like chance and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn ids(database: &Database) -> BTreeSet<i64> {
    let rows = database.query("SELECT id FROM t").unwrap();
    rows.into_iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect()
}

fn table(rows: u32) -> Database {
    let database = database();
    // With gaps, some of them larger than a range.
    let insert = format!(
        "CREATE TABLE t (id bigint PRIMARY KEY, v text); \
         INSERT INTO t SELECT g * 3 + CASE WHEN g > {rows} / 2 THEN 1000 ELSE 0 END, 'v' FROM generate_series(1, {rows}) g"
    );
    database.execute(&insert).unwrap();
    database
}

fn config(database: &Database) -> Properties {
    let entries = [
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("batch.max.rows", "40"),
        ("initial.load.range", "100"),
        ("poll.interval.ms", "5"),
    ];
    properties(database, &entries)
}

#[tokio::test]
async fn every_row_arrives_however_often_the_tasks_of_a_shared_load_are_killed() {
    let database = table(2000);
    let config = config(&database);
    let there = ids(&database);
    let (store, mut arrived, mut chance) = (Store::default(), Arrived::default(), Chance(7));
    // Other numbers of tasks, too: ranges belong to nobody for good.
    for tasks_max in [3, 3, 4, 2, 5] {
        let mut running = start(&config, tasks_max, &store).await;
        assert_eq!(running.len(), tasks_max);
        for _ in 0..60 {
            let which = usize::try_from(chance.below(tasks_max as u64)).unwrap();
            poll(&mut running[which]).await;
            if chance.below(4) > 0 {
                arrived.take(&mut running[which], &store);
            }
            let given_back = store.reached();
            let lost = there.range(..=given_back).find(|id| !arrived.ids.contains(id));
            assert_eq!(lost, None, "Java would read on behind {given_back}");
        }
        // What is under way is lost with its task.
    }
    let mut running = start(&config, 3, &store).await;
    database.execute("INSERT INTO t VALUES (100000, 'late')").unwrap();
    let wanted = ids(&database);
    while !wanted.is_subset(&arrived.ids) || store.reached() < 100_000 {
        for running in &mut running {
            poll(running).await;
            arrived.take(running, &store);
        }
    }
    assert_eq!(arrived.ids, wanted);
    // Alone, without ranges, there is nothing left to read.
    let mut alone = config.clone();
    alone.insert("initial.load.range".into(), "0".into());
    alone.insert("poll.interval.ms".into(), "3600000".into());
    let committed = Committed(store.0.lock().clone());
    assert_eq!(read_all(&alone, committed).await.unwrap().values.len(), 0);
}

#[tokio::test]
async fn a_shared_load_that_nobody_disturbs_reads_each_row_once() {
    let database = table(1500);
    let config = config(&database);
    let (store, mut arrived) = (Store::default(), Arrived::default());
    let mut running = start(&config, 4, &store).await;
    let mut shares = vec![0; running.len()];
    let wanted = ids(&database);
    while store.reached() < *wanted.last().unwrap() {
        for (running, share) in running.iter_mut().zip(&mut shares) {
            let before = arrived.count;
            poll(running).await;
            arrived.take(running, &store);
            *share += arrived.count - before;
        }
    }
    assert_eq!((arrived.count, arrived.ids), (wanted.len(), wanted));
    assert!(shares.iter().all(|share| *share > 100), "all tasks read: {shares:?}");
}

#[tokio::test]
async fn a_table_with_an_offset_is_read_on_from_there_by_one_task() {
    let database = table(500);
    let (store, mut arrived) = (Store::default(), Arrived::default());
    let table = [("table".to_owned(), "t".into())];
    let offset = [("incrementing".to_owned(), 1500.into())];
    // As an early version of Java's connector wrote it.
    store.0.lock().insert(
        SourcePartition(serde_json::Map::from_iter(table)),
        SourceOffset(serde_json::Map::from_iter(offset)),
    );
    let mut running = start(&config(&database), 3, &store).await;
    let wanted: BTreeSet<i64> = ids(&database).into_iter().filter(|id| *id > 1500).collect();
    while store.reached() < *wanted.last().unwrap() {
        for running in &mut running {
            poll(running).await;
            arrived.take(running, &store);
        }
    }
    assert_eq!((arrived.count, arrived.ids), (wanted.len(), wanted));
}
