//! What the records in the topics say about who wrote them and when.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Context;

use crate::Kafka;

/// A task that is given away and comes back takes two rounds of the group, which may be done in less than this, but not
/// four. Within it, whoever it comes back to has none of the lines that were written meanwhile: these were committed
/// when it was given back, and a process that cannot commit is replaced later than that.
const TURNS_MS: i64 = 1000;

/// What was lost or done twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// How many lines were written.
    pub lines: usize,
    /// Lines that are in no topic, a few of them.
    pub not_in_topic: Vec<String>,
    /// Lines that no sink has written, a few of them.
    pub not_in_target: Vec<String>,
    /// Times at which a task ran in two processes, a few of them.
    pub at_the_same_time: Vec<String>,
    /// How many records are in topics more than once: a fault may repeat some.
    pub repeated: usize,
    /// How often a task has gone from a process to another.
    pub moves: usize,
}

impl Verdict {
    /// Whether nothing was lost and nothing ran twice.
    pub fn holds(&self) -> bool {
        self.not_in_topic.is_empty() && self.not_in_target.is_empty() && self.at_the_same_time.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines, {} moves of tasks, {} records repeated", self.lines, self.moves, self.repeated)?;
        for (what, examples) in [
            ("lost before the topic", &self.not_in_topic),
            ("lost before the target", &self.not_in_target),
            ("run twice at the same time", &self.at_the_same_time),
        ] {
            if !examples.is_empty() {
                write!(f, "\n{what}: {}", examples.join("; "))?;
            }
        }
        Ok(())
    }
}

/// A record as the console consumer prints it.
struct Seen {
    timestamp_ms: i64,
    process: String,
    name: String,
    value: String,
}

/// Reads all topics and compares them with what was written and with what has arrived.
pub(super) fn judge(
    kafka: &Kafka,
    names: &[String],
    written: usize,
    target: impl Fn(&str) -> String,
) -> anyhow::Result<Verdict> {
    let mut verdict = Verdict { lines: written * names.len(), ..Verdict::default() };
    let mut records: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for record in read(kafka, names)? {
        records.entry(record.name.clone()).or_default().push(record);
    }
    for name in names {
        let seen = records.remove(name).unwrap_or_default();
        let values: BTreeSet<&str> = seen.iter().map(|record| &*record.value).collect();
        verdict.repeated += seen.len() - values.len();
        let arrived = target(name);
        let arrived: BTreeSet<&str> = arrived.lines().collect();
        let expected: Vec<String> = (0..written).map(|number| format!("{name} {number}")).collect();
        let missing = |from: &BTreeSet<&str>| -> Vec<String> {
            expected.iter().filter(|line| !from.contains(&***line)).take(3).cloned().collect()
        };
        verdict.not_in_topic.extend(missing(&values));
        verdict.not_in_target.extend(missing(&arrived));
        look_at_turns(name, seen, &mut verdict);
    }
    Ok(verdict)
}

/// Records that one process wrote without another in between.
struct Turn {
    process: String,
    first_ms: i64,
    last_ms: i64,
    values: BTreeSet<String>,
}

/// Looks at who wrote, in the order of the time of writing.
fn look_at_turns(name: &str, records: Vec<Seen>, verdict: &mut Verdict) {
    let turns = turns(records);
    verdict.moves += turns.len().saturating_sub(1);
    for (index, before) in turns.iter().enumerate() {
        let Some([between, after]) = turns.get(index + 1..index + 3) else { break };
        let soon =
            |turn: &Turn, process: &str| turn.process == process && turn.first_ms - before.last_ms < TURNS_MS;
        if !soon(after, &before.process) {
            continue;
        }
        let away_again = turns.get(index + 3).is_some_and(|turn| soon(turn, &between.process));
        if away_again || !between.values.is_disjoint(&after.values) {
            let (first, second, at_ms) = (&before.process, &between.process, before.last_ms);
            verdict.at_the_same_time.push(format!("{name} in {first} and {second} at {at_ms} ms"));
        }
    }
}

