//! Trees of JSON to values of a schema, with all that Java lets pass.
//!
//! Java's converter asks a node for what the schema wants and takes what comes: zero of a number where text
//! stands, false of whatever is no boolean, null of whatever is no text.

use std::collections::HashMap;

use api::{Decimal, Error, OrReaction as _, Result, Schema, Text, Type, Value, logical};

use super::base64;
use super::node::Node;
use crate::hash_order;

/// The value of a node.
pub(super) fn read(schema: &Schema, node: &Node, replace_null: bool) -> Result<Value> {
    if matches!(node, Node::Null) {
        return absent(schema, replace_null);
    }
    let number = node.number();
    let long = || number.map_or(0, super::scan::Number::long);
    Ok(match (schema.name.as_deref(), schema.kind) {
        (Some(logical::DECIMAL), _) => read_decimal(schema, node)?,
        (Some(logical::DATE), _) => Value::Int(read_int(node, "Date")?),
        (Some(logical::TIME), _) => match read_int(node, "Time")? {
            time @ 0..=logical::MILLIS_PER_DAY => Value::Int(time),
            _ => return unreadable(schema, node),
        },
        (Some(logical::TIMESTAMP), _) => match node.integral() {
            Some(number) => Value::Int(number.long()),
            None => return unreadable(schema, node),
        },
        (_, Type::Boolean) => Value::Bool(matches!(node, Node::Bool(true))),
        (_, Type::Int8) => Value::Int((long() as i8).into()),
        (_, Type::Int16) => Value::Int((long() as i16).into()),
        (_, Type::Int32) => Value::Int((long() as i32).into()),
        (_, Type::Int64) => Value::Int(long()),
        (_, Type::Float32) => Value::Float(number.map_or(0.0, |number| number.float().into())),
        (_, Type::Float64) => Value::Float(number.map_or(0.0, super::scan::Number::double)),
        (_, Type::String) => node.text().cloned().map_or(Value::Null, Value::Text),
        (_, Type::Bytes) => match node.text() {
            Some(text) => Value::Bytes(bytes_of(text)?.into()),
            None => Value::Null,
        },
        (_, Type::Array) => read_array(schema, node, replace_null)?,
        (_, Type::Map) => read_map(schema, node, replace_null)?,
        (_, Type::Struct) => read_struct(schema, node, replace_null)?,
    })
}

/// What stands for a null, or for a field that is not there.
pub(super) fn absent(schema: &Schema, replace_null: bool) -> Result<Value> {
    match &schema.default {
        Some(default) if replace_null => Ok(default.clone()),
        _ if schema.optional => Ok(Value::Null),
        _ => Err(Error::reject(format_args!("cannot read JSON: null for a required {:?}", schema.kind))),
    }
}

/// Whether a value has no null where the schema requires a value.
pub(super) fn is_valid(schema: &Schema, value: &Value) -> bool {
    let nested = |schema: &Option<std::sync::Arc<Schema>>, value: &Value| {
        schema.as_ref().is_none_or(|schema| is_valid(schema, value))
    };
    match value {
        Value::Null => schema.optional,
        Value::Array(elements) => elements.iter().all(|element| nested(&schema.value, element)),
        Value::Map(entries) => {
            entries.iter().all(|(key, value)| nested(&schema.key, key) && nested(&schema.value, value))
        }
        _ => true,
    }
}

fn unreadable<T>(schema: &Schema, node: &Node) -> Result<T> {
    let name = schema.name.as_deref().filter(|name| name.starts_with("org.apache.kafka."));
    let name = name.and_then(|name| name.rsplit('.').next()).map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("{:?}", schema.kind));
    Err(Error::reject(format_args!("cannot read JSON: {} is no {name}", node.kind())))
}

fn read_int(node: &Node, kind: &str) -> Result<i64> {
    match node {
        Node::Int(value) if i32::try_from(*value).is_ok() => Ok(*value),
        other => Err(Error::reject(format_args!("cannot read JSON: {} is no {kind}", other.kind()))),
    }
}

fn bytes_of(text: &Text) -> Result<Vec<u8>> {
    base64::decode(text).ok_or_else(|| Error::reject("cannot read JSON: bytes are not in base64"))
}

fn read_decimal(schema: &Schema, node: &Node) -> Result<Value> {
    if let Some(number) = node.number() {
        return Ok(Value::Decimal(Box::new(number.decimal())));
    }
    let Node::Text(text) = node else {
        return unreadable(schema, node);
    };
    let Some(scale) = logical::scale(schema) else {
        return Err(Error::reject("cannot read a decimal: its schema has no `scale`"));
    };
    let decimal = Decimal::from_bytes(&bytes_of(text)?, scale).or_reject("cannot read a decimal")?;
    Ok(Value::Decimal(Box::new(decimal)))
}

/// Java goes through the elements of any node: those of an object are its values, other nodes have none.
fn read_array(schema: &Schema, node: &Node, replace_null: bool) -> Result<Value> {
    let element = |node: &Node| nested(&schema.value, node, replace_null);
    let elements: Result<Vec<Value>> = match node {
        Node::Array(elements) => elements.iter().map(element).collect(),
        Node::Object(fields) => fields.iter().map(|(_, node)| element(node)).collect(),
        _ => Ok(Vec::new()),
    };
    Ok(Value::Array(elements?))
}

fn nested(schema: &Option<std::sync::Arc<Schema>>, node: &Node, replace_null: bool) -> Result<Value> {
    match schema {
        Some(schema) => read(schema, node, replace_null),
        None => Err(Error::fail("cannot read JSON: a schema lacks that of its elements")),
    }
}

fn read_map(schema: &Schema, node: &Node, replace_null: bool) -> Result<Value> {
    let keys = schema.key.as_deref();
    let value = |node: &Node| nested(&schema.value, node, replace_null);
    let entries: Result<Vec<(Value, Value)>> = if keys.is_some_and(|keys| keys.kind == Type::String) {
        let Node::Object(fields) = node else { return unreadable(schema, node) };
        fields.iter().map(|(name, node)| Ok((Value::Text(name.clone()), value(node)?))).collect()
    } else {
        let Node::Array(pairs) = node else { return unreadable(schema, node) };
        let pair = |node: &Node| match node {
            Node::Array(pair) if pair.len() == 2 => {
                Ok((nested(&schema.key, &pair[0], replace_null)?, value(&pair[1])?))
            }
            other => unreadable(schema, other),
        };
        pairs.iter().map(pair).collect()
    };
    Ok(Value::Map(hash_order::arrange(&mut entries?, keys)))
}

fn read_struct(schema: &Schema, node: &Node, replace_null: bool) -> Result<Value> {
    let Node::Object(members) = node else { return unreadable(schema, node) };
    // Looked up by hashing: the fields and the members may both be many.
    let members: HashMap<&str, &Node> = members.iter().map(|(name, node)| (&**name, node)).collect();
    let field = |field: &api::Field| {
        let value = match members.get(&*field.name) {
            Some(node) => read(&field.schema, node, replace_null)?,
            None => absent(&field.schema, replace_null)?,
        };
        if !is_valid(&field.schema, &value) {
            return Err(Error::reject("cannot read JSON: null in a field that requires a value"));
        }
        Ok(value)
    };
    Ok(Value::Struct(schema.fields.iter().map(field).collect::<Result<_>>()?))
}
