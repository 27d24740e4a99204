//! The topic of configurations as it is in Kafka.

use std::sync::Arc;
use std::time::Duration;

use api::{Error, OrReaction, Result};
use kafka::config::{Acks, ProducerOptions};
use kafka::{Client, ConsumerOptions, FetchedBatch, Producer};
use parking_lot::Mutex;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{Change, Configs, Record};
use crate::cluster::topic::{Apply, Entry, Log, Spec};
use crate::herder::RawConfig;
use crate::status::TargetState;
use crate::task::TaskId;

/// How long a write may take until it has been read back, as in Kafka.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// Up to how many bytes tasks are written together with their commit; brokers take a megabyte at once.
const BATCH_BYTES: usize = 128 * 1024;

/// How many records are deleted at once of connectors that are gone.
const STRANGERS_MAX: usize = 1000;

/// Why there is no producer of the leader.
const CLAIM: &str = "cannot claim the right to write to the topic of configurations";
/// Kafka's words for a write of a leader that was not done, or perhaps not.
const NOT_WRITTEN: &str = "Failed to write to config topic; this may be due to a transient error and the request can \
                           be safely retried";

/// Takes what came of the records that were read, once the state has them; must not block.
pub type Listener = Box<dyn FnMut(Arc<Configs>, Vec<Change>) + Send>;

/// The topic of configurations, read and written.
pub struct ConfigStore {
    log: Log,
    configs: Arc<Mutex<Arc<Configs>>>,
    /// How the leader writes in transactions, if it does.
    transactions: Option<(Client, ProducerOptions)>,
    privileges: tokio::sync::Mutex<Privileges>,
}

/// Whether this worker may write what only the leader may, and with what, where the leader writes in transactions:
/// whoever claims that takes it away from all before.
enum Privileges {
    None,
    /// The producer is made when it is needed, and anew when it has failed.
    Claimed(Option<Producer>),
}

impl ConfigStore {
    /// Opens the topic; it has been read to its end when this returns, and the listener is told of what comes
    /// after that.
    ///
    /// # Errors
    /// The topic cannot be made or read, or is not what it has to be.
    pub async fn open(
        client: &Client,
        consumer: ConsumerOptions,
        producer: ProducerOptions,
        spec: Spec,
        listener: Listener,
    ) -> Result<Self> {
        let configs: Arc<Mutex<Arc<Configs>>> = Arc::default();
        let told = Arc::new(Mutex::new(None));
        let log = Log::open(client, consumer, producer, spec, apply(configs.clone(), told.clone())).await?;
        log.read_what_can_be().await?;
        *told.lock() = Some(listener);
        let privileges = tokio::sync::Mutex::new(Privileges::None);
        Ok(Self { log, configs, transactions: None, privileges })
    }

    /// Has what only the leader may write be written in transactions with this id.
    ///
    /// # Errors
    /// The options of the producer are not fit for that.
    pub fn in_transactions(self, client: &Client, producer: ProducerOptions, id: &str) -> Result<Self> {
        // As in Kafka, whatever the worker properties say for all its producers.
        let producer = ProducerOptions { acks: Acks::All, ..producer };
        let producer = producer.transactional(id).or_fail("cannot configure the producer of the leader")?;
        Ok(Self { transactions: Some((client.clone(), producer)), ..self })
    }

    /// Takes the right to write as the leader from whoever had it before.
    ///
    /// # Errors
    /// Nobody was told yet; the next write does it.
    pub async fn claim(&self) -> Result<()> {
        let mut privileges = self.privileges.lock().await;
        *privileges = Privileges::Claimed(None);
        let Some((client, options)) = &self.transactions else { return Ok(()) };
        let producer = self.within(WRITE_LIMIT, leader(client, options)).await?;
        *privileges = Privileges::Claimed(Some(producer));
        Ok(())
    }

    /// Gives the right back.
    pub async fn relinquish(&self) {
        *self.privileges.lock().await = Privileges::None;
    }

    /// What has been read.
    pub fn snapshot(&self) -> Arc<Configs> {
        self.configs.lock().clone()
    }

    /// Reads what has been written so far, but for what an open transaction holds back: a leader that died with one
    /// open is followed by one that ends it, once it leads.
    ///
    /// # Errors
    /// It took longer than `limit`.
    pub async fn refresh(&self, limit: Duration) -> Result<()> {
        self.within(limit, self.log.read_what_can_be()).await
    }

    /// Reads all that has been written so far; an open transaction is waited for.
    ///
    /// # Errors
    /// It took longer than `limit`.
    pub async fn refresh_all(&self, limit: Duration) -> Result<()> {
        self.within(limit, self.log.read_to_end()).await
    }

    /// Writes the configuration of a connector, after what it is to do at first if that is said.
    ///
    /// # Errors
    /// It may or may not be written.
    pub async fn put_connector(
        &self,
        name: &str,
        config: RawConfig,
        target: Option<TargetState>,
    ) -> Result<()> {
        let target = target.map(|target| Record::Target { name: name.into(), target: Some(target) });
        let config = Record::Connector { name: name.into(), config: Some(config) };
        let records: Vec<Record> = target.into_iter().chain([config]).collect();
        self.within(WRITE_LIMIT, self.write_and_read(&records)).await
    }

    /// Writes that a connector has no tasks and nothing to do, both or neither: nobody reads the one without the other.
    ///
    /// # Errors
    /// It may or may not be written.
    pub async fn stop_connector(&self, name: &str) -> Result<()> {
        let name: Arc<str> = name.into();
        let records = [
            Record::Commit { name: name.clone(), tasks: Some(0) },
            Record::Target { name, target: Some(TargetState::Stopped) },
        ];
        self.within(WRITE_LIMIT, self.write_and_read(&records)).await
    }

