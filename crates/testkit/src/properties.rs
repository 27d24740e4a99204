//! Java's properties files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

/// Writes `key=value` lines; backslashes, which Java takes for escapes, are doubled.
pub(crate) fn write(path: &Path, properties: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let lines = properties.iter().map(|(key, value)| line(key, value));
    fs::write(path, lines.collect::<String>()).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Returns one line of a properties file, with its end.
pub(crate) fn line(key: &str, value: &str) -> String {
    format!("{key}={}\n", value.replace('\\', "\\\\"))
}
