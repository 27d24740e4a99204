//! Kafka's own client keys, parsed into types: every problem at once, unknown keys named, impossible ones refused.

mod client;
mod consumer;
mod producer;
mod reader;

use std::{collections::BTreeMap, fmt};

pub use client::{Address, ClientOptions};
pub use consumer::{ConsumerOptions, IsolationLevel, OffsetReset};
pub use producer::{Acks, ProducerOptions};

use crate::error::Error;
use reader::Reader;

/// One option that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Kafka's key.
    pub key: Box<str>,
    /// What is wrong with its value.
    pub problem: Box<str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option `{}`: {}", self.key, self.problem)
    }
}

/// The options of one kind of client, with the keys that this client does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<T> {
    /// How to connect.
    pub client: ClientOptions,
    /// What the kind of client adds.
    pub options: T,
    /// Keys that nothing has read, in alphabetical order: to be reported once.
    pub unknown: Vec<String>,
}

/// Parses the keys of a Kafka producer.
pub fn producer(properties: &BTreeMap<String, String>) -> Result<Parsed<ProducerOptions>, Error> {
    parse(properties, ProducerOptions::read)
}

/// Parses the keys of a Kafka consumer.
pub fn consumer(properties: &BTreeMap<String, String>) -> Result<Parsed<ConsumerOptions>, Error> {
    parse(properties, ConsumerOptions::read)
}

/// Parses the keys of a Kafka admin client.
pub fn admin(properties: &BTreeMap<String, String>) -> Result<Parsed<()>, Error> {
    parse(properties, |_| ())
}

fn parse<T>(
    properties: &BTreeMap<String, String>,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Result<Parsed<T>, Error> {
    let mut reader = Reader::new(properties);
    let client = ClientOptions::read(&mut reader);
    let options = read(&mut reader);
    let unknown = reader.finish()?;
    Ok(Parsed { client, options, unknown })
}

#[cfg(test)]
mod tests;
