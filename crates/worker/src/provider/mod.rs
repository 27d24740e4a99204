//! Configuration providers: what stands for `${provider:path:key}` in the properties of the worker and of connectors.
//!
//! A configuration is kept, shown and handed on as it was written. [`Providers::resolve`] is the only place where a
//! variable becomes a value, and it is called where a plugin, a converter, a transform or a client is about to be
//! configured. What it answers is known to [`Secrets`] from then on, so that no message shows it (invariant 8).

mod definition;
mod directory;
mod environment;
mod file;
mod paths;
mod read;
mod secrets;
mod variable;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use api::config::Properties;
use thiserror::Error;
use tracing::warn;

use definition::{Provider, Source};
pub use secrets::Secrets;
use variable::{Variable, variables};

/// The variables of the environment that a worker was started with.
pub type Environment = BTreeMap<String, String>;

/// The providers of a worker.
#[derive(Debug, Default)]
pub struct Providers {
    named: BTreeMap<String, Provider>,
    secrets: Secrets,
    hasher: RandomState,
}

/// A configuration with values in place of its variables. It has secrets, so it is shown to nobody.
#[derive(Clone, Default)]
pub struct Resolved {
    /// The configuration.
    pub properties: Properties,
    /// When a value has to be looked up again; `None`: never.
    pub ttl: Option<Duration>,
    /// What came in place of the variables of a key, each with the text of its variable.
    pub(crate) values: BTreeMap<String, Vec<(String, String)>>,
}

/// Why a variable cannot be resolved. `Display` names the key and the file, and nothing that is in the file.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("cannot resolve {variable} for configuration {key}: {reason}")]
pub struct Unresolved {
    /// The key whose value has the variable.
    pub key: String,
    /// The variable.
    pub variable: String,
    /// What went wrong.
    pub reason: String,
}

/// What a provider has at a path: a value for each of some keys, or why there is none.
type Answers = BTreeMap<String, Result<String, String>>;

impl Providers {
    /// The values that are shown to nobody.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Puts values in place of the variables of a configuration. Reads files, so it may block.
    ///
    /// As in Java a variable stays as it is if its provider is not known, knows no such key, or is not allowed to
    /// look at the path; the log says so.
    ///
    /// # Errors
    /// A provider cannot read what it is allowed to read.
    pub fn resolve(&self, properties: &Properties) -> Result<Resolved, Unresolved> {
        let mut resolved = Resolved { properties: properties.clone(), ..Resolved::default() };
        if self.named.is_empty() {
            return Ok(resolved);
        }
        let answers = self.look_up(properties)?;
        for (key, text) in properties {
            let value = variable::replace(text, |variable| {
                let answer = answers.get(&(variable.provider, variable.path))?.get(variable.key)?;
                match answer {
                    Ok(value) => {
                        let known = resolved.values.entry(key.clone()).or_default();
                        known.push((value.clone(), variable.text.to_owned()));
                        Some(value.clone())
                    }
                    Err(reason) => {
                        warn!(configuration = key, variable = variable.text, "left as it is: {reason}");
                        None
                    }
                }
            });
            resolved.properties.insert(key.clone(), value);
        }
        self.secrets.remember(resolved.values.values().flatten());
        resolved.ttl = answers.keys().filter_map(|(provider, _)| self.named.get(*provider)?.ttl).min();
        Ok(resolved)
    }

    /// Whether a configuration has a variable of a provider that is known, so that to resolve it may block.
    pub fn concern(&self, properties: &Properties) -> bool {
        let known = |variable: Variable<'_>| self.named.contains_key(variable.provider);
        !self.named.is_empty() && properties.values().any(|text| variables(text).any(known))
    }

    /// A mark of a resolved configuration: another one, most likely, has another mark.
    pub fn mark(&self, resolved: &Resolved) -> u64 {
        self.hasher.hash_one(&resolved.properties)
    }

    /// Asks each provider once for each path of some variables.
    fn look_up<'a>(
        &self,
        properties: &'a Properties,
    ) -> Result<HashMap<(&'a str, &'a str), Answers>, Unresolved> {
        let mut wanted: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        let mut first: BTreeMap<(&str, &str), (&str, Variable<'_>)> = BTreeMap::new();
        for (key, text) in properties {
            for variable in variables(text).filter(|variable| self.named.contains_key(variable.provider)) {
                let place = (variable.provider, variable.path);
                wanted.entry(place).or_default().insert(variable.key);
                first.entry(place).or_insert((key, variable));
            }
        }
        let mut answers = HashMap::new();
        for ((provider, path), keys) in wanted {
            let failed = |reason| {
                let (key, variable) = &first[&(provider, path)];
                Unresolved { key: (*key).to_owned(), variable: variable.text.to_owned(), reason }
            };
            let found = self.named[provider].source.get(path, &keys).map_err(failed)?;
            answers.insert((provider, path), found);
        }
        Ok(answers)
    }
}

impl Source {
    /// What there is at a path for some keys.
    ///
    /// # Errors
    /// What is at the path cannot be read.
    fn get(&self, path: &str, keys: &BTreeSet<&str>) -> Result<Answers, String> {
        match self {
            Self::File(allowed) => file::get(allowed, path, keys),
            Self::Directory(allowed) => directory::get(allowed, path, keys),
            Self::Environment(variables) => environment::get(variables, path, keys),
        }
    }
}

impl Resolved {
    /// Puts variables back into the configuration of a task that a connector made of this one, whose own text is
    /// given: it is kept and shown, and resolved again when the task starts.
    ///
    /// As in Java a key of the connector gets its own text back. Where the value is another one, or under another
    /// key, the values themselves are found, unless they are too short for that.
    pub(crate) fn restore(&self, config: &Properties, task: &mut Properties) {
        for (key, value) in task {
            let own = self.values.contains_key(key) && self.properties.get(key) == Some(value);
            match config.get(key).filter(|_| own) {
                Some(text) => value.clone_from(text),
                None => self.put_back(value),
            }
        }
    }

    fn put_back(&self, text: &mut String) {
        for (value, variable) in self.values.values().flatten() {
            if secrets::secret(value) && text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), variable);
            }
        }
    }
}

#[cfg(test)]
mod tests;
