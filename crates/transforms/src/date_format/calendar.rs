//! Java's calendar: Gregorian from 15 October 1582 on, Julian before.

/// The first day of the Gregorian calendar, in days since 1970-01-01.
const GREGORIAN_FROM: i64 = -141_427;
pub(super) const DAY_MS: i64 = 86_400_000;

/// A moment in UTC, taken apart.
#[derive(Debug)]
pub(super) struct Moment {
    /// The days since 1970-01-01.
    days: i64,
    /// The year, 0 for 1 BC.
    pub(super) year: i64,
    /// The month from 0.
    pub(super) month: usize,
    /// The day of the month from 1.
    pub(super) day: i64,
    /// The day of the year from 1.
    pub(super) day_of_year: i64,
    /// The milliseconds of the day.
    pub(super) millis: i64,
}

impl Moment {
    pub(super) fn new(millis: i64) -> Self {
        let days = millis.div_euclid(DAY_MS);
        let year = year_of(days);
        let start = first_of_month(year, 0);
        let month = (1..12).rev().find(|month| first_of_month(year, *month) <= days).unwrap_or(0);
        // In October 1582 ten days are missing.
        let skipped = year == 1582 && days >= GREGORIAN_FROM;
        let month_skipped = skipped && month == 9;
        let day = days - first_of_month(year, month) + 1 + if month_skipped { 10 } else { 0 };
        let day_of_year = days - start + 1;
        Self { days, year, month: month as usize, day, day_of_year, millis: millis.rem_euclid(DAY_MS) }
    }

    pub(super) fn hour(&self) -> i64 {
        self.millis / 3_600_000
    }

    /// The day of the week, from 0 for Sunday.
    pub(super) fn weekday(&self) -> usize {
        weekday(self.days) as usize
    }

    /// The days from the week's first day to the next 1 January, if that is within the week.
    fn in_first_week_of_next_year(&self) -> bool {
        let saturday = self.days + 6 - weekday(self.days);
        saturday >= first_of_month(self.year + 1, 0)
    }

    pub(super) fn week_of_year(&self) -> i64 {
        if self.in_first_week_of_next_year() {
            return 1;
        }
        let start = first_of_month(self.year, 0);
        (self.days - start + weekday(start)) / 7 + 1
    }

    pub(super) fn week_year(&self) -> i64 {
        self.year + i64::from(self.in_first_week_of_next_year())
    }

    pub(super) fn week_of_month(&self) -> i64 {
        let start = first_of_month(self.year, self.month as i64);
        (self.days - start + weekday(start)) / 7 + 1
    }
}

/// The day of the week of a day, from 0 for Sunday.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

/// The days from 1970-01-01 to the first of a month, counted from 0, of a year; months beyond a year are of others.
pub(super) fn first_of_month(year: i64, month: i64) -> i64 {
    let (year, month) = (year.saturating_add(month.div_euclid(12)), month.rem_euclid(12));
    let gregorian = gregorian(year, month);
    if gregorian >= GREGORIAN_FROM { gregorian } else { julian(year, month).min(GREGORIAN_FROM) }
}

/// The day of a date whose day may be any number.
pub(super) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    in_calendar(year, false, |first| first(year, month).saturating_add(day - 1))
}

/// The year in which the calendars change.
const GREGORIAN_YEAR: i64 = 1582;

/// A day that is worked out from the first day of a month of a year, in the calendar of that year: in the other one
/// if it then is beyond the change. In the year of the change, days of the year are those of the Julian calendar.
pub(super) fn in_calendar(year: i64, of_year: bool, day: impl Fn(&dyn Fn(i64, i64) -> i64) -> i64) -> i64 {
    let in_julian = || day(&|year, month| beyond(year, month, julian));
    if year < GREGORIAN_YEAR || year == GREGORIAN_YEAR && of_year {
        return in_julian();
    }
    let in_gregorian = day(&|year, month| beyond(year, month, gregorian));
    if in_gregorian >= GREGORIAN_FROM { in_gregorian } else { in_julian() }
}

/// The first of a month, which may be one of another year.
fn beyond(year: i64, month: i64, first: fn(i64, i64) -> i64) -> i64 {
    first(year.saturating_add(month.div_euclid(12)), month.rem_euclid(12))
}

/// The days of the months before one, in a year that begins in March.
fn days_before(month: i64) -> (i64, i64) {
    let from_march = (month + 10) % 12;
    (i64::from(month < 2), (153 * from_march + 2) / 5)
}

fn gregorian(year: i64, month: i64) -> i64 {
    let (earlier, days) = days_before(month);
    let year = year - earlier;
    year.saturating_mul(365) + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days
        - 719_468
}

fn julian(year: i64, month: i64) -> i64 {
    let (earlier, days) = days_before(month);
    let year = year - earlier;
    year.saturating_mul(365) + year.div_euclid(4) + days - 719_470
}

fn year_of(days: i64) -> i64 {
    let mut year = (days as i128 * 400 / 146_097) as i64 + 1970;
    while first_of_month(year, 0) > days {
        year -= 1;
    }
    while first_of_month(year + 1, 0) <= days {
        year += 1;
    }
    year
}
