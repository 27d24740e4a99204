//! What turns values into the bytes of Kafka and back.
//!
//! Work on a schema happens when an [`Encoder`] is made, once per batch, and in the cache of a [`Decoder`].

use std::sync::Arc;

use bytes::Bytes;

use crate::config::{Definition, Problems, Properties};
use crate::{Description, Result, Schema, Value};

/// What a converter is used for; Kafka's `converter.type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Keys of records.
    Key,
    /// Values of records.
    Value,
    /// Headers of records.
    Header,
}

/// A class of converters, known by its name.
pub trait ConverterPlugin: Send + Sync {
    /// Class, version, kind.
    fn description(&self) -> Description;
    /// Its configuration, as REST shows it.
    fn definition(&self) -> Definition;
    /// Makes a converter of properties whose prefix (`key.converter.`, `value.converter.`) was cut off.
    fn configure(&self, properties: &Properties, role: Role) -> Result<Box<dyn Converter>, Problems>;
}

/// A configured converter, shared by the tasks that use it.
pub trait Converter: Send + Sync {
    /// Prepares to write values of one schema to one topic.
    fn encoder(&self, topic: &str, schema: Option<&Arc<Schema>>) -> Result<Box<dyn Encoder>>;
    /// Prepares to read messages of one topic.
    fn decoder(&self, topic: &str) -> Box<dyn Decoder>;
}

/// Writes values of one schema.
pub trait Encoder: Send {
    /// Appends the bytes of a value to `out` and answers true, or answers false for a null of Kafka.
    ///
    /// After an error `out` may hold a part of the value: the caller cuts it off.
    fn encode(&mut self, value: &Value, out: &mut Vec<u8>) -> Result<bool>;

    /// The bytes of a value that has them already, so that nothing is copied; `None`: call [`Encoder::encode`].
    fn borrow<'a>(&self, _value: &'a Value) -> Option<&'a [u8]> {
        None
    }

    /// Appends what stands in Kafka for an absent value ([`crate::Record::value`] is `None`); false: null.
    fn encode_absent(&mut self, _out: &mut Vec<u8>) -> Result<bool> {
        Ok(false)
    }
}

/// Reads messages of one topic, remembering the schemas that it has met.
pub trait Decoder: Send {
    /// The value of a message; `None`: absent, as a tombstone is.
    fn decode(&mut self, message: Option<Bytes>) -> Result<Option<Value>>;

    /// The schema of the value that was decoded last; `None`: it has none.
    ///
    /// The same schema is answered as the same `Arc`, so that batches are cut only where it changes.
    fn schema(&self) -> Option<&Arc<Schema>>;
}

/// A class of header converters, known by its name.
pub trait HeaderConverterPlugin: Send + Sync {
    /// Class, version, kind.
    fn description(&self) -> Description;
    /// Its configuration, as REST shows it.
    fn definition(&self) -> Definition;
    /// Makes a header converter of properties whose prefix (`header.converter.`) was cut off.
    fn configure(&self, properties: &Properties) -> Result<Box<dyn HeaderConverter>, Problems>;
}

/// A configured header converter.
pub trait HeaderConverter: Send + Sync {
    /// Appends the bytes of a header's value to `out`; false: null.
    fn encode(
        &self,
        topic: &str,
        key: &str,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool>;
    /// The schema and the value of a header's bytes.
    fn decode(&self, topic: &str, key: &str, bytes: Option<Bytes>) -> Result<(Option<Arc<Schema>>, Value)>;
}
