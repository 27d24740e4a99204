//! A value of one type as one of another, with Java's narrowing.

use api::{Schema, Text, Type, Value, java, logical};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ALL, names};
use crate::date_format::DateFormat;
use crate::java_text::{class_name, decimal_to_double, decimal_to_float, decimal_to_long, float_text};

/// What the text of a number or a truth value has at most.
const TEXT_BYTES: usize = 32;

/// Casts a value; null stays null. An error names the field, if there is one, and never the value.
pub(super) fn cast(value: &Value, schema: Option<&Schema>, kind: Type, field: &str) -> Result<Value, String> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    check_input(value, schema)?;
    match kind {
        Type::String => text(value, schema).map(Value::Text),
        Type::Boolean => boolean(value, schema),
        Type::Float32 | Type::Float64 => float(value, schema, kind, field),
        Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => integer(value, schema, kind, field),
        other => Err(format!("{} is not supported in the Cast transformation.", other.name())),
    }
}

fn check_input(value: &Value, schema: Option<&Schema>) -> Result<(), String> {
    let kind = match (schema, value) {
        (Some(schema), _) => schema.kind,
        (None, Value::Array(_)) => Type::Array,
        (None, Value::Map(_)) => Type::Map,
        (None, Value::Struct(_)) => Type::Struct,
        (None, Value::Decimal(_)) => {
            return Err(
                "Cast transformation was passed a value of type class java.math.BigDecimal which is not \
                        supported by Connect's data API"
                    .to_owned(),
            );
        }
        (None, _) => return Ok(()),
    };
    if ALL[..9].contains(&kind) {
        return Ok(());
    }
    Err(format!(
        "Cast transformation does not support casting from {}; supported types are [{}]",
        kind.name(),
        names(&ALL[..9])
    ))
}

fn unexpected(value: &Value, schema: Option<&Schema>) -> String {
    format!("Unexpected type in Cast transformation: class {}", class_name(value, schema))
}

fn out_of_range(field: &str) -> String {
    match field {
        "" => "Value was out of range for requested data type".to_owned(),
        field => format!("Value of `{field}` was out of range for requested data type"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "Java's narrowing")]
fn integer(value: &Value, schema: Option<&Schema>, kind: Type, field: &str) -> Result<Value, String> {
    let number = match value {
        Value::Int(number) => *number,
        Value::Float(number) if kind == Type::Int64 => *number as i64,
        Value::Float(number) => i64::from(*number as i32),
        Value::Decimal(decimal) => decimal_to_long(decimal),
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => return parse(text, kind).ok_or_else(|| out_of_range(field)),
        other => return Err(unexpected(other, schema)),
    };
    Ok(Value::Int(match kind {
        Type::Int8 => i64::from(number as i8),
        Type::Int16 => i64::from(number as i16),
        Type::Int32 => i64::from(number as i32),
        _ => number,
    }))
}

fn parse(text: &str, kind: Type) -> Option<Value> {
    Some(Value::Int(match kind {
        Type::Int8 => text.parse::<i8>().ok()?.into(),
        Type::Int16 => text.parse::<i16>().ok()?.into(),
        Type::Int32 => text.parse::<i32>().ok()?.into(),
        _ => text.parse().ok()?,
    }))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "Java's narrowing")]
fn float(value: &Value, schema: Option<&Schema>, kind: Type, field: &str) -> Result<Value, String> {
    let single = kind == Type::Float32;
    let number = match value {
        Value::Int(number) if single => f64::from(*number as f32),
        Value::Int(number) => *number as f64,
        Value::Float(number) if single => f64::from(*number as f32),
        Value::Float(number) => *number,
        Value::Decimal(decimal) if single => f64::from(decimal_to_float(decimal)),
        Value::Decimal(decimal) => decimal_to_double(decimal),
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => {
            let text = float_text(text).ok_or_else(|| out_of_range(field))?;
            let number = if single { text.parse::<f32>().map(f64::from) } else { text.parse() };
            number.map_err(|_| out_of_range(field))?
        }
        other => return Err(unexpected(other, schema)),
    };
    Ok(Value::Float(number))
}

#[expect(clippy::cast_possible_truncation, reason = "Java's narrowing")]
fn boolean(value: &Value, schema: Option<&Schema>) -> Result<Value, String> {
    Ok(Value::Bool(match value {
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number as i64 != 0,
        Value::Decimal(decimal) => decimal_to_long(decimal) != 0,
        Value::Bool(value) => *value,
        Value::Text(text) => text.eq_ignore_ascii_case("true"),
        other => return Err(unexpected(other, schema)),
    }))
}

fn text(value: &Value, schema: Option<&Schema>) -> Result<Text, String> {
    if let Some(millis) = date_millis(value, schema) {
        return Ok(date(millis).into());
    }
    Ok(match value {
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => STANDARD.encode(bytes).into(),
        other => {
            let mut out = Vec::with_capacity(TEXT_BYTES);
            java::print(other, schema, &mut out);
            Text::from(std::str::from_utf8(&out).map_err(|_| unexpected(other, schema))?)
        }
    })
}

/// The milliseconds of what Java holds as a `java.util.Date`.
fn date_millis(value: &Value, schema: Option<&Schema>) -> Option<i64> {
    let (Value::Int(number), Some(schema)) = (value, schema) else { return None };
    match schema.name.as_deref()? {
        logical::DATE => Some(number.wrapping_mul(logical::MILLIS_PER_DAY)),
        logical::TIME | logical::TIMESTAMP => Some(*number),
        _ => None,
    }
}

/// The ISO text whose pattern the value decides: a time within the first day, a date without one, or both.
fn date(millis: i64) -> String {
    let pattern = match millis {
        _ if millis < logical::MILLIS_PER_DAY => "HH:mm:ss.SSS'Z'",
        _ if millis % logical::MILLIS_PER_DAY == 0 => "yyyy-MM-dd",
        _ => "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
    };
    DateFormat::new(pattern).expect("the pattern is right").format(millis)
}
