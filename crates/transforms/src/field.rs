//! Fields of structs and maps: what a copy of them in Java checks and fills in.

use std::sync::Arc;

use api::{Schema, SchemaBuilder, Type, Value};

use crate::java_text::class_name;

/// Starts a schema with name, version, documentation and parameters of another (`SchemaUtil.copySchemaBasics`).
pub(crate) fn with_basics(source: &Schema, mut builder: SchemaBuilder) -> SchemaBuilder {
    if let Some(name) = &source.name {
        builder = builder.name(name);
    }
    if let Some(version) = source.version {
        builder = builder.version(version);
    }
    if let Some(doc) = &source.doc {
        builder = builder.doc(doc);
    }
    source.parameters.iter().fold(builder, |builder, (key, value)| builder.parameter(key, value))
}

/// A schema that is checked as Kafka's builder checks it.
pub(crate) fn build(builder: SchemaBuilder) -> Result<Arc<Schema>, String> {
    builder.try_build().map_err(|error| error.to_string())
}

/// What a null of some fields becomes when a struct is copied field by field: the default, or an error.
#[derive(Default)]
pub(crate) struct Nulls(Vec<Null>);

struct Null {
    index: usize,
    default: Option<Value>,
    /// What is wrong with a null that has no default.
    error: Option<String>,
}

impl Nulls {
    /// Watches a field of the source whose place in the copy has another schema or the same.
    pub(crate) fn watch(&mut self, index: usize, name: &str, from: &Schema, to: &Schema, replace: bool) {
        let default = from.default.clone().filter(|default| replace && !default.is_null());
        let error = (!to.optional).then(|| null_error(name, to));
        if default.is_some() || error.is_some() {
            self.0.push(Null { index, default, error });
        }
    }

    /// Watches every field, to be copied to the same field.
    pub(crate) fn of(schema: &Schema, replace: bool) -> Self {
        let mut nulls = Self::default();
        for (index, field) in schema.fields.iter().enumerate() {
            nulls.watch(index, &field.name, &field.schema, &field.schema, replace);
        }
        nulls
    }

    /// Watches the fields that have a default and stay, where null is never an error.
    pub(crate) fn replacing(schema: &Schema, stays: impl Fn(&str) -> bool) -> Self {
        let mut nulls = Self::of(schema, true);
        nulls.0.retain(|null| null.default.is_some() && stays(&schema.fields[null.index].name));
        nulls
    }

    /// Checks the values of a struct; `Ok(true)`: some have to be filled in.
    pub(crate) fn check(&self, values: &[Value]) -> Result<bool, String> {
        let mut fill = false;
        for null in &self.0 {
            if !values[null.index].is_null() {
                continue;
            }
            match (&null.default, &null.error) {
                (Some(_), _) => fill = true,
                (None, Some(error)) => return Err(error.clone()),
                (None, None) => {}
            }
        }
        Ok(fill)
    }

    /// Puts defaults where there is null.
    pub(crate) fn fill(&self, values: &mut [Value]) {
        for null in &self.0 {
            if let (Some(default), true) = (&null.default, values[null.index].is_null()) {
                values[null.index] = default.clone();
            }
        }
    }

    /// Checks the values of a struct and fills in the defaults.
    pub(crate) fn settle(&self, values: &mut [Value]) -> Result<(), String> {
        if self.check(values)? {
            self.fill(values);
        }
        Ok(())
    }
}

/// What Kafka says about a null where there has to be a value.
pub(crate) fn null_error(name: &str, schema: &Schema) -> String {
    format!("Invalid value: null used for required field: \"{name}\", schema type: {}", schema.kind.name())
}

/// A value of a field with the default of its schema for null, if that is wanted (`Struct.get`).
pub(crate) fn get<'a>(value: &'a Value, schema: &'a Schema, replace: bool) -> &'a Value {
    match &schema.default {
        Some(default) if replace && value.is_null() => default,
        _ => value,
    }
}

/// Refuses a schema that is none of a struct.
pub(crate) fn require_struct_schema(schema: &Schema, purpose: &str) -> Result<(), String> {
    if schema.kind == Type::Struct {
        return Ok(());
    }
    // A value of the schema would have this class.
    let class = match schema.kind {
        Type::Boolean => "java.lang.Boolean",
        Type::Float32 => "java.lang.Float",
        Type::Float64 => "java.lang.Double",
        Type::String => "java.lang.String",
        Type::Bytes if schema.name.as_deref() == Some(api::logical::DECIMAL) => "java.math.BigDecimal",
        Type::Bytes => "[B",
        Type::Array => "java.util.ArrayList",
        Type::Map => "java.util.HashMap",
        _ => class_name(&Value::Int(0), Some(schema)),
    };
    Err(struct_error(class, purpose))
}

fn struct_error(class: &str, purpose: &str) -> String {
    format!("Only Struct objects supported for [{purpose}], found: {class}")
}

/// The fields of a struct.
pub(crate) fn require_struct<'a>(
    value: &'a mut Value,
    purpose: &str,
) -> Result<&'a mut Box<[Value]>, String> {
    match value {
        Value::Struct(values) => Ok(values),
        other => Err(struct_error(class_name(other, None), purpose)),
    }
}

/// The entries of a map.
pub(crate) fn require_map<'a>(
    value: &'a mut Value,
    purpose: &str,
) -> Result<&'a mut Vec<(Value, Value)>, String> {
    match value {
        Value::Map(entries) => Ok(entries),
        other => Err(map_error(other, purpose)),
    }
}

/// What Kafka says about a value that is no map.
pub(crate) fn map_error(value: &Value, purpose: &str) -> String {
    let class = class_name(value, None);
    format!("Only Map objects supported in absence of schema for [{purpose}], found: {class}")
}
