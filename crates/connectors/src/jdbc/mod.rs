//! JDBC: tables of databases to topics and back, with the class names, keys and offsets of Confluent's and Aiven's
//! connectors, without Java.
//!
//! `source` and `sink` know SQL in general, a folder of `dialect` one database each; `url` reads what users write in
//! `connection.url`, `value` holds what values of columns become.

mod dialect;
mod sink;
mod url;
mod value;
