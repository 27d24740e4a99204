//! Our converters against those of Kafka.

#![allow(clippy::unwrap_used, reason = "tests say what is wrong by panicking")]

mod case;
mod definition;
mod floats;
#[path = "../../../testkit/forms/connect_form.rs"]
mod form;
mod generate;
mod header;
mod json;
mod judge;
mod named;
mod plain;
