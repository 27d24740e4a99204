//! Decimal numbers, as Java's `BigDecimal` has them.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};

use super::DataError;

/// The most zeros that [`Decimal::plain`] writes: a scale is four bytes of a message and could ask for gigabytes.
const ZEROS_MAX: u32 = 100_000;

/// The most bytes and digits of a number: making text of one and back takes time with the square of them, and a
/// message must not hold up a task for minutes.
const BYTES_MAX: usize = 32 * 1024;
const DIGITS_MAX: usize = 100_000;

/// A decimal number: `unscaled` divided by ten to the power of `scale`.
///
/// Equal are, as in Java, only numbers of one scale: 1.0 is not 1.00. `Display` is `BigDecimal.toString`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Decimal {
    /// The digits.
    pub unscaled: BigInt,
    /// The number of digits behind the point; negative: zeros before it.
    pub scale: i32,
}

impl Decimal {
    /// A number of digits and a scale.
    pub fn new(unscaled: impl Into<BigInt>, scale: i32) -> Self {
        Self { unscaled: unscaled.into(), scale }
    }

    /// A number of big-endian two's complement bytes, as Kafka encodes it.
    ///
    /// # Errors
    /// There is no byte, or more than 32 KiB.
    pub fn from_bytes(bytes: &[u8], scale: i32) -> Result<Self, DataError> {
        if bytes.is_empty() {
            return Err(DataError::new("Zero length BigInteger"));
        }
        if bytes.len() > BYTES_MAX {
            return Err(DataError::new(format_args!("a decimal of {} bytes is too long", bytes.len())));
        }
        Ok(Self { unscaled: BigInt::from_signed_bytes_be(bytes), scale })
    }

    /// Gives the digits as big-endian two's complement bytes, as few as there can be.
    pub fn with_bytes<R>(&self, take: impl FnOnce(&[u8]) -> R) -> R {
        let Some(small) = self.unscaled.to_i64() else { return take(&self.unscaled.to_signed_bytes_be()) };
        // Bytes in front that only repeat the sign are left out.
        let sign_bits = if small < 0 { small.leading_ones() } else { small.leading_zeros() };
        take(&small.to_be_bytes()[(sign_bits as usize - 1) / 8..])
    }

    /// The digits as big-endian two's complement bytes, as few as there can be.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.with_bytes(<[u8]>::to_vec)
    }

    /// The number without an exponent (`BigDecimal.toPlainString`).
    ///
    /// # Errors
    /// It takes more than 100,000 zeros.
    pub fn plain(&self) -> Result<String, DataError> {
        if self.scale.unsigned_abs() > ZEROS_MAX {
            return Err(DataError::new(format_args!(
                "cannot write a decimal of scale {} plainly",
                self.scale
            )));
        }
        if self.scale < 0 && !self.unscaled.is_zero() {
            return Ok(format!("{}{:0<2$}", self.unscaled, "", self.scale.unsigned_abs() as usize));
        }
        let mut text = String::new();
        let (sign, digits) = self.digits();
        write_plain(sign, &digits, usize::try_from(self.scale).unwrap_or(0), &mut text)
            .expect("a string takes all text");
        Ok(text)
    }

    /// The sign and the digits.
    fn digits(&self) -> (&'static str, String) {
        (
            if self.unscaled.sign() == num_bigint::Sign::Minus { "-" } else { "" },
            self.unscaled.magnitude().to_string(),
        )
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, digits) = self.digits();
        let exponent = digits.len() as i64 - 1 - i64::from(self.scale);
        match usize::try_from(self.scale) {
            Ok(scale) if exponent >= -6 => write_plain(sign, &digits, scale, f),
            _ => write_scientific(sign, &digits, exponent, f),
        }
    }
}

/// Writes digits with a point before the last `scale` of them.
fn write_plain(sign: &str, digits: &str, scale: usize, out: &mut impl fmt::Write) -> fmt::Result {
    if scale == 0 {
        return write!(out, "{sign}{digits}");
    }
    match digits.len().checked_sub(scale) {
        Some(whole) if whole > 0 => write!(out, "{sign}{}.{}", &digits[..whole], &digits[whole..]),
        _ => write!(out, "{sign}0.{digits:0>scale$}"),
    }
}

fn write_scientific(sign: &str, digits: &str, exponent: i64, out: &mut impl fmt::Write) -> fmt::Result {
    let (head, tail) = digits.split_at(1);
    let point = if tail.is_empty() { "" } else { "." };
    write!(out, "{sign}{head}{point}{tail}")?;
    if exponent == 0 { Ok(()) } else { write!(out, "E{exponent:+}") }
}

impl FromStr for Decimal {
    type Err = DataError;

    /// Reads what Java's `new BigDecimal(String)` reads: digits (up to 100,000), perhaps a sign, a point, an exponent.
    fn from_str(text: &str) -> Result<Self, DataError> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (negative, whole) = match whole.strip_prefix(['+', '-']) {
            Some(rest) => (whole.starts_with('-'), rest),
            None => (false, whole),
        };
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DataError::new("expected a decimal number"));
        }
        if digits.len() > DIGITS_MAX {
            return Err(DataError::new(format_args!("a decimal of {} digits is too long", digits.len())));
        }
        let exponent = exponent.map_or(Ok(0), read_exponent)?;
        let scale = fraction.len() as i64 - i64::from(exponent);
        let scale =
            i32::try_from(scale).map_err(|_| DataError::new("the scale of a decimal is out of range"))?;
        let magnitude: BigInt = digits.parse().expect("digits are a number");
        Ok(Self { unscaled: if negative { -magnitude } else { magnitude }, scale })
    }
}

fn read_exponent(text: &str) -> Result<i32, DataError> {
    text.parse().map_err(|_| DataError::new("the exponent of a decimal is not a number within its range"))
}

#[cfg(test)]
mod tests;
