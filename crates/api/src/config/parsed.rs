//! Parsed values, and how text becomes one: the tolerance and the words of Kafka's `ConfigDef.parseType`.

use std::fmt;

use super::{Problem, Type};
use crate::java;

/// A parsed value. Its `Display` is what messages show of it; a password is hidden.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// Null, the default of some keys.
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// STRING.
    String(String),
    /// INT.
    Int(i32),
    /// SHORT.
    Short(i16),
    /// LONG.
    Long(i64),
    /// DOUBLE.
    Double(f64),
    /// LIST.
    List(Vec<String>),
    /// CLASS.
    Class(Class),
    /// PASSWORD.
    Password(Password),
}

impl Parsed {
    /// Parses the value of a key as Kafka does: trimmed, except that digits are those of ASCII and doubles are
    /// not hexadecimal.
    ///
    /// # Errors
    /// The text is not of the type.
    pub fn parse(kind: Type, key: &str, text: &str) -> Result<Self, Problem> {
        let trimmed = trim(text);
        let number = || Problem::invalid(key, text, format_args!("Not a number of type {}", kind.name()));
        match kind {
            Type::Boolean => boolean(trimmed)
                .ok_or_else(|| Problem::invalid(key, text, "Expected value to be either true or false")),
            Type::String => Ok(Self::String(trimmed.to_owned())),
            Type::Int => trimmed.parse().map(Self::Int).map_err(|_| number()),
            Type::Short => trimmed.parse().map(Self::Short).map_err(|_| number()),
            Type::Long => trimmed.parse().map(Self::Long).map_err(|_| number()),
            Type::Double => double(trimmed).map(Self::Double).ok_or_else(number),
            Type::List => Ok(Self::List(list(trimmed))),
            Type::Class if trimmed.is_empty() => {
                Err(Problem::invalid(key, text, format_args!("Class {text} could not be found.")))
            }
            Type::Class => Ok(Self::Class(Class(trimmed.to_owned()))),
            Type::Password => Ok(Self::Password(Password::new(trimmed))),
        }
    }

    /// The value in the form that users write (Kafka's `ConfigDef.convertToString`): the items of a list with a
    /// comma between them, a password hidden; `None`: null.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::List(items) => Some(items.join(",")),
            other => Some(other.to_string()),
        }
    }
}

impl fmt::Display for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::String(value) => f.write_str(value),
            Self::Int(value) => value.fmt(f),
            Self::Short(value) => value.fmt(f),
            Self::Long(value) => value.fmt(f),
            Self::Double(value) => java::double(*value, f),
            Self::List(items) => write!(f, "[{}]", items.join(", ")),
            Self::Class(class) => f.write_str(&class.0),
            Self::Password(password) => password.fmt(f),
        }
    }
}

/// The name of a class, not resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Class(pub String);

/// Text that neither `Debug` nor `Display` shows (invariant 8).
#[derive(Clone, Eq, PartialEq)]
pub struct Password(String);

impl Password {
    /// Hides a text.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Java's `String.trim`: everything up to the space goes, and no other white space.
fn trim(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

fn boolean(text: &str) -> Option<Parsed> {
    let value = text.eq_ignore_ascii_case("true");
    (value || text.eq_ignore_ascii_case("false")).then_some(Parsed::Boolean(value))
}

/// Java's `Double.parseDouble`: `NaN` and `Infinity` in just these letters, and a suffix `d` or `f` allowed.
fn double(text: &str) -> Option<f64> {
    let magnitude = text.strip_prefix(['+', '-']).unwrap_or(text);
    match magnitude {
        "NaN" | "Infinity" => text.parse().ok(),
        _ if magnitude.starts_with(|first: char| first == '.' || first.is_ascii_digit()) => {
            text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text).parse().ok()
        }
        _ => None,
    }
}

/// Items between commas with the white space around them; no text: no items.
fn list(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    // What `\s` matches in a Java expression.
    let space = |character| matches!(character, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r');
    text.split(',').map(|item| item.trim_matches(space).to_owned()).collect()
}

#[cfg(test)]
mod tests;
