//! Kafka's predicates: `HasHeaderKey`, `RecordIsTombstone`, `TopicNameMatches`.

use api::config::{Definition, Importance, Key, Problem, Problems, Properties, Type, Validator, Values};
use api::{Description, Error, PluginType, Predicate, PredicatePlugin, Record, Result, Value};

use crate::class::VERSION;
use crate::pattern::Pattern;

pub(crate) const CLASSES: [Class; 3] = [
    Class {
        name: "org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
        keys: header_keys,
        configure: |values| Ok(Box::new(HasHeaderKey(values.string("name").unwrap_or_default().to_owned()))),
    },
    Class {
        name: "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
        keys: Vec::new,
        configure: |_| Ok(Box::new(RecordIsTombstone)),
    },
    Class {
        name: "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
        keys: topic_keys,
        configure: topic_name_matches,
    },
];

type Configured = Result<Box<dyn Predicate>, Problems>;

/// A class of predicates.
#[derive(Clone, Copy)]
pub(crate) struct Class {
    name: &'static str,
    keys: fn() -> Vec<Key>,
    configure: fn(&Values) -> Configured,
}

impl PredicatePlugin for Class {
    fn description(&self) -> Description {
        Description { class: self.name, version: VERSION, kind: PluginType::Predicate }
    }

    fn definition(&self) -> Definition {
        (self.keys)().into_iter().collect()
    }

    fn configure(&self, properties: &Properties) -> Configured {
        (self.configure)(&self.definition().parse(properties)?)
    }
}

fn header_keys() -> Vec<Key> {
    let name = Key::new("name", Type::String)
        .validator(Validator::non_empty())
        .importance(Importance::Medium)
        .documentation("The header name.");
    vec![name]
}

fn topic_keys() -> Vec<Key> {
    let pattern = Key::new("pattern", Type::String)
        .validator(Validator::all([Validator::non_empty(), Pattern::validator()]))
        .importance(Importance::Medium)
        .documentation("A Java regular expression for matching against the name of a record's topic.");
    vec![pattern]
}

fn topic_name_matches(values: &Values) -> Configured {
    let problem = |message| Problems::from(Problem { key: "pattern".to_owned(), message });
    let pattern = Pattern::new(values.string("pattern").unwrap_or_default()).map_err(problem)?;
    Ok(Box::new(TopicNameMatches(pattern)))
}

struct HasHeaderKey(String);

impl Predicate for HasHeaderKey {
    fn test(&self, _: &str, record: &Record) -> Result<bool> {
        Ok(record.headers.as_slice().iter().any(|header| *header.key == *self.0))
    }
}

struct RecordIsTombstone;

impl Predicate for RecordIsTombstone {
    fn test(&self, _: &str, record: &Record) -> Result<bool> {
        Ok(record.value.as_ref().is_none_or(Value::is_null))
    }
}

struct TopicNameMatches(Pattern);

impl Predicate for TopicNameMatches {
    fn test(&self, topic: &str, _: &Record) -> Result<bool> {
        self.0.matches(topic).map_err(Error::reject)
    }
}
