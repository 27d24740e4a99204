//! A client of one cluster: connections, metadata and coordinators, shared by everything that uses the cluster.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use kafka_protocol::{
    error::ResponseError,
    messages::{
        FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest, TopicName,
        metadata_request::MetadataRequestTopic,
    },
};
use parking_lot::Mutex;
use tokio::time::{self, Instant};

use crate::{
    config::{Address, ClientOptions},
    connection::{self, Connection},
    error::{self, Error},
    metadata::{self, Cache, Leader, Metadata, Topic},
    pool::{Lane, NodeId, Pool},
    request::{Request, text},
};

/// A client of one cluster. Cloning is cheap and shares everything; nothing is connected before it is needed.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

/// Names a client without keeping it: its connections end with the last [`Client`].
#[derive(Clone)]
pub struct WeakClient {
    inner: Weak<Inner>,
}

impl WeakClient {
    /// The client, if somebody still has it.
    pub fn upgrade(&self) -> Option<Client> {
        self.inner.upgrade().map(|inner| Client { inner })
    }
}

struct Inner {
    options: Arc<ClientOptions>,
    pool: Pool,
    known: Mutex<Known>,
    /// One question about topics at a time; those who waited find the answer in `known`.
    refresh: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    topics: Cache,
    cluster_id: Option<Arc<str>>,
    controller: Option<NodeId>,
    coordinators: HashMap<(Coordinated, Arc<str>), NodeId>,
}

impl Client {
    /// Does no I/O.
    pub fn new(options: ClientOptions) -> Client {
        let options = Arc::new(options);
        let pool = Pool::new(options.clone());
        let inner = Inner { options, pool, known: Mutex::default(), refresh: tokio::sync::Mutex::default() };
        Client { inner: Arc::new(inner) }
    }

    /// A name of this client that does not keep it.
    pub fn downgrade(&self) -> WeakClient {
        WeakClient { inner: Arc::downgrade(&self.inner) }
    }

