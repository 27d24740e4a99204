//! The data model of Kafka Connect: schemas and values.

mod header;
pub mod logical;
mod schema;
mod value;

pub use bytestring::ByteString as Text;
pub use header::{Header, Headers};
pub use logical::Decimal;
pub use schema::{Field, Schema, SchemaBuilder, Type};
pub use value::Value;
