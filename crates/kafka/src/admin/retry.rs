//! Waits out errors that pass.

use std::time::Duration;

use tokio::time::{self, Instant};

use crate::{backoff::Backoff, error::Error};

pub(super) struct Retry {
    backoff: Backoff,
    deadline: Instant,
    failures: u32,
}

impl Retry {
    pub(super) fn new(backoff: Backoff, timeout: Duration) -> Retry {
        Retry { backoff, deadline: Instant::now() + timeout, failures: 0 }
    }

    /// Waits before the next attempt; gives the error back when there shall be none.
    pub(super) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        self.failures += 1;
        let next = Instant::now() + self.backoff.delay(self.failures);
        if !error.retriable() || next >= self.deadline {
            return Err(error);
        }
        time::sleep_until(next).await;
        Ok(())
    }
}
