//! Our converters against those of Kafka.

mod case;
mod floats;
mod form;
mod generate;
mod header;
mod json;
mod judge;
mod plain;
