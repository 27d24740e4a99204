//! Kafka's `EnvVarConfigProvider`: a key is the name of a variable of the environment.

use std::collections::BTreeSet;

use fancy_regex::Regex;

use super::{Answers, Environment};

/// The variables whose whole names match an expression (`allowlist.pattern`), as they are now.
///
/// # Errors
/// The expression is none.
pub(super) fn allowed(environment: &Environment, pattern: Option<&str>) -> Result<Environment, String> {
    let Some(pattern) = pattern else { return Ok(environment.clone()) };
    let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| error.to_string())?;
    // A name that the expression takes too long for is not allowed.
    let matches = |name: &str| regex.is_match(name).unwrap_or(false);
    let allowed = environment.iter().filter(|(name, _)| matches(name));
    Ok(allowed.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The values of some variables.
///
/// # Errors
/// There is a path, which means nothing here.
pub(super) fn get(variables: &Environment, path: &str, keys: &BTreeSet<&str>) -> Result<Answers, String> {
    if !path.is_empty() {
        return Err(format!("Path is not supported for EnvVarConfigProvider, invalid value '{path}'"));
    }
    let answer = |key: &&str| {
        let value = variables.get(*key).cloned();
        let absent = || "the environment has no such variable, or it is not allowed".to_owned();
        ((*key).to_owned(), value.ok_or_else(absent))
    };
    Ok(keys.iter().map(answer).collect())
}