    /// How this client connects.
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Sends one request to one broker and waits for the answer; `build` is given the version agreed on.
    ///
    /// # Errors
    /// After [`Error::Disconnected`] and [`Error::Timeout`] the request may or may not have been handled.
    pub async fn request<R: Request>(
        &self,
        broker: i32,
        lane: Lane,
        timeout: Duration,
        build: impl FnOnce(i16) -> R,
    ) -> Result<R::Response, Error> {
        let deadline = Instant::now() + timeout;
        let timed_out = || Error::Timeout { what: connection::what(R::KEY).into(), after: timeout };
        let connecting = self.inner.pool.connection(broker, lane);
        let connection = time::timeout_at(deadline, connecting).await.map_err(|_| timed_out())??;
        let exchange = async {
            let version = connection.version::<R>()?;
            connection.send(&build(version), version).await?.wait().await
        };
        match time::timeout_at(deadline, exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                self.give_up(&connection, timeout);
                Err(timed_out())
            }
        }
    }

    /// A connection whose broker stayed silent for `request.timeout.ms` is taken as dead.
    fn give_up(&self, connection: &Connection, waited: Duration) {
        if waited >= self.inner.options.request_timeout {
            connection.close(&format!("no answer after {} ms", waited.as_millis()));
        }
    }

    /// Sends one request to whichever broker can be reached, trying each once.
    pub async fn request_any<R: Request>(
        &self,
        timeout: Duration,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Response, Error> {
        let deadline = Instant::now() + timeout;
        let mut last = None;
        for node in self.inner.pool.candidates() {
            let left = deadline.saturating_duration_since(Instant::now());
            let each = left.min(self.inner.options.request_timeout);
            match self.request(node, Lane::SHARED, each, &build).await {
                Err(error) if unreachable(&error) && !left.is_zero() => last = Some(error),
                answer => return answer,
            }
        }
        Err(last.unwrap_or(Error::Closed))
    }

    /// Sends one request to the broker that takes those meant for the controller.
    pub async fn request_controller<R: Request>(
        &self,
        timeout: Duration,
        build: impl FnOnce(i16) -> R,
    ) -> Result<R::Response, Error> {
        let known = self.inner.known.lock().controller;
        let controller = match known {
            Some(controller) => controller,
            None => self.fetch(Some(Vec::new()), false).await?.controller.ok_or_else(no_controller)?,
        };
        let answer = self.request(controller, Lane::SHARED, timeout, build).await;
        if answer.is_err() {
            self.invalidate_controller();
        }
        answer
    }

    /// Forgets which broker is the controller, after one said that it is not.
    pub fn invalidate_controller(&self) {
        self.inner.known.lock().controller = None;
    }

    /// Asks for these topics, now; `auto_create` lets the broker create missing ones if it may.
    pub async fn metadata(&self, topics: &[&str], auto_create: bool) -> Result<Arc<Metadata>, Error> {
        let topics = topics.iter().map(|topic| topic_question(topic)).collect();
        self.fetch(Some(topics), auto_create).await.map(Arc::new)
    }

    /// Asks for all topics, now.
    pub async fn all_topics(&self) -> Result<Arc<Metadata>, Error> {
        self.fetch(None, false).await.map(Arc::new)
    }

    async fn fetch(
        &self,
        topics: Option<Vec<MetadataRequestTopic>>,
        auto_create: bool,
    ) -> Result<Metadata, Error> {
        let request =
            MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(auto_create);
        // Trying every broker may take several times as long as one request.
        let timeout = self.inner.options.request_timeout.saturating_mul(2);
        let response = self.request_any(timeout, |_| request.clone()).await?;
        let metadata = Metadata::decode(response);
        self.inner.pool.update(&metadata);
        let mut known = self.inner.known.lock();
        known.topics.update(&metadata, std::time::Instant::now());
        known.controller = metadata.controller;
        known.cluster_id = metadata.cluster_id.clone().or_else(|| known.cluster_id.take());
        Ok(metadata)
    }

    /// What is known of a topic; asks when nothing is, when it is old or when it was invalidated.
    pub async fn topic(&self, name: &str, auto_create: bool) -> Result<Arc<Topic>, Error> {
        if let Some(topic) = self.cached(name) {
            return Ok(topic);
        }
        let _turn = self.inner.refresh.lock().await;
        if let Some(topic) = self.cached(name) {
            return Ok(topic);
        }
        let metadata = self.metadata(&[name], auto_create).await?;
        let topic = metadata.topics.get(name).ok_or_else(|| {
            Error::broker(ResponseError::UnknownTopicOrPartition, format_args!("find topic `{name}`"))
        })?;
        match topic.error {
            Some(code) => Err(Error::broker(code, format_args!("find topic `{name}`"))),
            None => Ok(self.cached(name).unwrap_or_else(|| topic.clone())),
        }
    }

    fn cached(&self, name: &str) -> Option<Arc<Topic>> {
        let max_age = self.inner.options.metadata_max_age;
        self.inner.known.lock().topics.get(name, max_age, std::time::Instant::now())
    }

    /// The leader of a partition, from what is known if possible.
    pub async fn leader(&self, topic: &str, partition: i32) -> Result<Leader, Error> {
        self.leader_of(topic, partition, false).await
    }

    /// Like [`Client::leader`]; `auto_create` lets the broker create a missing topic if it may.
    pub(crate) async fn leader_of(
        &self,
        topic: &str,
        partition: i32,
        auto_create: bool,
    ) -> Result<Leader, Error> {
        let known = self.topic(topic, auto_create).await?;
        let leader = metadata::leader(&known, topic, partition);
        if leader.is_err() {
            // Whoever tries again shall ask again.
            self.invalidate(topic);
        }
        leader
    }

    /// Makes the next question about this topic go to a broker.
    pub fn invalidate(&self, topic: &str) {
        self.inner.known.lock().topics.invalidate(topic);
    }

    /// The broker that coordinates a group, from what is known if possible.
    pub async fn coordinator(&self, group: &str) -> Result<i32, Error> {
        self.coordinator_of(Coordinated::Group, group).await
    }

    /// The broker that coordinates something, from what is known if possible.
    pub(crate) async fn coordinator_of(&self, kind: Coordinated, name: &str) -> Result<i32, Error> {
        let key = (kind, Arc::from(name));
        let known = self.inner.known.lock().coordinators.get(&key).copied();
        if let Some(coordinator) = known {
            return Ok(coordinator);
        }
        let timeout = self.inner.options.request_timeout;
        let response = self.request_any(timeout, |version| find_coordinator(kind, name, version)).await?;
        let (coordinator, address) = found_coordinator(response, kind, name)?;
        self.inner.pool.learn(coordinator, &address);
        self.inner.known.lock().coordinators.insert(key, coordinator);
        Ok(coordinator)
    }

    /// Makes the next question for this group's coordinator go to a broker.
    pub fn invalidate_coordinator(&self, group: &str) {
        self.invalidate_coordinator_of(Coordinated::Group, group);
    }

    /// Makes the next question for this coordinator go to a broker.
    pub(crate) fn invalidate_coordinator_of(&self, kind: Coordinated, name: &str) {
        self.inner.known.lock().coordinators.remove(&(kind, Arc::from(name)));
    }

    /// The cluster's id.
    pub async fn cluster_id(&self) -> Result<Option<Arc<str>>, Error> {
        let known = self.inner.known.lock().cluster_id.clone();
        match known {
            Some(id) => Ok(Some(id)),
            None => Ok(self.fetch(Some(Vec::new()), false).await?.cluster_id),
        }
    }

    /// Closes the connections of a lane; what is still waited for on it is answered first.
    pub fn close_lane(&self, lane: Lane) {
        self.inner.pool.close_lane(lane);
    }

    /// Gives the connections of a lane, which are not open yet, a client id of their own.
    pub(crate) fn name_lane(&self, lane: Lane, client_id: Arc<str>) {
        self.inner.pool.name_lane(lane, client_id);
    }

    /// The open connection to a broker, or a new one.
    pub(crate) async fn connection(&self, broker: i32, lane: Lane) -> Result<Arc<Connection>, Error> {
        self.inner.pool.connection(broker, lane).await
    }
}

