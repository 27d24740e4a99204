//! A broker as seen from here: whether it can be reached, and when to try again.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{backoff::Backoff, config::Address, error::Error};

pub(super) struct Node {
    address: Address,
    name: Box<str>,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    not_before: Option<Instant>,
    /// What the log said last, so that each change is told once and not each attempt.
    down: bool,
}

impl Node {
    pub(super) fn new(address: Address) -> Node {
        let name = address.to_string().into();
        Node { address, name, health: Mutex::default() }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn wait_for_backoff(&self) {
        let not_before = self.health.lock().not_before;
        if let Some(instant) = not_before {
            tokio::time::sleep_until(instant).await;
        }
    }

    /// Grows with failures, as `socket.connection.setup.timeout.max.ms` has it.
    pub(super) fn setup_timeout(&self, timeout: &Backoff) -> Duration {
        let doublings = self.health.lock().failures.min(20);
        timeout.initial.saturating_mul(1 << doublings).min(timeout.max)
    }

    pub(super) fn succeeded(&self) {
        let was_down = std::mem::take(&mut *self.health.lock()).down;
        if was_down {
            tracing::info!(broker = %self.address, "connected again");
        } else {
            tracing::debug!(broker = %self.address, "connected");
        }
    }

    /// Notes a failed attempt; those of several lanes at the same time count as one.
    pub(super) fn failed(&self, backoff: &Backoff, error: &Error) {
        let now = Instant::now();
        let mut health = self.health.lock();
        if health.not_before.is_none_or(|instant| instant <= now) {
            health.failures = health.failures.saturating_add(1);
            health.not_before = Some(now + backoff.delay(health.failures));
        }
        let news = !std::mem::replace(&mut health.down, true);
        drop(health);
        if news {
            tracing::warn!(%error, "broker cannot be reached; trying again until it can");
        }
    }

    /// Notes that a connection in use ended.
    pub(super) fn lost(&self, error: &Error) {
        let news = !std::mem::replace(&mut self.health.lock().down, true);
        if news {
            tracing::warn!(%error, "connecting again");
        }
    }
}
