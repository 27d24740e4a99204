//! Days and times of day without a zone.

use std::fmt;

/// 1582-10-15, the first day of the Gregorian calendar, and the length of the gap before it.
const GREGORIAN_FROM: i64 = -141_427;
const GAP_DAYS: i64 = 10;

pub(super) const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A date and a time of day without a zone, as a `timestamp` or a `datetime` column holds it. `Display` is ISO's form
/// with a space: `2024-02-29 12:34:56.789123456`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Local {
    /// Days since 1970-01-01 in the Gregorian calendar, which has no beginning.
    pub(crate) days: i64,
    /// Nanoseconds since midnight.
    pub(crate) nanos: i64,
}

impl Local {
    /// A date and time of the Gregorian calendar.
    pub(crate) fn new(year: i64, month: u32, day: u32, nanos: i64) -> Self {
        Self { days: days(year, month, day), nanos }
    }

    /// Seconds since 1970-01-01 00:00:00 and nanoseconds beyond them.
    pub(crate) fn of_seconds(seconds: i64, nanos: u32) -> Self {
        Self {
            days: seconds.div_euclid(SECONDS_PER_DAY),
            nanos: seconds.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND + i64::from(nanos),
        }
    }

    /// Seconds since 1970-01-01 00:00:00; the rest is [`Local::subsecond`].
    pub(crate) fn seconds(self) -> i64 {
        self.days * SECONDS_PER_DAY + self.nanos / NANOS_PER_SECOND
    }

    /// The nanoseconds beyond the second.
    pub(crate) fn subsecond(self) -> u32 {
        u32::try_from(self.nanos % NANOS_PER_SECOND).expect("a time of day is not negative")
    }

    /// Year, month and day.
    pub(crate) fn date(self) -> (i64, u32, u32) {
        date(self.days)
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let seconds = self.nanos / NANOS_PER_SECOND;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:09}", self.subsecond())
    }
}

/// The day on which Java's calendar has the same year, month and day: before 1582-10-15 that of the Julian calendar.
pub(super) fn hybrid(day: i64) -> i64 {
    if day >= GREGORIAN_FROM {
        return day;
    }
    let (year, month, day) = date(day);
    julian(year, month, day)
}

/// The day that Java makes of one where its Gregorian calendar shall have no beginning: the days that the calendar
/// left out in 1582 are moved behind the gap.
pub(super) fn proleptic(day: i64) -> i64 {
    if (GREGORIAN_FROM - GAP_DAYS..GREGORIAN_FROM).contains(&day) { day + GAP_DAYS } else { day }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, by years that begin in March.
fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year(month, day);
    era * 146_097 + day_of_era - 719_468
}

/// Days since 1970-01-01 of a date of the Julian calendar.
fn julian(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    year.div_euclid(4) * 1461 + year.rem_euclid(4) * 365 + day_of_year(month, day) - 719_470
}

/// The day of a year that begins on the first of March.
fn day_of_year(month: u32, day: u32) -> i64 {
    let month = i64::from(if month > 2 { month - 3 } else { month + 9 });
    (153 * month + 2) / 5 + i64::from(day) - 1
}

fn date(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, u32::try_from(month).expect("1 to 12"), u32::try_from(day).expect("1 to 31"))
}
