//! Configuration of the worker and files of connectors.

mod connector;
mod distributed;
mod keys;
mod origin;
mod properties;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use api::Registry;
use api::config::{Config as _, Problem, Problems, Properties};
use thiserror::Error;

pub use connector::ConnectorFile;
pub use distributed::{Distributed, DistributedKeys, ExactlyOnce, Signing};
pub use keys::Keys;
pub use origin::Origin;
pub(crate) use properties::parse_text;

use crate::plugins::{self, Version};
use crate::provider::{Environment, Providers};
use crate::restart;
use crate::validate::OverridePolicy;

/// How large a file of properties or JSON may be.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Why a file of configuration cannot be used. `Display` names the file.
#[derive(Debug, Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// It is not written as it should be.
    #[error("cannot read `{}`: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// Values of the worker are wrong, all of them are told.
    #[error("the configuration of the worker in {origin} cannot be used:{}", listed(.problems))]
    Worker {
        /// Where it is from.
        origin: String,
        /// What is wrong.
        problems: Problems,
    },
}

/// How a worker keeps its configurations and offsets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    Standalone,
    Distributed,
}

impl Mode {
    /// What is wrong with the keys that only a worker of this kind has.
    fn problems(self, properties: &Properties) -> Vec<Problem> {
        let key = "offset.storage.file.filename";
        match (self, properties.get(key)) {
            (Self::Distributed, _) => {
                Distributed::parse(properties).err().map_or(Vec::new(), |Problems(problems)| problems)
            }
            (Self::Standalone, Some(file)) if !file.trim().is_empty() => Vec::new(),
            (Self::Standalone, Some(_)) => vec![Problem::invalid(key, "", "String must be non-empty")],
            (Self::Standalone, None) => vec![Problem::missing(key)],
        }
    }
}

/// The configuration of a worker, as far as it is the same in both modes.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything that the worker properties say, for clients, converters and REST, with values in place of
    /// variables.
    pub originals: Properties,
    /// What variables in configurations stand for.
    pub providers: Arc<Providers>,
    /// `bootstrap.servers`.
    pub bootstrap_servers: Vec<String>,
    /// `offset.storage.file.filename`: the file of committed source offsets; empty in distributed mode.
    pub offset_storage_file: PathBuf,
    /// `task.shutdown.graceful.timeout.ms`: the time that all tasks together have to end.
    pub task_shutdown_graceful_timeout_ms: u64,
    /// `offset.flush.interval.ms`: the time between commits of offsets.
    pub offset_flush_interval_ms: u64,
    /// `offset.flush.timeout.ms`: the time that a commit of offsets may take.
    pub offset_flush_timeout_ms: u64,
    /// `topic.creation.enable`: whether source tasks create missing topics.
    pub topic_creation_enable: bool,
    /// `topic.tracking.enable`: whether the topics that connectors use are tracked.
    pub topic_tracking_enable: bool,
    /// `topic.tracking.allow.reset`: whether users may reset the tracked topics.
    pub topic_tracking_allow_reset: bool,
    /// `errors.restart.*`: how often and when what has failed is started anew.
    pub(crate) restart: restart::Policy,
}

impl Config {
    /// Reads worker properties, whose variables may name variables of the environment.
    ///
    /// # Errors
    /// The file cannot be read, or values are wrong: all that are, at once.
    pub fn load(origin: &Origin) -> Result<Self, Error> {
        Self::load_mode(origin, Mode::Standalone)
    }

    /// The same for a worker of a cluster, whose own keys are those of [`Distributed`].
    ///
    /// # Errors
    /// The file cannot be read, or values are wrong: all that are, at once.
    pub fn load_distributed(origin: &Origin) -> Result<Self, Error> {
        Self::load_mode(origin, Mode::Distributed)
    }

    fn load_mode(origin: &Origin, mode: Mode) -> Result<Self, Error> {
        let properties = origin.read()?;
        let config = Self::resolve(&properties, origin.environment(), mode);
        config.map_err(|problems| origin.refuse(problems))
    }

    /// Takes worker properties. Keys that are not known are kept for clients, converters and REST.
    ///
    /// # Errors
    /// Values are wrong: all that are, at once.
    pub fn parse(properties: Properties) -> Result<Self, Problems> {
        Self::resolve(&properties, &Environment::new(), Mode::Standalone)
    }

    fn resolve(properties: &Properties, environment: &Environment, mode: Mode) -> Result<Self, Problems> {
        let providers = Providers::of(properties, environment)?;
        let resolved = providers.resolve(properties);
        let properties =
            resolved.map_err(|error| Problem { key: error.key.clone(), message: error.to_string() })?;
        let properties = properties.properties;
        let keys = Keys::parse(&properties);
        let refused: Vec<Problem> =
            mode.problems(&properties).into_iter().chain(refused(&properties)).collect();
        let problems = match keys {
            Ok(keys) if refused.is_empty() => return Ok(Self::of(keys, properties, providers)),
            Ok(_) => refused,
            Err(Problems(problems)) => problems.into_iter().chain(refused).collect(),
        };
        let hidden = |problem: Problem| Problem {
            message: providers.secrets().hide(&problem.message).into_owned(),
            ..problem
        };
        Err(Problems(problems.into_iter().map(hidden).collect()))
    }

