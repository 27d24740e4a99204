use std::sync::Arc;

use api::{Batch, Record, Schema, Value};
use proptest::prelude::{Strategy, any, proptest};
use proptest::{collection, prop_assert_eq};

use super::{Action, Change, InsertMode, Row, Target, Work, work};
use crate::jdbc::sink::Flavour;
use crate::jdbc::sink::config::Options;
use crate::jdbc::sink::plan::Plan;
use crate::jdbc::sink::writer::{Column, Table};

/// Records of a key and a number, as a batch.
fn batch(records: &[(i64, Option<i64>)]) -> Batch {
    let schema = |name: &str| Schema::structure().field(name, Schema::int64()).build();
    let value = |number: i64| Value::Struct(Box::new([Value::Int(number)]));
    let records = records.iter().map(|(key, number)| Record {
        key: Some(value(*key)),
        value: number.map(value),
        ..Record::default()
    });
    Batch {
        key_schema: Some(schema("k")),
        value_schema: Some(schema("v")),
        records: records.collect(),
        ..Batch::new("t".into())
    }
}

fn target(batch: &Batch) -> Target {
    let entries = [("connection.url", "jdbc:sqlite:x"), ("pk.mode", "record_key"), ("insert.mode", "upsert")];
    let properties = entries.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let options = Options::read(Flavour::Confluent, &properties).unwrap();
    let plan = Plan::of("t", &options, Row { batch, record: &batch.records[0] }).unwrap();
    let column = |name: &str| Column {
        name: name.to_owned(),
        declared: "bigint".to_owned(),
        cast: "bigint".to_owned(),
        code: 20,
        folded: false,
    };
    let table = Table {
        sql: "t".to_owned(),
        shown: "t".to_owned(),
        kind: "TABLE",
        bulk: true,
        columns: plan.fields.iter().map(|field| column(&field.name)).collect(),
    };
    Target { columns: (0..plan.fields.len()).collect(), table: Arc::new(table), plan: Arc::new(plan) }
}

fn changes(batch: &Batch) -> Vec<Change<'_>> {
    let action = |record: &Record| if record.value.is_some() { Action::Write } else { Action::Delete };
    batch.records.iter().map(|record| (Row { batch, record }, action(record))).collect()
}

fn number(value: &Option<Value>) -> i64 {
    match value {
        Some(Value::Struct(fields)) => match fields[0] {
            Value::Int(number) => number,
            _ => panic!("a number"),
        },
        _ => panic!("a struct"),
    }
}

/// A table: the value of each key, and a column that no record names, which is 0 in a new row.
type Rows = std::collections::BTreeMap<i64, (i64, i64)>;

fn upsert(rows: &mut Rows, mode: InsertMode, key: i64, value: i64) {
    match (rows.get_mut(&key), mode) {
        (Some(row), _) => row.0 = value,
        (None, InsertMode::Update) => {}
        (None, _) => drop(rows.insert(key, (value, 0))),
    }
}

fn run(mode: InsertMode, sortable: bool, batch: &Batch, rows: &mut Rows) {
    for work in work(mode, &target(batch), sortable, &changes(batch)) {
        match work {
            Work::Write(written) => {
                for row in written {
                    upsert(rows, mode, number(&row.record.key), number(&row.record.value));
                }
            }
            Work::Delete(deleted) => {
                rows.retain(|key, _| !deleted.iter().any(|row| number(&row.record.key) == *key))
            }
        }
    }
}

fn one_by_one(mode: InsertMode, batch: &Batch, rows: &mut Rows) {
    for record in &batch.records {
        match &record.value {
            None => drop(rows.remove(&number(&record.key))),
            value => upsert(rows, mode, number(&record.key), number(value)),
        }
    }
}

fn records() -> impl Strategy<Value = Vec<(i64, Option<i64>)>> {
    collection::vec((0..6_i64, proptest::option::weighted(0.7, 0..1000_i64)), 1..40)
}

proptest! {
    #[test]
    fn a_table_is_the_same_as_after_one_record_at_a_time(
        records in records(), present in collection::btree_set(0..6_i64, 0..6), sortable in any::<bool>(),
    ) {
        let batch = batch(&records);
        for mode in [InsertMode::Upsert, InsertMode::Update] {
            let before: Rows = present.iter().map(|key| (*key, (-1, 1))).collect();
            let (mut expected, mut rows) = (before.clone(), before);
            one_by_one(mode, &batch, &mut expected);
            run(mode, sortable, &batch, &mut rows);
            prop_assert_eq!(rows, expected);
        }
    }
}

#[test]
fn sorted_rows_have_each_key_once() {
    let batch = batch(&[(3, Some(1)), (1, Some(2)), (3, Some(4)), (2, None), (1, None), (2, Some(5))]);
    let works = work(InsertMode::Upsert, &target(&batch), true, &changes(&batch));
    let keys = |rows: &[Row<'_>]| rows.iter().map(|row| number(&row.record.key)).collect::<Vec<_>>();
    match works.as_slice() {
        [Work::Delete(deleted), Work::Write(written)] => {
            assert_eq!((keys(deleted), keys(written)), (vec![1, 2], vec![2, 3]));
        }
        _ => panic!("a delete and a write"),
    }
}

#[test]
fn inserts_are_neither_moved_nor_left_out() {
    let batch = batch(&[(3, Some(1)), (3, Some(2)), (1, None), (1, Some(2))]);
    let works = work(InsertMode::Insert, &target(&batch), true, &changes(&batch));
    let counts: Vec<usize> = works
        .iter()
        .map(|work| match work {
            Work::Write(rows) | Work::Delete(rows) => rows.len(),
        })
        .collect();
    assert_eq!(counts, [2, 1, 1]);
}
