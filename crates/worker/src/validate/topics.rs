//! What is wrong with the topics of a sink connector across its keys.

use api::config::{ConfigValue, Parsed, Properties, Type};
use fancy_regex::Regex;

const TOPICS: &str = "topics";
const REGEX: &str = "topics.regex";
const DLQ: &str = "errors.deadletterqueue.topic.name";

/// The name of the dead letter queue, if the connector has one.
pub(super) fn dead_letter_queue(properties: &Properties) -> Option<&str> {
    filled(properties, DLQ)
}

/// Adds what is wrong: exactly one of `topics` and `topics.regex`, and the dead letter queue is not among them.
pub(super) fn check(properties: &Properties, values: &mut [ConfigValue]) {
    let (topics, regex) = (filled(properties, TOPICS), filled(properties, REGEX));
    if topics.is_some() == regex.is_some() {
        let words = match topics {
            Some(_) => "topics and topics.regex are mutually exclusive options, but both are set.",
            None => "Must configure one of topics or topics.regex",
        };
        add(values, TOPICS, words.to_owned());
        add(values, REGEX, words.to_owned());
    }
    let Some(dlq) = dead_letter_queue(properties) else { return };
    if let Some(topics) = topics {
        let topics = distinct(topics);
        if topics.iter().any(|topic| topic == dlq) {
            add(
                values,
                TOPICS,
                among(dlq, "included in the list of", TOPICS, &format!("[{}]", topics.join(", "))),
            );
        }
    }
    if let Some(regex) = regex
        && matches_whole(regex, dlq)
    {
        add(values, REGEX, among(dlq, "matched by the regex for the", REGEX, regex));
    }
}

fn filled<'a>(properties: &'a Properties, key: &str) -> Option<&'a str> {
    properties.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
}

fn distinct(topics: &str) -> Vec<String> {
    let Ok(Parsed::List(topics)) = Parsed::parse(Type::List, TOPICS, topics) else { return Vec::new() };
    let mut distinct = Vec::new();
    for topic in topics {
        if !topic.is_empty() && !distinct.contains(&topic) {
            distinct.push(topic);
        }
    }
    distinct
}

/// Whether a regular expression matches all of a name; one that is none is reported by its key.
fn matches_whole(regex: &str, name: &str) -> bool {
    Regex::new(&format!("^(?:{regex})$")).is_ok_and(|regex| regex.is_match(name).unwrap_or(false))
}

fn among(dlq: &str, how: &str, key: &str, value: &str) -> String {
    format!("The DLQ topic '{dlq}' may not be {how} topics ('{key}={value}') consumed by the connector")
}

fn add(values: &mut [ConfigValue], key: &str, message: String) {
    if let Some(value) = values.iter_mut().find(|value| value.name == key) {
        value.errors.push(message);
    }
}
