//! The topics of a cluster, for tests: names that no other test has, and our stores on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kafka::config::ProducerOptions;
use kafka::{Client, ConsumerOptions};
use testkit::worker::Builder;
use testkit::{Worker, wait};
use worker::cluster::config::{Change, ConfigStore};
use worker::cluster::offset::TopicStore;
use worker::cluster::status::StatusStore;
use worker::cluster::topic::Spec;

/// How long anything may take on a busy machine before a test gives up.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);
/// How often to look.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// A name that no other test and no other run has.
pub(crate) fn unique(name: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{name}-{}-{}", std::process::id(), now.as_nanos())
}

/// Waits until this holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    wait::until(what, LIMIT, PAUSE, || Ok(holds().then_some(()))).unwrap();
}

pub(crate) fn client(bootstrap: &str) -> Client {
    let properties = BTreeMap::from([("bootstrap.servers".to_owned(), bootstrap.to_owned())]);
    Client::new(kafka::config::admin(&properties).unwrap().client)
}

pub(crate) fn spec(topic: &str, prefix: &'static str) -> Spec {
    Spec {
        topic: topic.into(),
        prefix,
        partitions: Some(5),
        replication_factor: Some(1),
        settings: BTreeMap::new(),
        single: prefix == "config.storage.",
        patience: Duration::from_secs(2),
    }
}

/// A cluster that has a name and perhaps no worker.
pub(crate) struct Cluster {
    pub(crate) name: String,
    bootstrap: String,
    client: Client,
}

impl Cluster {
    pub(crate) fn new(name: &str, bootstrap: &str) -> Self {
        Self { name: unique(name), bootstrap: bootstrap.to_owned(), client: client(bootstrap) }
    }

    /// A worker of Apache Kafka in this cluster.
    pub(crate) fn java(&self) -> Builder {
        let topic = |kind: &str| format!("{}-{kind}", self.name);
        Worker::java_distributed(&self.bootstrap)
            .property("group.id", &self.name)
            .property("config.storage.topic", &topic("config"))
            .property("offset.storage.topic", &topic("offset"))
            .property("status.storage.topic", &topic("status"))
            .property("offset.storage.partitions", "5")
            .property("offset.flush.interval.ms", "500")
    }

    fn spec(&self, kind: &str, prefix: &'static str) -> Spec {
        spec(&format!("{}-{kind}", self.name), prefix)
    }

    /// The topic of configurations, and what comes of its records from now on.
    pub(crate) async fn configs(&self) -> (ConfigStore, Arc<Mutex<Vec<Change>>>) {
        let changes: Arc<Mutex<Vec<Change>>> = Arc::default();
        let seen = changes.clone();
        let store = ConfigStore::open(
            &self.client,
            ConsumerOptions::default(),
            ProducerOptions::default(),
            self.spec("config", "config.storage."),
            Box::new(move |_, changes| seen.lock().unwrap().extend(changes)),
        );
        (store.await.unwrap(), changes)
    }

    /// The topic of configurations as a leader writes it that writes in transactions.
    pub(crate) async fn leader(&self) -> ConfigStore {
        let (configs, _) = self.configs().await;
        let id = format!("connect-cluster-{}", self.name);
        configs.in_transactions(&self.client, ProducerOptions::default(), &id).unwrap()
    }

    pub(crate) async fn statuses(&self) -> StatusStore {
        let spec = self.spec("status", "status.storage.");
        let (consumer, producer) = (ConsumerOptions::default(), ProducerOptions::default());
        StatusStore::open(&self.client, consumer, producer, spec, Box::new(|_| {})).await.unwrap()
    }

    pub(crate) async fn offsets(&self) -> TopicStore {
        let spec = self.spec("offset", "offset.storage.");
        let (consumer, producer) = (ConsumerOptions::default(), ProducerOptions::default());
        TopicStore::open(&self.client, consumer, producer, spec).await.unwrap()
    }
}
