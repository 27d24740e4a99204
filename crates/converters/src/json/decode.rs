//! Messages of JSON to schemas and values: the envelope.

use std::ops::Range;
use std::sync::Arc;

use api::{Decoder, Error, Result, Schema, Value};
use bytes::Bytes;

use super::cache::{Cache, Known};
use super::scan::{self, Scanner};
use super::{Options, direct, encoding, text, unreadable};

const SCHEMA: &[u8] = b"{\"schema\":";
const PAYLOAD: &[u8] = b",\"payload\":";
const ENVELOPE: &str = "cannot read JSON: with `schemas.enable` a message is an object of `schema` and `payload` and \
                        nothing else, hint: set `schemas.enable=false` to read plain JSON";

type Decoded = (Option<Arc<Schema>>, Option<Value>);

/// Reads messages, remembering their schemas.
pub(super) struct JsonDecoder {
    envelope: bool,
    replace_null: bool,
    /// The schema of all messages, if the configuration has one.
    content: Option<Arc<Known>>,
    cache: Cache,
    /// The schema of the last message.
    last: Option<Arc<Known>>,
    schemaless: direct::Schemaless,
}

impl JsonDecoder {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            envelope: options.schemas,
            replace_null: options.replace_null,
            content: options.content.clone(),
            cache: Cache::new(options.cache),
            last: None,
            schemaless: direct::Schemaless::default(),
        }
    }

    fn read(&mut self, message: &Bytes) -> Result<Decoded> {
        if !self.envelope {
            return self.read_plain(message);
        }
        if let Some(known) = &self.content {
            return read_content(known, message);
        }
        match self.read_quickly(message) {
            Some(decoded) => Ok(decoded),
            None => self.read_envelope(message),
        }
    }

    fn read_plain(&mut self, message: &Bytes) -> Result<Decoded> {
        let mut scanner = Scanner::new(message);
        if scanner.peek().is_none() {
            return Ok((None, None));
        }
        let value = self.schemaless.read(&mut scanner, message).map_err(unreadable)?;
        Ok((None, (!value.is_null()).then_some(value)))
    }

    /// Reads a message in the form that every converter writes, schema before payload; `None`: it is another one.
    fn read_quickly(&mut self, message: &Bytes) -> Option<Decoded> {
        let rest = message.strip_prefix(SCHEMA)?;
        let known = match &self.last {
            Some(last) if rest.starts_with(&last.raw) && rest[last.raw.len()..].starts_with(PAYLOAD) => last,
            _ => self.find_at_start(message)?,
        };
        let mut scanner = Scanner::within(message, SCHEMA.len() + known.raw.len() + PAYLOAD.len(), 1);
        let value = known.read_expected(&mut scanner, message)?;
        (scanner.peek() == Some(b'}')).then(|| decoded(known, value))
    }

    fn find_at_start(&mut self, message: &Bytes) -> Option<&Arc<Known>> {
        let mut scanner = Scanner::within(message, SCHEMA.len(), 1);
        scanner.peek();
        let start = scanner.at();
        scanner.skip().ok()?;
        let end = scanner.at();
        if start != SCHEMA.len() || !scanner.take_exact(PAYLOAD) {
            return None;
        }
        self.find(&message.slice(start..end)).ok()?;
        self.last.as_ref()
    }

    /// Finds the schema of these bytes, parsed if they are new.
    fn find(&mut self, raw: &Bytes) -> Result<Arc<Known>> {
        let known = match self.cache.find(raw) {
            Some(known) => known,
            None => {
                let known = Arc::new(Known::parse(raw, self.replace_null)?);
                self.cache.insert(&known);
                known
            }
        };
        self.last = Some(Arc::clone(&known));
        Ok(known)
    }

    /// Reads an envelope in any form.
    fn read_envelope(&mut self, message: &Bytes) -> Result<Decoded> {
        let (schema, payload) = split(message)?;
        let known = self.find(&message.slice(schema))?;
        let value = known.read(Scanner::within(message, payload.start, 1), message)?;
        Ok(decoded(&known, value))
    }
}

impl Decoder for JsonDecoder {
    fn decode(&mut self, message: Option<Bytes>) -> Result<Decoded> {
        let Some(message) = message else { return Ok((None, None)) };
        self.read(&encoding::to_utf8(message)?)
    }
}

/// Without schema a null is no value at all: Java knows no difference.
fn decoded(known: &Known, value: Value) -> Decoded {
    match known.schema() {
        None if value.is_null() => (None, None),
        schema => (schema, Some(value)),
    }
}

fn read_content(known: &Known, message: &Bytes) -> Result<Decoded> {
    let mut scanner = Scanner::new(message);
    let value = match scanner.peek() {
        Some(_) => known.read(scanner, message)?,
        None => known.read_missing()?,
    };
    Ok((known.schema(), Some(value)))
}

/// The places of schema and payload. As everywhere the last value of a name counts.
fn split(message: &Bytes) -> Result<(Range<usize>, Range<usize>)> {
    let mut scanner = Scanner::new(message);
    if scanner.peek().is_none() {
        return Err(Error::reject(ENVELOPE));
    }
    let members = members(&mut scanner, message).map_err(unreadable)?;
    let last =
        |name: &str| members.iter().rev().find(|(known, _)| known == name).map(|(_, place)| place.clone());
    match (last("schema"), last("payload")) {
        (Some(schema), Some(payload))
            if members.iter().all(|(name, _)| name == "schema" || name == "payload") =>
        {
            Ok((schema, payload))
        }
        _ => Err(Error::reject(ENVELOPE)),
    }
}

/// The members of the object that a message is, none if it is something else.
fn members(scanner: &mut Scanner<'_>, message: &Bytes) -> scan::Result<Vec<(api::Text, Range<usize>)>> {
    let mut members = Vec::new();
    if scanner.start()? != scan::Start::Object {
        scanner.skip()?;
        return Ok(members);
    }
    let mut more = scanner.enter(b'}')?;
    while more {
        let name = text::read(scanner.name()?, message).or_else(|what| scanner.malformed(what))?;
        scanner.peek();
        let start = scanner.at();
        scanner.skip()?;
        members.push((name, start..scanner.at()));
        more = scanner.more(b'}')?;
    }
    Ok(members)
}
