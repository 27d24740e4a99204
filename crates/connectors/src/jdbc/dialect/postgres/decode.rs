//! Values of columns from their binary form.

use api::{DataError, Text, Value};
use bytes::Bytes;
use tokio_postgres::types::Type;

use super::native::Form;
use super::numeric::{Numeric, decimal_value};
use crate::jdbc::value::{Local, Mapping, Moment, Target};

/// Days and microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS * MICROS_PER_DAY;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// What pgjdbc makes of the timestamps `infinity` and `-infinity`, in seconds.
const INFINITY: Moment = Moment { seconds: 9_223_372_036_825_200, nanos: 0 };
const MINUS_INFINITY: Moment = Moment { seconds: -9_223_372_036_832_400, nanos: 0 };
/// The most elements of an array: one takes at least four bytes.
const ELEMENT_BYTES: usize = 4;

/// How the values of a column are read.
#[derive(Clone, Debug)]
pub(super) enum Decoder {
    Bool,
    Int16,
    Int32,
    Int64,
    Oid,
    Float32,
    Float64,
    Decimal(i32),
    NumericInteger,
    NumericDouble,
    Text,
    Jsonb,
    Uuid,
    Bytes,
    /// One bit.
    Bit,
    /// Bits as a number.
    BitsInteger,
    /// Bits as their digits.
    BitsDigits,
    Date,
    Time,
    TimeWithZone,
    Timestamp,
    TimestampWithZone,
    Array(Box<Decoder>),
}

/// The bytes of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    /// The value's own.
    pub(super) bytes: &'a [u8],
    /// What they are a part of, if text and bytes may share it; `None`: they are copied.
    pub(super) within: Option<&'a Bytes>,
}

impl<'a> Sent<'a> {
    /// A part of these bytes.
    fn part(self, bytes: &'a [u8]) -> Self {
        Self { bytes, ..self }
    }

    fn owned(self) -> Bytes {
        match self.within {
            Some(whole) => whole.slice_ref(self.bytes),
            None => Bytes::copy_from_slice(self.bytes),
        }
    }
}

impl Decoder {
    /// The decoder of a type for what becomes of it; `None`: there is none for the two.
    pub(super) fn of(native: &Type, form: Form, target: &Target) -> Option<Self> {
        match form {
            Form::Text => Some(Self::Text),
            Form::TextArray => Some(Self::Array(Box::new(Self::Text))),
            Form::Double => Some(Self::Float64),
            Form::Plain => Self::plain(native, target),
        }
    }

    fn plain(native: &Type, target: &Target) -> Option<Self> {
        use tokio_postgres::types::Kind as Shape;
        Some(match (native.clone(), target) {
            (Type::BOOL, Target::Boolean) => Self::Bool,
            (Type::BIT, Target::Boolean) => Self::Bit,
            (Type::BIT, Target::Int8 | Target::Int16) => Self::BitsInteger,
            (Type::BIT, Target::Bytes) => Self::BitsDigits,
            (Type::INT2, Target::Int16) => Self::Int16,
            (Type::INT4, Target::Int32) => Self::Int32,
            (Type::INT8, Target::Int64) => Self::Int64,
            (Type::OID, Target::Int64) => Self::Oid,
            (Type::FLOAT4, Target::Float32) => Self::Float32,
            (Type::FLOAT8, Target::Float64) => Self::Float64,
            (Type::NUMERIC, Target::Decimal { scale, .. }) => Self::Decimal(*scale),
            (Type::NUMERIC, Target::Float64) => Self::NumericDouble,
            (Type::NUMERIC, Target::Int8 | Target::Int16 | Target::Int32 | Target::Int64) => {
                Self::NumericInteger
            }
            (Type::JSONB, Target::Text) => Self::Jsonb,
            (Type::UUID, Target::Text) => Self::Uuid,
            (Type::BYTEA, Target::Bytes) => Self::Bytes,
            (Type::DATE, Target::Date) => Self::Date,
            (Type::TIME, Target::Time) => Self::Time,
            (Type::TIMETZ, Target::Time) => Self::TimeWithZone,
            (Type::TIMESTAMP, Target::Timestamp) => Self::Timestamp,
            (Type::TIMESTAMPTZ, Target::Timestamp) => Self::TimestampWithZone,
            (_, Target::Array(element)) => match native.kind() {
                Shape::Array(native) => Self::Array(Box::new(Self::plain(native, element)?)),
                _ => return None,
            },
            (_, target) => match (native.kind(), target) {
                (Shape::Domain(base), target) => return Self::plain(base, target),
                (_, Target::Text) => Self::Text,
                _ => return None,
            },
        })
    }

