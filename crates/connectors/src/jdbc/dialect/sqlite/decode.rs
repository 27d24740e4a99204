//! Values of columns from what SQLite stores, which may be of another kind than the column declares.

use api::{DataError, Decimal, Text, Value};
use bytes::Bytes;
use num_bigint::BigInt;
use rusqlite::types::ValueRef;

use super::moment::{of_julian, parse, parse_time};
use crate::jdbc::value::{Mapping, Moment, Target};

const NANOS_PER_MILLI: i64 = 1_000_000;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// Reads a value for what its column becomes. Nothing is cut off or rounded in silence: what does not fit is an error.
pub(super) fn decode(sent: ValueRef<'_>, target: &Target, mapping: &Mapping) -> Result<Value, DataError> {
    if sent == ValueRef::Null {
        return Ok(Value::Null);
    }
    Ok(match target {
        Target::Boolean => Value::Bool(boolean(sent)?),
        Target::Int8 => whole::<i8>(sent)?,
        Target::Int16 => whole::<i16>(sent)?,
        Target::Int32 => whole::<i32>(sent)?,
        Target::Int64 => whole::<i64>(sent)?,
        Target::Float32 | Target::Float64 => Value::Float(double(sent)?),
        Target::Decimal { scale, .. } => Value::Decimal(Box::new(decimal(sent, *scale)?)),
        Target::Date => date(sent, mapping)?,
        Target::Time => time(sent, mapping)?,
        Target::Timestamp => mapping.timestamp(moment(sent, mapping)?),
        Target::Text => Value::Text(text(sent)?),
        Target::Bytes => bytes(sent)?,
        Target::Array(_) => return Err(unexpected(sent, "an array")),
    })
}

/// Reads the integer of an incrementing column.
pub(super) fn integer(sent: ValueRef<'_>) -> Result<i64, DataError> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    match sent {
        ValueRef::Integer(value) => Ok(value),
        ValueRef::Real(value) if value.fract() == 0.0 && (-BEYOND..BEYOND).contains(&value) => {
            Ok(value as i64)
        }
        ValueRef::Text(text) => {
            let digits = str::from_utf8(text).ok();
            digits.and_then(|digits| digits.trim().parse().ok()).ok_or_else(|| unexpected(sent, "an integer"))
        }
        _ => Err(unexpected(sent, "an integer")),
    }
}

/// Reads a moment: milliseconds since 1970, Julian days, or text in the database's zone unless it names its own.
pub(super) fn moment(sent: ValueRef<'_>, mapping: &Mapping) -> Result<Moment, DataError> {
    match sent {
        ValueRef::Integer(millis) => Ok(Moment::of_millis(millis)),
        ValueRef::Real(days) => Ok(of_julian(days)),
        ValueRef::Text(text) => match str::from_utf8(text).ok().and_then(parse) {
            Some((local, None)) => Ok(mapping.moment(local)),
            Some((local, Some(offset))) => {
                let seconds = local.seconds().saturating_sub(offset);
                Ok(Moment { seconds, nanos: local.subsecond() })
            }
            None => Err(unexpected(sent, "a date and time")),
        },
        _ => Err(unexpected(sent, "a date and time")),
    }
}

fn unexpected(sent: ValueRef<'_>, expected: &str) -> DataError {
    let kind = match sent {
        ValueRef::Null => "null",
        ValueRef::Integer(_) => "an integer",
        ValueRef::Real(_) => "a float",
        ValueRef::Text(_) => "text",
        ValueRef::Blob(_) => "bytes",
    };
    DataError::new(format_args!("expected {expected}, the column holds {kind} that is none"))
}

fn whole<T: TryFrom<i64>>(sent: ValueRef<'_>) -> Result<Value, DataError> {
    let value = integer(sent)?;
    T::try_from(value)
        .map(|_| Value::Int(value))
        .map_err(|_| DataError::new(format_args!("a number is too large for {} bits", size_of::<T>() * 8)))
}

