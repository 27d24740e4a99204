//! Moments in time, to the nanosecond.

use serde_json::{Map, Value as Json};

use super::civil::NANOS_PER_SECOND;

const MILLIS_PER_SECOND: i64 = 1000;
const NANOS_PER_MILLI: i64 = 1_000_000;
const SECONDS_MAX: i64 = i64::MAX / MILLIS_PER_SECOND - 1;

/// A moment: what `java.sql.Timestamp` holds.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Moment {
    /// Seconds since 1970-01-01 00:00:00 UTC, rounded down.
    pub(crate) seconds: i64,
    /// Nanoseconds beyond them, below 1,000,000,000.
    pub(crate) nanos: u32,
}

impl Moment {
    /// 1970-01-01 00:00:00 UTC.
    pub(crate) const EPOCH: Self = Self { seconds: 0, nanos: 0 };

    /// A moment of milliseconds since 1970-01-01.
    pub(crate) fn of_millis(millis: i64) -> Self {
        Self {
            seconds: millis.div_euclid(MILLIS_PER_SECOND),
            nanos: u32::try_from(millis.rem_euclid(MILLIS_PER_SECOND) * NANOS_PER_MILLI)
                .expect("below a second"),
        }
    }

    /// A moment of microseconds since 1970-01-01.
    pub(crate) fn of_micros(micros: i64) -> Self {
        Self {
            seconds: micros.div_euclid(1_000_000),
            nanos: u32::try_from(micros.rem_euclid(1_000_000) * 1000).expect("below a second"),
        }
    }

    /// Milliseconds since 1970-01-01, rounded down (Java's `getTime`).
    pub(crate) fn millis(self) -> i64 {
        let seconds = self.seconds.clamp(-SECONDS_MAX, SECONDS_MAX);
        seconds * MILLIS_PER_SECOND + i64::from(self.nanos) / NANOS_PER_MILLI
    }

    /// The moment that many milliseconds earlier.
    pub(crate) fn minus_millis(self, millis: i64) -> Self {
        let total = i128::from(self.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(self.nanos)
            - i128::from(millis) * i128::from(NANOS_PER_MILLI);
        let second = i128::from(NANOS_PER_SECOND);
        Self {
            seconds: i64::try_from(total.div_euclid(second)).unwrap_or(if total < 0 {
                i64::MIN
            } else {
                i64::MAX
            }),
            nanos: u32::try_from(total.rem_euclid(second)).expect("below a second"),
        }
    }

    /// The moment in a source offset, as Java wrote it: `timestamp` and perhaps `timestamp_nanos`.
    pub(crate) fn of_offset(offset: &Map<String, Json>) -> Option<Self> {
        let millis = offset.get("timestamp")?.as_i64()?;
        let moment = Self::of_millis(millis);
        let nanos =
            offset.get("timestamp_nanos").and_then(Json::as_u64).and_then(|nanos| u32::try_from(nanos).ok());
        // Java sets the nanoseconds of the whole second, whatever the milliseconds were.
        Some(match nanos {
            Some(nanos) if i64::from(nanos) < NANOS_PER_SECOND => Self { nanos, ..moment },
            _ => moment,
        })
    }
}
