//! Reads typed values out of properties and keeps book of what was read and what was wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::RangeInclusive,
    time::Duration,
};

use super::Problem;
use crate::error::Error;

pub(super) struct Reader<'a> {
    properties: &'a BTreeMap<String, String>,
    read: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(properties: &'a BTreeMap<String, String>) -> Self {
        Reader { properties, read: BTreeSet::new(), problems: Vec::new() }
    }

    /// The keys nobody read, or every problem found.
    pub(super) fn finish(self) -> Result<Vec<String>, Error> {
        if !self.problems.is_empty() {
            return Err(Error::Config(self.problems));
        }
        let unknown = self.properties.keys().filter(|key| !self.read.contains(key.as_str()));
        Ok(unknown.cloned().collect())
    }

    pub(super) fn problem(&mut self, key: &str, problem: impl fmt::Display) {
        self.problems.push(Problem { key: key.into(), problem: problem.to_string().into() });
    }

    /// The trimmed value; an empty one counts as absent.
    pub(super) fn text(&mut self, key: &'static str) -> Option<&'a str> {
        self.read.insert(key);
        self.properties.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn integer(&mut self, key: &'static str, default: i64, range: RangeInclusive<i64>) -> i64 {
        let Some(value) = self.text(key) else { return default };
        match value.parse::<i64>() {
            Ok(number) if range.contains(&number) => number,
            Ok(number) => {
                let (low, high) = (range.start(), range.end());
                self.problem(key, format_args!("expected a number from {low} to {high}, got {number}"));
                default
            }
            Err(_) => {
                self.problem(key, format_args!("expected an integer, got `{value}`"));
                default
            }
        }
    }

    /// A number of bytes that fits Java's int.
    pub(super) fn bytes(&mut self, key: &'static str, default: i64, minimum: i64) -> usize {
        self.integer(key, default, minimum..=i64::from(i32::MAX)) as usize
    }

    /// Milliseconds, not negative; Java's longest (`Long.MAX_VALUE`) is taken as a century.
    pub(super) fn millis(&mut self, key: &'static str, default: i64) -> Duration {
        const CENTURY_MS: i64 = 100 * 365 * 24 * 3_600_000;
        let value = self.integer(key, default, 0..=i64::MAX);
        Duration::from_millis(value.min(CENTURY_MS) as u64)
    }

    /// Milliseconds where -1 means for ever.
    pub(super) fn millis_or_never(&mut self, key: &'static str, default: i64) -> Option<Duration> {
        let value = self.integer(key, default, -1..=i64::MAX);
        u64::try_from(value).ok().map(Duration::from_millis)
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.text(key)?;
        match value.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.problem(key, format_args!("expected `true` or `false`, got `{value}`"));
                None
            }
        }
    }

    /// One of several words, compared without case.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, default: T, choices: &[(&str, T)]) -> T {
        let Some(value) = self.text(key) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(value)) {
            return *choice;
        }
        let words = choices.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        self.problem(key, format_args!("expected one of {words}, got `{value}`"));
        default
    }

    /// The parts of a comma separated list, trimmed, without empty ones.
    pub(super) fn list(&mut self, key: &'static str) -> Vec<&'a str> {
        let value = self.text(key).unwrap_or_default();
        value.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    /// Refuses any value: the key names code for the Java virtual machine.
    pub(super) fn refuse_java_class(&mut self, key: &'static str) {
        if self.text(key).is_some() {
            self.problem(key, "names a Java class, which this program cannot run; remove the option");
        }
    }

    /// Accepts any value without using it.
    pub(super) fn ignore(&mut self, keys: &[&'static str]) {
        self.read.extend(keys);
    }
}
