//! Values of columns from what the driver reads.

use api::{DataError, Decimal, Text, Value};
use bytes::Bytes;
use mysql_async::Value as Sent;

use super::settings::ZeroDate;
use crate::jdbc::value::{Local, Mapping, Moment, Target};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MILLI: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Digits that an `i128` always holds.
const SMALL_DIGITS: usize = 38;

/// How the values of a column are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decoder {
    Bit,
    BitFlag,
    Boolean,
    Bytes,
    Date,
    Decimal(i32),
    Float,
    Integer,
    Text,
    Time,
    Timestamp,
    Year,
}

impl Decoder {
    /// The decoder of a type, by its name, for what becomes of it; `None`: there is none for the two.
    pub(super) fn of(native: &str, target: &Target) -> Option<Self> {
        Some(match (native, target) {
            ("bit", Target::Int8) => Self::Bit,
            ("bit", Target::Boolean) => Self::BitFlag,
            ("year", Target::Date) => Self::Year,
            (_, Target::Boolean) => Self::Boolean,
            (_, Target::Int8 | Target::Int16 | Target::Int32 | Target::Int64) => Self::Integer,
            (_, Target::Float32 | Target::Float64) => Self::Float,
            (_, Target::Decimal { scale, .. }) => Self::Decimal(*scale),
            (_, Target::Date) => Self::Date,
            (_, Target::Time) => Self::Time,
            (_, Target::Timestamp) => Self::Timestamp,
            (_, Target::Text) => Self::Text,
            (_, Target::Bytes) => Self::Bytes,
            (_, Target::Array(_)) => return None,
        })
    }

    /// Reads a value; text and bytes are not copied.
    pub(super) fn decode(self, sent: Sent, zero: ZeroDate, mapping: &Mapping) -> Result<Value, DataError> {
        Ok(match (self, sent) {
            (_, Sent::NULL) => Value::Null,
            (Self::Text, Sent::Bytes(bytes)) => text(bytes)?,
            (Self::Integer, sent) => Value::Int(integer(&sent)?),
            (Self::Timestamp, sent) => match local(&sent, zero)? {
                Some(local) => mapping.timestamp(mapping.moment(local)),
                None => Value::Null,
            },
            (Self::Date, sent) => match local(&sent, zero)? {
                Some(local) => mapping.date(local.days),
                None => Value::Null,
            },
            (Self::Decimal(scale), Sent::Bytes(bytes)) => Value::Decimal(Box::new(decimal(&bytes, scale)?)),
            (Self::Float, Sent::Float(value)) => Value::Float(value.into()),
            (Self::Float, Sent::Double(value)) => Value::Float(value),
            (Self::Bytes, Sent::Bytes(bytes)) => Value::Bytes(Bytes::from(bytes)),
            (Self::Boolean, sent) => Value::Bool(integer(&sent)? != 0),
            (Self::Bit, Sent::Bytes(bytes)) => Value::Int(bytes.last().copied().unwrap_or_default().into()),
            (Self::BitFlag, Sent::Bytes(bytes)) => Value::Bool(bytes.iter().any(|byte| *byte != 0)),
            (Self::Time, Sent::Time(negative, days, hours, minutes, seconds, micros)) => {
                time(negative, (days, hours, minutes, seconds, micros), mapping)
            }
            (Self::Year, sent) => year(integer(&sent)?, zero, mapping)?,
            (_, sent) => return Err(unexpected(&sent)),
        })
    }

    /// Whether [`moment`] reads values of the column.
    pub(super) fn timestamp(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp)
    }

    /// Whether [`count`] reads values of the column.
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal(0))
    }
}

/// Reads the moment of a timestamp in full precision; `None`: it is null.
pub(super) fn moment(sent: &Sent, zero: ZeroDate, mapping: &Mapping) -> Result<Option<Moment>, DataError> {
    Ok(local(sent, zero)?.map(|local| mapping.moment(local)))
}

/// Reads the integer of an incrementing column; `None`: it is null.
pub(super) fn count(sent: &Sent) -> Result<Option<i64>, DataError> {
    match sent {
        Sent::NULL => Ok(None),
        sent => integer(sent).map(Some),
    }
}

