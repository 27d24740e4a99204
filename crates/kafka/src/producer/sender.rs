//! All partitions of a producer, as plain data: what is to be done next, and what follows from what was done.

use std::{collections::BTreeMap, sync::Arc};

use tokio::time::Instant;

use super::{
    action::{Action, Event, RequestId, leader_doubtful},
    queue::{Completed, Identity, Outgoing, Queue, Rules, Target},
    wire::{self, Produce},
};
use crate::{
    backoff::Backoff,
    config::{Acks, ProducerOptions},
    error::Error,
    record::RecordBatch,
};

/// With idempotence a broker remembers this many batches of a partition, so more must not be on their way.
const REMEMBERED_BATCHES: usize = 5;

pub(super) struct Sender<T> {
    rules: Rules,
    acks: Acks,
    timeout_ms: i32,
    max_request_size: usize,
    max_in_flight: usize,
    transactional_id: Option<Arc<str>>,
    /// The highest version of Produce; later ones mean something else in transactions.
    version_max: i16,
    identity: Numbering,
    partitions: BTreeMap<Target, Partition<T>>,
    brokers: BTreeMap<i32, Broker>,
    requests: BTreeMap<RequestId, Sent>,
    next_request: RequestId,
    /// Where the next request begins to collect, so that no partition waits for ever.
    turn: Option<Target>,
    closed: bool,
}

