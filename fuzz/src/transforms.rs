//! Transforms and predicates: their configurations, and the values they are applied to.

use api::config::Properties;
use api::{Batch, ConnectorType, Predicate, Record, Transform, Transformed, Value};

use crate::converters::{decode, json, registry};
use crate::{settings, split_line};

fn configured(class: &str, properties: &Properties) -> Option<Box<dyn Transform>> {
    let plugins = registry().transforms;
    let plugin = plugins.iter().find(|plugin| plugin.description().class == class);
    plugin.expect("a class that is built in").configure(properties).ok()
}

fn apply(transform: &mut dyn Transform, batch: &Batch) {
    for connector in [ConnectorType::Source, ConnectorType::Sink] {
        transform.apply(batch.clone(), connector, &mut Transformed::default());
    }
}

fn batch(topic: &str, value: Option<Value>) -> Batch {
    let mut batch = Batch::new(topic.into());
    batch.records.push(Record { value, timestamp_ms: Some(1_600_000_000_123), ..Record::default() });
    batch
}

/// `SimpleDateFormat`: a format in the first line, a text to be read by it in the rest.
pub fn date_format(data: &[u8]) {
    let class = "org.apache.kafka.connect.transforms.TimestampConverter$Value";
    let Some((format, text)) = split_line(data) else { return };
    let convert = |target: &str, value: Value| {
        let properties = settings(&[("format", format), ("target.type", target)]);
        if let Some(mut transform) = configured(class, &properties) {
            apply(&mut *transform, &batch("t", Some(value)));
        }
    };
    convert("unix", Value::Text(String::from_utf8_lossy(text).into_owned().into()));
    let mut millis = [0; 8];
    let length = text.len().min(8);
    millis[..length].copy_from_slice(&text[..length]);
    convert("string", Value::Int(i64::from_le_bytes(millis)));
}

/// `Pattern`: a regular expression, a replacement and a topic, a line each.
pub fn java_regex(data: &[u8]) {
    let Some((regex, rest)) = split_line(data) else { return };
    let Some((replacement, topic)) = split_line(rest) else { return };
    // Names of topics are short.
    let topic: String = String::from_utf8_lossy(topic).chars().take(249).collect();
    let properties = settings(&[("regex", regex), ("replacement", replacement)]);
    if let Some(mut router) = configured("org.apache.kafka.connect.transforms.RegexRouter", &properties) {
        apply(&mut *router, &batch(&topic, None));
    }
    let predicates = registry().predicates;
    let plugin = predicates.iter().find(|plugin| plugin.description().class.ends_with(".TopicNameMatches"));
    let plugin = plugin.expect("a class that is built in");
    if let Ok(predicate) = plugin.configure(&settings(&[("pattern", regex)])) {
        let predicate: Box<dyn Predicate> = predicate;
        predicate.test(&topic, &Record::default()).ok();
    }
}

/// Any transform: the first byte says which, lines `key=value` up to an empty one configure it, and the rest is a
/// value as JsonConverter reads it, in an envelope or without a schema.
pub fn transform(data: &[u8]) {
    let Some((which, mut rest)) = data.split_first() else { return };
    let plugins = registry().transforms;
    let plugin = &plugins[usize::from(*which) % plugins.len()];
    let mut properties = Properties::new();
    while let Some((line, behind)) = split_line(rest) {
        rest = behind;
        if line.is_empty() {
            break;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        properties.insert(key.to_owned(), value.to_owned());
    }
    let Ok(mut transform) = plugin.configure(&properties) else { return };
    for enabled in ["true", "false"] {
        let converter = json(&[("schemas.enable", enabled)]).expect("a converter");
        let Some((schema, value)) = decode(&*converter, rest) else { continue };
        let mut batch = batch("topic", value.clone());
        (batch.key_schema, batch.value_schema) = (schema.clone(), schema);
        batch.records[0].key = value;
        apply(&mut *transform, &batch);
    }
}
