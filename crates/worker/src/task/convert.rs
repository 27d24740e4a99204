//! The converters of a connector: its own where it names a class, the worker's otherwise.

use std::collections::HashMap;
use std::sync::Arc;

use api::config::{Problem, Problems, Properties};
use api::{
    Converter, Encoder, Error, HeaderConverter, OrReaction, Record, Registry, Result, Role, Schema, Value,
};
use kafka::RecordHeader;

use super::Services;
use super::policy::{Refusal, Stage};

const HEADER_DEFAULT: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

/// The three converters of a connector.
pub(super) struct Converters {
    pub(super) key: Box<dyn Converter>,
    pub(super) value: Box<dyn Converter>,
    pub(super) header: Box<dyn HeaderConverter>,
    classes: Classes,
}

/// The Java classes of the converters.
struct Classes {
    key: &'static str,
    value: &'static str,
    header: &'static str,
}

impl Converters {
    /// Configures the converters of a connector.
    pub(super) fn of(connector: &Properties, services: &Services) -> Result<Self> {
        let worker = &services.config.originals;
        let registry = &services.registry;
        let (key_class, key) = record_converter(registry, connector, worker, "key.converter", Role::Key)?;
        let (value_class, value) =
            record_converter(registry, connector, worker, "value.converter", Role::Value)?;
        let (header_class, header) = header_converter(registry, connector, worker)?;
        let classes = Classes { key: key_class, value: value_class, header: header_class };
        Ok(Self { key, value, header, classes })
    }

    /// Why a record was refused, with the class that works at the stage.
    pub(super) fn refusal(&self, stage: Stage, error: Error) -> Refusal {
        let class = match stage {
            Stage::KeyConverter => self.classes.key,
            Stage::HeaderConverter => self.classes.header,
            _ => self.classes.value,
        };
        Refusal { stage, class, transform: None, error }
    }
}

fn record_converter(
    registry: &Registry,
    connector: &Properties,
    worker: &Properties,
    key: &str,
    role: Role,
) -> Result<(&'static str, Box<dyn Converter>)> {
    let (class, properties) = chosen(connector, worker, key).ok_or_else(|| missing(key))?;
    let plugin = registry.converters.iter().find(|plugin| plugin.description().answers_to(&class));
    let plugin = plugin.ok_or_else(|| unknown(key, &class))?;
    let converter = plugin.configure(&properties, role);
    let converter = converter.or_fail(format_args!("cannot configure `{key}` `{class}`"))?;
    Ok((plugin.description().class, converter))
}

fn header_converter(
    registry: &Registry,
    connector: &Properties,
    worker: &Properties,
) -> Result<(&'static str, Box<dyn HeaderConverter>)> {
    let key = "header.converter";
    let (class, properties) =
        chosen(connector, worker, key).unwrap_or_else(|| (HEADER_DEFAULT.to_owned(), Properties::new()));
    let plugin = registry.header_converters.iter().find(|plugin| plugin.description().answers_to(&class));
    let plugin = plugin.ok_or_else(|| unknown(key, &class))?;
    let converter = plugin.configure(&properties);
    let converter = converter.or_fail(format_args!("cannot configure `{key}` `{class}`"))?;
    Ok((plugin.description().class, converter))
}

/// The class and its own properties from the first level that names a class: prefixed keys of another level are
/// not mixed in (Kafka's rule).
fn chosen(connector: &Properties, worker: &Properties, key: &str) -> Option<(String, Properties)> {
    [connector, worker].into_iter().find_map(|level| {
        let class = level.get(key).map(|class| class.trim()).filter(|class| !class.is_empty())?;
        let prefix = format!("{key}.");
        let own = level.iter().filter_map(|(name, value)| {
            name.strip_prefix(&prefix).map(|name| (name.to_owned(), value.clone()))
        });
        Some((class.to_owned(), own.collect()))
    })
}

fn missing(key: &str) -> Error {
    Error::fail(format_args!("`{key}` is set neither for the connector nor for the worker"))
}

fn unknown(key: &str, class: &str) -> Error {
    Error::fail(format_args!("cannot configure `{key}`")).caused_by(Problems(vec![Problem {
        key: key.to_owned(),
        message: format!("no converter has the name `{class}`"),
    }]))
}

/// The encoders of one side (keys or values), one for each topic and schema that is in use.
///
/// A source has few of them at a time; when there are many, all are dropped and made again, so that the memory
/// stays bounded.
pub(super) struct Encoders {
    made: HashMap<(Arc<str>, usize), Made>,
}

