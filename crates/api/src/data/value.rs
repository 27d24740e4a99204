//! Values: what a field, a key, a value or a header holds.

use bytes::Bytes;

use super::{Decimal, Text};

/// A value of Kafka Connect.
///
/// Integers of every width are an `Int`, both floats a `Float`; the schema says which. A `Date` is an `Int` of
/// days, a `Time` of milliseconds, a `Timestamp` of milliseconds since 1970-01-01 UTC, as in Kafka's encoding.
/// `Debug` shows data: it stays out of messages and logs, which use [`Value::kind`].
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Null.
    #[default]
    Null,
    /// BOOLEAN.
    Bool(bool),
    /// INT8, INT16, INT32, INT64 and the logical types on them.
    Int(i64),
    /// FLOAT32 (a value that an f32 holds exactly) and FLOAT64.
    Float(f64),
    /// STRING, a slice of the buffer it was read from.
    Text(Text),
    /// BYTES, a slice of the buffer it was read from.
    Bytes(Bytes),
    /// The logical type Decimal.
    Decimal(Box<Decimal>),
    /// ARRAY.
    Array(Vec<Value>),
    /// MAP, its entries in order.
    Map(Vec<(Value, Value)>),
    /// STRUCT, one value for each field of the schema, in its order.
    Struct(Box<[Value]>),
}

impl Value {
    /// The name of the kind, for messages: never the data.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "float",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Decimal(_) => "decimal",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Struct(_) => "struct",
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Text::from(text))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
