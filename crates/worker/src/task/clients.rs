//! Clients of Kafka for tasks: their configuration by Kafka's rules of precedence, and connections shared by all
//! that connect in the same way.

use std::sync::Arc;
use std::time::Duration;

use api::config::Properties;
use api::{OrReaction, Result};
use kafka::config::{self as keys, ClientOptions, Parsed};
use kafka::group::Lease;
use kafka::{Admin, Client, Consumer, Producer, ProducerOptions, Subscription, WeakClient};
use parking_lot::Mutex;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{TaskId, TaskSpec};

/// The connections of a worker to Kafka.
#[derive(Clone)]
pub struct Clients {
    worker: Arc<Properties>,
    /// Those that somebody uses.
    pool: Arc<Mutex<Vec<(ClientOptions, WeakClient)>>>,
    /// What tasks that start now may go by, in a cluster.
    lease: Arc<Mutex<Option<Lease>>>,
    /// The group of the workers, in a cluster.
    cluster: Option<Arc<str>>,
}

/// How long it may take to look for what former runs of a task have left in its group.
const SUCCESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// The client id of connections that no `client.id` asks to be told apart.
const CLIENT_ID: &str = "ferroduct";

impl Clients {
    /// Clients of a worker with these properties. Nothing is connected yet.
    pub fn new(worker: Arc<Properties>) -> Self {
        Self { worker, pool: Arc::default(), lease: Arc::default(), cluster: None }
    }

    /// The same for a worker of a cluster, which has this group.
    #[must_use]
    pub fn of_cluster(self, group: &str) -> Self {
        Self { cluster: Some(group.into()), ..self }
    }

    /// A connection for admin requests of a connector, or of the worker itself (no properties).
    pub fn admin(&self, connector: &Properties) -> Result<Client> {
        let properties = admin_properties(&self.worker, connector);
        let parsed = keys::admin(&properties).or_fail("cannot configure the admin client")?;
        Ok(self.shared(parsed.client))
    }

    /// Sets the lease of tasks that are started from now on; they write nothing while it does not hold.
    pub fn set_lease(&self, lease: Lease) {
        *self.lease.lock() = Some(lease);
    }

    /// A producer for a source task.
    pub(super) fn producer(&self, spec: &TaskSpec) -> Result<(Producer, ProducerOptions)> {
        let mut properties = producer_properties(&self.worker, &spec.connector);
        if spec.exactly_once.is_some() {
            // The worker says so, as in Kafka.
            properties.remove("transactional.id");
            properties.remove("enable.idempotence");
        }
        let parsed = keys::producer(&properties).or_fail("cannot configure the producer")?;
        report_unknown(&spec.id, "producer", &parsed);
        let mut options = parsed.options;
        if let Some(exactly_once) = &spec.exactly_once {
            let transactional = options.transactional(&exactly_once.transactional_id);
            options = transactional.or_fail("cannot configure the producer")?;
        }
        let client = self.shared(parsed.client);
        let producer = Producer::with_lease(client, options.clone(), self.lease.lock().clone());
        Ok((producer, options))
    }

    /// How a source connector writes beside its tasks' transactions.
    pub(super) fn of_source(&self, connector: &Properties) -> Result<(Client, ProducerOptions)> {
        let mut properties = producer_properties(&self.worker, connector);
        properties.remove("transactional.id");
        let parsed = keys::producer(&properties).or_fail("cannot configure the producer")?;
        Ok((self.shared(parsed.client), parsed.options))
    }

    /// A consumer for a sink task, in the group of its connector.
    ///
    /// In a cluster a member that a former run of the task has left there, because its worker was killed, is taken
    /// out of the group first: it would be waited for until `session.timeout.ms`.
    pub(super) async fn consumer(&self, spec: &TaskSpec) -> Result<Consumer> {
        let properties = consumer_properties(&self.worker, &spec.connector, &spec.id.connector);
        let parsed = keys::consumer(&properties).or_fail("cannot configure the consumer")?;
        report_unknown(&spec.id, "consumer", &parsed);
        let subscription = subscription(&spec.task)?;
        let (client, mut options) = (self.shared(parsed.client), parsed.options);
        options.member_client_id = self.member_name(&properties, &spec.id);
        if let Some(name) = &options.member_client_id {
            succeed(&client, &options.group_id, name).await;
        }
        Consumer::new(client, options, subscription).or_fail("cannot start the consumer")
    }

