//! Kafka's `FileConfigProvider`: a path is a file of properties in UTF-8, a key one of its keys.

use std::collections::BTreeSet;

use super::paths::AllowedPaths;
use super::{Answers, read};
use crate::config::parse_text;

/// The values of some keys of a file.
///
/// # Errors
/// The file is allowed and cannot be read.
pub(super) fn get(allowed: &AllowedPaths, path: &str, keys: &BTreeSet<&str>) -> Result<Answers, String> {
    let all = |reason: &str| keys.iter().map(|key| ((*key).to_owned(), Err(reason.to_owned()))).collect();
    if path.is_empty() {
        return Ok(all("the variable names no file"));
    }
    let Some(place) = allowed.allow(path) else {
        return Ok(all(&format!("The path {path} is not allowed to be accessed")));
    };
    let failed = |reason| format!("Could not read properties from file {path}: {reason}");
    let text = read::text(&place).map_err(failed)?;
    let mut properties = parse_text(&text).map_err(failed)?;
    let answer = |key: &&str| {
        let value = properties.remove(*key).ok_or_else(|| format!("the file {path} has no such key"));
        ((*key).to_owned(), value)
    };
    Ok(keys.iter().map(answer).collect())
}
