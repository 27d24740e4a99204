//! Schemas: the type of a value, with name, version, documentation, parameters and default.

use std::sync::Arc;

use super::Value;

/// The types of Kafka Connect.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Type {
    /// 8 bits, signed.
    Int8,
    /// 16 bits, signed.
    Int16,
    /// 32 bits, signed.
    Int32,
    /// 64 bits, signed.
    Int64,
    /// IEEE 754, 32 bits.
    Float32,
    /// IEEE 754, 64 bits.
    Float64,
    /// True or false.
    Boolean,
    /// Text in UTF-8.
    String,
    /// Bytes.
    Bytes,
    /// A list of values of one schema.
    Array,
    /// Keys and values of one schema each.
    Map,
    /// Named fields.
    Struct,
}

/// A schema. Built by [`Schema::of`] and its builder, shared as `Arc<Schema>`, never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// The type.
    pub kind: Type,
    /// Whether null is allowed.
    pub optional: bool,
    /// The default value, which stands for null.
    pub default: Option<Value>,
    /// The name, that of a logical type for instance.
    pub name: Option<Box<str>>,
    /// The version.
    pub version: Option<i32>,
    /// Documentation.
    pub doc: Option<Box<str>>,
    /// Further properties in order.
    pub parameters: Vec<(Box<str>, Box<str>)>,
    /// The fields of a STRUCT in order; empty otherwise.
    pub fields: Vec<Field>,
    /// The schema of the keys of a MAP.
    pub key: Option<Arc<Schema>>,
    /// The schema of the values of a MAP and the elements of an ARRAY.
    pub value: Option<Arc<Schema>>,
}

/// A field of a STRUCT; its index is its place in [`Schema::fields`].
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name, unique in its struct.
    pub name: Box<str>,
    /// The schema.
    pub schema: Arc<Schema>,
}

impl Schema {
    /// Starts a required schema of a type.
    pub fn of(kind: Type) -> SchemaBuilder {
        SchemaBuilder {
            schema: Self {
                kind,
                optional: false,
                default: None,
                name: None,
                version: None,
                doc: None,
                parameters: Vec::new(),
                fields: Vec::new(),
                key: None,
                value: None,
            },
        }
    }

    /// Starts the schema of an ARRAY.
    pub fn array(element: Arc<Schema>) -> SchemaBuilder {
        let mut builder = Self::of(Type::Array);
        builder.schema.value = Some(element);
        builder
    }

    /// Starts the schema of a MAP.
    pub fn map(key: Arc<Schema>, value: Arc<Schema>) -> SchemaBuilder {
        let mut builder = Self::of(Type::Map);
        builder.schema.key = Some(key);
        builder.schema.value = Some(value);
        builder
    }

    /// Starts the schema of a STRUCT; fields follow in order.
    pub fn structure() -> SchemaBuilder {
        Self::of(Type::Struct)
    }

    /// The index of a field of a STRUCT.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }
}

/// Builds a [`Schema`].
#[derive(Clone, Debug)]
pub struct SchemaBuilder {
    schema: Schema,
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

    /// Adds a parameter.
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
        Arc::new(self.schema)
    }
}
