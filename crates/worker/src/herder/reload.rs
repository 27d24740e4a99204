//! When a connector is started anew because a value has changed that came from a provider (`config.action.reload`).

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::state::Failure;
use crate::provider::Resolved;
use crate::task::Services;

const ACTION: &str = "config.action.reload";

/// What is known of the values of a running connector, and when to look at them again.
pub(super) struct Reload {
    mark: u64,
    ttl: Duration,
    at: Instant,
}

impl Reload {
    /// What to look at for a connector; none: its values hold for ever, or it is not to be started anew.
    pub(super) fn of(services: &Services, config: &Resolved) -> Option<Self> {
        let ttl = config.ttl?;
        let action = config.properties.get(ACTION).map_or("restart", |action| action.trim());
        let mark = services.config.providers.mark(config);
        action.eq_ignore_ascii_case("restart").then(|| Self::later(mark, ttl))
    }

    fn later(mark: u64, ttl: Duration) -> Self {
        Self { mark, ttl, at: Instant::now() + ttl }
    }

    /// Returns when it is time to look; never if there is nothing to look at.
    pub(super) async fn due(reload: Option<&Self>) {
        match reload {
            Some(reload) => sleep_until(reload.at).await,
            None => std::future::pending().await,
        }
    }

    /// What is known after another look, and whether the connector is to be started anew. Where the values cannot be
    /// read the connector goes on with those that it has.
    pub(super) fn next(self, services: &Services, look: Result<Resolved, Failure>) -> (Self, bool) {
        match look {
            Ok(config) => {
                let mark = services.config.providers.mark(&config);
                let changed = mark != self.mark;
                if changed {
                    info!("values of the configuration have changed; the connector is started anew");
                }
                (Self::later(mark, config.ttl.unwrap_or(self.ttl)), changed)
            }
            Err(failure) => {
                warn!(
                    error = failure.message,
                    "cannot look whether values of the configuration have changed"
                );
                (Self::later(self.mark, self.ttl), false)
            }
        }
    }
}
