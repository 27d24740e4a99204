//! What a record costs in a chain of five transforms: `cargo bench -p ferroduct-transforms`.
//!
//! Batches of 500 structs of ten fields, together 100 bytes of data; the best of many rounds, since whatever else the
//! machine does only adds to it. Making the batches is not part of it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::config::Properties;
use api::{Batch, ConnectorType, Record, Registry, Schema, Transform, Transformed, Type, Value};

const BATCH: usize = 500;
const ROUNDS: usize = 2000;

fn main() {
    let chain = [
        ("InsertField$Value", "static.field=origin static.value=crm topic.field=topic"),
        ("ReplaceField$Value", "exclude=note renames=city:town"),
        ("Cast$Value", "spec=age:int64"),
        ("MaskField$Value", "fields=email"),
        ("RegexRouter", "regex=(.*) replacement=out-$1"),
    ];
    let batch = batch();
    for (class, config) in chain {
        run(class, &[(class, config)], &batch);
    }
    run("chain of five", &chain, &batch);
}

fn run(name: &str, classes: &[(&str, &str)], batch: &Batch) {
    let mut chain: Vec<Box<dyn Transform>> =
        classes.iter().map(|(class, config)| transform(class, config)).collect();
    let taken = (0..ROUNDS).map(|_| {
        let mut batches = vec![batch.clone()];
        let start = Instant::now();
        for transform in &mut chain {
            let mut out = Transformed::default();
            for batch in batches {
                transform.apply(batch, ConnectorType::Sink, &mut out);
            }
            assert!(out.rejected.is_empty());
            batches = out.batches;
        }
        let taken = start.elapsed();
        assert_eq!(black_box(batches).len(), 1);
        taken
    });
    let best = taken.min().unwrap_or(Duration::ZERO);
    println!("{name}: {:.3} us per record", best.as_secs_f64() * 1e6 / BATCH as f64);
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
