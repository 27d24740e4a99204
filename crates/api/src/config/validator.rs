//! What a value has to be beyond its type: the validators of Kafka's `ConfigDef`, with their words.

use std::fmt;
use std::sync::Arc;

use super::Parsed;
use super::problem::invalid;
use crate::java;

type Check = dyn Fn(&str, &Parsed) -> Result<(), String> + Send + Sync;

/// A check of a value, with words for the docs. An error is Kafka's own message.
#[derive(Clone)]
pub struct Validator {
    check: Arc<Check>,
    description: Arc<str>,
    /// Whether a list is read without what comes twice in it, as Kafka does for its `ValidList`.
    pub(super) distinct: bool,
}

impl Validator {
    /// A check of one's own: it is given the key and the parsed value.
    pub fn new(
        description: &str,
        check: impl Fn(&str, &Parsed) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { check: Arc::new(check), description: description.into(), distinct: false }
    }

    /// A number that is not below a limit.
    pub fn at_least(min: impl Into<Number>) -> Self {
        let range = Range { min: min.into(), max: None };
        Self::new(&format!("[{},...]", range.min), move |key, value| range.check(key, value))
    }

    /// A number between limits, both included.
    pub fn between<N: Into<Number>>(min: N, max: N) -> Self {
        let (min, max) = (min.into(), max.into());
        let description = format!("[{min},...,{max}]");
        let range = Range { min, max: Some(max) };
        Self::new(&description, move |key, value| range.check(key, value))
    }

    /// One of some texts.
    pub fn one_of<T: Into<String>>(allowed: impl IntoIterator<Item = T>) -> Self {
        let allowed = texts(allowed);
        Self::new(&format!("[{}]", allowed.join(", ")), move |key, value| match value {
            Parsed::String(text) if allowed.contains(text) => Ok(()),
            other => Err(not_among(key, other, "String must be one of", &allowed)),
        })
    }

    /// One of some texts, in any case.
    pub fn one_of_ignoring_case<T: Into<String>>(allowed: impl IntoIterator<Item = T>) -> Self {
        let allowed: Vec<String> = texts(allowed).iter().map(|text| text.to_uppercase()).collect();
        let description = format!("(case insensitive) [{}]", allowed.join(", "));
        Self::new(&description, move |key, value| match value {
            Parsed::String(text) if allowed.contains(&text.to_uppercase()) => Ok(()),
            other => Err(not_among(key, other, "String must be one of (case insensitive)", &allowed)),
        })
    }

    /// A text that is null or has characters.
    pub fn non_empty() -> Self {
        Self::new("non-empty string", |key, value| match value {
            Parsed::String(text) if text.is_empty() => Err(invalid(key, text, "String must be non-empty")),
            _ => Ok(()),
        })
    }

    /// A text that is null, or has characters and no control characters among them.
    pub fn non_empty_without_control_chars() -> Self {
        Self::new("non-empty string without ISO control characters", |key, value| match value {
            Parsed::String(text) => printable(key, text),
            _ => Ok(()),
        })
    }

    /// Anything but null.
    pub fn non_null() -> Self {
        Self::new("non-null string", |key, value| match value {
            Parsed::Null => Err(invalid(key, value, "entry must be non null")),
            _ => Ok(()),
        })
    }

    /// A list of some items, none of them twice.
    pub fn list_of<T: Into<String>>(allowed: impl IntoIterator<Item = T>, empty_allowed: bool) -> Self {
        let allowed = texts(allowed);
        let description = format!("[{}]", allowed.join(", "));
        let words = description.clone();
        let validator = Self::new(&description, move |key, value| {
            let items = distinct(key, value, empty_allowed, &words)?;
            match items.iter().find(|item| !allowed.contains(item)) {
                Some(item) => Err(not_among(key, item, "String must be one of", &allowed)),
                None => Ok(()),
            }
        });
        Self { distinct: true, ..validator }
    }