    /// The client id of a task's consumer, which no other task of any cluster has: by it those are known that came
    /// before. None where users say how the group is to know the consumer.
    fn member_name(&self, consumer: &Properties, id: &TaskId) -> Option<Arc<str>> {
        let cluster = self.cluster.as_ref()?;
        let named = ["client.id", "group.instance.id"].iter().any(|key| consumer.contains_key(*key));
        (!named).then(|| format!("connector-consumer-{id}@{cluster}").into())
    }

    /// The consumer group of a sink connector.
    pub fn group(&self, connector: &Properties, name: &str) -> String {
        consumer_properties(&self.worker, connector, name).remove("group.id").unwrap_or_default()
    }

    /// A client with these options: the one that is there already, if one is.
    fn shared(&self, mut options: ClientOptions) -> Client {
        if options.client_id.is_empty() {
            options.client_id = CLIENT_ID.into();
        }
        let mut pool = self.pool.lock();
        pool.retain(|(_, client)| client.upgrade().is_some());
        let known = pool.iter().find(|(known, _)| *known == options);
        if let Some(client) = known.and_then(|(_, client)| client.upgrade()) {
            return client;
        }
        let client = Client::new(options.clone());
        pool.push((options, client.downgrade()));
        client
    }
}

/// Takes those out of a group that stand in the way of a member with this client id. Where that cannot be done they
/// are waited for.
async fn succeed(client: &Client, group: &str, name: &str) {
    let admin = Admin::new(client.clone()).with_timeout(SUCCESSION_TIMEOUT);
    let removed = timeout(SUCCESSION_TIMEOUT, admin.remove_members(group, name)).await;
    match removed {
        Ok(Ok(0)) => {}
        Ok(Ok(_)) => {
            info!(group, "a former run of the task was still in the group and has been taken out of it")
        }
        Ok(Err(error)) => {
            warn!(group, %error, "cannot look for former runs of the task in its group; they are waited for");
        }
        Err(_) => warn!(group, "no answer about former runs of the task in its group; they are waited for"),
    }
}

fn report_unknown<T>(id: &TaskId, kind: &str, parsed: &Parsed<T>) {
    if id.task == 0 && !parsed.unknown.is_empty() {
        warn!(
            keys = parsed.unknown.join(", "),
            "options of the {kind} that are not known and have no effect"
        );
    }
}

/// What is worth another default for tasks than for a lone producer: a record is never given up because of time.
const PRODUCER_BASE: [(&str, &str); 2] = [("acks", "all"), ("delivery.timeout.ms", "2147483647")];

fn producer_properties(worker: &Properties, connector: &Properties) -> Properties {
    layers(worker, connector, &PRODUCER_BASE, "producer.", "producer.override.")
}

fn consumer_properties(worker: &Properties, connector: &Properties, name: &str) -> Properties {
    let group = format!("connect-{name}");
    let base = [("group.id", group.as_str()), ("auto.offset.reset", "earliest")];
    layers(worker, connector, &base, "consumer.", "consumer.override.")
}

/// The base, then the worker's keys with a prefix, then the connector's: the later wins (Kafka's rule).
fn layers(
    worker: &Properties,
    connector: &Properties,
    base: &[(&str, &str)],
    worker_prefix: &str,
    connector_prefix: &str,
) -> Properties {
    let mut properties = Properties::new();
    if let Some(servers) = worker.get("bootstrap.servers") {
        properties.insert("bootstrap.servers".to_owned(), servers.clone());
    }
    properties.extend(base.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    properties.extend(prefixed(worker, worker_prefix));
    properties.extend(prefixed(connector, connector_prefix));
    properties
}

/// An admin client takes every key of the worker that is not another client's.
fn admin_properties(worker: &Properties, connector: &Properties) -> Properties {
    let others = ["admin.", "producer.", "consumer."];
    let plain = worker.iter().filter(|(key, _)| !others.iter().any(|prefix| key.starts_with(prefix)));
    let mut properties: Properties = plain.map(|(key, value)| (key.clone(), value.clone())).collect();
    properties.extend(prefixed(worker, "admin."));
    properties.extend(prefixed(connector, "admin.override."));
    properties
}

fn prefixed<'a>(properties: &'a Properties, prefix: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
    properties
        .iter()
        .filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone())))
}

fn subscription(task: &Properties) -> Result<Subscription> {
    if let Some(pattern) = task.get("topics.regex").filter(|pattern| !pattern.is_empty()) {
        let pattern = fancy_regex::Regex::new(pattern);
        return Ok(Subscription::Pattern(pattern.or_fail("cannot compile `topics.regex`")?));
    }
    let topics = task.get("topics").map_or("", String::as_str).split(',').map(str::trim);
    Ok(Subscription::Topics(topics.filter(|topic| !topic.is_empty()).map(Arc::from).collect()))
}

#[cfg(test)]
mod tests;