    /// Deletes a connector, and behind that what is left of its tasks, which Java's workers leave in the topic for
    /// ever. They may be in the group: a deleted task of no connector is nothing to them but a line in their logs.
    ///
    /// # Errors
    /// It may or may not be deleted.
    pub async fn remove_connector(&self, name: &str) -> Result<()> {
        let name: Arc<str> = name.into();
        let mut records = vec![
            Record::Connector { name: name.clone(), config: None },
            Record::Target { name: name.clone(), target: None },
        ];
        records.extend(self.snapshot().deleted_tasks(&name));
        self.within(WRITE_LIMIT, self.write_and_read(&records)).await
    }

    /// Deletes what is left of the tasks of connectors that are gone, as far as one batch goes.
    ///
    /// # Errors
    /// It may or may not be deleted.
    pub async fn remove_strangers(&self) -> Result<()> {
        let configs = self.snapshot();
        let records: Vec<Record> =
            configs.strangers().flat_map(|name| configs.deleted_tasks(name)).take(STRANGERS_MAX).collect();
        if records.is_empty() {
            return Ok(());
        }
        info!(records = records.len(), "deleting what is left of the tasks of connectors that are gone");
        self.within(WRITE_LIMIT, self.write_and_read(&records)).await
    }

    /// Writes all tasks of a connector.
    ///
    /// # Errors
    /// They may be written in part; they count only once all are.
    pub async fn put_tasks(&self, name: &str, tasks: Vec<RawConfig>) -> Result<()> {
        let connector: Arc<str> = name.into();
        let count = u32::try_from(tasks.len()).map_err(|_| Error::fail("more tasks than can be counted"))?;
        let id = |task| TaskId { connector: connector.clone(), task };
        let mut tasks: Vec<Record> = (0..)
            .zip(tasks)
            .map(|(task, config)| Record::Task { id: id(task), config: Some(config) })
            .collect();
        let commit = Record::Commit { name: connector.clone(), tasks: Some(count) };
        let size = |(key, value): Entry| key.len() + value.map_or(0, |value| value.len());
        let bytes: usize = tasks.iter().map(Record::encode).map(size).sum();
        let write = async {
            // One batch is there whole or not at all, so tasks that fit one go with their commit.
            if bytes <= BATCH_BYTES {
                tasks.push(commit);
                return self.write_and_read(&tasks).await;
            }
            self.write_and_read(&tasks).await?;
            self.write_and_read(&[commit]).await
        };
        self.within(WRITE_LIMIT, write).await
    }

    /// Writes any other record that only the leader may write.
    ///
    /// # Errors
    /// It may or may not be written.
    pub async fn put(&self, record: Record) -> Result<()> {
        self.within(WRITE_LIMIT, self.write_and_read(&[record])).await
    }

    async fn within<T>(&self, limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        let late = |_| {
            let (topic, limit_ms) = (self.log.topic(), limit.as_millis());
            Err(Error::retry(format!(
                "topic `{topic}` (`config.storage.topic`) took longer than {limit_ms} ms. hint: see whether its \
                 partition has a leader; what was asked for may be done once it has"
            )))
        };
        timeout(limit, work).await.unwrap_or_else(late)
    }

    /// Writes a record that any worker may write.
    ///
    /// # Errors
    /// It may or may not be written.
    pub async fn put_by_anybody(&self, record: Record) -> Result<()> {
        let write = async {
            self.log.append(&[record.encode()]).await?;
            self.log.read_to_end().await
        };
        self.within(WRITE_LIMIT, write).await
    }

    async fn write_and_read(&self, records: &[Record]) -> Result<()> {
        let entries: Vec<Entry> = records.iter().map(Record::encode).collect();
        self.append(&entries).await?;
        self.log.read_to_end().await
    }

    async fn append(&self, entries: &[Entry]) -> Result<()> {
        let Some((client, options)) = &self.transactions else { return self.log.append(entries).await };
        let mut privileges = self.privileges.lock().await;
        let Privileges::Claimed(slot) = &mut *privileges else {
            return Err(Error::retry("this worker does not lead the cluster any more"));
        };
        // One that has failed, or is dropped half way, is not used again.
        let producer = match slot.take() {
            Some(producer) => producer,
            None => leader(client, options).await?,
        };
        self.log.append_by(&producer, entries).await.or_retry(NOT_WRITTEN)?;
        producer.commit().await.or_retry(NOT_WRITTEN)?;
        *slot = Some(producer);
        Ok(())
    }
}

/// The producer of the leader, which nobody else is any more.
async fn leader(client: &Client, options: &ProducerOptions) -> Result<Producer> {
    let producer = Producer::new(client.clone(), options.clone());
    producer.init_transactions().await.or_retry(CLAIM)?;
    Ok(producer)
}

/// Takes batches into the state, and tells the listener once there is one.
fn apply(configs: Arc<Mutex<Arc<Configs>>>, listener: Arc<Mutex<Option<Listener>>>) -> Apply {
    Box::new(move |batch| {
        let (configs, changes) = {
            let mut configs = configs.lock();
            let changes = take(&mut configs, batch);
            (configs.clone(), changes)
        };
        if let Some(listener) = &mut *listener.lock() {
            listener(configs, changes);
        }
    })
}

fn take(configs: &mut Arc<Configs>, batch: &FetchedBatch) -> Vec<Change> {
    let configs = Arc::make_mut(configs);
    let mut changes = Vec::new();
    for record in batch.records() {
        match configs.take(record.offset, record.key.unwrap_or_default(), record.value) {
            Ok(change) => changes.extend(change),
            Err(reason) => {
                warn!(topic = %batch.topic(), offset = record.offset, %reason, "passed over a record");
            }
        }
    }
    changes
}
