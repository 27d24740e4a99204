//! Dates, times and timestamps in the three forms that Kafka knows, read as leniently as Java's `SimpleDateFormat`.
//!
//! Java reads and writes them in the time zone of its machine; here it is always UTC.

use super::{Item, Parsed};
use crate::{Schema, logical};

const DATE: &str = "y-M-d";
const TIME: &str = "H:m:s.SZ";
const TIMESTAMP: &str = "y-M-dTH:m:s.SZ";

/// The date, time or timestamp that a text of just the right length is.
pub(super) fn parse(text: &str) -> Option<Parsed> {
    let text = text.replace("\\:", ":");
    let (schema, pattern): (fn() -> crate::SchemaBuilder, _) = match text.encode_utf16().count() {
        10 => (logical::date, DATE),
        13 => (logical::time, TIME),
        24 => (logical::timestamp, TIMESTAMP),
        _ => return None,
    };
    let millis = millis(&text, pattern)?;
    let schema: std::sync::Arc<Schema> = schema().build();
    Some(Parsed::of(schema, Item::Date(millis)))
}

/// Milliseconds since 1970-01-01 UTC; what follows the pattern is not looked at, and fields may overflow.
fn millis(text: &str, pattern: &str) -> Option<i64> {
    let mut rest = text;
    let (mut year, mut month, mut day, mut millis) = (1970, 1, 1, 0);
    for letter in pattern.chars() {
        if matches!(letter, '-' | ':' | '.' | 'T' | 'Z') {
            rest = rest.strip_prefix(letter)?;
            continue;
        }
        let value = field(&mut rest)?;
        match letter {
            'y' => year = value,
            'M' => month = value,
            'd' => day = value,
            'H' => millis += value * 3_600_000,
            'm' => millis += value * 60_000,
            's' => millis += value * 1000,
            _ => millis += value,
        }
    }
    Some(days(year, month, day).wrapping_mul(logical::MILLIS_PER_DAY).wrapping_add(millis))
}

/// Takes a number, which may have white space and a sign before it, as an `int` of Java.
fn field(rest: &mut &str) -> Option<i64> {
    let text = rest.trim_start_matches([' ', '\t']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    // No form is longer than what 128 bits hold.
    let value: i128 = digits[..length].parse().ok()?;
    *rest = &digits[length..];
    let value = if digits.len() < text.len() { -value } else { value };
    // What 64 bits hold loses its upper half, what is beyond is a double for Java and stops at the limits.
    Some(match i64::try_from(value) {
        Ok(long) => (long as i32).into(),
        Err(_) if value < 0 => i32::MIN.into(),
        Err(_) => i32::MAX.into(),
    })
}

/// The days from 1970-01-01, in Java's calendar: Gregorian from October 15th, 1582, Julian before.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const GREGORIAN_FROM: i64 = -141_427;
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    // Years begin in March, so that the day that is sometimes missing is the last.
    let (year, shifted) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let julian = year * 365 + year.div_euclid(4) + (shifted * 153 + 2) / 5 + day - 719_471;
    let gregorian = julian + 2 - year.div_euclid(100) + year.div_euclid(400);
    if gregorian >= GREGORIAN_FROM { gregorian } else { julian }
}
