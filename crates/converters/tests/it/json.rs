//! `JsonConverter` against Kafka's.

use std::sync::Arc;

use api::{Schema, Value};
use proptest::prelude::{Strategy, any};

use crate::case::{self, Config, JSON};
use crate::{generate, judge};

fn config() -> impl Strategy<Value = Config> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(schemas, numeric, replace)| {
        vec![
            ("schemas.enable", schemas.to_string()),
            ("decimal.format", if numeric { "NUMERIC" } else { "base64" }.to_owned()),
            ("replace.null.with.default", replace.to_string()),
        ]
    })
}

#[test]
fn values_with_schema_are_written_alike() {
    judge::compare(
        (config(), generate::schema_and_value()),
        |(config, (schema, value))| case::write_question(JSON, config, Some(schema), value),
        |(config, (schema, value))| case::write(JSON, config, Some(schema), value),
    );
}

#[test]
fn values_without_schema_are_written_alike() {
    judge::compare(
        (config(), generate::schemaless()),
        |(config, value)| case::write_question(JSON, config, None, value),
        |(config, value)| case::write(JSON, config, None, value),
    );
}

/// What our own converter writes.
fn written(config: &Config, schema: Option<&Arc<Schema>>, value: &Value) -> Option<Vec<u8>> {
    hex::decode(case::write(JSON, config, schema, value)["bytes"].as_str()?).ok()
}

#[test]
fn what_was_written_is_read_alike() {
    judge::compare(
        (config(), generate::schema_and_value()),
        |(config, (schema, value))| {
            case::read_question(JSON, config, written(config, Some(schema), value).as_deref())
        },
        |(config, (schema, value))| case::read(JSON, config, written(config, Some(schema), value).as_deref()),
    );
}
