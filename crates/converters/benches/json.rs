//! What a batch costs in `JsonConverter`: `cargo bench -p ferroduct-converters`.
//!
//! Batches of 500 structs of ten fields, together 100 bytes of data, and of 500 strings of 100 bytes, with schemas or
//! without: the item of the figures is a record. The fastest round counts, since whatever else the machine does only
//! adds to it.

use std::sync::Arc;

use api::{Converter, Registry, Role, Schema, Type, Value};
use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;

const BATCH: usize = 500;

fn main() {
    divan::main();
}

/// What is written and read.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Row,
    Line,
}

impl Shape {
    fn schema(self) -> Arc<Schema> {
        match self {
            Self::Row => row_schema(),
            Self::Line => Schema::of(Type::String).build(),
        }
    }

    fn values(self) -> Vec<Value> {
        let value = match self {
            Self::Row => row,
            Self::Line => line,
        };
        (0..BATCH).map(value).collect()
    }
}

const CASES: [(Shape, bool); 4] =
    [(Shape::Row, false), (Shape::Row, true), (Shape::Line, false), (Shape::Line, true)];

/// A shape, and whether schemas are written.
#[divan::bench(args = CASES.map(Case), sample_count = 1000)]
fn encode(bencher: Bencher<'_, '_>, Case((shape, schemas)): &Case) {
    let (converter, schema, values) = (json(*schemas), shape.schema(), shape.values());
    let mut out = Vec::with_capacity(1 << 20);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        write(&*converter, &schema, &values, &mut out, |_| {});
        out.len()
    });
}

#[divan::bench(args = CASES.map(Case), sample_count = 1000)]
fn decode(bencher: Bencher<'_, '_>, Case((shape, schemas)): &Case) {
    let converter = json(*schemas);
    let (mut out, mut ends) = (Vec::new(), Vec::with_capacity(BATCH));
    write(&*converter, &shape.schema(), &shape.values(), &mut out, |end| ends.push(end));
    let messages = messages(&out, &ends);
    let mut decoder = converter.decoder("topic");
    let mut decoded = Vec::with_capacity(BATCH);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        decoded.clear();
        for message in &messages {
            decoded.push(decoder.decode(Some(message.clone())).expect("it was just written"));
        }
        decoded.len()
    });
}

/// A case with the name that the figures have.
struct Case((Shape, bool));

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let schemas = if self.0.1 { "with schema" } else { "without schema" };
        write!(f, "{:?} {schemas}", self.0.0)
    }
}

fn write(
    converter: &dyn Converter,
    schema: &Arc<Schema>,
    values: &[Value],
    out: &mut Vec<u8>,
    mut end: impl FnMut(usize),
) {
    out.clear();
    let mut encoder = converter.encoder("topic", Some(schema)).expect("the schema can be written");
    for value in values {
        encoder.encode(divan::black_box(value), out).expect("the value fits");
        end(out.len());
    }
}

fn messages(out: &[u8], ends: &[usize]) -> Vec<Bytes> {
    let buffer = Bytes::copy_from_slice(out);
    let starts = std::iter::once(&0).chain(ends);
    starts.zip(ends).map(|(start, end)| buffer.slice(*start..*end)).collect()
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
