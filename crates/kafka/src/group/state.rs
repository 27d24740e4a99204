//! Every decision of a group member, without I/O.
//!
//! [`State::next`] says what to do now, never more than one thing at a time; [`State::done`] takes how it
//! went; [`State::command`] takes what the owner wants. Both collect events for the owner.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use kafka_protocol::{
    error::ResponseError,
    messages::{JoinGroupResponse, SyncGroupResponse},
};
use tokio::{sync::oneshot, time::Instant};

use super::{Event, Identity, Lease, NO_GENERATION, Peer, Protocols};
use crate::{Backoff, Error};

/// What the owner wants.
#[derive(Debug)]
pub(super) enum Command {
    /// With the number of events that the owner had seen: it answers the last of them, or one that is overtaken.
    Join(u64, Protocols),
    /// As `Join`.
    Assign(u64, Vec<(Arc<str>, Bytes)>),
    Rejoin(Arc<str>),
    WatchOut,
    Leave {
        reason: Arc<str>,
        done: oneshot::Sender<()>,
    },
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operation {
    FindCoordinator,
    Join { coordinator: i32, protocols: Protocols, reason: Arc<str> },
    Sync { coordinator: i32, protocol: Arc<str>, assignments: Vec<(Arc<str>, Bytes)> },
    Heartbeat { coordinator: i32 },
    Wait { until: Instant },
}

/// How an operation went; an error code of the coordinator is an error here.
#[derive(Debug)]
pub(super) enum Outcome {
    Found(Result<i32, Error>),
    Joined(Result<JoinGroupResponse, Error>),
    Synced(Result<SyncGroupResponse, Error>),
    HeartbeatSent(Result<(), Error>),
}

impl Outcome {
    /// Whether the coordinator has counted on the member when it answered.
    fn counted_on(&self) -> bool {
        match self {
            Outcome::Found(_) => false,
            Outcome::Joined(result) => result.is_ok(),
            Outcome::Synced(result) => counted_on(result),
            Outcome::HeartbeatSent(result) => counted_on(result),
        }
    }
}

fn counted_on<T>(answer: &Result<T, Error>) -> bool {
    match answer {
        Ok(_) => true,
        Err(error) => error.code() == Some(ResponseError::RebalanceInProgress),
    }
}

/// How often the coordinator is asked while another round is expected, and for how long.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);
const WATCH_FOR: Duration = Duration::from_secs(2);

#[derive(Debug, PartialEq)]
enum Phase {
    /// The owner was asked what to join with.
    Preparing,
    Joining(Protocols),
    /// The owner was asked who gets what.
    Assigning,
    Syncing(Vec<(Arc<str>, Bytes)>),
    Stable,
    Failed,
}

/// A group member between two answers.
#[derive(Debug)]
pub(super) struct State {
    protocol_type: &'static str,
    heartbeat_interval: Duration,
    /// How long the coordinator counts on the member after it has heard of it; none: that is its own affair.
    session: Option<Duration>,
    backoff: Backoff,
    phase: Phase,
    identity: Identity,
    coordinator: Option<i32>,
    protocol: Arc<str>,
    leader: bool,
    /// Why it joins, told to the coordinator and to the owner.
    reason: Arc<str>,
    /// The owner asked to join again while that was under way.
    rejoin: Option<Arc<str>>,
    heartbeat_at: Instant,
    /// The owner expects another round.
    watching: Watching,
    retry_at: Option<Instant>,
    failures: u32,
    /// When the member gives itself up; none while it has nothing that others could be given.
    session_ends_at: Option<Instant>,
    lease: Lease,
    /// The number of events so far.
    told: u64,
    events: Vec<Event>,
}

/// Whether the coordinator is asked more often than it has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Watching {
    No,
    /// Asked for, from the next look at the clock on.
    Wanted,
    Until(Instant),
}

