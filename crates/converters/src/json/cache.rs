//! The schemas of messages, remembered by the bytes that describe them.

use std::collections::HashMap;
use std::sync::Arc;

use api::{Error, Result, Schema, Value};
use bytes::Bytes;

use super::direct::Plan;
use super::node::Node;
use super::scan::Scanner;
use super::{convert, schema, schemaless};

/// What stands before the schema in the form that every converter writes.
pub(super) const SCHEMA: &[u8] = b"{\"schema\":";
/// What stands between schema and payload.
pub(super) const PAYLOAD: &[u8] = b",\"payload\":";

/// The limit of all descriptions that are remembered; what schemas and plans take is a small multiple of it.
const BYTES_MAX: usize = 8 << 20;

/// A schema and how its values are read.
pub(super) struct Known {
    /// What messages begin with as every converter writes them: `{"schema":…,"payload":`.
    prefix: Box<[u8]>,
    /// `None`: schemaless.
    schema: Option<(Arc<Schema>, Plan)>,
    replace_null: bool,
}

impl Known {
    /// Parses the bytes of a schema.
    pub(super) fn parse(raw: &Bytes, replace_null: bool) -> Result<Self> {
        let node = Node::read(&mut Scanner::new(raw), raw).map_err(super::unreadable)?;
        let schema = schema::read(&node, replace_null)?;
        let schema = schema.map(|schema| {
            let plan = Plan::new(&schema, replace_null);
            (schema, plan)
        });
        Ok(Self { prefix: [SCHEMA, raw, PAYLOAD].concat().into(), schema, replace_null })
    }

    /// The schema as it stands in messages.
    fn raw(&self) -> &[u8] {
        &self.prefix[SCHEMA.len()..self.prefix.len() - PAYLOAD.len()]
    }

    /// What messages begin with as every converter writes them.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether a string of JSON is text, whatever else there may be in it.
    pub(super) fn is_text(&self) -> bool {
        self.schema.as_ref().is_none_or(|(_, plan)| plan.is_text())
    }

    pub(super) fn schema(&self) -> Option<&Arc<Schema>> {
        self.schema.as_ref().map(|(schema, _)| schema)
    }

    /// Reads a value where it is what the schema expects; `None`: it is something else, or malformed.
    pub(super) fn read_expected(&self, scanner: &mut Scanner<'_>, message: &Bytes) -> Option<Value> {
        match &self.schema {
            Some((_, plan)) => plan.read(scanner, message).ok(),
            None => schemaless::Reader::default().read(scanner, message).ok(),
        }
    }

    /// Reads any value.
    pub(super) fn read(&self, mut scanner: Scanner<'_>, message: &Bytes) -> Result<Value> {
        let mut first = scanner;
        if let Some(value) = self.read_expected(&mut first, message) {
            return Ok(value);
        }
        match &self.schema {
            Some((schema, _)) => {
                let node = Node::read(&mut scanner, message).map_err(super::unreadable)?;
                convert::read(schema, &node, self.replace_null)
            }
            None => schemaless::Reader::default().read(&mut scanner, message).map_err(super::unreadable),
        }
    }

    /// Reads what stands for no bytes at all.
    pub(super) fn read_missing(&self) -> Result<Value> {
        match &self.schema {
            Some((schema, _)) => convert::read(schema, &Node::Missing, self.replace_null),
            None => Err(Error::reject("cannot read JSON: there is none")),
        }
    }
}

/// Schemas by their bytes; of too many the one that was used longest ago goes.
pub(super) struct Cache {
    known: HashMap<Box<[u8]>, (Arc<Known>, u64)>,
    bytes: usize,
    /// Counts the uses.
    clock: u64,
    count_max: usize,
}

impl Cache {
    pub(super) fn new(count_max: usize) -> Self {
        Self { known: HashMap::new(), bytes: 0, clock: 0, count_max }
    }

    pub(super) fn find(&mut self, raw: &[u8]) -> Option<Arc<Known>> {
        let (known, used) = self.known.get_mut(raw)?;
        self.clock += 1;
        *used = self.clock;
        Some(Arc::clone(known))
    }

    pub(super) fn insert(&mut self, known: &Arc<Known>) {
        let length = known.raw().len();
        if length > BYTES_MAX || self.count_max == 0 {
            return;
        }
        while self.known.len() >= self.count_max || self.bytes + length > BYTES_MAX {
            self.evict();
        }
        self.clock += 1;
        self.bytes += length;
        self.known.insert(known.raw().into(), (Arc::clone(known), self.clock));
    }

    fn evict(&mut self) {
        let oldest = self.known.iter().min_by_key(|(_, (_, used))| *used).map(|(raw, _)| raw.clone());
        let oldest = oldest.expect("only a cache that is not empty is full");
        self.known.remove(&oldest);
        self.bytes -= oldest.len();
    }
}
