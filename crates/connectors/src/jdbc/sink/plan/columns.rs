//! Which fields of key and value are columns, and which of them are of the primary key.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Error, Result, Schema, Type, Value};

use super::{Field, Kind, Plan, names};
use crate::jdbc::sink::cell::{Origin, Row};
use crate::jdbc::sink::config::Options;

/// The columns of `pk.mode=kafka` by default.
const KAFKA_NAMES: [&str; 3] = ["__connect_topic", "__connect_partition", "__connect_offset"];

/// Columns that are being gathered.
pub(super) struct Columns<'a> {
    table: &'a str,
    options: &'a Options,
    found: Vec<Field>,
    /// The names of the primary key in order.
    keys: Vec<Box<str>>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(table: &'a str, options: &'a Options) -> Self {
        Self { table, options, found: Vec::new(), keys: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds where a record comes from as its key.
    pub(super) fn kafka(&mut self) -> Result<()> {
        let names: Vec<&str> = match self.options.pk_fields.as_slice() {
            [] => KAFKA_NAMES.to_vec(),
            names if names.len() == 3 => names.iter().map(String::as_str).collect(),
            names => {
                return Err(Error::fail(format_args!(
                    "PK mode for table '{}' is {} so there should either be no field names defined for defaults \
                     {} to be applicable, or exactly 3, defined fields are: {}",
                    self.table,
                    self.mode(),
                    list(&KAFKA_NAMES.map(str::to_owned)),
                    list(names)
                )));
            }
        };
        let kinds = [
            (Schema::string(), Origin::Topic),
            (Schema::int32(), Origin::Partition),
            (Schema::int64(), Origin::Offset),
        ];
        for (name, (schema, origin)) in names.into_iter().zip(kinds) {
            self.key(name, Some(schema), origin);
        }
        Ok(())
    }

    /// Adds the fields of the key as the key.
    pub(super) fn record_key(&mut self, row: Row<'_>) -> Result<()> {
        match (&row.batch.key_schema, &row.record.key) {
            (Some(schema), _) if schema.kind == Type::Struct => self.key_struct(&schema.clone()),
            (Some(schema), _) if matches!(schema.kind, Type::Array | Type::Map) => {
                Err(Error::fail(format_args!(
                    "Key schema must be primitive type or Struct, but is of type: {}",
                    schema.kind.name()
                )))
            }
            (Some(schema), _) => self.primitive_key(Some(schema.clone())),
            (None, Some(Value::Map(entries))) => self.key_map(entries),
            (None, Some(Value::Array(_) | Value::Struct(_)) | None) => Err(Error::fail(format_args!(
                "PK mode for table '{}' is {}, but record key schema is missing",
                self.table,
                self.mode()
            ))),
            (None, Some(_)) => self.primitive_key(None),
        }
    }

    fn primitive_key(&mut self, schema: Option<Arc<Schema>>) -> Result<()> {
        let [name] = self.options.pk_fields.as_slice() else {
            return Err(Error::fail(format_args!(
                "Need exactly one PK column defined since the key schema for records is a primitive type, \
                 defined columns are: {}",
                list(&self.options.pk_fields)
            )));
        };
        self.key(name, schema, Origin::Key);
        Ok(())
    }

    fn key_struct(&mut self, schema: &Schema) -> Result<()> {
        for name in self.wanted(schema.fields.iter().map(|field| &*field.name)) {
            let index = schema.field(&name).ok_or_else(|| self.lacks("key", &name))?;
            self.key(&name, Some(schema.fields[index].schema.clone()), Origin::KeyField(index));
        }
        Ok(())
    }

    fn key_map(&mut self, entries: &[(Value, Value)]) -> Result<()> {
        let names: BTreeSet<&str> = names(entries).collect();
        for name in self.wanted(names.iter().copied()) {
            if !names.contains(name.as_str()) {
                return Err(self.lacks("key", &name));
            }
            self.key(&name, None, Origin::KeyEntry);
        }
        Ok(())
    }

    /// Adds fields of the value as the key.
    pub(super) fn record_value(&mut self, row: Row<'_>) -> Result<()> {
        match (&row.batch.value_schema, &row.record.value) {
            (Some(schema), _) => {
                for name in self.wanted(schema.fields.iter().map(|field| &*field.name)) {
                    let index = schema.field(&name).ok_or_else(|| self.lacks("value", &name))?;
                    self.key(&name, Some(schema.fields[index].schema.clone()), Origin::ValueField(index));
                }
                Ok(())
            }
            (None, Some(Value::Map(entries))) => {
                let names: BTreeSet<&str> = names(entries).collect();
                for name in self.wanted(names.iter().copied()) {
                    if !names.contains(name.as_str()) {
                        return Err(self.lacks("value", &name));
                    }
                    self.key(&name, None, Origin::ValueEntry);
                }
                Ok(())
            }
            (None, _) => Err(Error::fail(format_args!(
                "PK mode for table '{}' is {}, but record value schema is missing",
                self.table,
                self.mode()
            ))),
        }
    }

    /// The names of `pk.fields`, or all that are there.
    fn wanted<'n>(&self, all: impl Iterator<Item = &'n str>) -> Vec<String> {
        match self.options.pk_fields.as_slice() {
            [] => all.map(str::to_owned).collect(),
            configured => configured.to_vec(),
        }
    }

    fn lacks(&self, part: &str, name: &str) -> Error {
        Error::fail(format_args!(
            "PK mode for table '{}' is {} with configured PK fields {}, but record {part} schema does not \
             contain field: {name}",
            self.table,
            self.mode(),
            list(&self.options.pk_fields)
        ))
    }

    fn mode(&self) -> String {
        self.options.pk_mode.name().to_uppercase()
    }

    /// Adds the fields of the value that are not of the key.
    pub(super) fn values(&mut self, row: Row<'_>) {
        match (&row.batch.value_schema, &row.record.value) {
            (Some(schema), _) if schema.kind == Type::Struct => {
                for (index, field) in schema.fields.iter().enumerate() {
                    self.value(&field.name, Some(field.schema.clone()), Origin::ValueField(index));
                }
            }
            (Some(schema), _) if schema.kind == Type::String => {
                if let Some(name) = &self.options.string_column {
                    self.value(name, Some(schema.clone()), Origin::Value);
                }
            }
            (None, Some(Value::Map(entries))) => {
                let mut names: Vec<&str> = names(entries).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    self.value(name, None, Origin::ValueEntry);
                }
            }
            _ => {}
        }
    }

    fn key(&mut self, name: &str, schema: Option<Arc<Schema>>, origin: Origin) {
        if self.keys.iter().any(|key| **key == *name) {
            return;
        }
        self.keys.push(name.into());
        let stand_in = schema.as_ref().and_then(|schema| schema.default.clone());
        self.add(name, schema, origin, true, stand_in);
    }

    fn value(&mut self, name: &str, schema: Option<Arc<Schema>>, origin: Origin) {
        let whitelist = &self.options.fields_whitelist;
        let unwanted = !whitelist.is_empty() && !whitelist.contains(name);
        if unwanted || self.keys.iter().any(|key| **key == *name) {
            return;
        }
        let default = schema.as_ref().and_then(|schema| schema.default.clone());
        self.add(name, schema, origin, false, default.filter(|_| self.options.replace_null));
    }

    fn add(
        &mut self,
        name: &str,
        schema: Option<Arc<Schema>>,
        origin: Origin,
        key: bool,
        stand_in: Option<Value>,
    ) {
        let kind = match &schema {
            None => Kind::Any,
            Some(schema) => self.epoch(name, schema).unwrap_or_else(|| Kind::of(schema)),
        };
        self.found.push(Field { name: name.into(), kind, schema, origin, key, stand_in });
    }

    /// The kind of a field of `timestamp.fields.list`.
    fn epoch(&self, name: &str, schema: &Schema) -> Option<Kind> {
        let number = matches!(schema.kind, Type::Int64 | Type::String) && schema.name.is_none();
        (number && self.options.timestamp_fields.contains(name))
            .then_some(Kind::Epoch(self.options.timestamp_unit))
    }

    /// Java's order: Kafka's own names, then the fields of the value, then the rest by name.
    pub(super) fn ordered(mut self, value_schema: Option<&Schema>) -> Plan {
        let place = |name: &str| {
            let kafka = KAFKA_NAMES.iter().position(|kafka| *kafka == name);
            let value = value_schema.and_then(|schema| schema.field(name));
            match (kafka, value) {
                (Some(place), _) => (0, place),
                (None, Some(place)) => (1, place),
                (None, None) => (2, 0),
            }
        };
        self.found.sort_by(|a, b| place(&a.name).cmp(&place(&b.name)).then_with(|| a.name.cmp(&b.name)));
        let index = |name: &str| self.found.iter().position(|field| *field.name == *name);
        let keys = self.keys.iter().filter_map(|name| index(name)).collect();
        Plan { fields: self.found, keys }
    }
}

/// A list as Java prints it.
fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}
