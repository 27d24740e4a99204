//! Runs what the member's state asks for, on a connection of its own: JoinGroup blocks the one it is on.

use std::{pin::pin, sync::Arc, time::Duration};

use kafka_protocol::{
    error::ResponseError,
    messages::{
        GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
        SyncGroupResponse, join_group_request::JoinGroupRequestProtocol, leave_group_request::MemberIdentity,
        sync_group_request::SyncGroupRequestAssignment,
    },
    protocol::StrBytes,
};
use parking_lot::Mutex;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};
use tracing::{debug, info, warn};

use super::{
    Event, Identity, NO_GENERATION, Options,
    state::{Command, Operation, Outcome, State},
};
use crate::{Client, Error, Lane, error::check, request::text};

/// How much longer than the rebalance the answer to a JoinGroup may take.
const JOIN_GRACE: Duration = Duration::from_secs(5);
/// The first version of JoinGroup that carries a reason.
const JOIN_VERSION_WITH_REASON: i16 = 8;

/// Keeps the membership up until the owner leaves, drops it, or the member fails.
pub(super) async fn run(
    client: Client,
    options: Options,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    identity: Arc<Mutex<Identity>>,
) {
    let lane = lane(&client, &options);
    let mut link = Link { client, options, lane, identity };
    let mut state = State::new(&link.options, Instant::now());
    loop {
        if !link.publish(&mut state, &events).await {
            return;
        }
        let command = match state.next(Instant::now()) {
            None => commands.recv().await,
            Some(Operation::Wait { until }) => tokio::select! {
                () = sleep_until(until) => continue,
                command = commands.recv() => command,
            },
            Some(operation) => match link.perform(operation, &mut state, &mut commands).await {
                Done::Ended => continue,
                Done::Overtaken => {
                    // What it waits for must not hold up what comes next.
                    link.renew_lane();
                    continue;
                }
                Done::Command(command) => command,
            },
        };
        match command {
            None => return,
            Some(Command::Leave { reason, done }) => {
                link.leave(&state, &reason).await;
                done.send(()).ok(); // nobody has to wait for it
                return;
            }
            Some(command) => state.command(command),
        }
    }
}

/// A connection for a member alone.
fn lane(client: &Client, options: &Options) -> Lane {
    let lane = Lane::dedicated();
    if let Some(client_id) = &options.client_id {
        client.name_lane(lane, client_id.clone());
    }
    lane
}

/// How an operation ended.
enum Done {
    /// By itself.
    Ended,
    /// The member may have been given up meanwhile.
    Overtaken,
    /// By a command, or the end of all commands.
    Command(Option<Command>),
}

struct Link {
    client: Client,
    options: Options,
    lane: Lane,
    identity: Arc<Mutex<Identity>>,
}

/// Gives the member's connection back when its driver ends, however it ends.
impl Drop for Link {
    fn drop(&mut self) {
        self.client.close_lane(self.lane);
    }
}

impl Link {
    /// Shows the owner what changed; false when the driver is to end.
    async fn publish(&self, state: &mut State, events: &mpsc::Sender<Event>) -> bool {
        *self.identity.lock() = state.identity().clone();
        for event in state.take_events() {
            self.log(&event, state);
            if events.send(event).await.is_err() {
                return false;
            }
        }
        !state.failed()
    }

    fn log(&self, event: &Event, state: &State) {
        let (group, generation) = (&*self.options.group, state.identity().generation);
        match event {
            Event::Prepare { reason } => debug!(group, generation, %reason, "joining the group"),
            Event::Elected { members, .. } => debug!(group, generation, members = members.len(), "leading"),
            Event::Assigned { protocol, leader, .. } => {
                info!(group, generation, %protocol, leader, "joined the group");
            }
            Event::Lost { reason } => warn!(group, %reason, "lost the membership; joining again"),
            Event::Failed(error) => warn!(group, %error, "cannot be in the group"),
        }
    }

