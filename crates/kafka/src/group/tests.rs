use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use kafka_protocol::{
    error::ResponseError,
    messages::{JoinGroupResponse, SyncGroupResponse, join_group_response::JoinGroupResponseMember},
    protocol::StrBytes,
};
use tokio::time::Instant;

use super::{
    state::{Command, Operation, Outcome, State},
    *,
};

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    state: State,
    now: Instant,
    /// The number of events that were taken.
    seen: u64,
    names: Vec<&'static str>,
    lease: Lease,
}

fn bench() -> Bench {
    let options = Options {
        group: "g".into(),
        instance_id: None,
        client_id: None,
        protocol_type: "connect",
        session_timeout: SECOND * 45,
        rebalance_timeout: SECOND * 60,
        heartbeat_interval: SECOND * 3,
        ends_with_session: true,
        request_timeout: SECOND * 30,
        backoff: Backoff { initial: SECOND, max: SECOND },
    };
    let now = Instant::now();
    Bench { state: State::new(&options, now), now, seen: 0, names: Vec::new(), lease: Lease::new() }
}

fn text(value: &'static str) -> StrBytes {
    StrBytes::from_static_str(value)
}

fn refused<T>(code: ResponseError) -> Result<T, Error> {
    Err(Error::broker(code, "do it"))
}

fn disconnected<T>() -> Result<T, Error> {
    Err(Error::Disconnected { address: "b:1".into(), reason: "gone".into() })
}

impl Bench {
    fn next(&mut self) -> Option<Operation> {
        self.state.next(self.now)
    }

    fn done(&mut self, outcome: Outcome) {
        self.state.done(outcome, self.now, self.now);
    }

    /// Names of the events since the last call.
    fn events(&mut self) -> Vec<&'static str> {
        self.take_events();
        std::mem::take(&mut self.names)
    }

    fn take_events(&mut self) {
        let name = |event: &Event| match event {
            Event::Prepare { .. } => "prepare",
            Event::Elected { .. } => "elected",
            Event::Assigned { .. } => "assigned",
            Event::Lost { .. } => "lost",
            Event::Failed(_) => "failed",
        };
        let events = self.state.take_events();
        for event in &events {
            if let Event::Assigned { lease, .. } = event {
                self.lease = lease.clone();
            }
        }
        self.seen += events.len() as u64;
        self.names.extend(events.iter().map(name));
    }

    /// Answers after all events were seen.
    fn join(&mut self) {
        self.take_events();
        self.state.command(Command::Join(self.seen, vec![("sessioned", Bytes::from_static(b"me"))]));
    }

    fn joined(&mut self, leader: &'static str, generation: i32) {
        let member =
            |id| JoinGroupResponseMember::default().with_member_id(text(id)).with_metadata(Bytes::new());
        let response = JoinGroupResponse::default()
            .with_generation_id(generation)
            .with_protocol_type(Some(text("connect")))
            .with_protocol_name(Some(text("sessioned")))
            .with_leader(text(leader))
            .with_member_id(text("me"))
            .with_members(if leader == "me" { vec![member("me"), member("you")] } else { vec![] });
        self.done(Outcome::Joined(Ok(response)));
    }

    fn synced(&mut self) {
        let assignment = Bytes::from_static(b"mine");
        self.done(Outcome::Synced(Ok(SyncGroupResponse::default().with_assignment(assignment))));
    }

    /// A member of generation 1 that does not lead.
    fn stable() -> Bench {
        let mut bench = bench();
        bench.done(Outcome::Found(Ok(1)));
        bench.join();
        bench.joined("you", 1);
        bench.synced();
        bench.events();
        bench
    }
}

#[test]
fn a_follower_joins_and_syncs_with_nothing() {
    let mut bench = bench();
    assert_eq!(bench.events(), ["prepare"]);
    assert_eq!(bench.next(), Some(Operation::FindCoordinator));
    bench.done(Outcome::Found(Ok(1)));
    assert_eq!(bench.next(), None, "the owner has to say what to join with");
    bench.join();
    assert!(matches!(bench.next(), Some(Operation::Join { coordinator: 1, .. })));
    bench.joined("you", 5);
    let sync = Operation::Sync { coordinator: 1, protocol: "sessioned".into(), assignments: vec![] };
    assert_eq!(bench.next(), Some(sync));
    bench.synced();
    assert_eq!(bench.events(), ["assigned"]);
    assert_eq!(bench.next(), Some(Operation::Wait { until: bench.now + SECOND * 3 }));
    assert_eq!(*bench.state.identity(), Identity { member_id: "me".into(), generation: 5 });
}

