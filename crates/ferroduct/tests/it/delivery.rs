//! Proof of delivery: nothing is lost and nothing changes its order when processes die, stop or lose each other.
//!
//! A file grows, a source brings its lines to Kafka, a sink brings them back into a file, all in one worker.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Kafka, Worker, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const SETTLE_LIMIT: Duration = Duration::from_secs(600);

/// The line with this number, counted from 0.
fn line(number: u64) -> String {
    format!("line-{number:09}")
}

/// A file with a line more every so often, written by a thread.
struct Growing {
    written: Arc<AtomicU64>,
    writer: JoinHandle<()>,
}

impl Growing {
    /// Writes `lines` lines over about `duration`.
    fn start(path: PathBuf, lines: u64, duration: Duration) -> Self {
        const STEPS: u64 = 500;
        let written = Arc::new(AtomicU64::new(0));
        let counter = written.clone();
        let writer = thread::spawn(move || {
            let mut file = BufWriter::new(File::create(path).expect("the file is created"));
            for step in 0..STEPS {
                for number in lines * step / STEPS..lines * (step + 1) / STEPS {
                    writeln!(file, "{}", line(number)).expect("the file grows");
                }
                file.flush().expect("the file grows");
                counter.store(lines * (step + 1) / STEPS, Ordering::Relaxed);
                thread::sleep(duration / STEPS as u32);
            }
        });
        Self { written, writer }
    }
}

/// What a pipeline works with.
struct Pipeline {
    directory: TempDir,
    topic: &'static str,
    worker: Worker,
}

impl Pipeline {
    fn start(bootstrap: &str, topic: &'static str) -> Self {
        Self::start_with(bootstrap, topic, "45000")
    }

    /// Starts one whose group waits so many milliseconds for a worker that was killed.
    fn start_with(bootstrap: &str, topic: &'static str, session_ms: &str) -> Self {
        let directory = TempDir::new().expect("a directory");
        let path = |name: &str| directory.path().join(name).display().to_string();
        let (source, sink) = (path("in.txt"), path("out.txt"));
        let worker = Worker::ferroduct_standalone(BINARY, bootstrap)
            .property("offset.flush.interval.ms", "200")
            // On a busy machine, too, a stop is one in good order.
            .property("task.shutdown.graceful.timeout.ms", "120000")
            .connector(&[
                ("name", "source"),
                ("connector.class", "FileStreamSource"),
                ("file", &source),
                ("topic", topic),
            ])
            .connector(&[
                ("name", topic),
                ("connector.class", "FileStreamSink"),
                ("file", &sink),
                ("topics", topic),
                ("consumer.override.session.timeout.ms", session_ms),
            ])
            .start()
            .expect("the worker starts");
        Self { directory, topic, worker }
    }

    fn input(&self) -> PathBuf {
        self.directory.path().join("in.txt")
    }

    fn output(&self) -> PathBuf {
        self.directory.path().join("out.txt")
    }

    /// Waits until the last line has arrived, stops the worker, and checks the topic and the sink's file: every
    /// line is there, in order. What was not committed when a process was killed comes again: each kill may send
    /// the source back once, and the sink once.
    fn check(&mut self, kafka: &Kafka, lines: u64, kills: u64) {
        let last = line(lines - 1);
        let output = self.output();
        let arrived =
            wait::until("the last line in the sink's file", SETTLE_LIMIT, Duration::from_millis(200), || {
                Ok(tail(&output, 4096).lines().any(|found| found == last).then_some(()))
            });
        if let Err(error) = arrived {
            panic!("{error:#}; the worker's log:\n{}", self.worker.log());
        }
        // What comes again may still be on its way into the file.
        self.worker.stop().expect("the worker stops");
        let count = kafka.end_offsets(self.topic).expect("the topic").iter().sum::<u64>();
        let topic = kafka.consume(self.topic, count as usize).expect("the topic's records");
        let topic: Vec<u64> =
            topic.iter().map(|found| number(found).expect("a line of the source")).collect();
        let returns = check_order(&topic, lines);
        assert!(returns <= kills, "the source went back {returns} times after {kills} kills");
        let file = written_lines(&output, kills);
        check_order(&file, lines);
        let returns = returns_in(&topic, &file);
        assert!(returns <= kills, "the sink went back {returns} times after {kills} kills");
    }
}

/// The number of a line that is whole.
fn number(found: &str) -> Option<u64> {
    let number = found.strip_prefix("line-")?.parse().ok()?;
    (line(number) == found).then_some(number)
}

/// The numbers of the lines of the sink's file. Where the file system keeps no marks, a kill may leave half a
/// line, which the next worker ends.
fn written_lines(path: &Path, kills: u64) -> Vec<u64> {
    let (mut numbers, mut torn) = (Vec::new(), 0);
    for found in BufReader::new(File::open(path).expect("the sink's file")).lines() {
        let found = found.expect("a line of text");
        match number(&found) {
            Some(number) => numbers.push(number),
            None => {
                assert!(found.len() < line(0).len(), "`{found}` is no line of the source, nor a part of one");
                torn += 1;
            }
        }
    }
    assert!(torn <= kills, "{torn} torn lines after {kills} kills");
    numbers
}

