//! What the workers of a cluster share: its three topics.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use api::config::Properties;
use api::{OrReaction, Result};
use kafka::{Client, ConsumerOptions, IsolationLevel};
use tokio::sync::mpsc;

use super::leader::Signatures;
use super::state::Event;
use crate::cluster::config::ConfigStore;
use crate::cluster::offset::TopicStore;
use crate::cluster::protocol::Protocol;
use crate::cluster::status::StatusStore;
use crate::config::{Distributed, ExactlyOnce};
use crate::task::Clients;

/// The topics of a cluster, read to their ends and followed from there.
pub struct Cluster {
    pub(super) config: Arc<Distributed>,
    pub(super) client: Client,
    pub(super) configs: Arc<ConfigStore>,
    pub(super) statuses: Arc<StatusStore>,
    pub(super) offsets: Arc<TopicStore>,
    /// Whether requests between workers are signed.
    pub(super) signed: Arc<AtomicBool>,
    /// What is read, and what is told of what was asked for. One event stands for a whole batch of records, and
    /// each action is answered by one: the loop is never far behind.
    pub(super) events: mpsc::UnboundedReceiver<Event>,
    pub(super) sender: mpsc::UnboundedSender<Event>,
}

/// The group of the workers, as an admin client asks for it.
pub(in crate::herder) struct Group {
    pub(in crate::herder) name: String,
    pub(in crate::herder) client: Client,
}

impl Cluster {
    /// Makes or checks the topics and reads them.
    ///
    /// # Errors
    /// A topic cannot be made or read, or is not what it has to be; the words name the key of the worker
    /// properties.
    pub async fn open(clients: &Clients, worker: &Properties, config: Distributed) -> Result<Self> {
        let client = clients.admin(&Properties::new())?;
        let producer = kafka::config::producer(worker).or_fail("cannot configure the producer")?.options;
        let (sender, events) = mpsc::unbounded_channel();
        let consumer = ConsumerOptions::default();
        // What is not committed is never seen, where sources write in transactions.
        let isolation_level = match config.exactly_once {
            ExactlyOnce::Enabled => IsolationLevel::ReadCommitted,
            ExactlyOnce::Disabled | ExactlyOnce::Preparing => IsolationLevel::ReadUncommitted,
        };
        let committed = ConsumerOptions { isolation_level, ..consumer.clone() };
        let (told, heard) = (sender.clone(), sender.clone());
        let (configs, statuses, offsets) = tokio::join!(
            ConfigStore::open(
                &client,
                committed.clone(),
                producer.clone(),
                config.configs.clone(),
                Box::new(move |configs, changes| drop(told.send(Event::Configs { configs, changes }))),
            ),
            StatusStore::open(
                &client,
                consumer.clone(),
                producer.clone(),
                config.statuses.clone(),
                Box::new(move |keys| drop(heard.send(Event::Statuses(keys)))),
            ),
            TopicStore::open(&client, committed, producer.clone(), config.offsets.clone()),
        );
        let what = "cannot use the topics of the cluster";
        let mut configs = configs.or_fail(what)?;
        if let Some(id) = config.leader_transactional_id() {
            configs = configs.in_transactions(&client, producer, &id)?;
        }
        Ok(Self {
            signed: Arc::new(AtomicBool::new(config.protocol == Protocol::Sessioned)),
            config: Arc::new(config),
            client: client.clone(),
            configs: Arc::new(configs),
            statuses: Arc::new(statuses.or_fail(what)?),
            offsets: Arc::new(offsets.or_fail(what)?),
            events,
            sender,
        })
    }

    /// How requests of other workers are verified.
    pub(in crate::herder) fn signatures(&self) -> Signatures {
        Signatures::new(self.config.clone(), self.configs.clone(), self.signed.clone())
    }

    /// The group of the workers.
    pub(in crate::herder) fn group(&self) -> Group {
        Group { name: self.config.group.clone(), client: self.client.clone() }
    }

    /// What it is configured with.
    pub fn config(&self) -> Arc<Distributed> {
        self.config.clone()
    }

    /// The committed offsets of sources.
    pub fn offsets(&self) -> Arc<TopicStore> {
        self.offsets.clone()
    }
}
