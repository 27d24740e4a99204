//! A member of a classic group of any protocol type: `consumer`, `connect`, or another.
//!
//! [`Member`] joins, syncs, sends heartbeats and leaves in a task of its own, so that a slow owner does not
//! cost the membership. The owner answers two questions, each asked by an [`Event`]: what to join with, and,
//! as the leader, who gets what. All decisions are in `state`, which does no I/O.

mod driver;
mod lease;
mod state;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

pub use self::lease::Lease;
use self::state::Command;
use crate::{Backoff, Client, Error};

/// The generation of a member that is in none.
pub const NO_GENERATION: i32 = -1;
/// At most one question is open, and what may follow it without an answer is a loss or a failure.
const EVENTS_MAX: usize = 8;
const COMMANDS_MAX: usize = 8;

/// How a member behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// `group.id`.
    pub group: Arc<str>,
    /// `group.instance.id`: a static member keeps its place over a restart.
    pub instance_id: Option<Arc<str>>,
    /// The client id that the coordinator knows the member by; none for the one of its client.
    pub client_id: Option<Arc<str>>,
    /// `consumer`, `connect`, ...
    pub protocol_type: &'static str,
    /// `session.timeout.ms`: how long the coordinator waits for a heartbeat.
    pub session_timeout: Duration,
    /// How long the coordinator waits for members to join again.
    pub rebalance_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// Whether the member gives itself up ([`Event::Lost`]) as soon as the coordinator may have done so, because
    /// nothing was heard of it for the session timeout. A consumer need not: what it commits carries its
    /// generation, which the coordinator checks.
    pub ends_with_session: bool,
    /// `request.timeout.ms`.
    pub request_timeout: Duration,
    /// `retry.backoff.ms` and `retry.backoff.max.ms`.
    pub backoff: Backoff,
}

/// A protocol a member can work with and the bytes that go with it, the preferred one first.
pub type Protocols = Vec<(&'static str, Bytes)>;

/// Another member, as the coordinator shows it to the leader.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// The id the coordinator gave it.
    pub id: Arc<str>,
    /// `group.instance.id`, when it has one.
    pub instance_id: Option<Arc<str>>,
    /// The bytes it joined with for the protocol that was chosen.
    pub metadata: Bytes,
}

/// What happened in the group.
#[derive(Clone, Debug)]
pub enum Event {
    /// The member is about to join; nothing goes on until [`Member::join`] is called.
    Prepare {
        /// Why, for people.
        reason: Arc<str>,
    },
    /// This member leads; nothing goes on until [`Member::assign`] is called.
    Elected {
        /// The protocol all members know.
        protocol: Arc<str>,
        /// All members, this one too.
        members: Vec<Peer>,
    },
    /// A generation began.
    Assigned {
        /// The protocol all members know.
        protocol: Arc<str>,
        /// What the leader gave this member.
        assignment: Bytes,
        /// Whether this member leads.
        leader: bool,
        /// How long it may go by that: the same lease until the membership is lost. It holds only for a member that
        /// [`ends_with_session`](Options::ends_with_session).
        lease: Lease,
    },
    /// The group went on without this member: what it had may belong to others already.
    Lost {
        /// Why, for people.
        reason: Arc<str>,
    },
    /// The member cannot be in the group and has given up.
    Failed(Error),
}

/// Who the member is to the coordinator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The id the coordinator gave it; empty before it has one.
    pub member_id: Arc<str>,
    /// The current generation, [`NO_GENERATION`] outside of the group.
    pub generation: i32,
}

impl Identity {
    fn none() -> Identity {
        Identity { member_id: "".into(), generation: NO_GENERATION }
    }
}

/// A membership, kept up in the background until it is dropped or [`Member::leave`] is called.
#[derive(Debug)]
pub struct Member {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    identity: Arc<Mutex<Identity>>,
    /// The number of events that were taken.
    seen: u64,
    /// Ends the driver with the member.
    _driver: JoinSet<()>,
}

impl Member {
    /// Starts to find the coordinator; the first event is [`Event::Prepare`].
    pub fn new(client: Client, options: Options) -> Member {
        let (commands, command_receiver) = mpsc::channel(COMMANDS_MAX);
        let (event_sender, events) = mpsc::channel(EVENTS_MAX);
        let identity = Arc::new(Mutex::new(Identity::none()));
        let mut driver = JoinSet::new();
        driver.spawn(driver::run(client, options, command_receiver, event_sender, identity.clone()));
        Member { commands, events, identity, seen: 0, _driver: driver }
    }

    /// The next event; cancel safe. `None` after [`Event::Failed`].
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.events.recv().await?;
        self.seen += 1;
        Some(event)
    }

    /// Answers [`Event::Prepare`]; without effect if something has happened since that was not taken yet.
    pub async fn join(&self, protocols: Protocols) {
        self.send(Command::Join(self.seen, protocols)).await;
    }

    /// Answers [`Event::Elected`] with the bytes for each member id.
    pub async fn assign(&self, assignments: Vec<(Arc<str>, Bytes)>) {
        self.send(Command::Assign(self.seen, assignments)).await;
    }

    /// Asks the group to share out again, for example because this member now wants other things.
    pub async fn rejoin(&self, reason: impl Into<Arc<str>>) {
        self.send(Command::Rejoin(reason.into())).await;
    }

    /// Who the member is now; shared, so that commits can be signed while events are waited for.
    pub fn identity(&self) -> Arc<Mutex<Identity>> {
        self.identity.clone()
    }

    /// Has the member ask the coordinator often for a moment, because another round is about to begin: it would be
    /// heard of with the next heartbeat only.
    pub async fn watch_out(&self) {
        self.send(Command::WatchOut).await;
    }

    /// Leaves the group, so that others get its share at once. A static member only stops.
    pub async fn leave(self, reason: impl Into<Arc<str>>) {
        let (done, left) = oneshot::channel();
        self.send(Command::Leave { reason: reason.into(), done }).await;
        // Without an answer the driver had ended before, which is as good as having left.
        left.await.ok();
    }

    /// A driver that has ended said so with [`Event::Failed`], so a lost command is not news.
    async fn send(&self, command: Command) {
        self.commands.send(command).await.ok();
    }
}

#[cfg(test)]
mod tests;