fn boolean(sent: ValueRef<'_>) -> Result<bool, DataError> {
    match sent {
        ValueRef::Text(text) if text.eq_ignore_ascii_case(b"true") => Ok(true),
        ValueRef::Text(text) if text.eq_ignore_ascii_case(b"false") => Ok(false),
        sent => integer(sent).map(|value| value != 0),
    }
}

fn double(sent: ValueRef<'_>) -> Result<f64, DataError> {
    match sent {
        ValueRef::Real(value) => Ok(value),
        ValueRef::Integer(value) => Ok(value as f64),
        ValueRef::Text(text) => {
            let number = str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
            number.ok_or_else(|| unexpected(sent, "a number"))
        }
        _ => Err(unexpected(sent, "a number")),
    }
}

/// A number with a scale, rounded half up where it has more digits.
fn decimal(sent: ValueRef<'_>, scale: i32) -> Result<Decimal, DataError> {
    let number: Decimal = match sent {
        ValueRef::Integer(value) => Decimal::new(value, 0),
        ValueRef::Real(value) if value.is_finite() => value.to_string().parse()?,
        ValueRef::Text(text) => {
            let text = str::from_utf8(text).map_err(|_| unexpected(sent, "a number"))?;
            text.trim().parse().map_err(|_| unexpected(sent, "a number"))?
        }
        _ => return Err(unexpected(sent, "a number")),
    };
    let shift = i64::from(scale) - i64::from(number.scale);
    let power = u32::try_from(shift.unsigned_abs()).ok().filter(|power| *power <= 20_000);
    let power = BigInt::from(10).pow(power.ok_or_else(|| unexpected(sent, "a number of so many digits"))?);
    let unscaled = if shift >= 0 { number.unscaled * power } else { rounded(&number.unscaled, &power) };
    Ok(Decimal { unscaled, scale })
}

fn rounded(number: &BigInt, power: &BigInt) -> BigInt {
    let half: BigInt = power >> 1_u8;
    if number.sign() == num_bigint::Sign::Minus { (number - half) / power } else { (number + half) / power }
}

fn date(sent: ValueRef<'_>, mapping: &Mapping) -> Result<Value, DataError> {
    match sent {
        ValueRef::Text(text) => match str::from_utf8(text).ok().and_then(parse) {
            Some((local, _)) => Ok(mapping.date(local.days)),
            None => Err(unexpected(sent, "a date")),
        },
        sent => Ok(Value::Int(moment(sent, mapping)?.millis().div_euclid(MILLIS_PER_DAY))),
    }
}

fn time(sent: ValueRef<'_>, mapping: &Mapping) -> Result<Value, DataError> {
    match sent {
        ValueRef::Text(text) => {
            let text = str::from_utf8(text).ok();
            let nanos =
                text.and_then(|text| parse_time(text).or_else(|| parse(text).map(|(local, _)| local.nanos)));
            Ok(mapping.time(nanos.ok_or_else(|| unexpected(sent, "a time"))?))
        }
        sent => {
            let millis = moment(sent, mapping)?.millis().rem_euclid(MILLIS_PER_DAY);
            Ok(mapping.time(millis * NANOS_PER_MILLI))
        }
    }
}

fn text(sent: ValueRef<'_>) -> Result<Text, DataError> {
    match sent {
        ValueRef::Text(text) => {
            Text::try_from(Bytes::copy_from_slice(text)).map_err(|_| DataError::new("text is not UTF-8"))
        }
        ValueRef::Integer(value) => Ok(value.to_string().into()),
        ValueRef::Real(value) => Ok(value.to_string().into()),
        sent => Err(unexpected(sent, "text")),
    }
}

fn bytes(sent: ValueRef<'_>) -> Result<Value, DataError> {
    match sent {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(Value::Bytes(Bytes::copy_from_slice(bytes))),
        sent => Err(unexpected(sent, "bytes")),
    }
}