    /// Does one operation while taking commands. Meanwhile heartbeats on another connection show that the
    /// coordinator still counts on the member, as it answers a JoinGroup or SyncGroup only once all have asked.
    async fn perform(
        &self,
        operation: Operation,
        state: &mut State,
        commands: &mut mpsc::Receiver<Command>,
    ) -> Done {
        let (me, sent) = (state.identity().clone(), Instant::now());
        let probing = self.probing(&operation, &me);
        let mut work = pin!(self.request(operation, me.clone()));
        let mut probe = pin!(self.probe(probing, &me));
        loop {
            let session_ends_at = state.session_ends_at();
            tokio::select! {
                (outcome, member_id) = &mut work => {
                    if let Some(member_id) = member_id {
                        state.member_id_required(&member_id);
                    }
                    if let Some(outcome) = outcome {
                        state.done(outcome, sent, Instant::now());
                    }
                    return Done::Ended;
                }
                (answer, sent) = &mut probe => {
                    state.probed(answer, sent);
                    probe.set(self.probe(probing, &me));
                }
                () = sleep_until(session_ends_at.unwrap_or(sent)), if session_ends_at.is_some() => {
                    return Done::Overtaken;
                }
                command = commands.recv() => match command {
                    None | Some(Command::Leave { .. }) => return Done::Command(command),
                    Some(command) => state.command(command),
                },
            }
        }
    }

    /// The coordinator to ask while an operation is under way that may take long.
    fn probing(&self, operation: &Operation, me: &Identity) -> Option<i32> {
        match operation {
            Operation::Join { coordinator, .. } | Operation::Sync { coordinator, .. } => {
                (self.options.ends_with_session && me.generation != NO_GENERATION).then_some(*coordinator)
            }
            Operation::FindCoordinator | Operation::Heartbeat { .. } | Operation::Wait { .. } => None,
        }
    }

    /// Asks the coordinator once, after a while; the second answer is when it was asked.
    async fn probe(&self, coordinator: Option<i32>, me: &Identity) -> (Result<(), Error>, Instant) {
        let Some(coordinator) = coordinator else { return std::future::pending().await };
        sleep(self.options.heartbeat_interval).await;
        let sent = Instant::now();
        (self.heartbeat(coordinator, Lane::SHARED, me).await, sent)
    }

    fn renew_lane(&mut self) {
        self.client.close_lane(self.lane);
        self.lane = lane(&self.client, &self.options);
    }

    /// Sends one request. The second answer is the id a coordinator wants the member to come back with.
    async fn request(&self, operation: Operation, me: Identity) -> (Option<Outcome>, Option<StrBytes>) {
        let outcome = match operation {
            Operation::FindCoordinator => Outcome::Found(self.client.coordinator(&self.options.group).await),
            Operation::Join { coordinator, protocols, reason } => {
                let answer = self.join(coordinator, &me, protocols, &reason).await;
                if let Ok(response) = &answer
                    && ResponseError::try_from_code(response.error_code)
                        == Some(ResponseError::MemberIdRequired)
                {
                    return (None, Some(response.member_id.clone()));
                }
                let what = format_args!("join group `{}`", self.options.group);
                Outcome::Joined(answer.and_then(|answer| check(answer.error_code, what).map(|()| answer)))
            }
            Operation::Sync { coordinator, protocol, assignments } => {
                let answer = self.sync(coordinator, &me, &protocol, assignments).await;
                let what = format_args!("get an assignment of group `{}`", self.options.group);
                Outcome::Synced(answer.and_then(|answer| check(answer.error_code, what).map(|()| answer)))
            }
            Operation::Heartbeat { coordinator } => {
                Outcome::HeartbeatSent(self.heartbeat(coordinator, self.lane, &me).await)
            }
            Operation::Wait { .. } => return (None, None),
        };
        self.forget_coordinator(&outcome);
        (Some(outcome), None)
    }

    /// A coordinator that does not answer, or says it is none, is looked up afresh.
    fn forget_coordinator(&self, outcome: &Outcome) {
        let error = match outcome {
            Outcome::Found(result) => result.as_ref().err(),
            Outcome::Joined(result) => result.as_ref().err(),
            Outcome::Synced(result) => result.as_ref().err(),
            Outcome::HeartbeatSent(result) => result.as_ref().err(),
        };
        let Some(error) = error else { return };
        debug!(group = &*self.options.group, %error, "group request failed");
        let elsewhere = [ResponseError::NotCoordinator, ResponseError::CoordinatorNotAvailable];
        if error.code().is_none_or(|code| elsewhere.contains(&code)) {
            self.client.invalidate_coordinator(&self.options.group);
        }
    }