fn integer(sent: &Sent) -> Result<i64, DataError> {
    match sent {
        Sent::Int(value) => Ok(*value),
        Sent::UInt(value) => i64::try_from(*value).map_err(|_| too_large()),
        // What the text protocol and DECIMAL columns give.
        Sent::Bytes(bytes) => {
            let digits = str::from_utf8(bytes).ok();
            digits.and_then(|digits| digits.parse().ok()).ok_or_else(too_large)
        }
        sent => Err(unexpected(sent)),
    }
}

fn too_large() -> DataError {
    DataError::new("a number is too large for INT64, hint: CAST it AS CHAR or AS DECIMAL in a query")
}

fn unexpected(sent: &Sent) -> DataError {
    let kind = match sent {
        Sent::NULL => "null",
        Sent::Bytes(_) => "bytes",
        Sent::Int(_) | Sent::UInt(_) => "an integer",
        Sent::Float(_) | Sent::Double(_) => "a float",
        Sent::Date(..) => "a date",
        Sent::Time(..) => "a time",
    };
    DataError::new(format_args!("the server sent {kind} for a column of another type"))
}

fn text(bytes: Vec<u8>) -> Result<Value, DataError> {
    Text::try_from(Bytes::from(bytes)).map(Value::Text).map_err(|_| DataError::new("text is not UTF-8"))
}

/// A date and time; `None`: it has no year, month or day, and shall be null.
fn local(sent: &Sent, zero: ZeroDate) -> Result<Option<Local>, DataError> {
    let Sent::Date(year, month, day, hour, minute, second, micros) = *sent else {
        return if *sent == Sent::NULL { Ok(None) } else { Err(unexpected(sent)) };
    };
    if month == 0 || day == 0 {
        return zero_date(zero);
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let nanos = seconds * NANOS_PER_SECOND + i64::from(micros) * 1000;
    Ok(Some(Local::new(year.into(), month.into(), day.into(), nanos)))
}

fn zero_date(zero: ZeroDate) -> Result<Option<Local>, DataError> {
    match zero {
        ZeroDate::Null => Ok(None),
        ZeroDate::Round => Ok(Some(Local::new(1, 1, 1, 0))),
        ZeroDate::Error => Err(DataError::new(
            "a date has no year, month or day, hint: zeroDateTimeBehavior=CONVERT_TO_NULL in the database URL",
        )),
    }
}

/// The first day of a year; there is a year 0000.
fn year(year: i64, zero: ZeroDate, mapping: &Mapping) -> Result<Value, DataError> {
    let first = match year {
        0 => zero_date(zero)?,
        year => Some(Local::new(year, 1, 1, 0)),
    };
    Ok(first.map_or(Value::Null, |first| mapping.date(first.days)))
}

/// Days, hours, minutes, seconds and microseconds. Java's converters refuse what is no time of a day, and so do those
/// of this worker: one record, by the connector's error policy.
fn time(
    negative: bool,
    (days, hours, minutes, seconds, micros): (u32, u8, u8, u8, u32),
    mapping: &Mapping,
) -> Value {
    let hours = i64::from(days) * 24 + i64::from(hours);
    let seconds = hours * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    let nanos = seconds * NANOS_PER_SECOND + i64::from(micros) * 1000;
    if negative || seconds >= SECONDS_PER_DAY {
        let millis = nanos / NANOS_PER_MILLI;
        return Value::Int(if negative { -millis } else { millis });
    }
    mapping.time(nanos)
}

/// A DECIMAL, which is sent as text.
fn decimal(text: &[u8], scale: i32) -> Result<Decimal, DataError> {
    let wrong = || DataError::new("expected a decimal number of the server");
    if text.len() > SMALL_DIGITS {
        let decimal: Decimal = str::from_utf8(text).map_err(|_| wrong())?.parse()?;
        return if decimal.scale == scale { Ok(decimal) } else { Err(wrong()) };
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let (mut unscaled, mut behind) = (0_i128, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                unscaled = unscaled * 10 + i128::from(byte - b'0');
                behind = behind.map(|count| count + 1);
            }
            b'.' if behind.is_none() => behind = Some(0),
            _ => return Err(wrong()),
        }
    }
    let missing = scale.checked_sub(behind.unwrap_or(0)).and_then(|missing| u32::try_from(missing).ok());
    let power = missing.and_then(|missing| 10_i128.checked_pow(missing)).ok_or_else(wrong)?;
    let unscaled = unscaled.checked_mul(power).ok_or_else(wrong)?;
    Ok(Decimal::new(if negative { -unscaled } else { unscaled }, scale))
}

#[cfg(test)]
mod tests;
