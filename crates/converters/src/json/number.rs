//! What Java makes of the numbers of JSON.

use api::Decimal;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::scan::Number;

impl Number<'_> {
    /// Java's `longValue`: without what is behind the point, and the lower 64 bits of what is beyond.
    pub(super) fn long(self) -> i64 {
        match self {
            Self::Int(value) => value,
            Self::Big(digits) => low_bits(&integer(digits)),
            Self::Fraction(text) => {
                let (digits, scale) = parts(text);
                match scale {
                    // Sixty-four zeros at the end leave no bit among the lower 64.
                    ..=-64 => 0,
                    -63..=0 => low_bits(&(digits * BigInt::from(10).pow(scale.unsigned_abs()))),
                    // No number is longer than this, so that nothing stands before the point.
                    1001.. => 0,
                    _ => low_bits(&(digits / BigInt::from(10).pow(scale.unsigned_abs()))),
                }
            }
        }
    }

    /// Java's `doubleValue`.
    pub(super) fn double(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Big(text) => text.parse().expect("a number of JSON is one of Rust"),
            Self::Fraction(text) => {
                unsigned_zero(text.parse().expect("a number of JSON is one of Rust"), text)
            }
        }
    }

    /// Java's `floatValue`.
    pub(super) fn float(self) -> f32 {
        match self {
            Self::Int(value) => value as f32,
            Self::Big(text) => text.parse().expect("a number of JSON is one of Rust"),
            Self::Fraction(text) => {
                let value: f32 = text.parse().expect("a number of JSON is one of Rust");
                unsigned_zero(value.into(), text) as f32
            }
        }
    }

    /// Java's `decimalValue`: every digit, zeros at the end as well.
    pub(super) fn decimal(self) -> Decimal {
        match self {
            Self::Int(value) => Decimal { unscaled: value.into(), scale: 0 },
            Self::Big(digits) => Decimal { unscaled: integer(digits), scale: 0 },
            Self::Fraction(text) => {
                let (unscaled, scale) = parts(text);
                Decimal { unscaled, scale }
            }
        }
    }
}

/// Java reads numbers with a point as decimals, which know no negative zero.
fn unsigned_zero(value: f64, text: &str) -> f64 {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    if value == 0.0 && !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9')) { 0.0 } else { value }
}

fn integer(digits: &str) -> BigInt {
    digits.parse().expect("the scanner saw digits")
}

fn low_bits(value: &BigInt) -> i64 {
    let low = (value.magnitude() % (1u128 << 64)).to_u64().expect("the rest of a division by 2^64");
    let low = low as i64;
    if value.is_negative() { low.wrapping_neg() } else { low }
}

/// The digits without the point, and the scale.
fn parts(text: &str) -> (BigInt, i32) {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits: String = mantissa.chars().filter(|char| *char != '.').collect();
    let unscaled = integer(&digits);
    debug_assert!(unscaled.is_zero() || !digits.is_empty());
    (unscaled, scale(text).expect("the scanner checks the scale"))
}

/// The scale of a number with a point or an exponent, if 32 bits hold both.
pub(super) fn scale(text: &str) -> Option<i32> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let exponent: i32 = exponent.parse().ok().filter(|exponent| *exponent != i32::MIN)?;
    i32::try_from(fraction as i64 - i64::from(exponent)).ok()
}
