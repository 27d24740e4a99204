//! The connections of a client: one per broker and lane, opened when first needed.

mod node;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use crate::{
    config::{Address, ClientOptions},
    connection::Connection,
    error::Error,
    metadata::Metadata,
};
use node::Node;

/// Which connection to a broker. Requests on one lane are pipelined and handled one after another by the broker,
/// so whatever may take long (a long poll, a join of a group, writes) has a lane of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Lane(u64);

static NEXT_LANE: AtomicU64 = AtomicU64::new(1);

impl Lane {
    /// The lane of all short requests.
    pub const SHARED: Lane = Lane(0);

    /// A lane that nobody else has; its connections are closed by [`Client::close_lane`](crate::Client::close_lane).
    pub fn dedicated() -> Lane {
        Lane(NEXT_LANE.fetch_add(1, Ordering::Relaxed))
    }
}

/// Bootstrap servers have numbers below zero, brokers from zero on.
pub(crate) type NodeId = i32;

pub(crate) struct Pool {
    options: Arc<ClientOptions>,
    nodes: Mutex<BTreeMap<NodeId, Arc<Node>>>,
    slots: Mutex<HashMap<(NodeId, Lane), Arc<Slot>>>,
    /// The client ids of lanes that have one of their own.
    client_ids: Mutex<HashMap<Lane, Arc<str>>>,
}

#[derive(Default)]
struct Slot {
    state: Mutex<SlotState>,
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct SlotState {
    current: Option<Arc<Connection>>,
    /// How many attempts ended, and how the last one failed: those who waited for it share its error.
    attempts: u64,
    failure: Option<Error>,
}

impl Pool {
    pub(crate) fn new(options: Arc<ClientOptions>) -> Pool {
        let bootstrap = options.bootstrap_servers.iter().zip(1..);
        let nodes = bootstrap.map(|(address, number)| (-number, Arc::new(Node::new(address.clone()))));
        Pool {
            nodes: Mutex::new(nodes.collect()),
            options,
            slots: Mutex::default(),
            client_ids: Mutex::default(),
        }
    }

    /// The open connection, or a new one. Waits out the backoff after failures, then tries once.
    pub(crate) async fn connection(&self, id: NodeId, lane: Lane) -> Result<Arc<Connection>, Error> {
        let node = self.nodes.lock().get(&id).cloned().ok_or(Error::UnknownBroker(id))?;
        let slot = self.slots.lock().entry((id, lane)).or_default().clone();
        if let Some(connection) = slot.live(&node) {
            return Ok(connection);
        }
        let attempts = slot.state.lock().attempts;
        let _turn = slot.connecting.lock().await;
        if let Some(connection) = slot.live(&node) {
            return Ok(connection);
        }
        if let Some(error) = slot.failed_since(attempts) {
            return Err(error);
        }
        let opened = self.open(&node, lane).await;
        slot.attempted(&opened);
        opened
    }

    async fn open(&self, node: &Node, lane: Lane) -> Result<Arc<Connection>, Error> {
        node.wait_for_backoff().await;
        let client_id = self.client_ids.lock().get(&lane).cloned();
        let client_id = client_id.unwrap_or_else(|| self.options.client_id.clone());
        let setup_timeout = node.setup_timeout(&self.options.connection_setup_timeout);
        let opened = Connection::open(node.address(), &self.options, &client_id, setup_timeout).await;
        match &opened {
            Ok(_) => node.succeeded(),
            Err(error) => node.failed(&self.options.reconnect_backoff, error),
        }
        opened
    }

    /// The nodes to ask a question that any broker can answer: connected ones first, bootstrap servers last.
    pub(crate) fn candidates(&self) -> Vec<NodeId> {
        let (mut bootstrap, mut brokers): (Vec<NodeId>, Vec<NodeId>) =
            self.nodes.lock().keys().partition(|id| **id < 0);
        spread(&mut bootstrap);
        spread(&mut brokers);
        let slots = self.slots.lock();
        let connected = |id: &NodeId| slots.get(&(*id, Lane::SHARED)).is_some_and(|slot| slot.open());
        brokers.extend(bootstrap);
        brokers.sort_by_key(|id| !connected(id));
        brokers
    }

    /// Takes over the addresses of the brokers; connections to bootstrap servers are no longer needed.
    pub(crate) fn update(&self, metadata: &Metadata) {
        if metadata.brokers.is_empty() {
            return;
        }
        let mut nodes = self.nodes.lock();
        nodes.retain(|id, _| *id < 0 || metadata.brokers.iter().any(|broker| broker.id == *id));
        for broker in &metadata.brokers {
            insert(&mut nodes, broker.id, &broker.address);
        }
        drop(nodes);
        self.slots.lock().retain(|(id, _), slot| *id >= 0 || !slot.open());
    }

    /// Learns of one broker, as the answer about a coordinator tells of it.
    pub(crate) fn learn(&self, id: NodeId, address: &Address) {
        insert(&mut self.nodes.lock(), id, address);
    }

    pub(crate) fn close_lane(&self, lane: Lane) {
        self.slots.lock().retain(|(_, other), _| *other != lane);
        self.client_ids.lock().remove(&lane);
    }

    pub(crate) fn name_lane(&self, lane: Lane, client_id: Arc<str>) {
        self.client_ids.lock().insert(lane, client_id);
    }
}

fn insert(nodes: &mut BTreeMap<NodeId, Arc<Node>>, id: NodeId, address: &Address) {
    if nodes.get(&id).is_none_or(|node| node.address() != address) {
        nodes.insert(id, Arc::new(Node::new(address.clone())));
    }
}

/// Starts the list at a random place, so that many clients do not all ask the same broker.
fn spread(ids: &mut [NodeId]) {
    if !ids.is_empty() {
        let start = crate::backoff::random() as usize % ids.len();
        ids.rotate_left(start);
    }
}

impl Slot {
    /// The connection, if it is open and leads to where the broker listens now.
    fn live(&self, node: &Node) -> Option<Arc<Connection>> {
        let mut state = self.state.lock();
        let current = state.current.as_ref()?;
        if current.open_still() && **current.address() == *node.name() {
            return Some(current.clone());
        }
        if let Some(error) = current.failure() {
            node.lost(&error);
        }
        state.current = None;
        None
    }

    fn open(&self) -> bool {
        self.state.lock().current.as_ref().is_some_and(|connection| connection.open_still())
    }

    fn failed_since(&self, attempts: u64) -> Option<Error> {
        let state = self.state.lock();
        state.failure.clone().filter(|_| state.attempts != attempts)
    }

    fn attempted(&self, opened: &Result<Arc<Connection>, Error>) {
        let mut state = self.state.lock();
        state.attempts += 1;
        state.current = opened.as_ref().ok().cloned();
        state.failure = opened.as_ref().err().cloned();
    }
}
