use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use api::config::{Definition, Problems, Properties};
use api::{
    Batch, ConnectorType, Description, Error, PluginType, Predicate, PredicatePlugin, Record, Registry,
    Result, SourceOffset, SourcePartition, Transform, TransformPlugin, Transformed, Value,
};
use tokio_util::sync::CancellationToken;

use super::super::policy::{Policy, Retry};
use super::{Chain, Changed};

const TENFOLD: &str = "test.Tenfold";
const EVEN: &str = "test.Even";

/// Multiplies by ten; refuses 3, drops 7, asks for as many further attempts at 5 as it was told.
struct Tenfold {
    attempts: Arc<AtomicU32>,
}

impl Transform for Tenfold {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        let records = std::mem::take(&mut batch.records);
        for mut record in records {
            match number(&record) {
                3 => out.reject(&batch, record, Error::reject("three")),
                5 if self.attempts.load(Ordering::Relaxed) > 0 => {
                    self.attempts.fetch_sub(1, Ordering::Relaxed);
                    out.reject(&batch, record, Error::retry("not now"));
                }
                7 => {}
                other => {
                    record.value = Some(Value::Int(other * 10));
                    batch.records.push(record);
                }
            }
        }
        out.push(batch);
    }
}

/// True of even numbers; cannot say it of 9.
struct Even;

impl Predicate for Even {
    fn test(&self, _: &str, record: &Record) -> Result<bool> {
        match number(record) {
            9 => Err(Error::reject("nine")),
            number => Ok(number % 2 == 0),
        }
    }
}

struct Plugin {
    attempts: Arc<AtomicU32>,
}

impl TransformPlugin for Plugin {
    fn description(&self) -> Description {
        Description { class: TENFOLD, version: "1", kind: PluginType::Transformation }
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn configure(&self, properties: &Properties) -> Result<Box<dyn Transform>, Problems> {
        assert_eq!(properties.get("own").map(String::as_str), Some("x"), "prefixes are cut off");
        Ok(Box::new(Tenfold { attempts: self.attempts.clone() }))
    }
}

impl PredicatePlugin for Plugin {
    fn description(&self) -> Description {
        Description { class: EVEN, version: "1", kind: PluginType::Predicate }
    }

    fn definition(&self) -> Definition {
        Definition::default()
    }

