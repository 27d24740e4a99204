//! The worker as a member of its group: bytes to events, actions to bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka::group::{Event as Heard, Lease, Member, Options, Peer};
use kafka::{Client, ResponseError};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{error, info, warn};

use super::state::Event;
use crate::cluster::protocol::{Assignment, CONFIG_MISMATCH, Malformed, Metadata, Protocol};
use crate::cluster::{Loads, Share};
use crate::config::Distributed;
use crate::task::Clients;

/// How long to wait before a group that did not take the worker is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How many heartbeats a session has at least, however few `heartbeat.interval.ms` asks for: they cost next to nothing,
/// and a worker learns of each round with one.
const HEARTBEATS: u32 = 10;
/// How long leaving may take.
const LEAVE_LIMIT: Duration = Duration::from_secs(5);

/// A place in the group, or the wait for another try.
pub(super) struct Membership {
    client: Client,
    /// Are told how long tasks may write.
    clients: Clients,
    config: Arc<Distributed>,
    member: Option<Member>,
    /// That of what was assigned last.
    lease: Option<Lease>,
    retry_at: Instant,
    left: bool,
}

impl Membership {
    /// Starts to look for the group.
    pub(super) fn new(client: Client, clients: Clients, config: Arc<Distributed>) -> Self {
        let mut membership = Self {
            client,
            clients,
            config,
            member: None,
            lease: None,
            retry_at: Instant::now(),
            left: false,
        };
        membership.begin();
        membership
    }

    fn begin(&mut self) {
        let options = Options {
            group: self.config.group.as_str().into(),
            instance_id: None,
            client_id: None,
            protocol_type: "connect",
            session_timeout: self.config.session_timeout,
            rebalance_timeout: self.config.rebalance_timeout,
            heartbeat_interval: self.config.heartbeat_interval.min(self.config.session_timeout / HEARTBEATS),
            ends_with_session: true,
            request_timeout: self.client.options().request_timeout,
            backoff: self.client.options().retry_backoff,
        };
        self.member = Some(Member::new(self.client.clone(), options));
    }

    /// The next thing that happens in the group; cancel safe.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            if self.left {
                std::future::pending::<()>().await;
            }
            let Some(member) = &mut self.member else {
                sleep_until(self.retry_at).await;
                self.begin();
                continue;
            };
            match member.next().await {
                Some(heard) => {
                    if let Some(event) = self.translate(heard) {
                        return event;
                    }
                }
                None => {
                    self.member = None;
                    self.retry_at = Instant::now() + RETRY;
                }
            }
        }
    }

    fn translate(&mut self, heard: Heard) -> Option<Event> {
        let (me, generation) = match &self.member {
            Some(member) => {
                let identity = member.identity();
                let identity = identity.lock();
                (identity.member_id.clone(), identity.generation)
            }
            None => return None,
        };
        match heard {
            Heard::Prepare { .. } => Some(Event::Prepare),
            Heard::Elected { protocol, members } => {
                let protocol = known(&protocol)?;
                let members = members.into_iter().map(metadata).collect();
                Some(Event::Elected { me, generation, protocol, members })
            }
            Heard::Assigned { protocol, assignment, lease, .. } => {
                self.clients.set_lease(lease.clone());
                self.lease = Some(lease);
                let protocol = known(&protocol)?;
                let assignment = Assignment::decode(&assignment).unwrap_or_else(|reason| {
                    warn!(%reason, "cannot read what the leader has assigned");
                    unreadable()
                });
                info!(
                    generation,
                    leader = &*assignment.leader_url,
                    protocol = protocol.name(),
                    connectors = assignment.assigned.connectors.len(),
                    tasks = assignment.assigned.tasks.len(),
                    revoked_connectors = assignment.revoked.connectors.len(),
                    revoked_tasks = assignment.revoked.tasks.len(),
                    delay_ms = assignment.delay_ms,
                    "the group has shared out"
                );
                Some(Event::Assigned { me, generation, protocol, assignment })
            }
            Heard::Lost { .. } => Some(self.lost()),
            Heard::Failed(reason) => {
                let hint = match reason.code() {
                    Some(ResponseError::GroupAuthorizationFailed) => {
                        "the worker needs Read on the group `group.id`"
                    }
                    _ => {
                        "`group.id` must be of this cluster of workers alone, and `session.timeout.ms` within what \
                         the brokers allow"
                    }
                };
                error!(
                    group = self.config.group,
                    error = %reason,
                    "the group does not take the worker; trying again. hint: {hint}"
                );
                Some(self.lost())
            }
        }
    }

    /// What runs here never writes again, whatever comes of the membership.
    fn lost(&mut self) -> Event {
        if let Some(lease) = self.lease.take() {
            lease.end();
        }
        Event::Lost
    }

    /// Has the member hear soon of a round that is about to begin.
    pub(super) async fn watch_out(&self) {
        if let Some(member) = &self.member {
            member.watch_out().await;
        }
    }

    /// Tells what this worker joins with.
    pub(super) async fn join(&self, metadata: &Metadata) {
        let Some(member) = &self.member else { return };
        let offered = self.config.protocol.offered().iter();
        let encoded: Result<Vec<_>, Malformed> =
            offered.map(|protocol| Ok((protocol.name(), Bytes::from(metadata.encode(*protocol)?)))).collect();
        match encoded {
            Ok(protocols) => member.join(protocols).await,
            // A name that does not fit was not assigned in the bytes of the group either.
            Err(reason) => {
                error!(%reason, "cannot join the group")
            }
        }
    }

    /// Tells the members what to do.
    pub(super) async fn assign(&self, protocol: Protocol, assignments: Vec<(Arc<str>, Assignment)>) {
        let Some(member) = &self.member else { return };
        let encode = |(id, assignment): (Arc<str>, Assignment)| {
            let bytes = assignment.encode(protocol).or_else(|reason| {
                error!(%reason, "cannot assign a connector with such a name");
                Assignment { assigned: Share::default(), revoked: Share::default(), ..assignment }
                    .encode(protocol)
            });
            (id, Bytes::from(bytes.unwrap_or_default()))
        };
        member.assign(assignments.into_iter().map(encode).collect()).await;
    }

    /// Has the group share out again.
    pub(super) async fn rejoin(&self, reason: &'static str) {
        if let Some(member) = &self.member {
            info!(reason, "asking the group to share out again");
            member.rejoin(reason).await;
        }
    }

    /// Leaves the group for good.
    pub(super) async fn leave(&mut self) {
        self.left = true;
        if let Some(member) = self.member.take()
            && timeout(LEAVE_LIMIT, member.leave("the worker ends in good order")).await.is_err()
        {
            warn!("cannot leave the group in time; it will find out");
        }
    }
}

fn known(protocol: &str) -> Option<Protocol> {
    let known = Protocol::from_name(protocol);
    if known.is_none() {
        warn!(protocol, "the group works with a protocol that is not known");
    }
    known
}

/// What cannot be read is taken for a worker that has nothing.
fn metadata(peer: Peer) -> (Arc<str>, Metadata) {
    let metadata = Metadata::decode(&peer.metadata).unwrap_or_else(|reason| {
        warn!(member = &*peer.id, %reason, "cannot read what a worker tells of itself");
        Metadata { url: "".into(), config_offset: -1, current: None, loads: Loads::new() }
    });
    (peer.id, metadata)
}

fn unreadable() -> Assignment {
    Assignment {
        error: CONFIG_MISMATCH,
        leader: "".into(),
        leader_url: "".into(),
        config_offset: -1,
        assigned: Share::default(),
        revoked: Share::default(),
        delay_ms: 0,
    }
}