    /// Reads a value.
    pub(super) fn decode(&self, sent: Sent<'_>, mapping: &Mapping) -> Result<Value, DataError> {
        let bytes = sent.bytes;
        Ok(match self {
            Self::Bool => Value::Bool(fixed::<1>(bytes)? != [0]),
            Self::Int16 => Value::Int(i16::from_be_bytes(fixed(bytes)?).into()),
            Self::Int32 => Value::Int(i32::from_be_bytes(fixed(bytes)?).into()),
            Self::Int64 => Value::Int(i64::from_be_bytes(fixed(bytes)?)),
            Self::Oid => Value::Int(u32::from_be_bytes(fixed(bytes)?).into()),
            Self::Float32 => Value::Float(f32::from_be_bytes(fixed(bytes)?).into()),
            Self::Float64 => Value::Float(f64::from_be_bytes(fixed(bytes)?)),
            Self::Decimal(scale) => decimal(bytes, *scale)?,
            Self::NumericInteger => {
                Value::Int(numeric(bytes)?.integer().ok_or_else(|| not_finite("an integer"))?)
            }
            Self::NumericDouble => Value::Float(numeric(bytes)?.double()),
            Self::Text => text(sent)?,
            Self::Jsonb => match bytes.first() {
                Some(1) => text(sent.part(&bytes[1..]))?,
                _ => return Err(DataError::new("expected jsonb of version 1")),
            },
            Self::Uuid => Value::Text(uuid(fixed(bytes)?).into()),
            Self::Bytes => Value::Bytes(sent.owned()),
            Self::Bit => Value::Bool(bits(bytes)?.1.first().is_some_and(|byte| byte & 0x80 != 0)),
            Self::BitsInteger => bits_integer(bytes)?,
            Self::BitsDigits => bits_digits(bytes)?,
            Self::Date => date(i32::from_be_bytes(fixed(bytes)?), mapping),
            Self::Time => mapping.time(nanos_of_day(i64::from_be_bytes(fixed(bytes)?))),
            Self::TimeWithZone => time_with_zone(bytes)?,
            Self::Timestamp | Self::TimestampWithZone => mapping.timestamp(self.moment(bytes, mapping)?),
            Self::Array(element) => array(sent, element, mapping)?,
        })
    }

    /// Whether [`Decoder::moment`] reads values of the column.
    pub(super) fn timestamp(&self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampWithZone)
    }

    /// Reads the moment of a timestamp, in full precision.
    pub(super) fn moment(&self, bytes: &[u8], mapping: &Mapping) -> Result<Moment, DataError> {
        let micros = match self {
            Self::Date => i64::from(i32::from_be_bytes(fixed(bytes)?)).saturating_mul(MICROS_PER_DAY),
            _ => i64::from_be_bytes(fixed(bytes)?),
        };
        let since_1970 = match (micros, micros.checked_add(EPOCH_MICROS)) {
            (i64::MIN, _) => return Ok(MINUS_INFINITY),
            (i64::MAX, _) | (_, None) => return Ok(INFINITY),
            (_, Some(since_1970)) => since_1970,
        };
        Ok(match self {
            Self::TimestampWithZone => Moment::of_micros(since_1970),
            _ => mapping.moment(Local {
                days: since_1970.div_euclid(MICROS_PER_DAY),
                nanos: since_1970.rem_euclid(MICROS_PER_DAY) * 1000,
            }),
        })
    }

    /// Whether [`Decoder::integer`] reads values of the column.
    pub(super) fn counts(&self) -> bool {
        matches!(
            self,
            Self::Int16 | Self::Int32 | Self::Int64 | Self::Oid | Self::NumericInteger | Self::Decimal(0)
        )
    }

    /// Reads the integer of an incrementing column.
    pub(super) fn integer(&self, bytes: &[u8]) -> Result<i64, DataError> {
        match self {
            Self::Int16 => Ok(i16::from_be_bytes(fixed(bytes)?).into()),
            Self::Int32 => Ok(i32::from_be_bytes(fixed(bytes)?).into()),
            Self::Int64 => Ok(i64::from_be_bytes(fixed(bytes)?)),
            Self::Oid => Ok(u32::from_be_bytes(fixed(bytes)?).into()),
            _ => numeric(bytes)?.integer().ok_or_else(|| not_finite("an integer of 64 bits")),
        }
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DataError> {
    bytes
        .try_into()
        .map_err(|_| DataError::new(format_args!("expected {N} bytes of the server, got {}", bytes.len())))
}

fn numeric(bytes: &[u8]) -> Result<Numeric<'_>, DataError> {
    Numeric::parse(bytes).ok_or_else(|| DataError::new("expected a numeric of the server"))
}

