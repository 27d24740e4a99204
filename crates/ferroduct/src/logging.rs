//! Logs on standard error, with levels that an administrator changes through REST.
//!
//! Java's logger names mean the parts of this program that do the same work.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use rest::{Level, LogLevels};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};
use worker::provider::Secrets;

/// The variable that sets levels at the start, such as `info,worker::task=debug`.
const VARIABLE: &str = "FERRODUCT_LOG";

/// Java's packages and the targets that do their work, the most special first.
const JAVA: [(&str, &str); 12] = [
    ("org.apache.kafka.connect.runtime.rest", "rest"),
    ("org.apache.kafka.connect.runtime.standalone", "worker::herder"),
    ("org.apache.kafka.connect.runtime.distributed", "worker::herder"),
    ("org.apache.kafka.connect.runtime", "worker"),
    ("org.apache.kafka.connect.storage", "worker::store"),
    ("org.apache.kafka.connect.file", "connectors::file"),
    ("org.apache.kafka.connect.json", "converters"),
    ("org.apache.kafka.connect.converters", "converters"),
    ("org.apache.kafka.clients.producer", "kafka::producer"),
    ("org.apache.kafka.clients.consumer", "kafka::consumer"),
    ("org.apache.kafka.clients.admin", "kafka::admin"),
    ("org.apache.kafka.clients", "kafka"),
];

/// Starts logging and answers what changes its levels.
pub(crate) fn start() -> Arc<Levels> {
    let initial = std::env::var(VARIABLE).ok();
    let (targets, problem) = match initial.as_deref().map(str::parse::<Targets>) {
        None => (default_targets(), None),
        Some(Ok(targets)) => (targets, None),
        Some(Err(error)) => (default_targets(), Some(error)),
    };
    let (filter, handle) = reload::Layer::new(targets);
    let secrets = Arc::new(OnceLock::new());
    let lines = fmt::layer()
        .with_writer({
            let secrets = Arc::clone(&secrets);
            move || Hidden { secrets: secrets.get().cloned() }
        })
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    tracing_subscriber::registry().with(filter).with(lines).init();
    // The words of a panic are logged like all others, so that they show no secret either.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    if let Some(error) = problem {
        tracing::warn!("the variable {VARIABLE} is not understood and has no effect: {error}");
    }
    Arc::new(Levels { handle, secrets })
}

/// Standard error without what came from configuration providers (invariant 8).
struct Hidden {
    secrets: Option<Secrets>,
}

impl Write for Hidden {
    /// Takes a whole line, as the layer gives it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut output = io::stderr().lock();
        match &self.secrets {
            Some(secrets) => output.write_all(secrets.hide(&text).as_bytes())?,
            None => output.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn default_targets() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

/// The levels of a running program, and what its logs do not show.
pub(crate) struct Levels {
    handle: reload::Handle<Targets, Registry>,
    secrets: Arc<OnceLock<Secrets>>,
}

impl Levels {
    /// Keeps secrets out of all that is logged from now on.
    pub(crate) fn hide(&self, secrets: Secrets) {
        assert!(self.secrets.set(secrets).is_ok(), "a program has one worker");
    }
}

impl LogLevels for Levels {
    fn initial(&self) -> BTreeMap<String, Level> {
        BTreeMap::new()
    }

    fn apply(&self, levels: &BTreeMap<String, Level>) {
        let root = levels.get("root").copied().map_or(LevelFilter::INFO, filter);
        let targets = levels.iter().flat_map(|(name, level)| {
            targets_of(name).into_iter().map(|target| (target.to_owned(), filter(*level)))
        });
        let targets = Targets::new().with_default(root).with_targets(targets);
        if let Err(error) = self.handle.reload(targets) {
            tracing::warn!("cannot change the levels of logs: {error}");
        }
    }
}

/// The targets that a logger's name means: itself, or those of the Java package that it is or lies in, or those
/// of all packages below it.
fn targets_of(name: &str) -> Vec<&str> {
    if name == "root" {
        return Vec::new();
    }
    if !name.contains('.') {
        return vec![name];
    }
    let below = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    match JAVA.iter().find(|(package, _)| below(name, package)) {
        Some((_, target)) => vec![target],
        None => JAVA.iter().filter(|(package, _)| below(package, name)).map(|(_, target)| *target).collect(),
    }
}

fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Off => LevelFilter::OFF,
        Level::Fatal | Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace | Level::All => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests;
