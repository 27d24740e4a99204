//! Cases picked by hand: `[class, config, schema, value, record]`, one a line, in `cases.jsonl`.

use api::{ConnectorType, Header, Record, Value};
use serde_json::Value as Json;

use crate::case::Case;
use crate::{judge, shorthand};

fn case(line: &str) -> Case {
    let parts: Json = serde_json::from_str(line).unwrap();
    let class = parts[0].as_str().unwrap().to_owned();
    let schema = shorthand::schema(&parts[2]);
    let value = shorthand::value(&parts[3], schema.as_deref());
    let value = (schema.is_some() || !value.is_null()).then_some(value);
    let more = &parts[4];
    let header = |header: &Json| {
        let schema = shorthand::schema(&header[1]);
        let value = shorthand::value(&header[2], schema.as_deref());
        Header { key: header[0].as_str().unwrap().into(), schema, value }
    };
    let key = class.ends_with("$Key");
    let side = |wanted: bool, value: &Option<Value>| value.clone().filter(|_| wanted);
    let text = |(name, value): (&String, &Json)| (name.clone(), value.as_str().unwrap().to_owned());
    Case {
        config: parts[1].as_object().unwrap().iter().map(text).collect(),
        connector: match more["connector"].as_str() {
            Some("source") => ConnectorType::Source,
            _ => ConnectorType::Sink,
        },
        topic: more["topic"].as_str().unwrap_or("topic").to_owned(),
        key_schema: schema.clone().filter(|_| key),
        value_schema: schema.filter(|_| !key),
        records: vec![Record {
            key: side(key, &value),
            value: side(!key, &value),
            headers: more["headers"].as_array().into_iter().flatten().map(header).collect(),
            timestamp_ms: more.get("timestamp").map_or(Some(1_700_000_000_000), Json::as_i64),
            partition: Some(more["partition"].as_i64().unwrap_or(0) as i32),
            offset: 0,
        }],
        class,
    }
}

/// What our messages say in words of their own, because Kafka's show data, or the innards of Java.
const OWN_WORDS: [&str; 14] = [
    "out of range for requested data type",
    "Could not parse timestamp: value does not match pattern",
    "the replacement cannot be converted to a number",
    "Timestamp missing on record",
    "Invalid regex: ",
    "No value specified for static field: ",
    "the path to the field has no names",
    "expected a map whose keys are text",
    "Unknown field: ",
    "needs a `format`",
    "Value must be one of",
    "Expected value to be either true or false",
    "expected a struct as the value of a change event",
    "expected a list in header",
];

#[test]
fn picked_cases_are_answered_alike() {
    check(include_str!("cases.jsonl"));
}

/// What Debezium documents, and what its own tests try.
#[test]
fn events_of_debezium_are_answered_alike() {
    check(include_str!("debezium.jsonl"));
}

fn check(cases: &str) {
    let cases: Vec<Case> = cases.lines().map(case).collect();
    assert!(cases.len() >= 200, "all of them are there");
    let questions: Vec<Json> = cases.iter().flat_map(Case::questions).collect();
    let answers = judge::ask(&questions);
    let mut wrong = Vec::new();
    for ((case, question), answer) in cases.iter().zip(&questions).zip(&answers) {
        let ours = case.answers().swap_remove(0);
        let theirs = answer["message"].as_str().unwrap_or_default();
        let message = ours["message"].as_str().unwrap_or_default();
        let words = message == theirs.replace("LinkedHashMap", "HashMap")
            || OWN_WORDS.iter().any(|own| message.contains(own));
        if judge::verdict(&ours) != judge::verdict(answer) || !words {
            wrong.push(format!("asked  {question}\nKafka  {answer}\nours   {ours}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
