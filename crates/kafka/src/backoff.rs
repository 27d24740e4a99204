//! Exponential backoff with jitter, as Kafka's clients do it.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use kafka_protocol::error::ResponseError;

use crate::error::Error;

/// How long to wait between attempts: doubled with each failure up to a maximum, give or take a fifth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Before the second attempt.
    pub initial: Duration,
    /// The most, before jitter.
    pub max: Duration,
}

impl Backoff {
    /// The time to wait after this many failures in a row (0 is taken as 1).
    pub fn delay(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let base = self.initial.saturating_mul(1 << doublings).min(self.max.max(self.initial));
        base.mul_f64(0.8 + 0.4 * random_fraction())
    }
}

/// How long the markers of a transaction are waited for before the next one is tried again, as in Kafka's clients:
/// they take a few milliseconds.
const MARKERS: Duration = Duration::from_millis(20);

/// The time to wait after a failure.
pub(crate) fn delay(backoff: Backoff, failures: u32, error: &Error) -> Duration {
    let delay = backoff.delay(failures);
    if error.code() == Some(ResponseError::ConcurrentTransactions) { delay.min(MARKERS) } else { delay }
}

/// A number that differs from call to call; for spreading load, not for secrets.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn random_fraction() -> f64 {
    (random() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests;
