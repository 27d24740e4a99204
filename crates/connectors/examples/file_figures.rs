//! Figures of the file connectors alone: no Kafka, no converter.
//!
//! `cargo run --release -p ferroduct-connectors --example file_figures [MILLIONS] [LINE_BYTES] [SOURCES]`

use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::config::Properties;
use api::{
    Batch, OffsetReader, Offsets, Record, Registry, SinkContext, SourceContext, SourceOffset,
    SourcePartition, SourceTask, TopicPartition,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

struct NoOffsets;

#[async_trait::async_trait]
impl OffsetReader for NoOffsets {
    async fn offset(&self, _partition: &SourcePartition) -> api::Result<Option<SourceOffset>> {
        Ok(None)
    }
}

struct NoContext;

impl SinkContext for NoContext {
    fn seek(&self, _offsets: Offsets) {}
    fn pause(&self, _partitions: &[TopicPartition]) {}
    fn resume(&self, _partitions: &[TopicPartition]) {}
    fn request_commit(&self) {}
    fn reject(&self, _batch: &Batch, _record: &Record, error: api::Error) -> api::Result<()> {
        Err(error)
    }
}

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (millions, line_bytes, sources) = (number(5)?, number(100)?, number(200)?);
    let directory = tempfile::tempdir()?;
    let input = directory.path().join("input.txt");
    write_lines(&input, millions * 1_000_000, line_bytes)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        for batch_size in ["2000", "16384"] {
            source(&input, millions, batch_size).await?;
        }
        sink(&input, &directory.path().join("output.txt"), millions).await?;
        idle(directory.path(), sources).await
    })
}

fn write_lines(path: &Path, count: usize, line_bytes: usize) -> Outcome {
    let mut out = BufWriter::new(fs::File::create(path)?);
    for number in 0..count {
        writeln!(out, "{number:0>width$}", width = line_bytes.saturating_sub(1))?;
    }
    Ok(out.flush()?)
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    connectors::register(&mut registry);
    registry
}

async fn source_task(file: &Path, batch_size: &str) -> Outcome<Box<dyn SourceTask>> {
    let registry = registry();
    Ok(start_source(&registry, file, batch_size).await?)
}

async fn start_source(
    registry: &Registry,
    file: &Path,
    batch_size: &str,
) -> api::Result<Box<dyn SourceTask>> {
    let properties =
        properties(&[("file", &file.display().to_string()), ("topic", "lines"), ("batch.size", batch_size)]);
    let context = SourceContext { offsets: Arc::new(NoOffsets) };
    registry.sources[0].task(&properties, context).await
}

fn properties(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn source(input: &Path, millions: usize, batch_size: &str) -> Outcome {
    let mut task = source_task(input, batch_size).await?;
    let clock = Clock::start()?;
    let mut count = 0;
    while count < millions * 1_000_000 {
        for batch in task.poll().await? {
            count += batch.records.len();
        }
    }
    clock.report(&format!("source, batch.size {batch_size}"), millions)
}

async fn sink(input: &Path, output: &Path, millions: usize) -> Outcome {
    let mut source = source_task(input, "16384").await?;
    let registry = registry();
    let file = output.display().to_string();
    let mut sink = registry.sinks[0].task(&properties(&[("file", &file)]), Arc::new(NoContext)).await?;
    // As many bytes in a put as a fetch brings, the same ones over and over.
    let mut batches: Vec<Batch> = Vec::new();
    let mut records = 0;
    while records < 40_000 {
        let more = source.poll().await?;
        records += more.iter().map(|batch| batch.records.len()).sum::<usize>();
        batches.extend(more);
    }
    let clock = Clock::start()?;
    let mut count = 0;
    while count < millions * 1_000_000 {
        sink.put(&batches).await?;
        count += records;
    }
    clock.report("sink, put", millions)?;
    let clock = Clock::start()?;
    sink.pre_commit(&Offsets::new()).await?;
    clock.report("sink, made durable at the end", millions)
}

async fn idle(directory: &Path, sources: usize) -> Outcome {
    if sources == 0 {
        return Ok(());
    }
    let registry = registry();
    let before = resident_kib()?;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..sources {
        let file = directory.join(format!("idle-{number}.txt"));
        fs::write(&file, "one line\nand a part")?;
        let mut task = start_source(&registry, &file, "2000").await?;
        tasks.spawn(async move {
            loop {
                task.poll().await.expect("the file is there");
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let clock = Clock::start()?;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (wall, cpu) = clock.read()?;
    println!(
        "{sources} sources idle: {:.2} % of a core, {} KiB more, {} threads",
        100.0 * (cpu.user + cpu.kernel) / wall,
        resident_kib()? - before,
        status("Threads:")?
    );
    Ok(())
}

struct Clock {
    wall: Instant,
    cpu: Cpu,
}

/// Seconds of the processor.
#[derive(Clone, Copy)]
struct Cpu {
    user: f64,
    kernel: f64,
}

impl Clock {
    fn start() -> Outcome<Self> {
        Ok(Self { wall: Instant::now(), cpu: cpu()? })
    }

    fn read(&self) -> Outcome<(f64, Cpu)> {
        let now = cpu()?;
        let cpu = Cpu { user: now.user - self.cpu.user, kernel: now.kernel - self.cpu.kernel };
        Ok((self.wall.elapsed().as_secs_f64(), cpu))
    }

    fn report(&self, what: &str, millions: usize) -> Outcome {
        let (wall, cpu) = self.read()?;
        let millions = millions as f64;
        println!(
            "{what}: {:.2} M/s, CPU-s per million {:.3} (user {:.3}, kernel {:.3})",
            millions / wall,
            (cpu.user + cpu.kernel) / millions,
            cpu.user / millions,
            cpu.kernel / millions
        );
        Ok(())
    }
}

/// What the process used, in clock ticks of 10 ms.
fn cpu() -> Outcome<Cpu> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    Ok(Cpu { user: fields[11].parse::<f64>()? / 100.0, kernel: fields[12].parse::<f64>()? / 100.0 })
}

fn resident_kib() -> Outcome<i64> {
    status("VmRSS:")
}

fn status(field: &str) -> Outcome<i64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(field)).ok_or("no such field")?;
    Ok(line.split_whitespace().nth(1).ok_or("no value")?.parse()?)
}
