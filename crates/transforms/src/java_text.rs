//! Java's names of classes, for messages, and how Java reads numbers.

use api::{Schema, Type, Value, logical};

/// The class that Java holds a value in.
pub(crate) fn class_name(value: &Value, schema: Option<&Schema>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Int(_) => integer_class(schema),
        Value::Float(_) if schema.is_some_and(|schema| schema.kind == Type::Float32) => "java.lang.Float",
        Value::Float(_) => "java.lang.Double",
        Value::Text(_) => "java.lang.String",
        Value::Bytes(_) => "[B",
        Value::Decimal(_) => "java.math.BigDecimal",
        Value::Array(_) => "java.util.ArrayList",
        Value::Map(_) => "java.util.HashMap",
        Value::Struct(_) => "org.apache.kafka.connect.data.Struct",
    }
}

fn integer_class(schema: Option<&Schema>) -> &'static str {
    let Some(schema) = schema else { return "java.lang.Long" };
    match (schema.name.as_deref(), schema.kind) {
        (Some(logical::DATE | logical::TIME | logical::TIMESTAMP), _) => "java.util.Date",
        (_, Type::Int8) => "java.lang.Byte",
        (_, Type::Int16) => "java.lang.Short",
        (_, Type::Int32) => "java.lang.Integer",
        _ => "java.lang.Long",
    }
}

/// The part of a text that Rust reads as Java's `Double.parseDouble` and `Float.parseFloat` read the whole, but for
/// hexadecimal numbers: without space around it and a suffix. `None`: Java reads no number.
pub(crate) fn float_text(text: &str) -> Option<&str> {
    let text = text.trim_matches(|character| character <= ' ');
    let magnitude = text.strip_prefix(['+', '-']).unwrap_or(text);
    match magnitude {
        "NaN" | "Infinity" => Some(text),
        _ if magnitude.starts_with(|first: char| first == '.' || first.is_ascii_digit()) => {
            Some(text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text))
        }
        _ => None,
    }
}

/// The lower 64 bits of the whole part of a decimal number, as Java's `BigDecimal.longValue` gives them.
pub(crate) fn decimal_to_long(decimal: &api::Decimal) -> i64 {
    use num_bigint::BigInt;
    use num_traits::{ToPrimitive, Zero};
    // A number of more zeros than this has none but zeros in its lower 64 bits, or no whole part.
    const ZEROS: i32 = 100_000;
    let whole = match decimal.scale {
        0 => decimal.unscaled.clone(),
        -64..0 => &decimal.unscaled * BigInt::from(10).pow(decimal.scale.unsigned_abs()),
        1..ZEROS => &decimal.unscaled / BigInt::from(10).pow(decimal.scale.unsigned_abs()),
        _ => BigInt::zero(),
    };
    let modulus: BigInt = BigInt::from(1) << 64;
    let mut low = whole % &modulus;
    if low.sign() == num_bigint::Sign::Minus {
        low += modulus;
    }
    low.to_u64().map_or(0, |bits| bits as i64)
}

/// The double nearest to a decimal number.
pub(crate) fn decimal_to_double(decimal: &api::Decimal) -> f64 {
    let text = format!("{}e{}", decimal.unscaled, -i64::from(decimal.scale));
    text.parse().unwrap_or(f64::NAN)
}

/// The float nearest to a decimal number.
pub(crate) fn decimal_to_float(decimal: &api::Decimal) -> f32 {
    let text = format!("{}e{}", decimal.unscaled, -i64::from(decimal.scale));
    text.parse().unwrap_or(f32::NAN)
}
