//! The levels of loggers, which an administrator changes while the worker runs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::Serialize;
use tracing::{info, warn};

const ROOT: &str = "root";

/// How much a logger says, in the words of Kafka's logging.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// Nothing.
    Off,
    /// What ends the worker.
    Fatal,
    /// What failed.
    Error,
    /// What may fail.
    Warn,
    /// What happens.
    Info,
    /// What helps to find a fault.
    Debug,
    /// Every step.
    Trace,
    /// Everything.
    All,
}

/// The program's logging, as far as its levels can be changed.
pub trait LogLevels: Send + Sync {
    /// The levels as the program has started: of `root`, and of loggers that have one of their own.
    fn initial(&self) -> BTreeMap<String, Level>;
    /// Makes these the levels. A name with dots (`org.apache.kafka.connect`) is one of Java and may be none of
    /// the program's; it is no error then.
    fn apply(&self, levels: &BTreeMap<String, Level>);
}

/// The level of a logger as REST shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct LoggerLevel {
    level: String,
    last_modified: Option<u64>,
}

/// The loggers that have a level of their own.
pub(crate) struct Loggers {
    levels: Mutex<BTreeMap<String, (Level, Option<u64>)>>,
    program: Arc<dyn LogLevels>,
}

impl Loggers {
    pub(crate) fn new(program: Arc<dyn LogLevels>) -> Self {
        let mut levels: BTreeMap<String, (Level, Option<u64>)> =
            program.initial().into_iter().map(|(name, level)| (name, (level, None))).collect();
        levels.entry(ROOT.to_owned()).or_insert((Level::Info, None));
        Self { levels: Mutex::new(levels), program }
    }

    pub(crate) fn all(&self) -> BTreeMap<String, LoggerLevel> {
        self.levels.lock().iter().map(|(name, level)| (name.clone(), LoggerLevel::from(*level))).collect()
    }

    pub(crate) fn one(&self, name: &str) -> Option<LoggerLevel> {
        self.levels.lock().get(name).copied().map(LoggerLevel::from)
    }

    /// Sets the level of a logger and of those below it, of all for `root`; answers those that have changed.
    pub(crate) fn set(&self, name: &str, level: Level) -> Vec<String> {
        let mut levels = self.levels.lock();
        let below = format!("{name}.");
        let mut changed: Vec<String> = levels
            .iter()
            .filter(|(logger, _)| name == ROOT || *logger == name || logger.starts_with(&below))
            .filter(|(_, (before, _))| *before != level)
            .map(|(logger, _)| logger.clone())
            .collect();
        if !levels.contains_key(name) {
            changed.push(name.to_owned());
        }
        changed.sort_unstable();
        let now = now_ms();
        levels.extend(changed.iter().map(|logger| (logger.clone(), (level, Some(now)))));
        self.program.apply(&levels.iter().map(|(logger, (level, _))| (logger.clone(), *level)).collect());
        changed
    }
}

impl worker::herder::Levels for Loggers {
    fn set(&self, logger: &str, level: &str) {
        match level.parse() {
            Ok(level) => {
                let changed = self.set(logger, level);
                info!(logger, %level, changed = changed.len(), "the cluster has set the level of a logger");
            }
            Err(UnknownLevel) => {
                warn!(logger, level, "the cluster has set a level that is none; it has no effect")
            }
        }
    }
}

impl From<(Level, Option<u64>)> for LoggerLevel {
    fn from((level, last_modified): (Level, Option<u64>)) -> Self {
        Self { level: level.to_string(), last_modified }
    }
}

/// The word is no level.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        match word.to_ascii_uppercase().as_str() {
            "OFF" => Ok(Self::Off),
            "FATAL" => Ok(Self::Fatal),
            "ERROR" => Ok(Self::Error),
            "WARN" => Ok(Self::Warn),
            "INFO" => Ok(Self::Info),
            "DEBUG" => Ok(Self::Debug),
            "TRACE" => Ok(Self::Trace),
            "ALL" => Ok(Self::All),
            _ => Err(UnknownLevel),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "OFF",
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
            Self::All => "ALL",
        })
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
