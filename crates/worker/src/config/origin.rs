//! Where the properties of a worker come from: a file, variables of the environment as container images of Kafka
//! Connect have them, or both.
//!
//! `CONNECT_GROUP_ID` is `group.id`. As in the images of Confluent and of Apache Kafka, `_` is a dot, `__` an
//! underscore and `___` a dash.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use api::config::{Problem, Problems, Properties};
use tracing::info;

use super::{Error, read_properties};
use crate::provider::Environment;

/// What the variables begin with that are keys of the worker.
const PREFIX: &str = "CONNECT_";
/// Variables with this beginning that are none: what scripts of images read, and what Kubernetes sets where a
/// service is called `connect`.
const FOREIGN: [&str; 6] = ["LOG4J", "TOOLS_LOG4J", "CUB_", "JMX_", "PORT", "SERVICE_"];

/// Where the properties of a worker come from.
#[derive(Clone, Debug)]
pub struct Origin {
    path: Option<PathBuf>,
    environment: Environment,
    /// The variables that are keys, by key.
    variables: BTreeMap<String, String>,
    /// The variables that look like keys and are none.
    foreign: Vec<String>,
}

impl Origin {
    /// A file, if there is one, and an environment, whose keys count more than those of the file.
    pub fn new(path: Option<&Path>, environment: Environment) -> Self {
        let named = environment.keys().filter_map(|name| Some((name, name.strip_prefix(PREFIX)?)));
        let (foreign, own): (Vec<_>, Vec<_>) = named
            .filter(|(_, rest)| !rest.is_empty())
            .partition(|(_, rest)| FOREIGN.iter().any(|foreign| rest.starts_with(foreign)));
        let variables = own.into_iter().map(|(name, rest)| (key(rest), name.clone())).collect();
        let foreign = foreign.into_iter().map(|(name, _)| name.clone()).collect();
        Self { path: path.map(Path::to_owned), environment, variables, foreign }
    }

    /// The environment, for variables in values.
    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Reads the properties. No value is logged, since any may be a secret (invariant 8).
    ///
    /// # Errors
    /// The file cannot be read or is not written as it should be.
    pub(super) fn read(&self) -> Result<Properties, Error> {
        let mut properties = self.path.as_deref().map(read_properties).transpose()?.unwrap_or_default();
        let known = |name: &String| self.environment.get(name).cloned().unwrap_or_default();
        properties.extend(self.variables.iter().map(|(key, name)| (key.clone(), known(name))));
        if !self.variables.is_empty() {
            let names: Vec<&str> = self.variables.values().map(String::as_str).collect();
            info!(variables = names.join(" "), "took keys of the worker from the environment");
        }
        if !self.foreign.is_empty() {
            info!(variables = self.foreign.join(" "), "left out variables that are no keys of the worker");
        }
        Ok(properties)
    }

    /// The error for wrong properties.
    pub fn refuse(&self, Problems(problems): Problems) -> Error {
        let named = |problem: Problem| {
            let variable = match (self.variables.get(&problem.key), &self.path) {
                (Some(variable), _) => variable.clone(),
                (None, Some(_)) => return problem,
                // Nobody has set it, so it is missing or goes badly with what is set.
                (None, None) => variable(&problem.key),
            };
            Problem { message: format!("{} (`{variable}`)", problem.message), ..problem }
        };
        Error::Worker {
            origin: self.to_string(),
            problems: Problems(problems.into_iter().map(named).collect()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) if self.variables.is_empty() => write!(f, "`{}`", path.display()),
            Some(path) => write!(f, "`{}` and the environment", path.display()),
            None => f.write_str("the environment"),
        }
    }
}

/// The key that a variable means, without what it begins with.
fn key(name: &str) -> String {
    let name = name.to_lowercase();
    let mut key = String::with_capacity(name.len());
    let mut rest = name.as_str();
    while let Some(start) = rest.find('_') {
        let (word, behind) = rest.split_at(start);
        let length = behind.bytes().take_while(|&byte| byte == b'_').count();
        key.push_str(word);
        rest = &behind[length..];
        let between = !key.is_empty() && !rest.is_empty();
        match length {
            1 if between => key.push('.'),
            _ => {
                key.extend(std::iter::repeat_n('-', length / 3));
                key.extend((length % 3 > 0).then_some('_'));
            }
        }
    }
    key + rest
}

/// The variable that means a key.
fn variable(key: &str) -> String {
    PREFIX.to_owned() + &key.replace('_', "__").replace('-', "___").replace('.', "_").to_uppercase()
}

#[cfg(test)]
mod tests;
