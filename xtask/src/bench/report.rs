//! The table of a comparison, in Markdown.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::figures::Figures;
use super::{Job, Side};

const START: &str = "<!-- written by `cargo xtask bench --write` -->";
const END: &str = "<!-- end of what it writes -->";

type Results = [(Job, Vec<(Side, Figures)>)];

/// Returns the machine, the way of measuring and a table with one row per figure.
pub(crate) fn markdown(machine: &str, lines: u64, runs: u64, results: &Results) -> String {
    let mut text = format!("{machine}. {lines} lines of 100 bytes, median of {runs} runs in turns.\n\n");
    text.push_str("| | Apache Kafka Connect | Ferroduct | |\n|---|---|---|---|\n");
    for (job, figures) in results {
        let of = |side: Side| figures.iter().find(|(whose, _)| *whose == side).map(|(_, figures)| figures);
        rows(&mut text, *job, of(Side::Java), of(Side::Ferroduct));
    }
    text
}

/// Replaces what is between the marks in docs/benchmarks.md.
pub(crate) fn write(report: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
    let describe = || format!("cannot write `{}`", path.display());
    let page = fs::read_to_string(&path).with_context(describe)?;
    let page = replace(&page, report).with_context(|| format!("`{}` lacks the marks", path.display()))?;
    fs::write(&path, page).with_context(describe)
}

fn replace(page: &str, report: &str) -> Option<String> {
    let (before, rest) = page.split_once(START)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{START}\n{report}{END}{after}"))
}

/// One figure of both sides, and how they are printed.
struct Row {
    name: &'static str,
    values: [Option<f64>; 2],
    print: fn(f64) -> String,
}

fn rows(text: &mut String, job: Job, java: Option<&Figures>, ferroduct: Option<&Figures>) {
    let sides = [java, ferroduct].map(|figures| figures.map(cells));
    let some = sides.iter().flatten().next().map_or(0, Vec::len);
    for index in 0..some {
        let cell = |side: usize| sides[side].as_ref().map(|cells| &cells[index]);
        let Some((name, _, print)) = cell(0).or(cell(1)) else { continue };
        let values = [cell(0).map(|cell| cell.1), cell(1).map(|cell| cell.1)];
        write_row(text, job, &Row { name, values, print: *print });
    }
}

type Cell = (&'static str, f64, fn(f64) -> String);

fn cells(figures: &Figures) -> Vec<Cell> {
    match *figures {
        Figures::Move { rate, cpu_per_million, peak_bytes } => vec![
            ("records per second", rate, thousands),
            ("CPU-s per million", cpu_per_million, seconds),
            ("peak memory", peak_bytes, megabytes),
        ],
        Figures::Latency { median, p99 } => {
            vec![("median", median, milliseconds), ("99 of 100", p99, milliseconds)]
        }
        Figures::Start { seconds: elapsed, cpu, idle_bytes } => vec![
            ("time", elapsed, milliseconds),
            ("CPU-s", cpu, seconds),
            ("memory when idle", idle_bytes, megabytes),
        ],
        Figures::Many { create_ms, bytes, threads, cpu_percent } => vec![
            ("ms to create one", create_ms, |value| format!("{value:.1}")),
            ("memory", bytes, megabytes),
            ("threads", threads, |value| format!("{value:.0}")),
            ("CPU, % of one core", cpu_percent, |value| format!("{value:.1}")),
        ],
        Figures::Create { answer_ms, running_ms, slowest_ms } => vec![
            ("ms until the answer", answer_ms, |value| format!("{value:.1}")),
            ("ms until the task runs", running_ms, |value| format!("{value:.1}")),
            ("ms, the slowest", slowest_ms, |value| format!("{value:.1}")),
        ],
        Figures::Thousand { create_s, list_ms, change_s, delete_s } => vec![
            ("seconds until all created run", create_s, |value| format!("{value:.1}")),
            ("ms to show all", list_ms, |value| format!("{value:.1}")),
            ("seconds until all changed run", change_s, |value| format!("{value:.1}")),
            ("seconds until all are gone", delete_s, |value| format!("{value:.1}")),
        ],
        Figures::ManyOfCluster { start_s, bytes, threads, cpu_percent } => vec![
            ("start until REST lists them", start_s, milliseconds),
            ("memory", bytes, megabytes),
            ("threads", threads, |value| format!("{value:.0}")),
            ("CPU, % of one core", cpu_percent, |value| format!("{value:.1}")),
        ],
        Figures::Takeover { of_two_s, of_three_s } => {
            vec![("seconds, one of two", of_two_s, seconds), ("seconds, one of three", of_three_s, seconds)]
        }
    }
}

fn write_row(text: &mut String, job: Job, row: &Row) {
    let [java, ferroduct] = row.values.map(|value| value.map_or_else(|| "-".to_owned(), row.print));
    let ratio = match row.values {
        [Some(java), Some(ferroduct)] => ratio(java, ferroduct),
        _ => String::new(),
    };
    writeln!(text, "| {}: {} | {java} | {ferroduct} | {ratio} |", title(job), row.name)
        .expect("a string takes everything");
}

/// Returns how many times the larger is the smaller.
fn ratio(java: f64, ferroduct: f64) -> String {
    if java <= 0.0 || ferroduct <= 0.0 {
        return String::new();
    }
    if ferroduct >= java {
        format!("{:.1} times", ferroduct / java)
    } else {
        format!("1/{:.1}", java / ferroduct)
    }
}

fn title(job: Job) -> &'static str {
    match job {
        Job::SourceString => "file source, String",
        Job::SourceJson => "file source, JSON with schemas",
        Job::SinkString => "file sink, String",
        Job::SinkJson => "file sink, JSON with schemas",
        Job::SinkTransforms => "file sink, JSON, five transforms, 1 % dead letters",
        Job::JdbcSourcePostgres => "JDBC source PostgreSQL, JSON with schemas",
        Job::JdbcSourcePostgresSchemaless => "JDBC source PostgreSQL, JSON without schemas",
        Job::JdbcSourceMariaDb => "JDBC source MariaDB, JSON with schemas",
        Job::JdbcSourceMariaDbSchemaless => "JDBC source MariaDB, JSON without schemas",
        Job::JdbcLatencyPostgres => "PostgreSQL, commit to record",
        Job::JdbcLatencyMariaDb => "MariaDB, commit to record",
        Job::JdbcSinkPostgres => "JDBC sink PostgreSQL, insert",
        Job::JdbcSinkPostgresUpsert => "JDBC sink PostgreSQL, upsert",
        Job::JdbcSinkMariaDb => "JDBC sink MariaDB, insert",
        Job::Start => "start to first REST answer",
        Job::Many => "200 idle file sources",
        Job::DistributedCreate => "a connector of a cluster",
        Job::DistributedThousand => "1000 connectors on three workers",
        Job::DistributedMany => "1000 idle file sources of a cluster",
        Job::TakeoverKill => "kill -9 of a worker until all runs",
        Job::TakeoverKillShort => "kill -9 of a worker until all runs, `session.timeout.ms` 6000",
        Job::TakeoverStop => "SIGTERM to a worker until all runs",
    }
}

fn thousands(value: f64) -> String {
    format!("{:.0} k", value / 1e3)
}

fn seconds(value: f64) -> String {
    format!("{value:.2}")
}

fn milliseconds(value: f64) -> String {
    format!("{:.0} ms", value * 1e3)
}

fn megabytes(value: f64) -> String {
    format!("{:.1} MB", value / 1e6)
}

#[cfg(test)]
mod tests;