impl State {
    pub(super) fn new(options: &super::Options, now: Instant) -> State {
        let mut state = State {
            protocol_type: options.protocol_type,
            heartbeat_interval: options.heartbeat_interval,
            // A little less than the coordinator has: who is given up has ended before others begin.
            session: options.ends_with_session.then(|| options.session_timeout * 9 / 10),
            backoff: options.backoff,
            phase: Phase::Stable,
            identity: Identity::none(),
            coordinator: None,
            protocol: "".into(),
            leader: false,
            reason: "".into(),
            rejoin: None,
            heartbeat_at: now,
            watching: Watching::No,
            retry_at: None,
            failures: 0,
            session_ends_at: None,
            lease: Lease::new(),
            told: 0,
            events: Vec::new(),
        };
        state.prepare("the member starts".into());
        state
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn coordinator(&self) -> Option<i32> {
        self.coordinator
    }

    /// When the member gives itself up, unless it hears of the coordinator before.
    pub(super) fn session_ends_at(&self) -> Option<Instant> {
        self.session_ends_at
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn failed(&self) -> bool {
        self.phase == Phase::Failed
    }

    /// What to do now; `None` when only the owner can move things.
    pub(super) fn next(&mut self, now: Instant) -> Option<Operation> {
        if self.phase == Phase::Failed {
            return None;
        }
        if self.session_ends_at.is_some_and(|at| at <= now) {
            self.session_over(now);
        }
        match self.next_operation(now) {
            Some(Operation::Wait { until }) => {
                let until = self.session_ends_at.map_or(until, |at| at.min(until));
                Some(Operation::Wait { until })
            }
            operation => operation,
        }
    }

    fn next_operation(&mut self, now: Instant) -> Option<Operation> {
        if let Some(until) = self.retry_at {
            if until > now {
                return Some(Operation::Wait { until });
            }
            self.retry_at = None;
        }
        let Some(coordinator) = self.coordinator else { return Some(Operation::FindCoordinator) };
        match &self.phase {
            Phase::Joining(protocols) => {
                let (protocols, reason) = (protocols.clone(), self.reason.clone());
                Some(Operation::Join { coordinator, protocols, reason })
            }
            Phase::Syncing(assignments) => {
                let (assignments, protocol) = (assignments.clone(), self.protocol.clone());
                Some(Operation::Sync { coordinator, protocol, assignments })
            }
            _ if self.identity.generation == NO_GENERATION => None,
            _ => match self.heartbeat_at(now) {
                until if until > now => Some(Operation::Wait { until }),
                _ => Some(Operation::Heartbeat { coordinator }),
            },
        }
    }

    /// When the next heartbeat is due.
    fn heartbeat_at(&mut self, now: Instant) -> Instant {
        match self.watching {
            Watching::No => self.heartbeat_at,
            Watching::Wanted => {
                self.watching = Watching::Until(now + WATCH_FOR);
                now
            }
            Watching::Until(until) if until > now && self.phase == Phase::Stable => {
                let last = self.heartbeat_at - self.heartbeat_interval;
                self.heartbeat_at.min(last + WATCH_INTERVAL)
            }
            Watching::Until(_) => {
                self.watching = Watching::No;
                self.heartbeat_at
            }
        }
    }

    /// Takes note that the coordinator has counted on the member after this instant.
    ///
    /// One that has nothing yet has nothing to lose.
    pub(super) fn heard(&mut self, sent: Instant) {
        let Some(session) = self.session.filter(|_| self.identity.generation != NO_GENERATION) else {
            return;
        };
        let ends_at = sent + session;
        self.session_ends_at = Some(self.session_ends_at.map_or(ends_at, |before| before.max(ends_at)));
        self.lease.extend(ends_at);
    }

    /// Takes the answer to a heartbeat that was sent while the group shares out: whether the coordinator still
    /// counts on the member.
    pub(super) fn probed(&mut self, answer: Result<(), Error>, sent: Instant) {
        // Another answer may mean that the round is over, and what says so may be lost: nothing is known then.
        if counted_on(&answer) {
            self.heard(sent);
        }
    }

    /// The coordinator may have given the member up, which others may know before it does.
    ///
    /// It comes back under its id: a coordinator that has not missed it need not wait for it.
    fn session_over(&mut self, now: Instant) {
        let reason: Arc<str> = "nothing was heard of the coordinator for the session timeout".into();
        let member_id = self.identity.member_id.clone();
        self.lose(reason);
        self.identity.member_id = member_id;
        self.coordinator = None;
        self.retry_later(now);
    }

    /// Takes how the operation went that `next` asked for, and when it was begun.
    pub(super) fn done(&mut self, outcome: Outcome, sent: Instant, now: Instant) {
        if outcome.counted_on() {
            self.heard(sent);
        }
        let result = match outcome {
            Outcome::Found(result) => result.map(|coordinator| self.coordinator = Some(coordinator)),
            Outcome::Joined(result) => result.and_then(|response| self.joined(response, now)),
            Outcome::Synced(result) => result.map(|response| self.synced(response, now)),
            Outcome::HeartbeatSent(result) => {
                result.map(|()| self.heartbeat_at = now + self.heartbeat_interval)
            }
        };
        match result {
            Ok(()) => self.failures = 0,
            Err(error) => self.react(error, now),
        }
    }

    /// Takes what the owner wants. A member leaves without asking the state.
    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Join(seen, protocols) if self.phase == Phase::Preparing && seen == self.told => {
                self.phase = Phase::Joining(protocols)
            }
            Command::WatchOut => self.watching = Watching::Wanted,
            Command::Assign(seen, assignments) if self.phase == Phase::Assigning && seen == self.told => {
                self.phase = Phase::Syncing(assignments);
            }
            Command::Rejoin(reason) => match self.phase {
                Phase::Stable => self.prepare(reason),
                Phase::Preparing | Phase::Failed => {}
                Phase::Joining(_) | Phase::Assigning | Phase::Syncing(_) => self.rejoin = Some(reason),
            },
            // An answer to a question that a loss has overtaken.
            Command::Join(..) | Command::Assign(..) | Command::Leave { .. } => {}
        }
    }

