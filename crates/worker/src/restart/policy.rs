//! How often and when something that failed is started anew.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// The key of the number of restarts.
pub const MAX: &str = "errors.restart.max";
/// The key of the first wait.
pub const BACKOFF: &str = "errors.restart.backoff.ms";
/// The key of the longest wait.
pub const BACKOFF_MAX: &str = "errors.restart.backoff.max.ms";
/// The key of the time that something has to run until its restarts are forgotten.
pub const RESET: &str = "errors.restart.reset.ms";

/// How often and when something that failed is started anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Policy {
    /// How many restarts there are before it is given up; none for no limit.
    pub(crate) max: Option<u32>,
    /// The wait before the first restart; each further one is twice as long.
    pub(crate) backoff_ms: u64,
    /// How long a wait is at most.
    pub(crate) backoff_max_ms: u64,
    /// How long it has to run until its restarts are forgotten.
    pub(crate) reset_ms: i64,
}

impl Policy {
    /// The policy of a connector: what its configuration says, and the worker's where that says nothing. Values are
    /// validated before a configuration is taken; one that cannot be read (a variable) is as good as none.
    pub(crate) fn of<'a>(self, value: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |key: &str| value(key).and_then(|text| text.trim().parse::<i64>().ok());
        let millis = |key: &str, otherwise: u64| {
            number(key).map_or(otherwise, |value| u64::try_from(value).unwrap_or(otherwise))
        };
        Self {
            max: number(MAX).map_or(self.max, Self::limit),
            backoff_ms: millis(BACKOFF, self.backoff_ms),
            backoff_max_ms: millis(BACKOFF_MAX, self.backoff_max_ms),
            reset_ms: number(RESET).map_or(self.reset_ms, |value| value.max(0)),
        }
    }

    /// A number of restarts as it is configured: any below zero is no limit.
    pub(crate) fn limit(max: i64) -> Option<u32> {
        (max >= 0).then(|| u32::try_from(max).unwrap_or(u32::MAX))
    }

    /// The wait before a restart, counted from 1: up to a fifth less for some, so that what failed together does
    /// not come back together.
    pub(super) fn delay_ms(&self, count: u32, salt: &str) -> u64 {
        let factor = 1_u64.checked_shl(count.saturating_sub(1)).unwrap_or(u64::MAX);
        let delay_ms = self.backoff_ms.saturating_mul(factor).min(self.backoff_max_ms);
        let mut hasher = DefaultHasher::new();
        (salt, count).hash(&mut hasher);
        delay_ms - (delay_ms / 5).saturating_mul(hasher.finish() % 256) / 256
    }
}
