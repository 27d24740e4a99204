//! Numbers: the smallest type that holds them.

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};

use super::{Item, Parsed};
use crate::{Decimal, Schema, Type, logical};

/// Beyond so many digits before the point no number has 64 bits.
const LONG_DIGITS_MAX: i64 = 20;

/// The number that a token is, with its schema.
pub(super) fn parse(token: &str) -> Option<Parsed> {
    let decimal: Decimal = token.parse().ok()?;
    if let Some(whole) = whole(&decimal) {
        return Some(Parsed::of(Schema::of(smallest(whole)).build(), Item::Int(whole)));
    }
    let float: f32 = token.parse().ok()?;
    let double: f64 = token.parse().ok()?;
    Some(if float.is_finite() && decimal.scale != 0 {
        Parsed::of(Schema::of(Type::Float32).build(), Item::Float(float))
    } else if double.is_finite() && decimal.scale != 0 {
        Parsed::of(Schema::of(Type::Float64).build(), Item::Double(double))
    } else {
        Parsed::of(logical::decimal(decimal.scale).build(), Item::Decimal(decimal))
    })
}

/// The number without what is behind the point, if that is nothing, and if 64 bits hold it.
fn whole(decimal: &Decimal) -> Option<i64> {
    if decimal.unscaled.is_zero() {
        return Some(0);
    }
    let digits = decimal.unscaled.magnitude().to_string().len() as i64 - i64::from(decimal.scale);
    if !(1..=LONG_DIGITS_MAX).contains(&digits) {
        return None;
    }
    let power = BigInt::from(10).pow(decimal.scale.unsigned_abs());
    if decimal.scale <= 0 {
        return (&decimal.unscaled * power).to_i64();
    }
    let whole = &decimal.unscaled / &power;
    (&whole * power == decimal.unscaled).then(|| whole.to_i64()).flatten()
}

fn smallest(value: i64) -> Type {
    match value {
        -0x80..=0x7f => Type::Int8,
        -0x8000..=0x7fff => Type::Int16,
        -0x8000_0000..=0x7fff_ffff => Type::Int32,
        _ => Type::Int64,
    }
}
