//! Keeps many consumers in one process that have nothing to read, and says what that costs.
//!
//! `cargo run --release -p ferroduct-kafka --example idle -- BOOTSTRAP TOPIC CONSUMERS SECONDS`

use std::{collections::BTreeMap, fs, time::Duration};

use kafka::{Client, Consumer, Subscription, config, consumer::Event};
use tokio::task::JoinSet;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, topic, consumers, seconds] = &arguments[..] else {
        return Err("usage: idle BOOTSTRAP TOPIC CONSUMERS SECONDS".into());
    };
    let (consumers, seconds): (usize, u64) = (consumers.parse()?, seconds.parse()?);
    let properties = BTreeMap::from([("bootstrap.servers".to_owned(), bootstrap.clone())]);
    let parsed = config::consumer(&properties)?;
    let client = Client::new(parsed.client);
    let mut idle = JoinSet::new();
    for index in 0..consumers {
        let mut options = parsed.options.clone();
        options.group_id = format!("idle-{}-{index}", std::process::id()).into();
        let subscription = Subscription::Topics(vec![topic.as_str().into()]);
        let mut consumer = Consumer::new(client.clone(), options, subscription)?;
        while !matches!(consumer.next().await?, Event::Assigned(_)) {}
        idle.spawn(async move { consumer.next().await });
    }
    println!("{consumers} consumers have their partitions: {}", status());
    let cpu = cpu_seconds();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let share = 100.0 * (cpu_seconds() - cpu) / seconds as f64;
    println!("idle for {seconds} s: {share:.2} % of a core, {}", status());
    Ok(())
}

/// CPU seconds of this process so far, from the kernel's ticks of a hundredth.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |index| after_name.split_whitespace().nth(index).and_then(|ticks| ticks.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

/// Memory and threads as the kernel counts them.
fn status() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let wanted = ["VmRSS", "VmHWM", "Threads"];
    let lines = status.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
