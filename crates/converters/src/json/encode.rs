//! Values to JSON: what can be known of a schema is worked out once, in a plan.

use std::fmt::Write as _;
use std::sync::Arc;

use api::{Decimal, Encoder, Error, Result, Schema, Type, Value, java, logical};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scan::DEPTH_MAX;
use super::{DecimalFormat, Options, schema, text};

/// Writes values of one schema.
pub(super) struct JsonEncoder {
    /// `None`: schemaless.
    plan: Option<Plan>,
    /// `{"schema":…,"payload":`; empty without envelope.
    envelope: Vec<u8>,
}

impl JsonEncoder {
    pub(super) fn new(options: &Options, schema: Option<&Arc<Schema>>) -> Result<Self> {
        let plan = schema.map(|schema| Plan::new(schema, options, 1)).transpose()?;
        let mut envelope = Vec::new();
        if options.schemas {
            envelope.extend_from_slice(b"{\"schema\":");
            match schema {
                Some(schema) => schema::write(schema, options, &mut envelope)?,
                None => envelope.extend_from_slice(b"null"),
            }
            envelope.extend_from_slice(b",\"payload\":");
        }
        Ok(Self { plan, envelope })
    }
}

impl Encoder for JsonEncoder {
    fn encode(&mut self, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
        if self.plan.is_none() && value.is_null() {
            return Ok(false);
        }
        out.extend_from_slice(&self.envelope);
        let depth = usize::from(!self.envelope.is_empty());
        match &self.plan {
            Some(plan) => plan.write(value, out)?,
            None => write_schemaless(value, depth, out)?,
        }
        if !self.envelope.is_empty() {
            out.push(b'}');
        }
        Ok(true)
    }
}

/// How values of a schema are written.
pub(super) struct Plan {
    kind: Kind,
    /// What is written for null; `None`: null is an error.
    null: Option<Box<[u8]>>,
}

enum Kind {
    Boolean,
    /// A whole number between limits.
    Int {
        min: i64,
        max: i64,
    },
    Float32,
    Float64,
    String,
    Bytes,
    DecimalBase64 {
        scale: Option<i32>,
    },
    DecimalNumeric,
    Array(Box<Plan>),
    /// An object, its keys given as text.
    Object {
        keys: Box<Plan>,
        values: Box<Plan>,
    },
    /// An array of pairs.
    Pairs {
        keys: Box<Plan>,
        values: Box<Plan>,
    },
    Struct(Box<[FieldPlan]>),
}

struct FieldPlan {
    /// `{"name":` or `,"name":`.
    prefix: Box<[u8]>,
    plan: Plan,
}

impl Plan {
    pub(super) fn new(schema: &Schema, options: &Options, depth: usize) -> Result<Self> {
        if depth > DEPTH_MAX {
            return Err(Error::fail("cannot write JSON: the schema is nested too deep"));
        }
        let mut plan = Self { kind: kind(schema, options, depth)?, null: None };
        plan.null = match &schema.default {
            Some(default) if options.replace_null => {
                let mut bytes = Vec::new();
                plan.write(default, &mut bytes)?;
                Some(bytes.into())
            }
            _ => schema.optional.then(|| b"null".as_slice().into()),
        };
        Ok(plan)
    }

