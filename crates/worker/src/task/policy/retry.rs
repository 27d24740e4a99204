//! How long and how often an operation is tried again: `errors.retry.timeout` and `errors.retry.delay.max.ms`.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use api::Error;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

const DELAY_MIN_MS: u64 = 300;

/// The rules for operations that ask for another attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::task) struct Retry {
    /// `None`: for ever.
    timeout: Option<Duration>,
    delay_max_ms: u64,
}

/// What came of waiting for another attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::task) enum Waited {
    /// Now is the time for it.
    Again,
    /// There is none: the time for attempts is up.
    TimeUp,
    /// There is none: the task is to stop.
    Stopping,
}

/// The attempts at one operation so far.
#[derive(Debug, Default)]
pub(in crate::task) struct Attempts {
    first_failed: Option<Instant>,
    failed: u32,
}

impl Retry {
    /// The values of the two keys: a timeout below 0 is none.
    pub(super) fn new(timeout_ms: i64, delay_max_ms: i64) -> Self {
        Self {
            timeout: u64::try_from(timeout_ms).ok().map(Duration::from_millis),
            delay_max_ms: u64::try_from(delay_max_ms).unwrap_or(0),
        }
    }

    /// Whether anything is tried again at all.
    pub(in crate::task) fn wanted(&self) -> bool {
        self.timeout != Some(Duration::ZERO)
    }

    /// Waits after a failed attempt until the next one, or at most until the task is to stop.
    pub(in crate::task) async fn wait(
        &self,
        attempts: &mut Attempts,
        error: &Error,
        stop: &CancellationToken,
    ) -> Waited {
        let now = Instant::now();
        let first_failed = *attempts.first_failed.get_or_insert(now);
        let left = self.timeout.map(|timeout| timeout.saturating_sub(now - first_failed));
        if left.is_some_and(|left| left.is_zero()) {
            return Waited::TimeUp;
        }
        attempts.failed = attempts.failed.saturating_add(1);
        let delay = self.delay(attempts.failed, random()).min(left.unwrap_or(Duration::MAX));
        warn!(
            error = format!("{error:#}"),
            attempt = attempts.failed,
            delay_ms = delay.as_millis(),
            "a record could not be converted or transformed, trying again"
        );
        tokio::select! {
            biased;
            () = stop.cancelled() => Waited::Stopping,
            () = sleep(delay) => Waited::Again,
        }
    }

    /// Twice as long after each attempt; where that would be above the maximum, anything below it.
    fn delay(&self, failed: u32, random: u64) -> Duration {
        let doubled = DELAY_MIN_MS.saturating_mul(1 << failed.saturating_sub(1).min(40));
        let above = doubled > self.delay_max_ms;
        Duration::from_millis(if above { random % self.delay_max_ms.max(1) } else { doubled })
    }
}

/// A number to spread attempts by, from the keys that the standard library hashes with.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests;
