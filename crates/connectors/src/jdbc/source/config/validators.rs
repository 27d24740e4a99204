//! What the values of single keys have to be.

use api::config::{Parsed, Validator};

use crate::jdbc::value::Zone;

/// One of some texts, all of it in upper or all in lower case, as Java's recommender of constants has it.
pub(super) fn enumeration(allowed: &'static [&'static str]) -> Validator {
    let words = format!("one of {} in upper or in lower case", allowed.join(", "));
    Validator::new(&words, move |key, value| match value {
        Parsed::String(text) if allowed.iter().any(|word| text == word || *text == word.to_uppercase()) => {
            Ok(())
        }
        other => Err(format!(
            "Invalid value {other} for configuration {key}: Invalid enumerator, must be one of {}",
            allowed.join(", ")
        )),
    })
}

/// Only the class that takes the user and the password of the configuration.
pub(super) fn credentials_provider() -> Validator {
    Validator::new("the default", |key, value| match value {
        Parsed::Class(class) if class.0.ends_with(".DefaultJdbcCredentialsProvider") => Ok(()),
        other => Err(format!(
            "Invalid value {other} for configuration {key}: a class of Java cannot be loaded; set connection.user \
             and connection.password, perhaps by a config provider"
        )),
    })
}

/// What may begin the name of a topic.
pub(super) fn topic_prefix() -> Validator {
    Validator::new("a prefix of a topic's name", |key, value| {
        let Parsed::String(text) = value else { return Ok(()) };
        let invalid = |reason: &str| Err(format!("Invalid value {text} for configuration {key}: {reason}"));
        if text.len() > 249 {
            return invalid("Topic prefix length must not exceed max topic name length, 249 chars");
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return invalid(
                "Topic prefix must not contain any character other than ASCII alphanumerics, '.', '_' and '-'.",
            );
        }
        Ok(())
    })
}

/// A time zone that Java knows.
pub(super) fn zone() -> Validator {
    Validator::new("a time zone", |key, value| match value {
        Parsed::String(text) if Zone::parse(text).is_none() => {
            Err(format!("Invalid value {text} for configuration {key}: Invalid time zone identifier"))
        }
        _ => Ok(()),
    })
}