    /// What is wrong with the plugins that the worker properties name.
    ///
    /// # Errors
    /// There is no such plugin; the words tell the one that was probably meant.
    pub fn check_plugins(&self, registry: &Registry) -> Result<(), Problems> {
        let named = |key: &str| self.originals.get(key).map(|class| class.trim().to_owned());
        let mut problems = self.wrong_versions(registry);
        for key in ["key.converter", "value.converter"] {
            if let Some(class) = named(key).filter(|class| plugins::converter(registry, class).is_none()) {
                problems.push(unknown_class(key, &class, plugins::nearest_converter(registry, &class)));
            }
        }
        let key = "header.converter";
        if let Some(class) = named(key).filter(|class| plugins::header_converter(registry, class).is_none()) {
            problems.push(unknown_class(key, &class, plugins::nearest_header_converter(registry, &class)));
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }

    /// What is wrong with the versions of converters that are there.
    fn wrong_versions(&self, registry: &Registry) -> Vec<Problem> {
        let wrong = |key: &str| {
            let class = self.originals.get(key)?.trim();
            let found = match key {
                "header.converter" => plugins::header_converter(registry, class)?.description(),
                _ => plugins::converter(registry, class)?.description(),
            };
            let key = format!("{key}.plugin.version");
            let wanted = Version::wanted(self.originals.get(&key).map(String::as_str));
            let available = plugins::versions(registry, found.class);
            let reason = wanted.and_then(|wanted| wanted.check(found.class, &available)).err()?;
            Some(Problem { message: format!("Configuration {key}: {reason}"), key })
        };
        ["key.converter", "value.converter", "header.converter"].into_iter().filter_map(wrong).collect()
    }

    fn of(keys: Keys, originals: Properties, providers: Providers) -> Self {
        Self {
            originals,
            providers: Arc::new(providers),
            bootstrap_servers: keys.bootstrap_servers,
            offset_storage_file: keys.offset_storage_file_filename.unwrap_or_default().into(),
            task_shutdown_graceful_timeout_ms: millis(keys.task_shutdown_graceful_timeout_ms),
            offset_flush_interval_ms: millis(keys.offset_flush_interval_ms),
            offset_flush_timeout_ms: millis(keys.offset_flush_timeout_ms),
            topic_creation_enable: keys.topic_creation_enable,
            topic_tracking_enable: keys.topic_tracking_enable,
            topic_tracking_allow_reset: keys.topic_tracking_allow_reset,
            restart: restart::Policy {
                max: restart::Policy::limit(keys.errors_restart_max),
                backoff_ms: millis(keys.errors_restart_backoff_ms),
                backoff_max_ms: millis(keys.errors_restart_backoff_max_ms),
                reset_ms: keys.errors_restart_reset_ms,
            },
        }
    }
}

/// Reads a file of Java properties.
///
/// # Errors
/// The file cannot be read or is not written as it should be.
pub fn read_properties(path: &Path) -> Result<Properties, Error> {
    let bytes = read(path)?;
    properties::parse(&bytes).map_err(|reason| Error::Syntax { path: path.to_owned(), reason })
}

/// Reads a file whole.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > FILE_BYTES_MAX {
        let reason = format!("it has {length} bytes, more than any configuration");
        return Err(Error::Syntax { path: path.to_owned(), reason });
    }
    fs::read(path).map_err(failed)
}

/// What is legal for a Java worker and would silently do something else here.
fn refused(properties: &Properties) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut refuse = |key: &str, words: &str| {
        if properties.get(key).is_some_and(|value| !value.trim().is_empty()) {
            problems.push(Problem { key: key.to_owned(), message: format!("Configuration {key}: {words}") });
        }
    };
    refuse(
        "rest.extension.classes",
        "extensions of the REST API are Java classes and cannot be loaded. Protect the REST API by other means, \
         and leave the key out",
    );
    if let Err(message) = OverridePolicy::of(properties) {
        problems.push(Problem { key: "connector.client.config.override.policy".to_owned(), message });
    }
    problems
}

fn unknown_class(key: &str, class: &str, nearest: Option<&str>) -> Problem {
    let hint = plugins::hint(nearest);
    let message =
        format!("Invalid value {class} for configuration {key}: Class {class} could not be found.{hint}");
    Problem { key: key.to_owned(), message }
}

/// A number that its validator has found to be none below zero.
fn millis(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn listed(problems: &Problems) -> String {
    problems.0.iter().map(|problem| format!("\n  {}", problem.message)).collect()
}

#[cfg(test)]
mod tests;
