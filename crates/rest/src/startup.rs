//! The herder behind the API, which is there once the worker has read what its cluster shares.
//!
//! Until then requests wait for it, as in Kafka, but for those that ask for the worker itself and for loggers.

use std::sync::Arc;

use tokio::sync::SetOnce;
use tokio::time::timeout;
use worker::Herder;
use worker::herder::{About, Health, ServerInfo};

use crate::RestError;

/// What a worker does that has not started.
pub(crate) const STAGE: &str = "The worker is currently reading to the end of internal topics.";

/// The herder, once it is there.
pub(crate) struct Startup {
    about: Arc<About>,
    herder: SetOnce<Herder>,
}

impl Startup {
    /// There is no herder yet.
    pub(crate) fn new(about: Arc<About>) -> Self {
        Self { about, herder: SetOnce::new() }
    }

    /// Answers requests with this herder from now on; a second one is none.
    pub(crate) fn finish(&self, herder: Herder) {
        let _ = self.herder.set(herder);
    }

    /// The herder, when it is there.
    ///
    /// # Errors
    /// It is not there in time.
    pub(crate) async fn herder(&self) -> Result<&Herder, RestError> {
        let late = |_| RestError::internal(format!("Request timed out. {STAGE}"));
        timeout(Herder::REQUEST_TIMEOUT, self.herder.wait()).await.map_err(late)
    }

    /// What the worker tells of itself.
    pub(crate) fn server_info(&self) -> ServerInfo {
        self.about.server_info()
    }

    /// Whether the worker does what it is asked to, and the words for why it does not.
    pub(crate) async fn health(&self) -> (Health, Option<&'static str>) {
        match timeout(Herder::HEALTH_TIMEOUT, self.herder.wait()).await {
            Ok(herder) => (herder.health().await, None),
            Err(_) => (Health::Starting, Some(STAGE)),
        }
    }
}
