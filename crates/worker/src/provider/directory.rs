//! Kafka's `DirectoryConfigProvider`: a path is a directory, a key the name of a file in it, whose whole text is the
//! value.

use std::collections::BTreeSet;
use std::path::Path;

use super::paths::AllowedPaths;
use super::{Answers, read};

/// The texts of some files of a directory.
///
/// # Errors
/// A file is there and cannot be read.
pub(super) fn get(allowed: &AllowedPaths, path: &str, keys: &BTreeSet<&str>) -> Result<Answers, String> {
    let all = |reason: &str| keys.iter().map(|key| ((*key).to_owned(), Err(reason.to_owned()))).collect();
    if path.is_empty() {
        return Ok(all("the variable names no directory"));
    }
    let Some(place) = allowed.allow(path) else {
        return Ok(all(&format!("The path {path} is not allowed to be accessed")));
    };
    if !place.is_dir() {
        return Ok(all(&format!("The path {path} is not a directory")));
    }
    keys.iter().map(|key| Ok(((*key).to_owned(), of_file(&place, path, key)?))).collect()
}

fn of_file(directory: &Path, shown: &str, key: &str) -> Result<Result<String, String>, String> {
    // A key is the name of a file, so nothing else in it may lead elsewhere.
    let name = !matches!(key, "" | "." | "..") && !key.contains('/');
    let file = directory.join(key);
    if !name || !file.is_file() {
        return Ok(Err(format!("the directory {shown} has no such file")));
    }
    let failed = |reason| format!("Could not read file {shown}/{key} for property {key}: {reason}");
    read::text(&file).map(Ok).map_err(failed)
}
