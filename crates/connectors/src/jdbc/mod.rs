//! JDBC: tables of databases to topics and back, with the class names, keys and offsets of Confluent's and Aiven's
//! connectors, without Java.
//!
//! `source` and `sink` know SQL in general, a folder of `dialect` one database each; `url` reads what users write in
//! `connection.url`, `value` holds what values of columns become.

mod dialect;
mod misspelt;
mod sink;
mod source;
mod url;
mod value;

/// The version of Confluent's connectors whose keys and defaults these are.
const CONFLUENT_VERSION: &str = "10.9.0";
/// The version of Aiven's connectors whose keys and defaults these are.
const AIVEN_VERSION: &str = "6.10.0";

/// Adds the connectors of databases.
pub(crate) fn register(registry: &mut api::Registry) {
    sink::register(registry);
    source::register(registry);
}
