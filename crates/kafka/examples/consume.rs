//! Reads a topic through a consumer group as fast as it can and says how fast that was.
//!
//! `cargo run --release -p ferroduct-kafka --example consume -- BOOTSTRAP TOPIC RECORDS [GROUP] [KEY=VALUE …]`

use std::{collections::BTreeMap, fs, time::Instant};

use kafka::{Client, Consumer, Subscription, config, consumer::Event};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, topic, wanted, rest @ ..] = &arguments[..] else {
        return Err("usage: consume BOOTSTRAP TOPIC RECORDS [GROUP] [KEY=VALUE …]".into());
    };
    let wanted: u64 = wanted.parse()?;
    let group = rest.first().cloned().unwrap_or_else(|| format!("consume-{}", std::process::id()));
    let mut properties = BTreeMap::from([
        ("bootstrap.servers".to_owned(), bootstrap.clone()),
        ("group.id".to_owned(), group),
        ("auto.offset.reset".to_owned(), "earliest".to_owned()),
    ]);
    let extra = rest.iter().skip(1).filter_map(|pair| pair.split_once('='));
    properties.extend(extra.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let parsed = config::consumer(&properties)?;
    let client = Client::new(parsed.client);
    let subscription = Subscription::Topics(vec![topic.as_str().into()]);
    let mut consumer = Consumer::new(client, parsed.options, subscription)?;
    read(&mut consumer, wanted).await?;
    consumer.close(std::time::Duration::from_secs(5)).await;
    Ok(())
}

async fn read(consumer: &mut Consumer, wanted: u64) -> Result<(), kafka::Error> {
    let (mut begin, mut cpu) = (Instant::now(), cpu_seconds());
    let (mut records, mut bytes) = (0u64, 0u64);
    while records < wanted {
        match consumer.next().await? {
            Event::Assigned(partitions) => {
                println!("assigned {partitions:?}");
                (begin, cpu) = (Instant::now(), cpu_seconds());
            }
            Event::Revoked(_) => consumer.acknowledge_revoked().await,
            Event::Records(batch) => {
                for record in batch.records() {
                    records += 1;
                    bytes += record.value.map_or(0, |value| value.len() as u64);
                }
            }
            _ => {}
        }
    }
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let millions = records as f64 / 1e6;
    println!(
        "{records} records, {bytes} bytes in {seconds:.3} s: {:.2} M/s, {:.3} CPU-s per million, peak {}",
        millions / seconds,
        cpu / millions,
        peak_memory(),
    );
    Ok(())
}

/// CPU seconds of this process so far, from the kernel's ticks of a hundredth.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |index| after_name.split_whitespace().nth(index).and_then(|ticks| ticks.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.trim_start_matches("VmHWM:").trim().to_owned()
}