    pub(super) fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        match (&self.kind, value) {
            (Kind::String, Value::Text(value)) => text::write(value, out),
            (Kind::Int { min, max }, Value::Int(value)) if (min..=max).contains(&value) => {
                write_int(*value, out)
            }
            (Kind::Struct(fields), Value::Struct(values)) if fields.len() == values.len() => {
                write_struct(fields, values, out)?;
            }
            (Kind::Float64, Value::Float(value)) => write_double(*value, out),
            (Kind::Boolean, Value::Bool(value)) => write_bool(*value, out),
            (_, Value::Null) => match &self.null {
                Some(null) => out.extend_from_slice(null),
                None => {
                    return Err(Error::reject(
                        "cannot write JSON: null for a required value without default",
                    ));
                }
            },
            (Kind::Float32, Value::Float(value)) => write_float(*value as f32, out),
            (Kind::Bytes, Value::Bytes(value)) => write_base64(value, out),
            (Kind::DecimalBase64 { scale }, Value::Decimal(value)) => write_unscaled(value, *scale, out)?,
            (Kind::DecimalNumeric, Value::Decimal(value)) => {
                write!(java::Buffer(out), "{value}").expect("a buffer takes all text")
            }
            (Kind::Array(plan), Value::Array(elements)) => {
                write_array(elements, out, |element, out| plan.write(element, out))?;
            }
            (Kind::Object { keys, values }, Value::Map(entries)) => {
                write_object(
                    entries,
                    out,
                    |key, out| keys.write_key(key, out),
                    |value, out| values.write(value, out),
                )?;
            }
            (Kind::Pairs { keys, values }, Value::Map(entries)) => {
                write_pairs(
                    entries,
                    out,
                    |key, out| keys.write(key, out),
                    |value, out| values.write(value, out),
                )?;
            }
            _ => return Err(self.mismatch(value)),
        }
        Ok(())
    }

    /// Writes the key of an object: null, too, is text there.
    fn write_key(&self, key: &Value, out: &mut Vec<u8>) -> Result<()> {
        match (key, &self.null) {
            (Value::Null, Some(null)) if null.first() != Some(&b'"') => {
                out.push(b'"');
                out.extend_from_slice(null);
                out.push(b'"');
                Ok(())
            }
            _ => self.write(key, out),
        }
    }

    fn mismatch(&self, value: &Value) -> Error {
        let expected = match self.kind {
            Kind::Boolean => "a boolean",
            Kind::Int { .. } => "an integer of its width",
            Kind::Float32 | Kind::Float64 => "a float",
            Kind::String => "text",
            Kind::Bytes => "bytes",
            Kind::DecimalBase64 { .. } | Kind::DecimalNumeric => "a decimal",
            Kind::Array(_) => "an array",
            Kind::Object { .. } | Kind::Pairs { .. } => "a map",
            Kind::Struct(_) => "a struct with its fields",
        };
        Error::reject(format_args!(
            "cannot write JSON: the schema expects {expected}, the value is {}",
            value.kind()
        ))
    }
}

fn kind(schema: &Schema, options: &Options, depth: usize) -> Result<Kind> {
    let int = |min: i64, max: i64| Kind::Int { min, max };
    let nested = |schema: Option<&Arc<Schema>>| match schema {
        Some(schema) => Plan::new(schema, options, depth + 1).map(Box::new),
        None => Err(Error::fail("cannot write JSON: a schema lacks that of its elements")),
    };
    Ok(match (schema.name.as_deref(), schema.kind) {
        (Some(logical::DECIMAL), _) => match options.decimal {
            DecimalFormat::Base64 => Kind::DecimalBase64 { scale: logical::scale(schema) },
            DecimalFormat::Numeric => Kind::DecimalNumeric,
        },
        (Some(logical::DATE), _) => int(i32::MIN.into(), i32::MAX.into()),
        (Some(logical::TIME), _) => int(0, logical::MILLIS_PER_DAY),
        (Some(logical::TIMESTAMP), _) | (_, Type::Int64) => int(i64::MIN, i64::MAX),
        (_, Type::Int8) => int(i8::MIN.into(), i8::MAX.into()),
        (_, Type::Int16) => int(i16::MIN.into(), i16::MAX.into()),
        (_, Type::Int32) => int(i32::MIN.into(), i32::MAX.into()),
        (_, Type::Float32) => Kind::Float32,
        (_, Type::Float64) => Kind::Float64,
        (_, Type::Boolean) => Kind::Boolean,
        (_, Type::String) => Kind::String,
        (_, Type::Bytes) => Kind::Bytes,
        (_, Type::Array) => Kind::Array(nested(schema.value.as_ref())?),
        (_, Type::Map) => {
            let (keys, values) = (nested(schema.key.as_ref())?, nested(schema.value.as_ref())?);
            match schema.key.as_ref().map(|key| key.kind) {
                Some(Type::String) => Kind::Object { keys, values },
                _ => Kind::Pairs { keys, values },
            }
        }
        (_, Type::Struct) => Kind::Struct(fields(schema, options, depth)?),
    })
}

