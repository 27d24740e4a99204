//! The data model of Kafka Connect: schemas and values.

mod builder;
mod decimal;
mod error;
mod header;
pub mod logical;
mod schema;
mod shared;
mod validate;
mod value;

pub use builder::SchemaBuilder;
pub use bytestring::ByteString as Text;
pub use decimal::Decimal;
pub use error::DataError;
pub use header::{Header, Headers};
pub use schema::{Field, Schema, Type};
pub use value::Value;

#[cfg(test)]
mod tests;
