//! Builds schemas, checked or as they are.

use std::collections::HashMap;
use std::sync::Arc;

use super::{DataError, Field, Schema, Type, Value};

/// Builds a [`Schema`].
#[derive(Clone, Debug)]
pub struct SchemaBuilder {
    pub(super) schema: Schema,
}

impl SchemaBuilder {
    /// Allows null.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.schema.optional = true;
        self
    }

    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.schema.name = Some(name.into());
        self
    }

    /// Sets the version.
    #[must_use]
    pub fn version(mut self, version: i32) -> Self {
        self.schema.version = Some(version);
        self
    }

    /// Sets the documentation.
    #[must_use]
    pub fn doc(mut self, doc: &str) -> Self {
        self.schema.doc = Some(doc.into());
        self
    }

    /// Adds a parameter; of two with one key the later value counts, at the earlier place.
    #[must_use]
    pub fn parameter(mut self, key: &str, value: &str) -> Self {
        self.schema.parameters.push((key.into(), value.into()));
        self
    }

    /// Sets the default value.
    #[must_use]
    pub fn default(mut self, value: Value) -> Self {
        self.schema.default = Some(value);
        self
    }

    /// Adds a field to a STRUCT.
    #[must_use]
    pub fn field(mut self, name: &str, schema: Arc<Schema>) -> Self {
        self.schema.fields.push(Field { name: name.into(), schema });
        self
    }

    /// The schema, as it is: what a program wrote itself.
    pub fn build(self) -> Arc<Schema> {
        let mut schema = self.schema;
        merge(&mut schema.parameters);
        schema.index();
        Arc::new(schema)
    }

    /// The schema, checked: what was read from elsewhere.
    ///
    /// # Errors
    /// Those of Kafka's `SchemaBuilder`: fields outside of a STRUCT, without a name or of one name, an ARRAY or MAP
    /// without the schemas it needs, a default that is none of the values.
    pub fn try_build(self) -> Result<Arc<Schema>, DataError> {
        let schema = self.build();
        check_fields(&schema)?;
        check_elements(&schema)?;
        if let Some(default) = &schema.default {
            schema.validate(default).map_err(invalid_default)?;
        }
        Ok(schema)
    }
}

fn invalid_default(error: DataError) -> DataError {
    DataError::new(format_args!("Invalid default value: {error}"))
}

/// Merges parameters of one key, as a map of Java does.
fn merge(parameters: &mut Vec<(Box<str>, Box<str>)>) {
    if parameters.len() < 2 {
        return;
    }
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    let mut merged: Vec<(Box<str>, Box<str>)> = Vec::with_capacity(parameters.len());
    for (key, value) in parameters.drain(..) {
        let place = *places.entry(key.clone()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(earlier) => earlier.1 = value,
            None => merged.push((key, value)),
        }
    }
    *parameters = merged;
}

fn check_fields(schema: &Schema) -> Result<(), DataError> {
    if schema.kind != Type::Struct && !schema.fields.is_empty() {
        return Err(DataError::new(format_args!("Cannot create fields on type {}", schema.kind.name())));
    }
    let mut names: Vec<&str> = schema.fields.iter().map(|field| &*field.name).collect();
    names.sort_unstable();
    if names.first().is_some_and(|name| name.is_empty()) {
        return Err(DataError::new("fieldName cannot be null."));
    }
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let message = "Cannot create field because of field name duplication";
            Err(DataError::new(format_args!("{message} {}", pair[0])))
        }
        None => Ok(()),
    }
}

fn check_elements(schema: &Schema) -> Result<(), DataError> {
    match schema.kind {
        Type::Map if schema.key.is_none() => Err(DataError::new("keySchema cannot be null.")),
        Type::Array | Type::Map if schema.value.is_none() => {
            Err(DataError::new("valueSchema cannot be null."))
        }
        _ => Ok(()),
    }
}
