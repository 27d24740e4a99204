//! Administration: topics, their settings and offsets, groups and theirs.
//!
//! Each call waits out errors that pass, for up to a minute (Kafka's `default.api.timeout.ms`).

mod groups;
mod offsets;
mod retry;
mod topics;
mod transactions;

use std::{sync::Arc, time::Duration};

pub use groups::{GroupDescription, GroupMember};
pub use offsets::{ListedOffset, OffsetSpec};
pub use topics::{ConfigEntry, NewTopic};

use crate::{client::Client, error::Error, metadata::Metadata};
use retry::Retry;

const API_TIMEOUT: Duration = Duration::from_secs(60);

/// Administers a cluster; cheap to make and to clone.
#[derive(Clone)]
pub struct Admin {
    client: Client,
    timeout: Duration,
}

impl Admin {
    /// Does no I/O.
    pub fn new(client: Client) -> Admin {
        Admin { client, timeout: API_TIMEOUT }
    }

    /// Waits for up to `timeout` for each call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Admin {
        Admin { timeout, ..self }
    }

    /// The cluster's brokers, controller and id.
    pub async fn describe_cluster(&self) -> Result<Arc<Metadata>, Error> {
        let mut retry = self.retry();
        loop {
            match self.client.metadata(&[], false).await {
                Ok(metadata) => return Ok(metadata),
                Err(error) => retry.pause(error).await?,
            }
        }
    }

    fn retry(&self) -> Retry {
        Retry::new(self.client.options().retry_backoff, self.timeout)
    }

    fn request_timeout(&self) -> Duration {
        self.client.options().request_timeout.min(self.timeout)
    }

    fn request_timeout_ms(&self) -> i32 {
        i32::try_from(self.request_timeout().as_millis()).unwrap_or(i32::MAX)
    }
}
