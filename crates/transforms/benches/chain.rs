//! What a batch costs in transforms, alone and in a chain of five: `cargo bench -p ferroduct-transforms`.
//!
//! Batches of 500 structs of ten fields, together 100 bytes of data: the item of the figures is a record. The fastest
//! round counts, since whatever else the machine does only adds to it. Making the batches is not part of it, nor is
//! dropping what comes out.

use std::sync::Arc;

use api::config::Properties;
use api::{Batch, ConnectorType, Record, Registry, Schema, Transform, Transformed, Type, Value};
use divan::Bencher;
use divan::counter::ItemsCount;

const BATCH: usize = 500;

const CHAIN: [(&str, &str); 5] = [
    ("InsertField$Value", "static.field=origin static.value=crm topic.field=topic"),
    ("ReplaceField$Value", "exclude=note renames=city:town"),
    ("Cast$Value", "spec=age:int64"),
    ("MaskField$Value", "fields=email"),
    ("RegexRouter", "regex=(.*) replacement=out-$1"),
];

fn main() {
    divan::main();
}

#[divan::bench(args = [0, 1, 2, 3, 4], sample_count = 1000)]
fn one_of_the_chain(bencher: Bencher<'_, '_>, place: usize) {
    run(bencher, &CHAIN[place..=place]);
}

#[divan::bench(sample_count = 1000)]
fn chain_of_five(bencher: Bencher<'_, '_>) {
    run(bencher, &CHAIN);
}

fn run(bencher: Bencher<'_, '_>, classes: &[(&str, &str)]) {
    let mut chain: Vec<Box<dyn Transform>> =
        classes.iter().map(|(class, config)| transform(class, config)).collect();
    let batch = batch();
    let bencher = bencher.with_inputs(|| vec![batch.clone()]).counter(ItemsCount::new(BATCH));
    bencher.bench_local_values(|mut batches| {
        for transform in &mut chain {
            let mut out = Transformed::default();
            for batch in batches {
                transform.apply(batch, ConnectorType::Sink, &mut out);
            }
            assert!(out.rejected.is_empty());
            batches = out.batches;
        }
        batches
    });
}

fn transform(class: &str, config: &str) -> Box<dyn Transform> {
    let mut registry = Registry::default();
    transforms::register(&mut registry);
    let properties: Properties = config
        .split(' ')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let plugin = registry.transforms.iter().find(|plugin| plugin.description().class.ends_with(class));
    plugin.expect("it is registered").configure(&properties).expect("the configuration is right")
}

fn batch() -> Batch {
    let of = |kind| Schema::of(kind).build();
    let optional = |kind| Schema::of(kind).optional().build();
    let schema = Schema::structure()
        .name("row")
        .field("id", of(Type::Int64))
        .field("name", of(Type::String))
        .field("email", optional(Type::String))
        .field("age", optional(Type::Int32))
        .field("active", of(Type::Boolean))
        .field("score", of(Type::Float64))
        .field("city", optional(Type::String))
        .field("country", of(Type::String))
        .field("updated", of(Type::Int64))
        .field("note", optional(Type::String))
        .build();
    let record = |place: usize| Record {
        value: Some(row(place)),
        timestamp_ms: Some(1_760_000_000_000 + place as i64),
        partition: Some(0),
        offset: place as i64,
        ..Record::default()
    };
    Batch {
        value_schema: Some(Arc::clone(&schema)),
        records: (0..BATCH).map(record).collect(),
        ..Batch::new("rows".into())
    }
}

fn row(index: usize) -> Value {
    let text = |text: &str| Value::Text(text.to_owned().into());
    let values = [
        Value::Int(1_000_000 + index as i64),
        text("Ann Ashburner"),
        text("ann.ashburner@example.com"),
        Value::Int(42),
        Value::Bool(true),
        Value::Float(index as f64 / 8.0 + 0.1),
        text("Reykjavik"),
        text("IS"),
        Value::Int(1_760_000_000_000 + index as i64),
        text("called twice, will answer soon"),
    ];
    Value::Struct(values.into())
}
