//! NUMERIC in its binary form: digits of base 10,000.

use api::{Decimal, Value};
use num_bigint::BigInt;

/// The digits that one group holds.
const GROUP: i32 = 4;
/// Groups that an `i128` holds with room for a scale.
const SMALL_GROUPS: usize = 7;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;
/// The most digits behind the point, or zeros before it, that are asked for.
const SHIFT_MAX: i32 = 20_000;

/// A number as it was sent.
pub(super) struct Numeric<'a> {
    weight: i32,
    sign: u16,
    groups: &'a [u8],
}

impl<'a> Numeric<'a> {
    /// Reads the header; `None`: it is none.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (header, groups) = bytes.split_at_checked(8)?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let weight = i16::from_be_bytes([header[2], header[3]]);
        let complete = groups.len() == usize::from(word(0)) * 2;
        complete.then_some(Self { weight: weight.into(), sign: word(4), groups })
    }

    /// Whether it is a number at all, and a finite one.
    pub(super) fn finite(&self) -> bool {
        matches!(self.sign, 0 | NEGATIVE)
    }

    /// The number with a scale, rounded half up as Java's driver does; `None`: it is not finite.
    pub(super) fn decimal(&self, scale: i32) -> Option<Decimal> {
        if !self.finite() || !(0..=SHIFT_MAX).contains(&scale) {
            return None;
        }
        // The digits are a whole number of so many digits behind the point.
        let sent = (self.count() - 1 - self.weight) * GROUP;
        let unscaled = match (self.small(), scale - sent) {
            (Some(digits), shift) => match small_shift(digits, shift) {
                Some(shifted) => u64::try_from(shifted).map_or_else(|_| BigInt::from(shifted), BigInt::from),
                None => shifted(BigInt::from(digits), shift),
            },
            (None, shift) => shifted(self.large(), shift),
        };
        let unscaled = if self.sign == NEGATIVE { -unscaled } else { unscaled };
        Some(Decimal { unscaled, scale })
    }

    /// The nearest double.
    pub(super) fn double(&self) -> f64 {
        match self.sign {
            NAN => f64::NAN,
            INFINITY => f64::INFINITY,
            MINUS_INFINITY => f64::NEG_INFINITY,
            _ => self.text().parse().unwrap_or(f64::NAN),
        }
    }

    /// The whole part; `None`: it does not fit, or is not finite.
    pub(super) fn integer(&self) -> Option<i64> {
        if !self.finite() {
            return None;
        }
        let mut value: i128 = 0;
        for place in 0..=self.weight.max(-1) {
            value = value.checked_mul(10_000)?.checked_add(i128::from(self.group(place)))?;
        }
        i64::try_from(if self.sign == NEGATIVE { -value } else { value }).ok()
    }

    fn text(&self) -> String {
        let sign = if self.sign == NEGATIVE { "-" } else { "" };
        let mut text = format!("{sign}0");
        for place in 0..self.count() {
            text.push_str(&format!("{:04}", self.group(place)));
        }
        let exponent = (self.weight + 1 - self.count()) * GROUP;
        text.push_str(&format!("e{exponent}"));
        text
    }

    fn count(&self) -> i32 {
        i32::try_from(self.groups.len() / 2).expect("the count is sent in 16 bits")
    }

    fn group(&self, place: i32) -> u16 {
        let at = usize::try_from(place).unwrap_or(usize::MAX).saturating_mul(2);
        match self.groups.get(at..at.saturating_add(2)) {
            Some(bytes) => u16::from_be_bytes([bytes[0], bytes[1]]),
            None => 0,
        }
    }

    fn small(&self) -> Option<i128> {
        let groups = self.groups.chunks_exact(2);
        (groups.len() <= SMALL_GROUPS).then(|| {
            groups.fold(0, |sum, group| sum * 10_000 + i128::from(u16::from_be_bytes([group[0], group[1]])))
        })
    }

    fn large(&self) -> BigInt {
        // Eighteen digits at a time: fewer multiplications of long numbers.
        let mut value = BigInt::ZERO;
        for groups in self.groups.chunks(8) {
            let mut part = 0_u64;
            let mut factor = 1_u64;
            for group in groups.chunks_exact(2) {
                part = part * 10_000 + u64::from(u16::from_be_bytes([group[0], group[1]]));
                factor *= 10_000;
            }
            value = value * factor + part;
        }
        value
    }
}

/// A number that is not negative, times ten to the power of `shift`; `None`: it does not fit.
fn small_shift(digits: i128, shift: i32) -> Option<i128> {
    if let Some(shifted) = u64::try_from(digits).ok().and_then(|digits| smaller_shift(digits, shift)) {
        return Some(shifted.into());
    }
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { digits.checked_mul(power) } else { Some((digits + power / 2) / power) }
}

/// The same for what most numbers are: divisions of 128 bits take several times as long.
fn smaller_shift(digits: u64, shift: i32) -> Option<u64> {
    let power = 10_u64.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { digits.checked_mul(power) } else { Some(digits.checked_add(power / 2)? / power) }
}

fn shifted(digits: BigInt, shift: i32) -> BigInt {
    let power = BigInt::from(10).pow(shift.unsigned_abs());
    if shift >= 0 { digits * power } else { (digits + (&power >> 1_u8)) / power }
}

/// The value of a Decimal.
pub(super) fn decimal_value(decimal: Decimal) -> Value {
    Value::Decimal(Box::new(decimal))
}

#[cfg(test)]
mod tests;