fn decimal(bytes: &[u8], scale: i32) -> Result<Value, DataError> {
    let decimal = numeric(bytes)?.decimal(scale).ok_or_else(|| not_finite("a Decimal"))?;
    Ok(decimal_value(decimal))
}

fn not_finite(wanted: &str) -> DataError {
    DataError::new(format_args!("a numeric is NaN, infinite or too large, which {wanted} cannot be"))
}

fn text(sent: Sent<'_>) -> Result<Value, DataError> {
    Text::try_from(sent.owned()).map(Value::Text).map_err(|_| DataError::new("text is not UTF-8"))
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The number of bits, and the bits from the left.
fn bits(bytes: &[u8]) -> Result<(usize, &[u8]), DataError> {
    let wrong = || DataError::new("expected bits of the server");
    let (count, bits) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
    let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| wrong())?;
    if bits.len() == count.div_ceil(8) { Ok((count, bits)) } else { Err(wrong()) }
}

fn bits_integer(bytes: &[u8]) -> Result<Value, DataError> {
    let (count, bits) = bits(bytes)?;
    match (count, bits) {
        (1..=8, [byte]) => Ok(Value::Int(i64::from(byte >> (8 - count)))),
        _ => Err(DataError::new("expected at most 8 bits")),
    }
}

fn bits_digits(bytes: &[u8]) -> Result<Value, DataError> {
    let (count, bits) = bits(bytes)?;
    let digit = |place: usize| b'0' + (bits[place / 8] >> (7 - place % 8) & 1);
    Ok(Value::Bytes((0..count).map(digit).collect()))
}

fn date(days: i32, mapping: &Mapping) -> Value {
    match days {
        // `infinity` and `-infinity`: the last and the first day that a Date can be.
        i32::MAX | i32::MIN => Value::Int(days.into()),
        _ => mapping.date(i64::from(days) + EPOCH_DAYS),
    }
}

/// Nanoseconds of a time; 24:00:00 is the next midnight.
fn nanos_of_day(micros: i64) -> i64 {
    micros.rem_euclid(MICROS_PER_DAY) * 1000
}

/// A time in a zone of its own: that of UTC, whatever `db.timezone` is.
fn time_with_zone(bytes: &[u8]) -> Result<Value, DataError> {
    let bytes: [u8; 12] = fixed(bytes)?;
    let micros = i64::from_be_bytes(fixed(&bytes[..8])?);
    let west_seconds = i32::from_be_bytes(fixed(&bytes[8..])?);
    let utc = micros.saturating_add(i64::from(west_seconds) * 1_000_000);
    Ok(Value::Int(utc.rem_euclid(MICROS_PER_DAY) / 1000))
}

/// The elements in order; an array of several dimensions becomes one of them all.
fn array(sent: Sent<'_>, element: &Decoder, mapping: &Mapping) -> Result<Value, DataError> {
    let mut bytes = sent.bytes;
    let dimensions = word(&mut bytes)?;
    word(&mut bytes)?;
    word(&mut bytes)?;
    let mut count: usize = usize::from(dimensions > 0);
    for _ in 0..dimensions.clamp(0, 6) {
        count = count.saturating_mul(usize::try_from(word(&mut bytes)?).unwrap_or(usize::MAX));
        word(&mut bytes)?;
    }
    if count > bytes.len() / ELEMENT_BYTES {
        return Err(DataError::new("expected an array of the server"));
    }
    let mut elements = Vec::with_capacity(count);
    for _ in 0..count {
        elements.push(match field(&mut bytes)? {
            Some(value) => element.decode(sent.part(value), mapping)?,
            None => Value::Null,
        });
    }
    Ok(Value::Array(elements))
}

fn word(bytes: &mut &[u8]) -> Result<i32, DataError> {
    let (word, rest) =
        bytes.split_first_chunk().ok_or_else(|| DataError::new("a value of the server is cut off"))?;
    *bytes = rest;
    Ok(i32::from_be_bytes(*word))
}

/// The next field: its length, or -1 for null, and its bytes.
fn field<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, DataError> {
    let Ok(length) = usize::try_from(word(bytes)?) else { return Ok(None) };
    let (field, rest) =
        bytes.split_at_checked(length).ok_or_else(|| DataError::new("a value of the server is cut off"))?;
    *bytes = rest;
    Ok(Some(field))
}
