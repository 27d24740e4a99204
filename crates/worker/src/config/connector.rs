//! Files of connectors on the command line: properties, or JSON in one of two shapes.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::{Error, properties, read};
use crate::herder::{InitialState, RawConfig};

/// A connector to be created at the start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectorFile {
    /// The name.
    pub name: String,
    /// The configuration.
    pub config: RawConfig,
    /// What it does at first.
    pub initial_state: InitialState,
}

impl ConnectorFile {
    /// Reads a file: a JSON object of the configuration with its `name`, a JSON object with `name`, `config` and
    /// perhaps `initial_state` (KIP-980), or properties.
    ///
    /// # Errors
    /// The file cannot be read or is not written as it should be, or the name is missing. The words tell the key.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = read(path)?;
        let parsed = if json(&bytes) { from_json(&bytes) } else { from_properties(&bytes) };
        parsed.map_err(|reason| Error::Syntax { path: path.to_owned(), reason })
    }
}

/// Whether a file is JSON: properties do not begin with a brace.
fn json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

fn from_properties(bytes: &[u8]) -> Result<ConnectorFile, String> {
    let properties = properties::parse(bytes)?;
    let config = properties.into_iter().map(|(key, value)| (key, Some(value))).collect();
    flat(config)
}

fn from_json(bytes: &[u8]) -> Result<ConnectorFile, String> {
    let object: Map<String, Json> =
        serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON object: {error}"))?;
    if matches!(object.get("config"), Some(Json::Object(_))) {
        return request(&object);
    }
    flat(config(&object)?)
}

/// A configuration that has the name in it.
fn flat(config: RawConfig) -> Result<ConnectorFile, String> {
    let name = config.get("name").cloned().flatten().filter(|name| !name.trim().is_empty());
    let name = name.ok_or("the key `name` is missing")?;
    Ok(ConnectorFile { name, config, initial_state: InitialState::Running })
}

/// What one would send to `POST /connectors`; keys that are not known mean nothing.
fn request(object: &Map<String, Json>) -> Result<ConnectorFile, String> {
    let name = match object.get("name") {
        Some(Json::String(name)) if !name.trim().is_empty() => name.clone(),
        _ => return Err("the key `name` is missing".to_owned()),
    };
    let inner = object.get("config").and_then(Json::as_object).ok_or("the key `config` is no object")?;
    let config = config(inner)?;
    if let Some(Some(other)) = config.get("name").filter(|other| other.as_deref() != Some(&name)) {
        return Err(format!("the key `name` in `config` is `{other}`, and `{name}` beside it"));
    }
    let initial_state = match object.get("initial_state") {
        None | Some(Json::Null) => InitialState::Running,
        Some(Json::String(word)) => {
            word.parse().map_err(|error| format!("the key `initial_state`: {error}"))?
        }
        Some(_) => return Err("the key `initial_state`: expected RUNNING, PAUSED or STOPPED".to_owned()),
    };
    Ok(ConnectorFile { name, config, initial_state })
}

/// A configuration of JSON: numbers and booleans are taken as people write them.
fn config(object: &Map<String, Json>) -> Result<RawConfig, String> {
    let value = |(key, value): (&String, &Json)| {
        let text = match value {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
            Json::Array(_) | Json::Object(_) => {
                return Err(format!("the key `{key}`: expected a text, a number or a boolean"));
            }
        };
        Ok((key.clone(), text))
    };
    object.iter().map(value).collect()
}

#[cfg(test)]
mod tests;