fn fields(schema: &Schema, options: &Options, depth: usize) -> Result<Box<[FieldPlan]>> {
    let plan = |(index, field): (usize, &api::Field)| {
        let mut prefix = vec![if index == 0 { b'{' } else { b',' }];
        text::write(&field.name, &mut prefix);
        prefix.push(b':');
        Ok(FieldPlan { prefix: prefix.into(), plan: Plan::new(&field.schema, options, depth + 1)? })
    };
    schema.fields.iter().enumerate().map(plan).collect()
}

fn write_struct(fields: &[FieldPlan], values: &[Value], out: &mut Vec<u8>) -> Result<()> {
    if fields.is_empty() {
        out.push(b'{');
    }
    for (field, value) in fields.iter().zip(values) {
        out.extend_from_slice(&field.prefix);
        field.plan.write(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_bool(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn write_int(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn write_double(value: f64, out: &mut Vec<u8>) {
    quote_unless(value.is_finite(), out, |out| java::write_double(value, out));
}

fn write_float(value: f32, out: &mut Vec<u8>) {
    quote_unless(value.is_finite(), out, |out| java::write_float(value, out));
}

/// JSON has no numbers that are not finite.
fn quote_unless(finite: bool, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if finite {
        return write(out);
    }
    out.push(b'"');
    write(out);
    out.push(b'"');
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    STANDARD
        .encode_slice(bytes, &mut out[start..])
        .expect("there is room for four characters of three bytes");
    out.push(b'"');
}

fn write_unscaled(value: &Decimal, scale: Option<i32>, out: &mut Vec<u8>) -> Result<()> {
    match scale {
        None => Err(Error::reject("cannot write a decimal: its schema has no `scale`")),
        Some(scale) if scale != value.scale => Err(Error::reject(format_args!(
            "cannot write a decimal: its scale is {}, that of its schema {scale}",
            value.scale
        ))),
        Some(_) => {
            value.with_bytes(|bytes| write_base64(bytes, out));
            Ok(())
        }
    }
}

type Write<'a> = &'a mut Vec<u8>;

fn write_array(
    elements: &[Value],
    out: Write<'_>,
    write: impl Fn(&Value, Write<'_>) -> Result<()>,
) -> Result<()> {
    out.push(b'[');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(element, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_object(
    entries: &[(Value, Value)],
    out: Write<'_>,
    write_key: impl Fn(&Value, Write<'_>) -> Result<()>,
    write_value: impl Fn(&Value, Write<'_>) -> Result<()>,
) -> Result<()> {
    out.push(b'{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_key(key, out)?;
        out.push(b':');
        write_value(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_pairs(
    entries: &[(Value, Value)],
    out: Write<'_>,
    write_key: impl Fn(&Value, Write<'_>) -> Result<()>,
    write_value: impl Fn(&Value, Write<'_>) -> Result<()>,
) -> Result<()> {
    out.push(b'[');
    for (index, (key, value)) in entries.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"[" } else { b",[" });
        write_key(key, out)?;
        out.push(b',');
        write_value(value, out)?;
        out.push(b']');
    }
    out.push(b']');
    Ok(())
}

/// Writes a value by its own kind.
fn write_schemaless(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<()> {
    if depth > DEPTH_MAX {
        return Err(Error::reject("cannot write JSON: the value is nested too deep"));
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => write_bool(*value, out),
        Value::Int(value) => write_int(*value, out),
        Value::Float(value) => write_double(*value, out),
        Value::Text(value) => text::write(value, out),
        Value::Bytes(value) => write_base64(value, out),
        Value::Array(elements) => {
            write_array(elements, out, |element, out| write_schemaless(element, depth + 1, out))?;
        }
        Value::Map(entries) => {
            let write = |value: &Value, out: Write<'_>| write_schemaless(value, depth + 1, out);
            match entries.iter().all(|(key, _)| matches!(key, Value::Text(_))) {
                true => write_object(entries, out, write, write)?,
                false => {
                    write_pairs(entries, out, write, |value, out| write_schemaless(value, depth + 2, out))?
                }
            }
        }
        Value::Decimal(_) | Value::Struct(_) => {
            return Err(Error::reject(format_args!("cannot write JSON: {} without a schema", value.kind())));
        }
    }
    Ok(())
}
