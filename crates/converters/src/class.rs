//! A class of converters that serves keys, values and headers alike.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::config::{Definition, Key, Problems, Properties, Type, Validator, Values};
use api::{
    Converter, ConverterPlugin, Decoder, Description, Encoder, HeaderConverter, HeaderConverterPlugin,
    PluginType, Result, Role, Schema, Value,
};
use bytes::Bytes;

/// The version of Kafka whose classes these are.
pub(crate) const VERSION: &str = "4.3.1";

/// How many schemas of headers an encoder is kept for.
const HEADER_ENCODERS_MAX: usize = 16;

const TYPE: &str = "converter.type";

/// A class: its name, its own keys, and what makes a converter of their values.
#[derive(Clone, Copy)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) keys: fn() -> Vec<Key>,
    pub(crate) configure: fn(&Values) -> Result<Box<dyn Converter>, Problems>,
}

impl Class {
    fn definition(&self) -> Definition {
        let role = Key::new(TYPE, Type::String)
            .validator(Validator::one_of(["key", "value", "header"]))
            .documentation("How this converter will be used.");
        std::iter::once(role).chain((self.keys)()).collect()
    }

    fn configure(&self, properties: &Properties, role: Role) -> Result<Box<dyn Converter>, Problems> {
        let mut properties = properties.clone();
        properties.insert(TYPE.to_owned(), role_name(role).to_owned());
        (self.configure)(&self.definition().parse(&properties)?)
    }
}

/// The role as Kafka's `converter.type` has it.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Key => "key",
        Role::Value => "value",
        Role::Header => "header",
    }
}

impl ConverterPlugin for Class {
    fn description(&self) -> Description {
        Description { class: self.name, version: VERSION, kind: PluginType::Converter }
    }

    fn definition(&self) -> Definition {
        self.definition()
    }

    fn configure(&self, properties: &Properties, role: Role) -> Result<Box<dyn Converter>, Problems> {
        self.configure(properties, role)
    }
}

impl HeaderConverterPlugin for Class {
    fn description(&self) -> Description {
        Description { class: self.name, version: VERSION, kind: PluginType::HeaderConverter }
    }

    fn definition(&self) -> Definition {
        self.definition()
    }

    fn configure(&self, properties: &Properties) -> Result<Box<dyn HeaderConverter>, Problems> {
        let converter = self.configure(properties, Role::Header)?;
        let decoder = Mutex::new(converter.decoder(""));
        Ok(Box::new(Headers { converter, decoder, encoders: Mutex::default() }))
    }
}

/// A converter used for headers, whose topics and names it does not look at.
struct Headers {
    converter: Box<dyn Converter>,
    decoder: Mutex<Box<dyn Decoder>>,
    encoders: Mutex<VecDeque<SchemaEncoder>>,
}

/// An encoder and the schema it was made for.
struct SchemaEncoder {
    schema: Option<Arc<Schema>>,
    encoder: Box<dyn Encoder>,
}

impl Headers {
    /// Brings the encoder of a schema to the front, made when it is not there.
    fn encoder<'a>(
        &self,
        encoders: &'a mut VecDeque<SchemaEncoder>,
        topic: &str,
        schema: Option<&Arc<Schema>>,
    ) -> Result<&'a mut dyn Encoder> {
        let place = encoders.iter().position(|kept| same(kept.schema.as_ref(), schema));
        let kept = match place.and_then(|place| encoders.remove(place)) {
            Some(kept) => kept,
            None => {
                SchemaEncoder { schema: schema.cloned(), encoder: self.converter.encoder(topic, schema)? }
            }
        };
        encoders.truncate(HEADER_ENCODERS_MAX - 1);
        encoders.push_front(kept);
        Ok(encoders[0].encoder.as_mut())
    }
}

impl HeaderConverter for Headers {
    fn encode(
        &self,
        topic: &str,
        _key: &str,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        self.encoder(&mut lock(&self.encoders), topic, schema)?.encode(value, out)
    }

    fn decode(&self, _topic: &str, _key: &str, bytes: Option<Bytes>) -> Result<(Option<Arc<Schema>>, Value)> {
        let mut decoder = lock(&self.decoder);
        let value = decoder.decode(bytes)?;
        Ok((decoder.schema().cloned(), value.unwrap_or_default()))
    }
}

fn same(left: Option<&Arc<Schema>>, right: Option<&Arc<Schema>>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => Arc::ptr_eq(left, right),
        (None, None) => true,
        _ => false,
    }
}

/// Locks what a panic cannot leave half changed: every use starts anew.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