fn turns(mut records: Vec<Seen>) -> Vec<Turn> {
    records.sort_by_key(|record| record.timestamp_ms);
    let mut turns: Vec<Turn> = Vec::new();
    for Seen { timestamp_ms, process, value, .. } in records {
        match turns.last_mut() {
            Some(turn) if turn.process == process => {
                turn.last_ms = timestamp_ms;
                turn.values.insert(value);
            }
            _ => turns.push(Turn {
                process,
                first_ms: timestamp_ms,
                last_ms: timestamp_ms,
                values: BTreeSet::from([value]),
            }),
        }
    }
    turns
}

fn read(kafka: &Kafka, names: &[String]) -> anyhow::Result<Vec<Seen>> {
    let mut count = 0;
    for name in names {
        count += kafka.end_offsets(name)?.iter().sum::<u64>();
    }
    let (count, topics) = (count.to_string(), names.join("|"));
    let printed = kafka.tool(
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        &[
            "--include",
            &topics,
            "--from-beginning",
            "--max-messages",
            &count,
            "--timeout-ms",
            "120000",
            "--formatter-property",
            "print.timestamp=true",
            "--formatter-property",
            "print.headers=true",
        ],
        "",
    )?;
    printed.lines().map(|line| parse(line).with_context(|| format!("cannot read `{line}`"))).collect()
}

/// `CreateTime:1763740000000<tab>process:4711<tab>chaos-line-0 17`.
fn parse(line: &str) -> Option<Seen> {
    let mut parts = line.split('\t');
    let timestamp_ms = parts.next()?.strip_prefix("CreateTime:")?.parse().ok()?;
    let process = parts.next()?.strip_prefix("process:")?.to_owned();
    let value = parts.next()?.to_owned();
    let name = value.split_once(' ')?.0.to_owned();
    Some(Seen { timestamp_ms, process, name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict on records: when, by whom, and which line.
    fn verdict(records: &[(i64, &str, u32)]) -> Verdict {
        let seen = |(timestamp_ms, process, line): &(i64, &str, u32)| Seen {
            timestamp_ms: *timestamp_ms,
            process: (*process).to_owned(),
            name: "n".to_owned(),
            value: format!("n {line}"),
        };
        let mut verdict = Verdict::default();
        look_at_turns("n", records.iter().map(seen).collect(), &mut verdict);
        verdict
    }

    #[test]
    fn a_task_that_moves_and_comes_back_has_not_run_twice() {
        let moved = verdict(&[(0, "1", 0), (200, "1", 1), (9000, "2", 1), (9200, "2", 2), (20_000, "1", 2)]);
        assert!(moved.holds() && moved.moves == 2, "{moved}");
        let soon = verdict(&[(0, "1", 0), (200, "1", 1), (500, "2", 2), (600, "2", 3), (900, "1", 4)]);
        assert!(soon.holds() && soon.moves == 2, "{soon}");
    }

    #[test]
    fn processes_that_write_the_same_lines_in_turns_have_run_at_the_same_time() {
        let twice = verdict(&[(0, "1", 0), (200, "1", 1), (300, "2", 1), (500, "1", 2), (900, "2", 2)]);
        assert!(!twice.holds(), "{twice}");
        let late = verdict(&[(0, "1", 7), (900, "2", 5), (980, "1", 5)]);
        assert!(!late.holds(), "{late}");
    }

    #[test]
    fn processes_that_take_turns_too_fast_have_run_at_the_same_time() {
        let twice = verdict(&[(0, "1", 7), (100, "2", 3), (200, "1", 8), (300, "2", 4)]);
        assert!(!twice.holds(), "{twice}");
    }

    #[test]
    fn a_line_of_the_console_consumer_is_understood() {
        let seen = parse("CreateTime:1763740000000\tprocess:4711\tchaos-line-0 17").unwrap();
        assert_eq!(
            (seen.timestamp_ms, &*seen.process, &*seen.name),
            (1_763_740_000_000, "4711", "chaos-line-0")
        );
    }
}
