//! Our transforms against those of Kafka and Debezium.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod bad_input;
mod case;
mod dates;
mod debezium;
mod definitions;
#[path = "../../../testkit/forms/connect_form.rs"]
mod form;
mod generate;
mod judge;
mod picked;
mod shorthand;
