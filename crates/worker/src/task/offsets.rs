//! Where the offsets of a source are: in the topic of the workers, or in one of its own beside its records.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::config::Properties;
use api::{OrReaction, Result, SourceOffset, SourcePartition};
use async_trait::async_trait;
use kafka::{Compression, ConsumerOptions, IsolationLevel};
use tokio::time::timeout;
use tracing::warn;

use super::Services;
use crate::cluster::offset::TopicStore;
use crate::cluster::topic::Spec;
use crate::config::ExactlyOnce;
use crate::store::{Commit, OffsetRecords, OffsetStore, key};

/// The store of the offsets of a source with this configuration, read to its end.
///
/// # Errors
/// It cannot be made or read.
pub(crate) async fn offset_store(
    services: &Services,
    connector: &Properties,
) -> Result<Arc<dyn OffsetStore>> {
    let workers = services.offsets.clone();
    let Some(cluster) = &services.cluster else { return Ok(workers) };
    let named = connector.get("offsets.storage.topic").map(|topic| topic.trim());
    let named = named.filter(|topic| !topic.is_empty());
    if named.is_none() && cluster.exactly_once != ExactlyOnce::Enabled {
        return Ok(workers);
    }
    let (client, producer) = services.clients.of_source(connector)?;
    let topic = named.map_or(cluster.offsets.topic.clone(), Arc::from);
    let same_brokers = {
        let workers = services.clients.admin(&Properties::new())?;
        client.options().bootstrap_servers == workers.options().bootstrap_servers
    };
    if topic == cluster.offsets.topic && same_brokers {
        return Ok(workers);
    }
    let spec = Spec { topic, ..cluster.offsets.clone() };
    let consumer =
        ConsumerOptions { isolation_level: IsolationLevel::ReadCommitted, ..ConsumerOptions::default() };
    let own = TopicStore::open(&client, consumer, producer, spec).await;
    let own = own.or_fail("cannot use the topic of the connector's offsets (`offsets.storage.topic`)")?;
    let copying = Duration::from_millis(services.config.offset_flush_timeout_ms);
    Ok(Arc::new(Own { own, workers, copying }))
}

/// Offsets in a topic of the connector's own. The topic of the workers has those from before there was such a topic,
/// and a copy for the time after.
struct Own {
    own: TopicStore,
    workers: Arc<dyn OffsetStore>,
    /// How long the copy may take.
    copying: Duration,
}

#[async_trait]
impl OffsetStore for Own {
    async fn read(&self, connector: &str, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        match self.own.read(connector, partition).await? {
            Some(offset) => Ok(Some(offset)),
            None => self.workers.read(connector, partition).await,
        }
    }

    async fn write(&self, connector: &str, offsets: Vec<Commit>) -> Result<()> {
        // What is forgotten here must not come back from there.
        let forgotten: Vec<Commit> = offsets.iter().filter(|(_, offset)| offset.is_none()).cloned().collect();
        if !forgotten.is_empty() {
            self.workers.write(connector, forgotten).await?;
        }
        self.own.write(connector, offsets.clone()).await?;
        self.committed(connector, offsets).await;
        Ok(())
    }

    fn topic(&self) -> Option<&Arc<str>> {
        self.own.topic()
    }

    fn records(
        &self,
        connector: &str,
        offsets: &[Commit],
        compression: Compression,
    ) -> Result<Option<OffsetRecords>> {
        self.own.records(connector, offsets, compression)
    }

    /// Copies them for workers that do not know of the topic. Nothing is lost without.
    async fn committed(&self, connector: &str, mut offsets: Vec<Commit>) {
        offsets.retain(|(_, offset)| offset.is_some());
        if offsets.is_empty() {
            return;
        }
        match timeout(self.copying, self.workers.write(connector, offsets)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                warn!(error = format!("{error:#}"), "cannot copy offsets to the topic of the workers");
            }
            Err(_) => warn!("offsets could not be copied to the topic of the workers in time"),
        }
    }

    async fn all(&self, connector: &str) -> Result<Vec<(SourcePartition, SourceOffset)>> {
        let both = self.workers.all(connector).await?.into_iter().chain(self.own.all(connector).await?);
        let merged: HashMap<Box<str>, _> =
            both.map(|(partition, offset)| (key::canonical(&partition.0), (partition, offset))).collect();
        Ok(merged.into_values().collect())
    }
}