    fn tell(&mut self, event: Event) {
        self.told += 1;
        self.events.push(event);
    }

    fn prepare(&mut self, reason: Arc<str>) {
        self.phase = Phase::Preparing;
        self.reason = reason.clone();
        self.tell(Event::Prepare { reason });
    }

    fn joined(&mut self, response: JoinGroupResponse, now: Instant) -> Result<(), Error> {
        let other = response.protocol_type.as_deref().filter(|name| *name != self.protocol_type);
        if let Some(other) = other {
            return Err(Error::broker_with(
                ResponseError::InconsistentGroupProtocol,
                "join the group",
                Some(&format!("it is of type `{other}`, not `{}`", self.protocol_type)),
            ));
        }
        self.identity =
            Identity { member_id: response.member_id.as_str().into(), generation: response.generation_id };
        self.protocol = response.protocol_name.as_deref().unwrap_or_default().into();
        self.leader = response.leader == response.member_id;
        self.heartbeat_at = now + self.heartbeat_interval;
        if self.leader && !response.skip_assignment {
            self.phase = Phase::Assigning;
            let members = response.members.into_iter().map(|member| Peer {
                id: member.member_id.as_str().into(),
                instance_id: member.group_instance_id.as_deref().map(Arc::from),
                metadata: member.metadata,
            });
            self.tell(Event::Elected { protocol: self.protocol.clone(), members: members.collect() });
        } else {
            self.phase = Phase::Syncing(Vec::new());
        }
        Ok(())
    }

    fn synced(&mut self, response: SyncGroupResponse, now: Instant) {
        self.phase = Phase::Stable;
        self.heartbeat_at = now + self.heartbeat_interval;
        self.tell(Event::Assigned {
            protocol: self.protocol.clone(),
            // The answer shares the buffer it came in; a small copy lets that go.
            assignment: Bytes::copy_from_slice(&response.assignment),
            leader: self.leader,
            lease: self.lease.clone(),
        });
        if let Some(reason) = self.rejoin.take() {
            self.prepare(reason);
        }
    }

    fn react(&mut self, error: Error, now: Instant) {
        use ResponseError as Code;
        match error.code() {
            Some(Code::RebalanceInProgress) => self.rebalance_in_progress(now),
            Some(Code::UnknownMemberId | Code::IllegalGeneration) => self.lose(error.to_string().into()),
            Some(Code::CoordinatorLoadInProgress) => self.retry_later(now),
            Some(Code::CoordinatorNotAvailable | Code::NotCoordinator) => self.find_again(now),
            _ if error.retriable() => self.find_again(now),
            _ => {
                self.phase = Phase::Failed;
                self.lease.suspend();
                self.tell(Event::Failed(error));
            }
        }
    }

    fn rebalance_in_progress(&mut self, now: Instant) {
        self.heartbeat_at = now + self.heartbeat_interval;
        match std::mem::replace(&mut self.phase, Phase::Stable) {
            Phase::Stable => self.prepare("the group shares out again".into()),
            // What was prepared for the round that was overtaken is as good for the next one.
            Phase::Syncing(_) => self.prepare("the group began another round".into()),
            Phase::Joining(protocols) => {
                self.phase = Phase::Joining(protocols);
                self.retry_later(now);
            }
            other => self.phase = other,
        }
    }

    /// A member that was thrown out starts anew, under a new id.
    fn lose(&mut self, reason: Arc<str>) {
        self.identity = Identity::none();
        self.session_ends_at = None;
        self.lease.suspend();
        self.lease = Lease::new();
        self.rejoin = None;
        self.tell(Event::Lost { reason: reason.clone() });
        // Asked again even if it was asked before: what it answers is to be what it has after the loss.
        self.prepare(reason);
    }

    fn find_again(&mut self, now: Instant) {
        self.coordinator = None;
        // Who gets what is known to the coordinator that is gone: a new one wants everybody to join.
        if let Phase::Syncing(_) = self.phase {
            self.prepare("the coordinator was lost".into());
        }
        self.retry_later(now);
    }

    fn retry_later(&mut self, now: Instant) {
        self.failures += 1;
        self.retry_at = Some(now + self.backoff.delay(self.failures));
    }

    /// Keeps the id that a coordinator wants new members to come back with.
    pub(super) fn member_id_required(&mut self, member_id: &str) {
        self.identity = Identity { member_id: member_id.into(), generation: NO_GENERATION };
    }
}

impl Drop for State {
    /// Nobody asks the coordinator any more, so nobody knows.
    fn drop(&mut self) {
        self.lease.suspend();
    }
}