    fn configure(&self, properties: &Properties) -> Result<Box<dyn Predicate>, Problems> {
        assert_eq!(properties.get("own").map(String::as_str), Some("y"), "prefixes are cut off");
        Ok(Box::new(Even))
    }
}

fn number(record: &Record) -> i64 {
    match record.value {
        Some(Value::Int(number)) => number,
        _ => panic!("a number"),
    }
}

fn chain(keys: &[(&str, &str)], attempts: u32) -> Chain {
    let plugin = Arc::new(Plugin { attempts: Arc::new(AtomicU32::new(attempts)) });
    let registry =
        Registry { transforms: vec![plugin.clone()], predicates: vec![plugin], ..Registry::default() };
    let common = [
        ("transforms", "t"),
        ("transforms.t.type", TENFOLD),
        ("transforms.t.own", "x"),
        ("predicates.p.type", "Even"),
        ("predicates.p.own", "y"),
    ];
    let keys = common.iter().chain(keys).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Chain::of(&keys.collect(), &registry, ConnectorType::Source).expect("a chain")
}

fn batch(numbers: impl IntoIterator<Item = i64>) -> Batch {
    let record = |(offset, number)| Record { value: Some(Value::Int(number)), offset, ..Record::default() };
    let records = (0..).zip(numbers).map(record).collect();
    let positions = vec![(Arc::new(SourcePartition::of("file", "a")), SourceOffset::of("position", 1))];
    Batch { records, positions, ..Batch::new("topic".into()) }
}

fn no_retry() -> Retry {
    Policy::parse(&Properties::new()).expect("a policy").retry
}

async fn run(chain: &mut Chain, batch: Batch, retry: &Retry) -> Changed {
    let stop = CancellationToken::new();
    chain.run(vec![batch], retry, &stop).await.expect("nothing stops it")
}

fn numbers(changed: &Changed) -> Vec<i64> {
    changed.batches.iter().flat_map(|batch| &batch.records).map(number).collect()
}

fn positions(changed: &Changed) -> Vec<usize> {
    changed.batches.iter().map(|batch| batch.positions.len()).collect()
}

#[tokio::test]
async fn a_refused_record_is_left_out_and_named_by_alias_and_class() {
    let changed = run(&mut chain(&[], 0), batch(1..=4), &no_retry()).await;
    assert_eq!(numbers(&changed), [10, 20, 40]);
    let [(refusal, rejected)] = &changed.refused[..] else { panic!("one is refused") };
    assert_eq!(refusal.to_string(), "TRANSFORMATION by transform `t` (`test.Tenfold`)");
    assert_eq!((refusal.error.message(), number(&rejected.record)), ("three", 3));
}

#[tokio::test]
async fn a_predicate_chooses_and_the_order_stays() {
    let predicate = ("transforms.t.predicate", "p");
    let changed = run(&mut chain(&[predicate], 0), batch([1, 2, 4, 5, 6]), &no_retry()).await;
    assert_eq!(numbers(&changed), [1, 20, 40, 5, 60]);
    let negate = ("transforms.t.negate", "true");
    let changed = run(&mut chain(&[predicate, negate], 0), batch([1, 2, 4, 5, 6]), &no_retry()).await;
    assert_eq!(numbers(&changed), [10, 2, 4, 50, 6]);
    assert_eq!(positions(&changed), [1], "runs of one topic and schema are one batch again");
}

#[tokio::test]
async fn a_record_that_a_predicate_cannot_judge_is_refused() {
    let changed =
        run(&mut chain(&[("transforms.t.predicate", "p")], 0), batch([8, 9, 9, 1]), &no_retry()).await;
    assert_eq!(numbers(&changed), [80, 1]);
    assert_eq!(changed.refused.len(), 2);
    assert_eq!(changed.refused[0].0.error.message(), "nine");
}

#[tokio::test]
async fn positions_go_on_when_no_record_does() {
    for numbers in [vec![7, 7], vec![3], vec![]] {
        let changed = run(&mut chain(&[], 0), batch(numbers.clone()), &no_retry()).await;
        assert_eq!(positions(&changed), [1], "of {numbers:?}");
    }
    let predicate = ("transforms.t.predicate", "p");
    for numbers in [vec![9], vec![9, 9], vec![]] {
        let changed = run(&mut chain(&[predicate], 0), batch(numbers.clone()), &no_retry()).await;
        assert_eq!(positions(&changed), [1], "of {numbers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_tried_again_keeps_its_place() {
    let keys = Properties::from([("errors.retry.timeout".to_owned(), "-1".to_owned())]);
    let retry = Policy::parse(&keys).expect("a policy").retry;
    for (input, expected) in [
        (vec![1, 5, 2], vec![10, 50, 20]),
        (vec![5, 1], vec![50, 10]),
        (vec![1, 5], vec![10, 50]),
        (vec![5], vec![50]),
        (vec![5, 5, 1, 5], vec![50, 50, 10, 50]),
    ] {
        let changed = run(&mut chain(&[], 4), batch(input.clone()), &retry).await;
        assert_eq!(numbers(&changed), expected, "of {input:?}");
        assert_eq!(positions(&changed).iter().sum::<usize>(), 1);
        assert_eq!(positions(&changed).last(), Some(&1), "positions are behind all records");
        assert!(changed.refused.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_time_is_up_is_refused_and_a_stop_gives_everything_back() {
    let keys = Properties::from([("errors.retry.timeout".to_owned(), "1000".to_owned())]);
    let retry = Policy::parse(&keys).expect("a policy").retry;
    let changed = run(&mut chain(&[], 1_000), batch([1, 5, 2]), &retry).await;
    assert_eq!(numbers(&changed), [10, 20]);
    assert_eq!(changed.refused[0].0.error.message(), "not now");
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(chain(&[], 1_000).run(vec![batch([1, 5])], &retry, &stop).await.is_none());
}

#[test]
fn a_class_that_is_not_there_is_told() {
    let keys = [("transforms", "t"), ("transforms.t.type", "test.Other")];
    let keys = keys.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let error = Chain::of(&keys, &Registry::default(), ConnectorType::Sink).err().expect("no such class");
    assert!(error.to_string().contains("test.Other"), "{error}");
}
