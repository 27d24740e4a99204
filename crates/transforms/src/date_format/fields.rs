//! The fields that were read of a text, and the moment that they mean.

use super::calendar::{DAY_MS, first_of_month, in_calendar, weekday};

/// What a field of a calendar is, in Java's order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Era,
    Year,
    Month,
    WeekOfYear,
    WeekOfMonth,
    Day,
    DayOfYear,
    /// From 1 for Sunday.
    Weekday,
    WeekdayInMonth,
    AmPm,
    Hour,
    HourOfDay,
    Minute,
    Second,
    Millisecond,
    Zone,
    WeekYear,
}

/// The fields that were read: a value and when it was set, 0 for never.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    values: [(i64, u32); 17],
    stamp: u32,
}

impl Fields {
    pub(super) fn set(&mut self, part: Part, value: i64) {
        self.stamp += 1;
        self.values[part as usize] = (value, self.stamp);
    }

    pub(super) fn get(&self, part: Part) -> Option<i64> {
        let (value, stamp) = self.values[part as usize];
        (stamp > 0).then_some(value)
    }

    /// Adds to what a field was set to.
    pub(super) fn add(&mut self, part: Part, value: i64) {
        self.values[part as usize].0 += value;
    }

    fn stamp(&self, part: Part) -> u32 {
        self.values[part as usize].1
    }
}

/// The milliseconds since 1970-01-01 UTC that the fields mean, the later of two rivals winning.
pub(super) fn resolve(fields: &Fields) -> i64 {
    let days = if fields.stamp(Part::WeekYear) > fields.stamp(Part::Year) {
        week_date(fields)
    } else {
        date(fields)
    };
    let value = |part| fields.get(part).unwrap_or(0);
    let half = fields.stamp(Part::Hour).max(fields.stamp(Part::AmPm));
    let both = if fields.get(Part::Hour).is_some() && fields.get(Part::AmPm).is_some() { half } else { 0 };
    let by_day = fields.stamp(Part::HourOfDay);
    let hours = if by_day > 0 && by_day > both {
        value(Part::HourOfDay)
    } else {
        value(Part::Hour) + 12 * value(Part::AmPm)
    };
    let minutes = hours * 60 + value(Part::Minute);
    let millis = (minutes * 60 + value(Part::Second)) * 1000 + value(Part::Millisecond);
    days.saturating_mul(DAY_MS).saturating_add(millis - value(Part::Zone))
}

/// The Sunday before or on a day that follows by six, moved on to a day of the week.
fn day_on_or_before(days: i64, day_of_week: i64) -> i64 {
    days - (weekday(days) - (day_of_week - 1)).rem_euclid(7)
}

fn week_date(fields: &Fields) -> i64 {
    let (mut week, mut day) =
        (fields.get(Part::WeekOfYear).unwrap_or(1), fields.get(Part::Weekday).unwrap_or(1));
    let valid = (1..=7).contains(&day);
    if day >= 8 {
        day -= 1;
        week += day / 7;
        day = day % 7 + 1;
    }
    if day <= 0 {
        let weeks = (7 - day) / 7;
        day += 7 * weeks;
        week -= weeks;
    }
    if !valid {
        // Java takes it for a day from Monday on now.
        day = day % 7 + 1;
    }
    let year = fields.get(Part::WeekYear).unwrap_or(1970);
    let first = day_on_or_before(first_of_month(year, 0), 1);
    first + 7 * (week - 1) + day - 1
}

/// The day that the fields set last mean, as `GregorianCalendar` chooses them.
fn date(fields: &Fields) -> i64 {
    let year = match (fields.get(Part::Year).unwrap_or(1970), fields.get(Part::Era)) {
        (year, Some(0)) => 1 - year,
        (year, _) => year,
    };
    let month = fields.get(Part::Month).unwrap_or(0);
    let of_year = fields.get(Part::DayOfYear).is_some() || fields.get(Part::WeekOfYear).is_some();
    match deciding(fields) {
        Deciding::Day => {
            let day = fields.get(Part::Day).unwrap_or(1);
            in_calendar(year, false, |first| first(year, month) + day - 1)
        }
        Deciding::WeekOfMonth => {
            let week = fields.get(Part::WeekOfMonth).unwrap_or(1);
            in_calendar(year, of_year, |first| weeks_on(first(year, month), week, fields))
        }
        Deciding::WeekdayInMonth => in_calendar(year, of_year, |first| {
            weekday_in_month(fields, first(year, month), first(year, month + 1))
        }),
        Deciding::DayOfYear => {
            let day = fields.get(Part::DayOfYear).unwrap_or(1);
            in_calendar(year, true, |first| first(year, 0) + day - 1)
        }
        Deciding::WeekOfYear => {
            let week = fields.get(Part::WeekOfYear).unwrap_or(1);
            in_calendar(year, true, |first| weeks_on(first(year, 0), week, fields))
        }
    }
}

/// The fields that the day of a year is worked out from.
enum Deciding {
    Day,
    WeekOfMonth,
    WeekdayInMonth,
    DayOfYear,
    WeekOfYear,
}

fn deciding(fields: &Fields) -> Deciding {
    let stamp = |part| fields.stamp(part);
    let both = |part| {
        if stamp(part) > 0 && stamp(Part::Weekday) > 0 { stamp(part).max(stamp(Part::Weekday)) } else { 0 }
    };
    let mut day = stamp(Part::Day);
    let (mut in_month, mut of_month, mut of_year) =
        (both(Part::WeekdayInMonth), both(Part::WeekOfMonth), both(Part::WeekOfYear));
    let day_of_year = stamp(Part::DayOfYear);
    let mut best = day.max(of_month).max(in_month).max(day_of_year).max(of_year);
    if best == 0 {
        of_month = stamp(Part::WeekOfMonth);
        in_month = stamp(Part::WeekdayInMonth).max(stamp(Part::Weekday));
        of_year = stamp(Part::WeekOfYear);
        best = of_month.max(in_month).max(of_year);
        if best == 0 {
            day = stamp(Part::Month);
            best = day;
        }
    }
    let later = |part| stamp(part) >= stamp(Part::WeekOfYear);
    if best == day {
        return Deciding::Day;
    }
    if best == of_month && later(Part::WeekOfMonth) || best == in_month && later(Part::WeekdayInMonth) {
        let weeks = if of_month == in_month {
            stamp(Part::WeekOfMonth) >= stamp(Part::WeekdayInMonth)
        } else {
            best == of_month
        };
        return if weeks { Deciding::WeekOfMonth } else { Deciding::WeekdayInMonth };
    }
    if best == day_of_year { Deciding::DayOfYear } else { Deciding::WeekOfYear }
}

/// The day of a week, counted from that of a day.
fn weeks_on(start: i64, week: i64, fields: &Fields) -> i64 {
    let first = day_on_or_before(start, 1);
    let day = fields.get(Part::Weekday).map_or(first, |day| day_on_or_before(first + 6, day));
    day + 7 * (week - 1)
}

/// A day of the week in a month that begins on a day, the next on another; counted from its end if negative.
fn weekday_in_month(fields: &Fields, start: i64, next: i64) -> i64 {
    let day = fields.get(Part::Weekday).unwrap_or(1);
    let count = fields.get(Part::WeekdayInMonth).unwrap_or(1);
    if count >= 0 {
        return day_on_or_before(start + 7 * count - 1, day);
    }
    day_on_or_before(next + 7 * (count + 1) - 1, day)
}
