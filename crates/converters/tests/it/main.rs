//! Our converters against those of Kafka.

mod case;
mod definition;
mod floats;
mod form;
mod generate;
mod header;
mod json;
mod judge;
mod named;
mod plain;