#[test]
fn the_leader_is_asked_who_gets_what_and_heartbeats_go_on() {
    let mut bench = bench();
    bench.done(Outcome::Found(Ok(1)));
    bench.join();
    bench.joined("me", 1);
    assert_eq!(bench.events(), ["prepare", "elected"]);
    bench.now += SECOND * 4;
    assert_eq!(bench.next(), Some(Operation::Heartbeat { coordinator: 1 }));
    bench.done(Outcome::HeartbeatSent(Ok(())));
    let assignments: Vec<(Arc<str>, Bytes)> = vec![("you".into(), Bytes::new())];
    bench.state.command(Command::Assign(bench.seen, assignments.clone()));
    let sync = Operation::Sync { coordinator: 1, protocol: "sessioned".into(), assignments };
    assert_eq!(bench.next(), Some(sync));
}

#[test]
fn heartbeats_go_on_while_the_owner_gives_things_up() {
    let mut bench = Bench::stable();
    bench.now += SECOND * 3;
    assert_eq!(bench.next(), Some(Operation::Heartbeat { coordinator: 1 }));
    bench.done(Outcome::HeartbeatSent(refused(ResponseError::RebalanceInProgress)));
    assert_eq!(bench.events(), ["prepare"]);
    bench.now += SECOND * 3;
    assert_eq!(bench.next(), Some(Operation::Heartbeat { coordinator: 1 }));
    bench.done(Outcome::HeartbeatSent(refused(ResponseError::RebalanceInProgress)));
    assert_eq!(bench.events(), [""; 0], "it was asked already");
    bench.join();
    assert!(matches!(bench.next(), Some(Operation::Join { .. })));
}

#[test]
fn a_lost_coordinator_costs_no_membership() {
    let mut bench = Bench::stable();
    bench.now += SECOND * 3;
    bench.done(Outcome::HeartbeatSent(disconnected()));
    assert!(matches!(bench.next(), Some(Operation::Wait { .. })), "not at once");
    bench.now += SECOND * 2;
    assert_eq!(bench.next(), Some(Operation::FindCoordinator));
    bench.done(Outcome::Found(Ok(2)));
    assert_eq!(bench.next(), Some(Operation::Heartbeat { coordinator: 2 }));
    assert_eq!(bench.events(), [""; 0]);
}

#[test]
fn a_member_that_was_thrown_out_starts_anew() {
    for code in [ResponseError::UnknownMemberId, ResponseError::IllegalGeneration] {
        let mut bench = Bench::stable();
        bench.done(Outcome::HeartbeatSent(refused(code)));
        assert_eq!(bench.events(), ["lost", "prepare"]);
        assert_eq!(*bench.state.identity(), Identity { member_id: "".into(), generation: NO_GENERATION });
    }
}

#[test]
fn a_loss_while_the_owner_is_asked_overtakes_its_answer() {
    let mut bench = Bench::stable();
    bench.done(Outcome::HeartbeatSent(refused(ResponseError::RebalanceInProgress)));
    assert_eq!(bench.events(), ["prepare"]);
    bench.done(Outcome::HeartbeatSent(refused(ResponseError::UnknownMemberId)));
    bench.state.command(Command::Join(bench.seen, vec![("sessioned", Bytes::from_static(b"what was lost"))]));
    assert_eq!(bench.next(), None, "it would join with what it has no more");
    assert_eq!(bench.events(), ["lost", "prepare"]);
    bench.join();
    assert!(matches!(bench.next(), Some(Operation::Join { .. })));
}

#[test]
fn a_member_that_hears_nothing_gives_itself_up_before_others_do() {
    let mut bench = Bench::stable();
    let joined_at = bench.now;
    assert!(bench.lease.holds());
    assert_eq!(bench.state.session_ends_at(), Some(joined_at + SECOND * 45 * 9 / 10));
    for _ in 0..5 {
        bench.now += SECOND * 8;
        bench.done(Outcome::HeartbeatSent(disconnected()));
        bench.next();
    }
    assert_eq!(bench.events(), [""; 0]);
    let Some(Operation::Wait { until }) = bench.next() else { panic!("waits for the end of the session") };
    assert!(until <= joined_at + SECOND * 45 * 9 / 10);
    bench.now = joined_at + SECOND * 45 * 9 / 10;
    bench.next();
    assert_eq!(bench.events(), ["lost", "prepare"]);
    assert!(!bench.lease.holds());
    let back = Identity { member_id: "me".into(), generation: NO_GENERATION };
    assert_eq!(*bench.state.identity(), back);
    assert_eq!(bench.state.session_ends_at(), None, "there is nothing to lose");
}

#[test]
fn a_session_counts_from_when_the_heartbeat_was_sent() {
    let mut bench = Bench::stable();
    let sent = bench.now + SECOND * 3;
    bench.now += SECOND * 20;
    bench.state.done(Outcome::HeartbeatSent(refused(ResponseError::RebalanceInProgress)), sent, bench.now);
    assert_eq!(bench.state.session_ends_at(), Some(sent + SECOND * 45 * 9 / 10));
}