struct Made {
    encoder: Box<dyn Encoder>,
    /// Kept alive, because its address names it.
    _schema: Option<Arc<Schema>>,
}

const ENCODERS_MAX: usize = 1_000;

impl Encoders {
    pub(super) fn new() -> Self {
        Self { made: HashMap::new() }
    }

    /// The encoder for a topic and a schema, known by the schema's address.
    pub(super) fn of(
        &mut self,
        converter: &dyn Converter,
        topic: &Arc<str>,
        schema: Option<&Arc<Schema>>,
    ) -> Result<&mut dyn Encoder> {
        let identity = (topic.clone(), schema.map_or(0, |schema| Arc::as_ptr(schema).addr()));
        if self.made.len() >= ENCODERS_MAX && !self.made.contains_key(&identity) {
            self.made.clear();
        }
        let entry = match self.made.entry(identity) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Made { encoder: converter.encoder(topic, schema)?, _schema: schema.cloned() })
            }
        };
        Ok(entry.encoder.as_mut())
    }
}

/// Buffers that are used again for every record.
#[derive(Default)]
pub(super) struct Scratch {
    key: Vec<u8>,
    value: Vec<u8>,
    headers: Vec<u8>,
}

/// What turns the records of one batch into bytes.
pub(super) struct Pieces<'a> {
    pub(super) topic: &'a Arc<str>,
    pub(super) key: &'a mut dyn Encoder,
    pub(super) value: &'a mut dyn Encoder,
    pub(super) header: &'a dyn HeaderConverter,
    pub(super) scratch: &'a mut Scratch,
}

/// A record in bytes, borrowed from the record itself where it had them.
pub(super) struct Encoded<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: Vec<RecordHeader<'a>>,
}

impl Pieces<'_> {
    /// The bytes of a record, or the stage that refused it and why.
    pub(super) fn encode<'a>(&'a mut self, record: &'a Record) -> Result<Encoded<'a>, (Stage, Error)> {
        let Scratch { key, value, headers } = &mut *self.scratch;
        Ok(Encoded {
            key: piece(self.key, record.key.as_ref(), key).map_err(|error| (Stage::KeyConverter, error))?,
            value: piece(self.value, record.value.as_ref(), value)
                .map_err(|error| (Stage::ValueConverter, error))?,
            headers: header_pieces(self.header, self.topic, record, headers)
                .map_err(|error| (Stage::HeaderConverter, error))?,
        })
    }
}

fn piece<'a>(
    encoder: &mut dyn Encoder,
    value: Option<&'a Value>,
    scratch: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>> {
    scratch.clear();
    let present = match value {
        None => encoder.encode_absent(scratch)?,
        Some(value) => match encoder.borrow(value) {
            Some(bytes) => return Ok(Some(bytes)),
            None => encoder.encode(value, scratch)?,
        },
    };
    Ok(present.then_some(scratch.as_slice()))
}

fn header_pieces<'a>(
    converter: &dyn HeaderConverter,
    topic: &str,
    record: &'a Record,
    scratch: &'a mut Vec<u8>,
) -> Result<Vec<RecordHeader<'a>>> {
    let headers = record.headers.as_slice();
    if headers.is_empty() {
        return Ok(Vec::new());
    }
    scratch.clear();
    let mut ends = Vec::with_capacity(headers.len());
    for header in headers {
        let present = converter.encode(topic, &header.key, header.schema.as_ref(), &header.value, scratch)?;
        ends.push((present, scratch.len()));
    }
    let mut start = 0;
    let pieces = headers.iter().zip(ends).map(|(header, (present, end))| {
        let value = present.then(|| &scratch[start..end]);
        start = end;
        RecordHeader { key: &header.key, value }
    });
    Ok(pieces.collect())
}

impl Encoded<'_> {
    /// The bytes of key, value and headers.
    pub(super) fn len(&self) -> usize {
        let headers =
            self.headers.iter().map(|header| header.key.len() + header.value.map_or(0, <[u8]>::len));
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len) + headers.sum::<usize>()
    }

    /// An error when the record alone is larger than a request may be.
    pub(super) fn fits(&self, bytes_max: usize) -> Result<()> {
        // What a batch and a record add to their bytes: a header of 61, and at most 36 of lengths and deltas.
        let bytes = self.len() + 61 + 36;
        if bytes <= bytes_max {
            return Ok(());
        }
        Err(Error::reject(format_args!(
            "a record of {bytes} bytes is larger than `max.request.size` ({bytes_max}); hint: raise \
             `producer.override.max.request.size` of the connector and `max.message.bytes` of the topic"
        )))
    }
}
