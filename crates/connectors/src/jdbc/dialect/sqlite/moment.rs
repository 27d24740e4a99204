//! Dates and times, which SQLite stores as text, as milliseconds or as days of the Julian calendar.

use crate::jdbc::value::{Local, Moment, Zone};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// 1970-01-01 in Julian days.
const EPOCH_JULIAN: f64 = 2_440_587.5;
const MILLIS_PER_DAY: f64 = 86_400_000.0;

/// A moment as whole milliseconds of the database's wall clock, which [`normal`] columns are compared with.
pub(super) fn literal(moment: Moment, zone: &Zone) -> String {
    let local = zone.local(moment);
    (local.seconds().saturating_mul(1000) + i64::from(local.subsecond() / 1_000_000)).to_string()
}

/// A column as whole milliseconds, however it is stored: texts differ in their form and are not greater or smaller
/// than numbers.
pub(super) fn normal(column: &str) -> String {
    format!(
        "CASE typeof({column}) WHEN 'integer' THEN {column} \
         ELSE CAST(round((julianday({column}) - {EPOCH_JULIAN}) * 86400000) AS INTEGER) END"
    )
}

/// A comparison of a column with a moment. Texts are of the database's zone, but those that name their own; numbers are of
/// none, as they count from 1970 in UTC.
pub(super) fn compared(column: &str, operator: &str, moment: Moment, zone: &Zone) -> String {
    let (time, local, absolute) = (normal(column), literal(moment, zone), literal(moment, &Zone::UTC));
    if local == absolute {
        return format!("{time} {operator} {absolute}");
    }
    format!(
        "CASE WHEN typeof({column}) = 'text' AND NOT ({column} GLOB '*[Zz]' OR {column} GLOB '*[+-][0-9][0-9]:[0-9][0-9]') \
         THEN {time} {operator} {local} ELSE {time} {operator} {absolute} END"
    )
}

/// A text such as `2024-02-29 12:34:56.789`, `2024-02-29T12:34Z` or `2024-02-29`, and its offset if it has one, in
/// seconds; `None`: it is none.
pub(super) fn parse(text: &str) -> Option<(Local, Option<i64>)> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let (year, month, day) = (number(date, 0..4)?, number(date, 5..7)?, number(date, 8..10)?);
    let dashes = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    if !dashes || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let at =
        |nanos| Local::new(year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1), nanos);
    if rest.is_empty() {
        return Some((at(0), None));
    }
    let rest = rest.strip_prefix([' ', 'T'])?;
    let (time, offset) = offset(rest)?;
    Some((at(parse_time(time)?), offset))
}

/// Nanoseconds of a time such as `12:34`, `12:34:56` or `12:34:56.789`.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let mut parts = whole.split(':');
    let mut part = |max: i64| {
        let text = parts.next()?;
        number(text, 0..text.len()).filter(|number| text.len() == 2 && *number <= max)
    };
    let (hours, minutes) = (part(23)?, part(59)?);
    let seconds = if whole.len() > 5 { part(59)? } else { 0 };
    if parts.next().is_some() || fraction.len() > 9 {
        return None;
    }
    let digits = format!("{fraction:0<9}");
    let nanos = number(&digits, 0..9)?;
    Some((hours * 3600 + minutes * 60 + seconds) * NANOS_PER_SECOND + nanos)
}

/// The time, and the seconds of `Z` or `+02:00` behind it.
fn offset(text: &str) -> Option<(&str, Option<i64>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let (time, zone) = text.split_at(at);
    let (hours, minutes) = (number(zone, 1..3)?, number(zone, 4..6)?);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    (zone.len() == 6).then_some((time, Some(sign * (hours * 3600 + minutes * 60))))
}

fn number(text: &str, range: std::ops::Range<usize>) -> Option<i64> {
    let digits = text.get(range)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The moment of a day of the Julian calendar with its fraction.
pub(super) fn of_julian(days: f64) -> Moment {
    // As casts saturate, whatever is stored becomes some moment.
    Moment::of_millis(((days - EPOCH_JULIAN) * MILLIS_PER_DAY).round() as i64)
}

#[cfg(test)]
mod tests;
