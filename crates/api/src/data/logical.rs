//! The logical types Decimal, Date, Time and Timestamp.

use super::{Schema, SchemaBuilder, Type};

/// The schema name of a Decimal.
pub const DECIMAL: &str = "org.apache.kafka.connect.data.Decimal";
/// The schema name of a Date: INT32, days since 1970-01-01.
pub const DATE: &str = "org.apache.kafka.connect.data.Date";
/// The schema name of a Time: INT32, milliseconds since midnight.
pub const TIME: &str = "org.apache.kafka.connect.data.Time";
/// The schema name of a Timestamp: INT64, milliseconds since 1970-01-01 UTC.
pub const TIMESTAMP: &str = "org.apache.kafka.connect.data.Timestamp";
/// The schema parameter that holds the scale of a Decimal.
pub const SCALE: &str = "scale";

/// The milliseconds of a day.
pub const MILLIS_PER_DAY: i64 = 86_400_000;

/// Starts the schema of a Decimal of a scale.
pub fn decimal(scale: i32) -> SchemaBuilder {
    Schema::of(Type::Bytes).name(DECIMAL).version(1).parameter(SCALE, &scale.to_string())
}

/// Starts the schema of a Date.
pub fn date() -> SchemaBuilder {
    Schema::of(Type::Int32).name(DATE).version(1)
}

/// Starts the schema of a Time.
pub fn time() -> SchemaBuilder {
    Schema::of(Type::Int32).name(TIME).version(1)
}

/// Starts the schema of a Timestamp.
pub fn timestamp() -> SchemaBuilder {
    Schema::of(Type::Int64).name(TIMESTAMP).version(1)
}

/// The scale of a Decimal's schema, if it has a readable one.
pub fn scale(schema: &Schema) -> Option<i32> {
    schema.parameters.iter().find(|(key, _)| &**key == SCALE)?.1.parse().ok()
}
