//! Transactional ids.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::Admin;
use crate::{error::Error, pool::Lane, producer::coordinator::Coordinator};

/// How many transactional ids are fenced off at once.
const AT_ONCE: usize = 16;
/// As Kafka's admin client has it: nobody is to write under the epoch that is got.
const TRANSACTION_TIMEOUT: Duration = Duration::from_millis(1);

impl Admin {
    /// Fences off the producers with these transactional ids and ends what they have open (`Admin.fenceProducers`).
    ///
    /// # Errors
    /// Some may be fenced off and others not.
    pub async fn fence_producers(&self, ids: impl IntoIterator<Item = String>) -> Result<(), Error> {
        let deadline = Instant::now() + self.timeout;
        let fence = |id: String| {
            let coordinator =
                Coordinator::new(self.client.clone(), id.into(), Lane::SHARED, self.request_timeout());
            async move { coordinator.init(None, TRANSACTION_TIMEOUT, deadline).await.map(drop) }
        };
        stream::iter(ids).map(fence).buffer_unordered(AT_ONCE).try_collect().await
    }
}
