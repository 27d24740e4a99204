//! The checks of connector keys that are Kafka Connect's own, with its words.

use api::config::{Parsed, Problem, Validator};
use fancy_regex::Regex;

use crate::plugins::Version;

/// A number of at least 1.
pub(super) fn at_least_one() -> Validator {
    Validator::at_least(1)
}

/// Null or a number of at least 0.
pub(super) fn at_least_zero() -> Validator {
    let range = Validator::at_least(0);
    Validator::new("null or at least 0", move |key, value| match value {
        Parsed::Null => Ok(()),
        value => range.check(key, value),
    })
}

/// What `config.action.reload` may be.
pub(super) fn reload_action() -> Validator {
    Validator::one_of(["none", "restart"])
}

/// What `errors.tolerance` may be.
pub(super) fn tolerance() -> Validator {
    Validator::one_of(["none", "all"])
}

/// What `exactly.once.support` may be.
pub(super) fn exactly_once_support() -> Validator {
    Validator::one_of_ignoring_case(["required", "requested"])
}

/// What `transaction.boundary` may be.
pub(super) fn transaction_boundary() -> Validator {
    Validator::one_of_ignoring_case(["interval", "poll", "connector"])
}

/// A list of topics, none of them empty or twice.
pub(super) fn topics() -> Validator {
    Validator::distinct_list(true, false)
}

/// Aliases, none of them twice.
pub(super) fn unique_aliases() -> Validator {
    Validator::new("unique aliases", |key, value| match value {
        Parsed::List(aliases) if has_duplicate(aliases) => {
            Err(Problem::invalid(key, value, "Duplicate alias provided.").message)
        }
        Parsed::Null => Err(Problem::invalid(key, value, "entry must be non null").message),
        _ => Ok(()),
    })
}

/// A regular expression.
pub(super) fn regex() -> Validator {
    Validator::new("valid regex", |key, value| match value {
        Parsed::String(text) => Regex::new(text)
            .map(drop)
            .map_err(|error| Problem::invalid(key, text, format_args!("Invalid regex: {error}")).message),
        _ => Ok(()),
    })
}

/// Regular expressions.
pub(super) fn regexes() -> Validator {
    Validator::new("valid regexes", |key, value| {
        let Parsed::List(items) = value else { return Ok(()) };
        match items.iter().find_map(|item| Regex::new(item).err()) {
            Some(error) => {
                let words = format_args!("Syntax error in regular expression: {error}");
                Err(Problem::invalid(key, value, words).message)
            }
            None => Ok(()),
        }
    })
}

/// A number of partitions, or -1 for the broker's own.
pub(crate) fn partitions() -> Validator {
    Validator::new("Positive number, or -1 to use the broker's default", |key, value| match value {
        Parsed::Int(number) if *number != -1 && *number < 1 => {
            let words = "Number of partitions must be positive, or -1 to use the broker's default";
            Err(Problem::invalid(key, value, words).message)
        }
        _ => Ok(()),
    })
}

/// A replication factor, or -1 for the broker's own.
pub(crate) fn replication_factor() -> Validator {
    let description = "Positive number not larger than the number of brokers, or -1 for the broker's default";
    Validator::new(description, |key, value| match value {
        Parsed::Short(number) if *number != -1 && *number < 1 => {
            let words = "Replication factor must be positive and not larger than the number of brokers in the \
                         Kafka cluster, or -1 to use the broker's default";
            Err(Problem::invalid(key, value, words).message)
        }
        _ => Ok(()),
    })
}

/// A version of a plugin, or ranges of versions.
pub(super) fn version() -> Validator {
    Validator::new("version or ranges of versions", |_, value| match value {
        Parsed::String(text) => Version::wanted(Some(text)).map(drop),
        _ => Ok(()),
    })
}

fn has_duplicate(items: &[String]) -> bool {
    (1..items.len()).any(|end| items[..end].contains(&items[end]))
}
