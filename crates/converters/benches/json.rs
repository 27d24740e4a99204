//! What a record costs: `cargo bench -p ferroduct-converters`.
//!
//! Batches of 500 structs of ten fields, together 100 bytes of data, and of 500 strings of 100 bytes; the best of
//! many rounds, since whatever else the machine does only adds to it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Converter, Registry, Role, Schema, Type, Value};
use bytes::Bytes;

const BATCH: usize = 500;
const ROUNDS: usize = 2000;

fn main() {
    for schemas in [false, true] {
        let name = if schemas { "with schema" } else { "without schema" };
        run(&format!("struct, {name}"), schemas, &row_schema(), row);
        run(&format!("string, {name}"), schemas, &Schema::of(Type::String).build(), line);
    }
}

fn run(name: &str, schemas: bool, schema: &Arc<Schema>, value: fn(usize) -> Value) {
    if std::env::args().skip(1).any(|filter| !filter.starts_with("--") && !name.contains(&filter)) {
        return;
    }
    let converter = json(schemas);
    let values: Vec<Value> = (0..BATCH).map(value).collect();
    let mut out = Vec::with_capacity(1 << 20);
    let mut ends = Vec::with_capacity(BATCH);
    let encode = best(|| {
        out.clear();
        ends.clear();
        let mut encoder = converter.encoder("topic", Some(schema)).expect("the schema can be written");
        for value in &values {
            encoder.encode(black_box(value), &mut out).expect("the value fits");
            ends.push(out.len());
        }
    });
    let messages = messages(&out, &ends);
    let mut decoder = converter.decoder("topic");
    let mut decoded = Vec::with_capacity(BATCH);
    let decode = best(|| {
        decoded.clear();
        for message in &messages {
            decoded.push(decoder.decode(Some(message.clone())).expect("it was just written"));
        }
    });
    println!("{name}: encode {encode:.3} us, decode {decode:.3} us per record");
}

fn messages(out: &[u8], ends: &[usize]) -> Vec<Bytes> {
    let buffer = Bytes::copy_from_slice(out);
    let starts = std::iter::once(&0).chain(ends);
    starts.zip(ends).map(|(start, end)| buffer.slice(*start..*end)).collect()
}

/// The shortest time of a round, in microseconds per record.
fn best(mut round: impl FnMut()) -> f64 {
    let time = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed()
    });
    time.min().unwrap_or(Duration::ZERO).as_secs_f64() * 1e6 / BATCH as f64
}

fn json(schemas: bool) -> Box<dyn Converter> {
    let mut registry = Registry::default();
    converters::register(&mut registry);
    let plugin = registry.converters.iter().find(|plugin| plugin.description().answers_to("JsonConverter"));
    let properties = [("schemas.enable".to_owned(), schemas.to_string())].into();
    plugin.expect("it is registered").configure(&properties, Role::Value).expect("the configuration is right")
}

fn row_schema() -> Arc<Schema> {
    let of = |kind| Schema::of(kind).build();
    let optional = |kind| Schema::of(kind).optional().build();
    Schema::structure()
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
        .build()
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

fn line(index: usize) -> Value {
    Value::Text(format!("{index:0100}").into())
}
