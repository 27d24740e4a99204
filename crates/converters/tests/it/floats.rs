//! The text of floats against Java's, through JSON.

use std::sync::Arc;

use api::{Schema, Type, Value};
use serde_json::{Value as Json, json};

use crate::case::{self, JSON};
use crate::{generate, judge};

fn text(schema: &Arc<Schema>, value: f64) -> Json {
    let config = vec![("schemas.enable", "false".to_owned())];
    let answer = case::write(JSON, &config, Some(schema), &Value::Float(value));
    let bytes = hex::decode(answer["bytes"].as_str().unwrap()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    json!({"text": text.trim_matches('"')})
}

#[test]
fn doubles_have_the_text_of_java() {
    let schema = Schema::of(Type::Float64).build();
    judge::compare(
        generate::double(),
        |value| json!({"do": "double", "bits": format!("{:x}", value.to_bits())}),
        |value| text(&schema, *value),
    );
}

#[test]
fn floats_have_the_text_of_java() {
    let schema = Schema::of(Type::Float32).build();
    judge::compare(
        generate::float(),
        |value| json!({"do": "float", "bits": format!("{:x}", value.to_bits())}),
        |value| text(&schema, f64::from(*value)),
    );
}
