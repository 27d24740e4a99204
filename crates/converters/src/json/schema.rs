//! Schemas as JSON.

use std::sync::Arc;

use api::{Error, Field, Result, Schema, SchemaBuilder, Text, Type, Value};

use super::encode::Plan;
use super::node::Node;
use super::{Options, convert, text};

/// The types under the names that they have in JSON.
const TYPES: [(&str, Type); 12] = [
    ("boolean", Type::Boolean),
    ("int8", Type::Int8),
    ("int16", Type::Int16),
    ("int32", Type::Int32),
    ("int64", Type::Int64),
    ("float", Type::Float32),
    ("double", Type::Float64),
    ("bytes", Type::Bytes),
    ("string", Type::String),
    ("array", Type::Array),
    ("map", Type::Map),
    ("struct", Type::Struct),
];

/// Appends a schema.
pub(super) fn write(schema: &Schema, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    write_open(schema, options, out)?;
    out.push(b'}');
    Ok(())
}

/// Appends a schema but for its closing brace, before which a field has its name.
fn write_open(schema: &Schema, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let name = TYPES.iter().find(|(_, kind)| *kind == schema.kind).map_or("", |(name, _)| name);
    out.extend_from_slice(b"{\"type\":");
    text::write(name, out);
    write_nested(schema, options, out)?;
    out.extend_from_slice(if schema.optional { b",\"optional\":true" } else { b",\"optional\":false" });
    if let Some(name) = &schema.name {
        write_member("name", name, out);
    }
    if let Some(version) = schema.version {
        out.extend_from_slice(format!(",\"version\":{version}").as_bytes());
    }
    if let Some(doc) = &schema.doc {
        write_member("doc", doc, out);
    }
    write_parameters(schema, out);
    if let Some(default) = &schema.default {
        out.extend_from_slice(b",\"default\":");
        Plan::new(schema, options, 0)?.write(default, out)?;
    }
    Ok(())
}

fn write_nested(schema: &Schema, options: &Options, out: &mut Vec<u8>) -> Result<()> {
    let mut nested = |name: &str, schema: &Option<Arc<Schema>>| {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        match schema {
            Some(schema) => write(schema, options, out),
            None => Err(Error::fail("cannot write JSON: a schema lacks that of its elements")),
        }
    };
    match schema.kind {
        Type::Array => nested("items", &schema.value),
        Type::Map => nested("keys", &schema.key).and_then(|()| nested("values", &schema.value)),
        Type::Struct => write_fields(&schema.fields, options, out),
        _ => Ok(()),
    }
}

fn write_fields(fields: &[Field], options: &Options, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b",\"fields\":[");
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_open(&field.schema, options, out)?;
        write_member("field", &field.name, out);
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

fn write_member(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!(",\"{name}\":").as_bytes());
    text::write(value, out);
}

fn write_parameters(schema: &Schema, out: &mut Vec<u8>) {
    if schema.parameters.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"parameters\":");
    for (index, (key, value)) in schema.parameters.iter().enumerate() {
        out.push(if index == 0 { b'{' } else { b',' });
        text::write(key, out);
        out.push(b':');
        text::write(value, out);
    }
    out.push(b'}');
}

/// The schema that JSON describes; `None`: null, which is no schema.
pub(super) fn read(node: &Node, replace_null: bool) -> Result<Option<Arc<Schema>>> {
    if matches!(node, Node::Null) {
        return Ok(None);
    }
    let Some(name) = node.field("type").and_then(Node::text) else {
        return wrong("it has no `type`");
    };
    let Some((_, kind)) = TYPES.iter().find(|(known, _)| name == known) else {
        return wrong("it has an unknown `type`");
    };
    let builder = read_properties(start(*kind, node, replace_null)?, node)?;
    read_default(builder, node, replace_null).map(Some)
}

fn wrong<T>(what: &str) -> Result<T> {
    Err(Error::reject(format_args!("cannot read the schema of a JSON message: {what}")))
}

fn start(kind: Type, node: &Node, replace_null: bool) -> Result<SchemaBuilder> {
    let nested = |name: &str| match node.field(name).map(|node| read(node, replace_null)) {
        Some(Ok(Some(schema))) => Ok(schema),
        Some(Err(error)) => Err(error),
        Some(Ok(None)) | None => wrong(&format!("it has no `{name}`")),
    };
    Ok(match kind {
        Type::Array => Schema::array(nested("items")?),
        Type::Map => Schema::map(nested("keys")?, nested("values")?),
        Type::Struct => read_fields(node, replace_null)?,
        kind => Schema::of(kind),
    })
}

fn read_fields(node: &Node, replace_null: bool) -> Result<SchemaBuilder> {
    let Some(Node::Array(fields)) = node.field("fields") else {
        return wrong("its `fields` are no array");
    };
    let mut names = std::collections::HashSet::new();
    let mut builder = Schema::structure();
    for field in fields {
        let name = field.field("field").and_then(Node::text);
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return wrong("a field has no name");
        };
        let Some(schema) = read(field, replace_null)? else {
            return wrong("a field has no type");
        };
        if !names.insert(name.clone()) {
            return wrong("two fields have the same name");
        }
        builder = builder.field(name, schema);
    }
    Ok(builder)
}

fn read_properties(mut builder: SchemaBuilder, node: &Node) -> Result<SchemaBuilder> {
    if matches!(node.field("optional"), Some(Node::Bool(true))) {
        builder = builder.optional();
    }
    let text = |name: &str| node.field(name).and_then(Node::text).map(Text::as_ref);
    if let Some(name) = text("name") {
        builder = builder.name(name);
    }
    if let Some(version) = node.field("version").and_then(Node::integral) {
        builder = builder.version(version.long() as i32);
    }
    if let Some(doc) = text("doc") {
        builder = builder.doc(doc);
    }
    if let Some(Node::Object(parameters)) = node.field("parameters") {
        for (key, value) in parameters {
            let Some(value) = value.text() else { return wrong("a parameter is no string") };
            builder = builder.parameter(key, value);
        }
    }
    Ok(builder)
}

/// Adds the default, which is read as a value of the schema.
fn read_default(builder: SchemaBuilder, node: &Node, replace_null: bool) -> Result<Arc<Schema>> {
    let schema = builder.clone().build();
    let Some(default) = node.field("default") else {
        return Ok(schema);
    };
    match convert::read(&schema, default, replace_null)? {
        Value::Null if schema.optional => Ok(schema),
        default if convert::is_valid(&schema, &default) => Ok(builder.default(default).build()),
        _ => wrong("its default is none of its values"),
    }
}
