//! Java's `Date.toString` in UTC.

use std::fmt;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// 1582-10-15, with which Java's calendar becomes Gregorian, in days since 1970-01-01.
const GREGORIAN_FROM: i64 = -141_427;

/// Writes a moment such as `Tue Nov 14 22:13:20 UTC 2023`: days since 1970-01-01 and seconds of the day.
///
/// A year before the first is written without its era, as Java does.
pub(super) fn date(days: i64, seconds: i64, out: &mut impl fmt::Write) -> fmt::Result {
    let (year, month, day) = calendar(days);
    let year = if year > 0 { year } else { 1 - year };
    let weekday = WEEKDAYS[(days + 4).rem_euclid(7) as usize];
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write!(out, "{weekday} {} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}", MONTHS[month])
}

/// The year, the month from 0 and the day of the month; years of both calendars begin in March here, so that a
/// leap day is their last.
fn calendar(days: i64) -> (i64, usize, i64) {
    let (year, day_of_year) = if days >= GREGORIAN_FROM { gregorian(days) } else { julian(days) };
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    (year + i64::from(month < 2), month as usize, day)
}

/// The year from March and the day in it, both from 0.
fn gregorian(days: i64) -> (i64, i64) {
    const CYCLE: i64 = 146_097;
    let days = days + 719_468;
    let day = days.rem_euclid(CYCLE);
    let year = (day - day / 1_460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    (days.div_euclid(CYCLE) * 400 + year, day - (365 * year + year / 4 - year / 100))
}

fn julian(days: i64) -> (i64, i64) {
    const CYCLE: i64 = 1_461;
    let days = days + 719_470;
    let day = days.rem_euclid(CYCLE);
    let year = (day - day / (CYCLE - 1)) / 365;
    (days.div_euclid(CYCLE) * 4 + year, day - 365 * year)
}