    async fn join(
        &self,
        coordinator: i32,
        me: &Identity,
        protocols: super::Protocols,
        reason: &str,
    ) -> Result<JoinGroupResponse, Error> {
        let timeout = self.options.request_timeout.max(self.options.rebalance_timeout + JOIN_GRACE);
        let protocols = protocols.into_iter().map(|(name, metadata)| {
            JoinGroupRequestProtocol::default()
                .with_name(StrBytes::from_static_str(name))
                .with_metadata(metadata)
        });
        let request = JoinGroupRequest::default()
            .with_group_id(self.group_id())
            .with_session_timeout_ms(millis(self.options.session_timeout))
            .with_rebalance_timeout_ms(millis(self.options.rebalance_timeout))
            .with_member_id(text(&me.member_id))
            .with_group_instance_id(self.instance_id())
            .with_protocol_type(StrBytes::from_static_str(self.options.protocol_type))
            .with_protocols(protocols.collect());
        let send = |version| {
            let with_reason = (version >= JOIN_VERSION_WITH_REASON).then(|| text(reason));
            request.with_reason(with_reason)
        };
        self.client.request(coordinator, self.lane, timeout, send).await
    }

    async fn sync(
        &self,
        coordinator: i32,
        me: &Identity,
        protocol: &str,
        assignments: Vec<(Arc<str>, bytes::Bytes)>,
    ) -> Result<SyncGroupResponse, Error> {
        let timeout = self.options.request_timeout.max(self.options.rebalance_timeout + JOIN_GRACE);
        let assignments = assignments.into_iter().map(|(member_id, assignment)| {
            SyncGroupRequestAssignment::default().with_member_id(text(&member_id)).with_assignment(assignment)
        });
        let request = SyncGroupRequest::default()
            .with_group_id(self.group_id())
            .with_generation_id(me.generation)
            .with_member_id(text(&me.member_id))
            .with_group_instance_id(self.instance_id())
            .with_protocol_type(Some(StrBytes::from_static_str(self.options.protocol_type)))
            .with_protocol_name(Some(text(protocol)))
            .with_assignments(assignments.collect());
        self.client.request(coordinator, self.lane, timeout, |_| request).await
    }

    async fn heartbeat(&self, coordinator: i32, lane: Lane, me: &Identity) -> Result<(), Error> {
        let request = HeartbeatRequest::default()
            .with_group_id(self.group_id())
            .with_generation_id(me.generation)
            .with_member_id(text(&me.member_id))
            .with_group_instance_id(self.instance_id());
        let timeout = self.options.request_timeout.min(self.heartbeat_timeout());
        let answer = self.client.request(coordinator, lane, timeout, |_| request).await?;
        check(answer.error_code, format_args!("stay in group `{}`", self.options.group))
    }

    /// A connection that has died without a word costs a part of the session only, where the session counts.
    fn heartbeat_timeout(&self) -> Duration {
        match self.options.ends_with_session {
            true => self.options.session_timeout / 3,
            false => self.options.session_timeout,
        }
    }

    /// Tells the coordinator, on a connection that no JoinGroup blocks. A coordinator that does not hear it
    /// finds out by itself after the session timeout.
    async fn leave(&self, state: &State, reason: &str) {
        let me = state.identity();
        let (Some(coordinator), None) = (state.coordinator(), &self.options.instance_id) else { return };
        if me.member_id.is_empty() {
            return;
        }
        let (group_id, member_id) = (self.group_id(), text(&me.member_id));
        let build = |version| match version {
            0..3 => LeaveGroupRequest::default().with_group_id(group_id).with_member_id(member_id),
            _ => {
                let reason = (version >= 5).then(|| text(reason));
                let member = MemberIdentity::default().with_member_id(member_id).with_reason(reason);
                LeaveGroupRequest::default().with_group_id(group_id).with_members(vec![member])
            }
        };
        let timeout = self.options.request_timeout.min(self.options.session_timeout);
        let answer = self.client.request(coordinator, Lane::SHARED, timeout, build).await;
        let group = &*self.options.group;
        let what = format_args!("leave group `{group}`");
        match answer.and_then(|answer| check(answer.error_code, what)) {
            Ok(()) => debug!(group, "left the group"),
            Err(error) => debug!(group, %error, "left the group without an answer"),
        }
    }

    fn group_id(&self) -> GroupId {
        GroupId(text(&self.options.group))
    }

    fn instance_id(&self) -> Option<StrBytes> {
        self.options.instance_id.as_deref().map(text)
    }
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
