//! `SimpleHeaderConverter`: headers as text whose form tells the type.

use std::sync::Arc;

use api::config::{Definition, Problems, Properties};
use api::{
    Description, HeaderConverter, HeaderConverterPlugin, PluginType, Result, Schema, Type, Value, java,
    values,
};
use bytes::Bytes;

use crate::class::VERSION;

/// The class. It has no configuration.
pub(crate) struct SimpleHeader;

impl HeaderConverterPlugin for SimpleHeader {
    fn description(&self) -> Description {
        let class = "org.apache.kafka.connect.storage.SimpleHeaderConverter";
        Description { class, version: VERSION, kind: PluginType::HeaderConverter }
    }

    fn definition(&self) -> Definition {
        Definition::new()
    }

    fn configure(&self, _properties: &Properties) -> Result<Box<dyn HeaderConverter>, Problems> {
        Ok(Box::new(Self))
    }
}

impl HeaderConverter for SimpleHeader {
    fn encode(
        &self,
        _topic: &str,
        _key: &str,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        if value.is_null() {
            return Ok(false);
        }
        values::print(value, schema.map(Arc::as_ref), out);
        Ok(true)
    }

    fn decode(&self, _topic: &str, _key: &str, bytes: Option<Bytes>) -> Result<(Option<Arc<Schema>>, Value)> {
        let Some(bytes) = bytes else { return Ok((None, Value::Null)) };
        // What cannot be read stays what it is, as in Java.
        let parsed = values::parse(&java::decode_utf8(&bytes));
        Ok(parsed.unwrap_or_else(|_| (Some(Schema::of(Type::Bytes).build()), Value::Bytes(bytes))))
    }
}
