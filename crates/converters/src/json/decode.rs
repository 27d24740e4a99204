//! Messages of JSON to schemas and values: the envelope.

use std::ops::Range;
use std::sync::Arc;

use api::{Decoder, Error, Result, Schema, Text, Value};
use bytes::{Buf as _, Bytes};

use super::cache::{Cache, Known, PAYLOAD, SCHEMA};
use super::scan::{self, Scanner};
use super::{Options, encoding, schemaless, text, unreadable};

const ENVELOPE: &str = "cannot read JSON: with `schemas.enable` a message is an object of `schema` and `payload` and \
                        nothing else, hint: set `schemas.enable=false` to read plain JSON";

/// A schema and a value.
type Decoded = (Option<Arc<Schema>>, Option<Value>);

/// Reads messages, remembering their schemas.
pub(super) struct JsonDecoder {
    envelope: bool,
    replace_null: bool,
    /// The schema of all messages, if the configuration has one.
    content: Option<Arc<Known>>,
    cache: Cache,
    /// The schema that the last envelope described.
    last: Option<Arc<Known>>,
    /// The schema of the last value.
    schema: Option<Arc<Schema>>,
    schemaless: schemaless::Reader,
}

impl JsonDecoder {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            envelope: options.schemas,
            replace_null: options.replace_null,
            content: options.content.clone(),
            cache: Cache::new(options.cache),
            last: None,
            schema: None,
            schemaless: schemaless::Reader::default(),
        }
    }

    /// Finds the text of a message that is nothing but a string without escapes, whose own buffer it can then keep.
    fn find_text(&self, message: &Bytes) -> Option<Range<usize>> {
        let start = match (&self.last, self.envelope) {
            (_, false) => 0,
            (Some(last), true) if last.is_text() && message.starts_with(last.prefix()) => last.prefix().len(),
            _ => return None,
        };
        let mut scanner = Scanner::within(message, start, 0);
        if self.content.is_some() || message.get(start) != Some(&b'"') {
            return None;
        }
        let raw = scanner.string().ok()?;
        let whole = !self.envelope || scanner.peek() == Some(b'}');
        let plain = whole && !raw.escaped && std::str::from_utf8(raw.bytes).is_ok();
        plain.then(|| start + 1..start + 1 + raw.bytes.len())
    }

    /// Notes the schema of a text that [`JsonDecoder::find_text`] found: most often the one that is noted already.
    fn note_text_schema(&mut self) {
        let schema = self.last.as_ref().filter(|_| self.envelope).and_then(|known| known.schema());
        if schema.map(Arc::as_ptr) != self.schema.as_ref().map(Arc::as_ptr) {
            self.schema = schema.cloned();
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
        let known = match &self.last {
            Some(last) if message.starts_with(last.prefix()) => last,
            _ => self.find_at_start(message)?,
        };
        let mut scanner = Scanner::within(message, known.prefix().len(), 1);
        let value = known.read_expected(&mut scanner, message)?;
        (scanner.peek() == Some(b'}')).then(|| decoded(known, value))
    }

    fn find_at_start(&mut self, message: &Bytes) -> Option<&Arc<Known>> {
        if !message.starts_with(SCHEMA) {
            return None;
        }
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
    fn decode(&mut self, message: Option<Bytes>) -> Result<Option<Value>> {
        let Some(mut message) = message else {
            self.schema = None;
            return Ok(None);
        };
        if let Some(place) = self.find_text(&message) {
            message.truncate(place.end);
            message.advance(place.start);
            let text = Text::try_from(message).expect("it was just found to be UTF-8");
            self.note_text_schema();
            return Ok(Some(Value::Text(text)));
        }
        let (schema, value) = self.read(&encoding::to_utf8(message)?)?;
        self.schema = schema;
        Ok(value)
    }

    fn schema(&self) -> Option<&Arc<Schema>> {
        self.schema.as_ref()
    }
}

/// Without schema a null is no value at all: Java knows no difference.
fn decoded(known: &Known, value: Value) -> Decoded {
    match known.schema() {
        None if value.is_null() => (None, None),
        schema => (schema.cloned(), Some(value)),
    }
}

fn read_content(known: &Known, message: &Bytes) -> Result<Decoded> {
    let mut scanner = Scanner::new(message);
    let value = match scanner.peek() {
        Some(_) => known.read(scanner, message)?,
        None => known.read_missing()?,
    };
    Ok((known.schema().cloned(), Some(value)))
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
fn members(scanner: &mut Scanner<'_>, message: &Bytes) -> scan::Result<Vec<(Text, Range<usize>)>> {
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
