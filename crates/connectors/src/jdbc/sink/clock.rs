//! What the clocks of a database show: Java binds times in `db.timezone` and dates in `date.timezone`.

use super::cell::Cell;
use super::config::EpochUnit;
use super::plan::Kind;
use crate::jdbc::value::{Local, Moment, Zone};

const SECONDS_PER_DAY: i64 = 86_400;

/// The zones that values are written in.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Clock {
    /// That of times and timestamps.
    pub(in crate::jdbc) times: Zone,
    /// That of dates.
    pub(in crate::jdbc) dates: Zone,
}

impl Clock {
    /// The date that is written for days since 1970-01-01, which Java takes for a moment.
    pub(in crate::jdbc) fn date(&self, days: i64) -> i64 {
        let seconds = days.saturating_mul(SECONDS_PER_DAY);
        self.dates.local(Moment { seconds, nanos: 0 }).days
    }

    /// The nanoseconds since midnight that are written for milliseconds since midnight.
    pub(in crate::jdbc) fn time(&self, millis: i64) -> i64 {
        self.times.local(Moment::of_millis(millis)).nanos
    }

    /// The wall clock of a moment.
    pub(in crate::jdbc) fn local(&self, moment: Moment) -> Local {
        self.times.local(moment)
    }
}

/// The moment of a timestamp, or of a field of `timestamp.fields.list`; `None`: it is none.
pub(in crate::jdbc) fn moment(kind: Kind, cell: Cell<'_>) -> Option<Moment> {
    match (kind, cell) {
        (Kind::Timestamp, Cell::Int(millis)) => Some(Moment::of_millis(millis)),
        (Kind::Epoch(unit), Cell::Int(number)) => Some(of_epoch(number, unit)),
        (Kind::Epoch(unit), Cell::Text(text)) => Some(of_epoch(text.trim().parse().ok()?, unit)),
        _ => None,
    }
}

fn of_epoch(number: i64, unit: EpochUnit) -> Moment {
    match unit {
        EpochUnit::Microseconds => Moment::of_micros(number),
        EpochUnit::Nanoseconds => Moment {
            seconds: number.div_euclid(1_000_000_000),
            nanos: number.rem_euclid(1_000_000_000) as u32,
        },
    }
}
