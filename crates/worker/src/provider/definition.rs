//! The providers that worker properties name: `config.providers` and `config.providers.<name>.*`.

use std::collections::BTreeMap;
use std::time::Duration;

use api::config::{Parsed, Problem, Problems, Properties, Type, Validator};
use tracing::warn;

use super::paths::AllowedPaths;
use super::{Environment, Providers, environment};

const PROVIDERS: &str = "config.providers";
const PACKAGE: &str = "org.apache.kafka.common.config.provider.";
/// How short the time may be after which values are looked up again.
const TTL_MS_MIN: i64 = 100;

/// A provider of a worker.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) source: Source,
    /// How long its values hold.
    pub(super) ttl: Option<Duration>,
}

/// Where a provider has its values.
pub(super) enum Source {
    File(AllowedPaths),
    Directory(AllowedPaths),
    Environment(Environment),
}

impl std::fmt::Debug for Source {
    /// Without the values of the environment (invariant 8).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(allowed) => f.debug_tuple("File").field(allowed).finish(),
            Self::Directory(allowed) => f.debug_tuple("Directory").field(allowed).finish(),
            Self::Environment(variables) => f.debug_tuple("Environment").field(&variables.len()).finish(),
        }
    }
}

impl Providers {
    /// The providers of worker properties.
    ///
    /// # Errors
    /// A class is not known or a parameter is wrong: all that are, at once.
    pub fn of(worker: &Properties, environment: &Environment) -> Result<Self, Problems> {
        let text = worker.get(PROVIDERS).map_or("", String::as_str);
        let Ok(Parsed::List(names)) = Parsed::parse(Type::List, PROVIDERS, text) else {
            return Ok(Self::default());
        };
        let mut named = BTreeMap::new();
        let mut problems = Vec::new();
        for name in names {
            match provider(&name, worker, environment) {
                Ok(Some(provider)) => drop(named.insert(name, provider)),
                Ok(None) => warn!(provider = name, "has no class, so variables of it stay as they are"),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { named, ..Self::default() }) } else { Err(Problems(problems)) }
    }
}

fn provider(name: &str, worker: &Properties, environment: &Environment) -> Result<Option<Provider>, Problem> {
    let key = |end: &str| format!("{PROVIDERS}.{name}.{end}");
    let parameter = |end: &str| worker.get(&key(&format!("param.{end}"))).map(String::as_str);
    let wrong =
        |end: &str, value: &str, words: String| Problem::invalid(&key(&format!("param.{end}")), value, words);
    let paths = || {
        let text = parameter("allowed.paths");
        AllowedPaths::parse(text).map_err(|words| wrong("allowed.paths", text.unwrap_or_default(), words))
    };
    let Some(class) = worker.get(&key("class")).map(|class| class.trim()) else { return Ok(None) };
    let source = match class.strip_prefix(PACKAGE).unwrap_or(class) {
        "FileConfigProvider" | "File" => Source::File(paths()?),
        "DirectoryConfigProvider" | "Directory" => Source::Directory(paths()?),
        "EnvVarConfigProvider" | "EnvVar" => {
            let pattern = parameter("allowlist.pattern");
            let failed = |words| wrong("allowlist.pattern", pattern.unwrap_or_default(), words);
            Source::Environment(environment::allowed(environment, pattern).map_err(failed)?)
        }
        _ => {
            let words = "Could not load config provider class or one of its dependencies: there is \
                         FileConfigProvider, DirectoryConfigProvider and EnvVarConfigProvider";
            return Err(Problem::invalid(&key("class"), class, words));
        }
    };
    Ok(Some(Provider { source, ttl: ttl(&key("param.ttl.ms"), parameter("ttl.ms"))? }))
}

/// How long the values of a provider hold, which no provider of Kafka's says.
fn ttl(key: &str, text: Option<&str>) -> Result<Option<Duration>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let value = Parsed::parse(Type::Long, key, text)?;
    let checked = Validator::at_least(TTL_MS_MIN).check(key, &value);
    checked.map_err(|message| Problem { key: key.to_owned(), message })?;
    let Parsed::Long(millis) = value else { return Ok(None) };
    Ok(u64::try_from(millis).ok().map(Duration::from_millis))
}
