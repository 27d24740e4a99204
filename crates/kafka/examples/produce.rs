//! Measures how fast record batches are built and written.
//!
//! `cargo run --release -p ferroduct-kafka --example produce -- HOST:PORT TOPIC RECORDS [BYTES] [KEY=VALUE …]`
//!
//! Any key of a Kafka producer may follow, for example `compression.type=lz4`. The topic has to exist; records of
//! `BYTES` bytes (100) go to its partitions in turn, batch by batch of `max.request.size`.

use std::{
    collections::{BTreeMap, VecDeque},
    env,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use kafka::{BatchBuilder, Client, Delivery, Error, Producer, ProducerOptions, RecordBatch, config};

/// Deliveries that are waited for at the end only; `buffer.memory` bounds the bytes.
const DELIVERIES_MAX: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().ok_or(what);
    let (bootstrap, topic) = (next("HOST:PORT is missing")?, next("TOPIC is missing")?);
    let records: u64 = next("RECORDS is missing")?.parse()?;
    let bytes: usize = next("").map_or(Ok(100), |word| word.parse())?;
    let mut properties = BTreeMap::from([("bootstrap.servers".to_owned(), bootstrap)]);
    for option in arguments {
        let (key, value) = option.split_once('=').ok_or("expected KEY=VALUE")?;
        properties.insert(key.to_owned(), value.to_owned());
    }
    let parsed = config::producer(&properties)?;
    let producer = Producer::new(Client::new(parsed.client), parsed.options);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    write(&producer, &topic.into(), records, bytes).await?;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let millions = records as f64 / 1e6;
    println!("{:.2} M records/s, {:.3} CPU-s per M, {seconds:.2} s", millions / seconds, cpu / millions);
    Ok(())
}

async fn write(producer: &Producer, topic: &Arc<str>, records: u64, bytes: usize) -> Result<(), Error> {
    let partitions = producer.partitions(topic, false).await?;
    let value = vec![b'x'; bytes];
    let (mut written, mut partition) = (0, 0);
    let mut deliveries: VecDeque<Delivery> = VecDeque::new();
    while written < records {
        let batch = build(producer.options(), &value, records - written)?;
        written += batch.records() as u64;
        deliveries.push_back(producer.send(topic, partition, batch).await?);
        partition = (partition + 1) % partitions;
        if deliveries.len() > DELIVERIES_MAX
            && let Some(delivery) = deliveries.pop_front()
        {
            delivery.await?;
        }
    }
    for delivery in deliveries {
        delivery.await?;
    }
    Ok(())
}

fn build(options: &ProducerOptions, value: &[u8], records: u64) -> Result<RecordBatch, Error> {
    let size = options.max_request_size.min(1_000_000);
    let timestamp_ms =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let mut builder = BatchBuilder::new(size);
    while u64::from(builder.records() as u32) < records
        && (builder.records() == 0 || builder.size_with(None, Some(value.len()), &[]) <= size)
    {
        builder.append(timestamp_ms, None, Some(value), &[]);
    }
    Ok(builder.finish(options.compression)?.expect("there is at least one record"))
}

/// User and system time of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    fields.iter().sum::<f64>() / 100.0
}