    /// A list of any items, none of them empty or twice.
    pub fn distinct_list(empty_allowed: bool, null_allowed: bool) -> Self {
        let validator = Self::new("", move |key, value| match value {
            Parsed::Null if null_allowed => Ok(()),
            value => distinct(key, value, empty_allowed, "any non-empty value").map(drop),
        });
        Self { distinct: true, ..validator }
    }

    /// All of some checks, in order, up to the first that fails.
    pub fn all(validators: impl IntoIterator<Item = Self>) -> Self {
        let validators: Vec<Self> = validators.into_iter().collect();
        let descriptions: Vec<&str> = validators.iter().map(Self::description).collect();
        Self::new(&descriptions.join(", "), move |key, value| {
            validators.iter().try_for_each(|validator| validator.check(key, value))
        })
    }

    /// The same check for a key that may be null; a range by itself refuses null, as in Kafka.
    #[must_use]
    pub fn or_null(self) -> Self {
        let description = self.description.clone();
        Self::new(&description, move |key, value| match value {
            Parsed::Null => Ok(()),
            value => self.check(key, value),
        })
    }

    /// Checks the value of a key.
    ///
    /// # Errors
    /// What is wrong with it, in Kafka's words.
    pub fn check(&self, key: &str, value: &Parsed) -> Result<(), String> {
        (self.check)(key, value)
    }

    /// What is allowed, in words.
    pub fn description(&self) -> &str {
        &self.description
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

/// A number of a configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// SHORT, INT and LONG.
    Integer(i64),
    /// DOUBLE.
    Double(f64),
}

impl Number {
    /// The number as a double, which is what Kafka compares, too.
    #[expect(clippy::cast_precision_loss, reason = "as Kafka compares")]
    fn as_double(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Double(number) => number,
        }
    }

    fn of(value: &Parsed) -> Option<Self> {
        match *value {
            Parsed::Int(number) => Some(number.into()),
            Parsed::Short(number) => Some(Self::Integer(number.into())),
            Parsed::Long(number) => Some(number.into()),
            Parsed::Double(number) => Some(number.into()),
            _ => None,
        }
    }
}

impl From<i32> for Number {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Double(number) => java::double(*number, f),
        }
    }
}

struct Range {
    min: Number,
    max: Option<Number>,
}

impl Range {
    fn check(&self, key: &str, value: &Parsed) -> Result<(), String> {
        let Some(number) = Number::of(value).map(Number::as_double) else {
            return Err(invalid(key, value, "Value must be non-null"));
        };
        if number < self.min.as_double() {
            return Err(invalid(key, value, format_args!("Value must be at least {}", self.min)));
        }
        match self.max {
            Some(max) if number > max.as_double() => {
                Err(invalid(key, value, format_args!("Value must be no more than {max}")))
            }
            _ => Ok(()),
        }
    }
}

fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

fn not_among(key: &str, value: impl fmt::Display, words: &str, allowed: &[String]) -> String {
    invalid(key, value, format_args!("{words}: {}", allowed.join(", ")))
}

fn printable(key: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(invalid(key, text, "String may not be empty"));
    }
    let found: Vec<String> =
        text.chars().filter(|character| character.is_control()).map(|c| u32::from(c).to_string()).collect();
    if found.is_empty() {
        return Ok(());
    }
    let words = "String may not contain control sequences but had the following ASCII chars";
    Err(invalid(key, text, format_args!("{words}: {}", found.join(", "))))
}

/// The items of a list that is not null, none of them empty or twice.
fn distinct<'a>(
    key: &str,
    value: &'a Parsed,
    empty_allowed: bool,
    valid: &str,
) -> Result<&'a [String], String> {
    let Parsed::List(items) = value else {
        return Err(format!("Configuration '{key}' values must not be null."));
    };
    if items.is_empty() && !empty_allowed {
        return Err(format!("Configuration '{key}' must not be empty. Valid values include: {valid}"));
    }
    if (1..items.len()).any(|end| items[..end].contains(&items[end])) {
        return Err(format!("Configuration '{key}' values must not be duplicated."));
    }
    if items.iter().any(String::is_empty) {
        return Err(format!("Configuration '{key}' values must not be empty."));
    }
    Ok(items)
}

#[cfg(test)]
mod tests;