/// Whether another broker may answer what this one did not.
fn unreachable(error: &Error) -> bool {
    matches!(
        error,
        Error::Connect { .. } | Error::Disconnected { .. } | Error::Timeout { .. } | Error::UnknownBroker(_)
    )
}

fn no_controller() -> Error {
    Error::broker(ResponseError::NotController, "find the controller")
}

fn topic_question(name: &str) -> MetadataRequestTopic {
    MetadataRequestTopic::default().with_name(Some(TopicName(text(name))))
}

/// What has a coordinator.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Coordinated {
    Group,
    /// A transactional id.
    Transactions,
}

impl Coordinated {
    /// Kafka's number of the kind.
    fn key_type(self) -> i8 {
        match self {
            Coordinated::Group => 0,
            Coordinated::Transactions => 1,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Coordinated::Group => "group",
            Coordinated::Transactions => "transactional id",
        }
    }
}

fn find_coordinator(kind: Coordinated, name: &str, version: i16) -> FindCoordinatorRequest {
    let request = FindCoordinatorRequest::default().with_key_type(kind.key_type());
    // Version 4 asks for several at once.
    if version >= 4 { request.with_coordinator_keys(vec![text(name)]) } else { request.with_key(text(name)) }
}

fn found_coordinator(
    response: FindCoordinatorResponse,
    kind: Coordinated,
    name: &str,
) -> Result<(NodeId, Address), Error> {
    let what = format!("find the coordinator of {} `{name}`", kind.words());
    let (code, node, host, port) = match response.coordinators.into_iter().next() {
        Some(found) => (found.error_code, found.node_id, found.host, found.port),
        None => (response.error_code, response.node_id, response.host, response.port),
    };
    error::check(code, &what)?;
    let port = u16::try_from(port).map_err(|_| Error::corrupt(format_args!("port {port} of a broker")))?;
    Ok((node.0, Address { host: host.as_str().into(), port }))
}
