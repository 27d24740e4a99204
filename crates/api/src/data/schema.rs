//! Schemas: the type of a value, with name, version, documentation, parameters and default.

use std::sync::Arc;

use super::{SchemaBuilder, Value};

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

impl Type {
    /// Kafka's name of the constant, such as `INT8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float32 => "FLOAT32",
            Self::Float64 => "FLOAT64",
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Array => "ARRAY",
            Self::Map => "MAP",
            Self::Struct => "STRUCT",
        }
    }
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
    /// The indices of the fields in the order of their names, where there are many.
    by_name: Box<[u32]>,
}

/// Up to this many fields are looked through one by one.
const FIELDS_LINEAR_MAX: usize = 16;

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
                by_name: Box::default(),
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
        if self.by_name.len() != self.fields.len() {
            return self.fields.iter().position(|field| &*field.name == name);
        }
        let order = |index: &u32| (*self.fields[*index as usize].name).cmp(name);
        self.by_name.binary_search_by(order).ok().map(|place| self.by_name[place] as usize)
    }

    /// Prepares [`Schema::field`] for many fields.
    pub(super) fn index(&mut self) {
        let count = self.fields.len();
        self.by_name = match u32::try_from(count) {
            Ok(end) if count > FIELDS_LINEAR_MAX => (0..end).collect(),
            _ => Box::default(),
        };
        self.by_name.sort_by(|a, b| self.fields[*a as usize].name.cmp(&self.fields[*b as usize].name));
    }
}