/// Every line is there, and none before those that come before it. Answers how often something came again.
fn check_order(numbers: &[u64], lines: u64) -> u64 {
    let (mut next, mut expected, mut returns) = (0, 0, 0);
    for number in numbers {
        assert!(*number <= next, "after {next} lines comes line {number}: lines are lost or out of order");
        returns += u64::from(*number != expected);
        expected = number + 1;
        next = next.max(expected);
    }
    assert_eq!(next, lines, "every line has arrived");
    returns
}

/// How often at least a reader of the topic went back to have written this file. As the topic holds lines more
/// than once, it may be at one of several places.
fn returns_in(topic: &[u64], file: &[u64]) -> u64 {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, number) in topic.iter().enumerate() {
        places.entry(*number).or_default().push(place);
    }
    let (mut at, mut returns) = (vec![0], 0);
    for number in file {
        at.retain(|place| topic.get(*place) == Some(number));
        if at.is_empty() {
            at.clone_from(&places[number]);
            returns += 1;
        }
        at.iter_mut().for_each(|place| *place += 1);
    }
    returns
}

fn tail(path: &Path, bytes: usize) -> String {
    let content = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&content[content.len().saturating_sub(bytes)..]).into_owned()
}

/// Numbers that differ from run to run; a failure shows the seed.
struct Random(u64);

impl Random {
    fn seeded() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        println!("seed {}", now.as_nanos() as u64);
        Self(now.as_nanos() as u64 | 1)
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(from + self.0 % (to - from))
    }
}

#[test]
fn kill_9_loses_no_line() {
    const LINES: u64 = 1_000_000;
    const KILLS: u64 = 30;
    let mut random = Random::seeded();
    let kafka = Kafka::shared();
    let mut pipeline = Pipeline::start_with(kafka.bootstrap(), "delivery-kill", "6000");
    let growing = Growing::start(pipeline.input(), LINES, Duration::from_secs(25));
    let mut kills = 0;
    while kills < KILLS || growing.written.load(Ordering::Relaxed) < LINES {
        thread::sleep(random.millis(50, 1_200));
        pipeline.worker.kill().expect("the worker is killed");
        pipeline.worker.restart().expect("the worker starts again");
        kills += 1;
    }
    growing.writer.join().expect("the file is written");
    pipeline.check(kafka, LINES, kills);
}

#[test]
fn a_graceful_stop_repeats_nothing() {
    const LINES: u64 = 200_000;
    let kafka = Kafka::shared();
    let mut pipeline = Pipeline::start(kafka.bootstrap(), "delivery-stop");
    let growing = Growing::start(pipeline.input(), LINES, Duration::from_secs(6));
    for _ in 0..4 {
        thread::sleep(Duration::from_millis(1_100));
        let status = pipeline.worker.stop().expect("the worker stops");
        assert!(status.success(), "the worker ends in good order: {status}");
        pipeline.worker.restart().expect("the worker starts again");
    }
    growing.writer.join().expect("the file is written");
    pipeline.check(kafka, LINES, 0);
}

#[test]
fn a_broker_that_is_gone_for_a_while_loses_no_line() {
    broken_for_a_while("delivery-broker-stop", |kafka| {
        kafka.stop().expect("the broker stops");
        thread::sleep(Duration::from_secs(20));
        kafka.restart().expect("the broker starts again");
    });
}

#[test]
fn a_broker_that_stands_still_for_a_while_loses_no_line() {
    broken_for_a_while("delivery-broker-pause", |kafka| {
        kafka.pause().expect("the broker stands still");
        thread::sleep(Duration::from_secs(20));
        kafka.resume().expect("the broker goes on");
    });
}

/// An idempotent producer repeats nothing, and a sink goes on where it was unless its session has ended.
fn broken_for_a_while(topic: &'static str, fault: impl FnOnce(&mut Kafka)) {
    const LINES: u64 = 300_000;
    let mut kafka = Kafka::start().expect("a broker");
    let mut pipeline = Pipeline::start(kafka.bootstrap(), topic);
    let growing = Growing::start(pipeline.input(), LINES, Duration::from_secs(20));
    thread::sleep(Duration::from_secs(4));
    fault(&mut kafka);
    growing.writer.join().expect("the file is written");
    pipeline.check(&kafka, LINES, 1);
}

#[test]
fn connections_that_are_cut_lose_no_line() {
    const LINES: u64 = 300_000;
    const CUTS: u64 = 15;
    let mut random = Random::seeded();
    let kafka = Kafka::builder().proxied().start().expect("a broker behind a proxy");
    let mut pipeline = Pipeline::start(&kafka.proxied_bootstrap(), "delivery-cut");
    let growing = Growing::start(pipeline.input(), LINES, Duration::from_secs(15));
    for cut in 0..CUTS {
        thread::sleep(random.millis(200, 1_200));
        if cut % 3 == 0 {
            // The broker has done what the worker cannot know.
            kafka.proxy().black_hole_answers();
            thread::sleep(random.millis(100, 600));
        }
        kafka.proxy().cut();
        kafka.proxy().resume();
    }
    growing.writer.join().expect("the file is written");
    pipeline.check(&kafka, LINES, CUTS);
}
