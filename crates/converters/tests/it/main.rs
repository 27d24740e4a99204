//! Our converters against those of Kafka.

mod case;
mod form;
mod generate;
mod json;
mod judge;