#[test]
fn a_long_round_costs_no_session_while_the_coordinator_answers() {
    let mut bench = Bench::stable();
    bench.state.command(Command::Rejoin("again".into()));
    bench.join();
    bench.events();
    for _ in 0..4 {
        bench.now += SECOND * 30;
        bench.state.probed(refused(ResponseError::RebalanceInProgress), bench.now);
    }
    let heard_at = bench.now;
    bench.now += SECOND;
    bench.state.probed(refused(ResponseError::IllegalGeneration), bench.now);
    bench.state.probed(disconnected(), bench.now);
    assert_eq!(bench.state.session_ends_at(), Some(heard_at + SECOND * 45 * 9 / 10));
    bench.now = heard_at + SECOND * 45;
    bench.next();
    assert_eq!(bench.events(), ["lost", "prepare"], "the round is over and its answer has not come");
}

#[test]
fn a_member_that_has_nothing_has_no_session_to_lose() {
    let mut bench = bench();
    bench.done(Outcome::Found(Ok(1)));
    bench.join();
    bench.now += SECOND * 100;
    bench.joined("you", 1);
    assert_eq!(bench.state.session_ends_at(), None);
    bench.synced();
    assert_eq!(bench.state.session_ends_at(), Some(bench.now + SECOND * 45 * 9 / 10));
}

#[test]
fn a_member_that_watches_out_asks_often_for_a_moment() {
    let mut bench = Bench::stable();
    bench.state.command(Command::WatchOut);
    assert_eq!(bench.next(), Some(Operation::Heartbeat { coordinator: 1 }), "at once");
    bench.done(Outcome::HeartbeatSent(Ok(())));
    let Some(Operation::Wait { until }) = bench.next() else { panic!("waits") };
    assert!(until < bench.now + SECOND);
    bench.now += SECOND * 3;
    bench.done(Outcome::HeartbeatSent(Ok(())));
    assert_eq!(bench.next(), Some(Operation::Wait { until: bench.now + SECOND * 3 }), "as before");
}

#[test]
fn a_wish_to_join_again_is_kept_until_this_round_is_over() {
    let mut bench = bench();
    bench.done(Outcome::Found(Ok(1)));
    bench.join();
    bench.state.command(Command::Rejoin("new topics".into()));
    bench.joined("you", 1);
    bench.synced();
    assert_eq!(bench.events(), ["prepare", "assigned", "prepare"]);
    bench.join();
    let Some(Operation::Join { reason, .. }) = bench.next() else { panic!("joins again") };
    assert_eq!(&*reason, "new topics");
}

#[test]
fn an_assignment_that_a_new_round_overtook_is_not_waited_for() {
    let mut bench = Bench::stable();
    bench.state.command(Command::Rejoin("again".into()));
    bench.join();
    bench.joined("you", 2);
    bench.done(Outcome::Synced(refused(ResponseError::RebalanceInProgress)));
    assert_eq!(bench.events(), ["prepare", "prepare"]);
}

#[test]
fn a_member_keeps_the_id_it_is_told_to_come_back_with() {
    let mut bench = bench();
    bench.done(Outcome::Found(Ok(1)));
    bench.join();
    bench.state.member_id_required("me-1");
    assert!(matches!(bench.next(), Some(Operation::Join { .. })));
    assert_eq!(&*bench.state.identity().member_id, "me-1");
}

#[test]
fn what_cannot_pass_ends_the_membership() {
    for code in [ResponseError::GroupAuthorizationFailed, ResponseError::FencedInstanceId] {
        let mut bench = bench();
        bench.done(Outcome::Found(Ok(1)));
        bench.join();
        bench.done(Outcome::Joined(refused(code)));
        assert_eq!(bench.events(), ["prepare", "failed"]);
        assert_eq!(bench.next(), None);
    }
}

#[test]
fn a_group_of_another_type_is_refused() {
    let mut bench = bench();
    bench.done(Outcome::Found(Ok(1)));
    bench.join();
    let response = JoinGroupResponse::default().with_protocol_type(Some(text("consumer")));
    bench.done(Outcome::Joined(Ok(response)));
    assert_eq!(bench.events(), ["prepare", "failed"]);
}

#[test]
fn attempts_are_spaced_out() {
    let mut bench = bench();
    for _ in 0..3 {
        assert_eq!(bench.next(), Some(Operation::FindCoordinator));
        bench.done(Outcome::Found(disconnected()));
        let Some(Operation::Wait { until }) = bench.next() else { panic!("waits") };
        bench.now = until;
    }
}
