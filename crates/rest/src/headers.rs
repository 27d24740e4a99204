//! Headers that an administrator wants on every answer (`response.http.headers.config`).

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// How far a date may lie in the future: those of HTTP have years of four digits.
const DATE_MAX: Duration = Duration::from_secs(1_000 * 365 * 24 * 60 * 60);

/// What is wrong with the headers.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "Invalid value {config} for configuration response.http.headers.config: {reason}. Expected format: \
     '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"
)]
pub struct Error {
    config: String,
    reason: &'static str,
}

/// A header for every answer.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    name: HeaderName,
    value: Value,
    /// Added to headers of the name that are there, or set in place of them.
    add: bool,
}

#[derive(Clone, Debug)]
enum Value {
    Text(HeaderValue),
    /// The time of the answer and so many milliseconds.
    Date(Duration),
}

impl Header {
    /// Reads the headers of a configuration: between commas, in double quotes where they contain some.
    pub(crate) fn parse_all(config: &str) -> Result<Vec<Self>, Error> {
        split(config).iter().filter(|item| !item.is_empty()).map(|item| Self::parse(item)).collect()
    }

    fn parse(config: &str) -> Result<Self, Error> {
        let wrong = |reason| Error { config: config.to_owned(), reason };
        let (action, header) =
            config.split_once(char::is_whitespace).ok_or_else(|| wrong("there is no name"))?;
        let (name, value) = header.split_once(':').ok_or_else(|| wrong("there is no value"))?;
        let value = value.trim();
        let name = name.trim().parse().map_err(|_| wrong("the name is not one of a header"))?;
        let text = || HeaderValue::from_str(value).map_err(|_| wrong("the value is not one of a header"));
        let date = || match value.parse().map(Duration::from_millis) {
            Ok(after) if after <= DATE_MAX => Ok(after),
            Ok(_) => Err(wrong("the value is more than a thousand years")),
            Err(_) => Err(wrong("the value is no number")),
        };
        let (value, add) = match action.to_ascii_lowercase().as_str() {
            "set" => (Value::Text(text()?), false),
            "add" => (Value::Text(text()?), true),
            "setdate" => (Value::Date(date()?), false),
            "adddate" => (Value::Date(date()?), true),
            _ => return Err(wrong("the action is unknown")),
        };
        Ok(Self { name, value, add })
    }

    /// Puts the header on an answer.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        let value = match &self.value {
            Value::Text(text) => text.clone(),
            Value::Date(after) => {
                let date = httpdate::fmt_http_date(SystemTime::now() + *after);
                HeaderValue::from_str(&date).expect("dates are ASCII")
            }
        };
        if self.add {
            headers.append(&self.name, value);
        } else {
            headers.insert(&self.name, value);
        }
    }
}

/// The items between commas, trimmed, with quotes taken off.
fn split(config: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut quoted = false;
    for character in config.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => items.push(String::new()),
            other => items.last_mut().expect("there is one at the start").push(other),
        }
    }
    items.iter().map(|item| item.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests;