struct Partition<T> {
    queue: Queue<T>,
    leader: Leader,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Leader {
    Unknown,
    Asked,
    Known(i32),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Numbering {
    NotNeeded,
    /// The owner gets one for its transactions, and gives it to the sender.
    Withheld,
    Unknown {
        failures: u32,
        retry_at: Option<Instant>,
    },
    Asked {
        failures: u32,
    },
    Known(Identity),
}

#[derive(Default)]
struct Broker {
    link: Link,
    in_flight: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Link {
    /// Not connected.
    #[default]
    Down,
    /// Asked for.
    Connecting,
    /// Requests can be sent.
    Up,
}

struct Sent {
    broker: i32,
    batches: Vec<(Target, u64)>,
}

impl<T> Sender<T> {
    pub(super) fn new(options: &ProducerOptions, backoff: Backoff) -> Sender<T> {
        let idempotent = options.enable_idempotence;
        let in_flight = if idempotent { options.max_in_flight.min(REMEMBERED_BATCHES) } else { 1 };
        let transactional = options.transactional_id.is_some();
        let numbering = match (idempotent, transactional) {
            (_, true) => Numbering::Withheld,
            (true, false) => Numbering::Unknown { failures: 0, retry_at: None },
            (false, false) => Numbering::NotNeeded,
        };
        let (max_in_flight, retries) = (in_flight, options.retries);
        Sender {
            rules: Rules { idempotent, transactional, max_in_flight, retries, backoff },
            acks: options.acks,
            timeout_ms: i32::try_from(options.request_timeout.as_millis()).unwrap_or(i32::MAX),
            max_request_size: options.max_request_size,
            max_in_flight: options.max_in_flight.min(REMEMBERED_BATCHES),
            transactional_id: options.transactional_id.clone(),
            version_max: wire::VERSION_MAX,
            identity: numbering,
            partitions: BTreeMap::new(),
            brokers: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_request: 0,
            turn: None,
            closed: false,
        }
    }

    /// Adds a batch, in parts that each fit into a request.
    pub(super) fn push(&mut self, target: Target, parts: Vec<RecordBatch>, token: T, deadline: Instant) {
        if self.closed {
            return;
        }
        let rules = self.rules;
        let partition = self
            .partitions
            .entry(target.clone())
            .or_insert_with(|| Partition { queue: Queue::new(target, rules), leader: Leader::Unknown });
        partition.queue.push(parts, token, deadline);
    }

    /// Forgets everything; whoever waits learns that the producer is closed.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.partitions.clear();
    }

    /// Gives up everything that is not done with; answers that come later are passed over.
    pub(super) fn abandon(&mut self, error: &Error) -> Completed<T> {
        let queues = self.partitions.values_mut().map(|partition| &mut partition.queue);
        queues.flat_map(|queue| queue.abandon(error)).collect()
    }

    /// Numbers what comes from now on for this producer id and epoch; nothing is under way.
    pub(super) fn identify(&mut self, identity: Identity, version_max: i16) {
        self.identity = Numbering::Known(identity);
        self.version_max = version_max;
        for partition in self.partitions.values_mut() {
            partition.queue.renumber();
        }
    }

    /// Notes that a connection is there, or no longer.
    pub(super) fn set_link(&mut self, broker: i32, link: Link) {
        self.brokers.entry(broker).or_default().link = link;
    }

    /// The topics with a partition that this broker leads, as far as known.
    pub(super) fn topics_led_by(&self, broker: i32) -> impl Iterator<Item = &str> {
        let led =
            self.partitions.iter().filter(move |(_, partition)| partition.leader == Leader::Known(broker));
        led.map(|((topic, _), _)| &**topic)
    }

    /// What to do now. `completed` is given the batches whose time is up.
    pub(super) fn poll(&mut self, now: Instant, completed: &mut Completed<T>) -> Vec<Action> {
        for partition in self.partitions.values_mut() {
            completed.extend(partition.queue.expire(now));
        }
        let mut actions = Vec::new();
        self.find_leaders(now, &mut actions);
        if !self.identified(now, &mut actions) {
            return actions;
        }
        for broker in self.leaders_with_work(now) {
            self.serve(broker, now, &mut actions);
        }
        actions
    }

    /// When to poll again though nothing happens.
    pub(super) fn wake_at(&self, now: Instant) -> Option<Instant> {
        let identity = match self.identity {
            Numbering::Unknown { retry_at, .. } if self.partitions.values().any(|p| !p.queue.empty()) => {
                retry_at
            }
            _ => None,
        };
        // Batches behind those on their way need no timer: the answers wake us.
        let queues = self.partitions.values().filter_map(|partition| partition.queue.wake_at(now));
        queues.chain(identity).min()
    }

    fn find_leaders(&mut self, now: Instant, actions: &mut Vec<Action>) {
        for (target, partition) in &mut self.partitions {
            if partition.leader == Leader::Unknown && partition.queue.ready(now).is_some() {
                partition.leader = Leader::Asked;
                actions.push(Action::FindLeader(target.clone()));
            }
        }
    }

    /// Whether batches can be numbered; asks for a producer id when there is something to number.
    fn identified(&mut self, now: Instant, actions: &mut Vec<Action>) -> bool {
        match self.identity {
            Numbering::NotNeeded | Numbering::Known(_) => true,
            Numbering::Withheld | Numbering::Asked { .. } => false,
            Numbering::Unknown { failures, retry_at } => {
                let wanted = self.partitions.values().any(|partition| !partition.queue.empty());
                if wanted && retry_at.is_none_or(|instant| instant <= now) {
                    self.identity = Numbering::Asked { failures };
                    actions.push(Action::InitProducerId);
                }
                false
            }
        }
    }

    fn leaders_with_work(&self, now: Instant) -> Vec<i32> {
        let mut brokers: Vec<i32> = self
            .partitions
            .values()
            .filter(|partition| partition.queue.ready(now).is_some())
            .filter_map(|partition| match partition.leader {
                Leader::Known(broker) => Some(broker),
                Leader::Unknown | Leader::Asked => None,
            })
            .collect();
        brokers.sort_unstable();
        brokers.dedup();
        brokers
    }

    /// Fills requests to one broker as long as there is work and room.
    fn serve(&mut self, id: i32, now: Instant, actions: &mut Vec<Action>) {
        loop {
            let max_in_flight = self.max_in_flight;
            let broker = self.brokers.entry(id).or_default();
            if broker.link == Link::Down {
                broker.link = Link::Connecting;
                actions.push(Action::Connect(id));
            }
            if broker.link != Link::Up || broker.in_flight >= max_in_flight {
                return;
            }
            let batches = self.collect(id, now);
            if batches.is_empty() {
                return;
            }
            actions.push(Action::Send(id, self.request(id, batches)));
        }
    }

    /// One batch of each partition that has one ready, up to the size of a request, in turn.
    fn collect(&mut self, broker: i32, now: Instant) -> Vec<(Target, Outgoing)> {
        let identity = match self.identity {
            Numbering::Known(identity) => Some(identity),
            _ => None,
        };
        let start = self.turn.take();
        let (mut later, mut first) = (Vec::new(), Vec::new());
        for (target, partition) in &mut self.partitions {
            if partition.leader == Leader::Known(broker) {
                let half =
                    if start.as_ref().is_some_and(|start| target < start) { &mut later } else { &mut first };
                half.push((target, partition));
            }
        }
        let (mut batches, mut room) = (Vec::new(), self.max_request_size);
        for (target, partition) in first.into_iter().chain(later) {
            let Some(bytes) = partition.queue.ready(now) else { continue };
            if bytes > room && !batches.is_empty() {
                self.turn = Some(target.clone());
                break;
            }
            room = room.saturating_sub(bytes);
            batches.extend(partition.queue.take(identity, now).map(|outgoing| (target.clone(), outgoing)));
        }
        // Partitions of one topic stand together on the wire.
        batches.sort_by(|a: &(Target, Outgoing), b| a.0.cmp(&b.0));
        batches
    }

    fn request(&mut self, broker: i32, batches: Vec<(Target, Outgoing)>) -> Produce {
        let id = self.next_request;
        self.next_request += 1;
        let tickets = batches.iter().map(|(target, outgoing)| (target.clone(), outgoing.ticket)).collect();
        self.requests.insert(id, Sent { broker, batches: tickets });
        self.brokers.entry(broker).or_default().in_flight += 1;
        Produce {
            id,
            transactional_id: self.transactional_id.clone(),
            version_max: self.version_max,
            acks: self.acks.code(),
            timeout_ms: self.timeout_ms,
            batches,
        }
    }

    /// Takes in what came of an action and tells which batches are done with.
    pub(super) fn handle(&mut self, event: Event, now: Instant) -> Completed<T> {
        match event {
            Event::Connected(broker, Ok(())) => {
                self.set_link(broker, Link::Up);
                Vec::new()
            }
            Event::Connected(broker, Err(error)) => self.not_connected(broker, &error, now),
            Event::Leader(target, result) => self.leader_found(&target, result, now),
            Event::ProducerId(result) => self.producer_id(result, now),
            Event::Answered(request, result) => self.answered(request, result, now),
        }
    }

    /// Somebody else may lead by now: ask again, later.
    fn not_connected(&mut self, id: i32, error: &Error, now: Instant) -> Completed<T> {
        self.set_link(id, Link::Down);
        let mut completed = Vec::new();
        for partition in self.partitions.values_mut() {
            if partition.leader == Leader::Known(id) && partition.queue.ready(now).is_some() {
                partition.leader = Leader::Unknown;
                if error.retriable() {
                    partition.queue.postpone(now, error);
                } else {
                    completed.extend(partition.queue.fail_all(error));
                }
            }
        }
        completed
    }

    fn leader_found(&mut self, target: &Target, result: Result<i32, Error>, now: Instant) -> Completed<T> {
        let Some(partition) = self.partitions.get_mut(target) else { return Vec::new() };
        partition.leader = Leader::Unknown;
        match result {
            Ok(broker) => partition.leader = Leader::Known(broker),
            Err(error) if error.retriable() => partition.queue.postpone(now, &error),
            Err(error) => return partition.queue.fail_all(&error),
        }
        Vec::new()
    }

    fn producer_id(&mut self, result: Result<Identity, Error>, now: Instant) -> Completed<T> {
        let failures = match self.identity {
            Numbering::Asked { failures } => failures.saturating_add(1),
            _ => 1,
        };
        let retry_at = Some(now + self.rules.backoff.delay(failures));
        self.identity = Numbering::Unknown { failures, retry_at };
        match result {
            Ok(identity) => self.identity = Numbering::Known(identity),
            Err(error) if error.retriable() => {}
            Err(error) => {
                let queues = self.partitions.values_mut().map(|partition| &mut partition.queue);
                return queues.flat_map(|queue| queue.fail_all(&error)).collect();
            }
        }
        Vec::new()
    }

    fn answered(
        &mut self,
        request: RequestId,
        result: Result<Vec<Result<i64, Error>>, Error>,
        now: Instant,
    ) -> Completed<T> {
        let Some(sent) = self.requests.remove(&request) else { return Vec::new() };
        let broker = self.brokers.entry(sent.broker).or_default();
        broker.in_flight -= 1;
        let results = match result {
            Ok(results) => results,
            Err(error) => {
                if broker.link == Link::Up {
                    broker.link = Link::Down;
                }
                vec![Err(error); sent.batches.len()]
            }
        };
        let mut completed = Vec::new();
        for ((target, ticket), result) in sent.batches.iter().zip(results) {
            let Some(partition) = self.partitions.get_mut(target) else { continue };
            if result.as_ref().is_err_and(leader_doubtful) && partition.leader == Leader::Known(sent.broker) {
                partition.leader = Leader::Unknown;
            }
            completed.extend(partition.queue.answered(*ticket, result, now));
        }
        completed
    }
}

#[cfg(test)]
mod tests;
