//! The loop of the herder: it hands events to the state and carries out what that decides.
//!
//! The loop itself never waits for a plugin, a disk or Kafka: that is the runner's.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::call::{Call, Outcome, Reply, Request};
use super::runner::Runner;
use super::state::{Action, CallId, Event, State, closing};
use super::view::Snapshot;
use crate::cluster::topic::now_ms;
use crate::restart::Now;
use crate::task::Services;

/// What the loop holds.
pub(super) struct Driver {
    state: State,
    snapshot: Arc<Snapshot>,
    runner: Runner,
    inbox: mpsc::UnboundedReceiver<Event>,
    replies: BTreeMap<CallId, oneshot::Sender<Outcome>>,
    calls: CallId,
    began: Instant,
}

impl Driver {
    /// A loop without connectors.
    pub(super) fn new(
        services: Arc<Services>,
        snapshot: Arc<Snapshot>,
        worker_id: &str,
        patience: Duration,
    ) -> Self {
        let config = &services.config;
        let state = State::new(worker_id, config.topic_tracking_enable, config.restart);
        let (runner, inbox) = Runner::new(services, snapshot.activities().clone(), patience, None);
        Self { state, snapshot, runner, inbox, replies: BTreeMap::new(), calls: 0, began: Instant::now() }
    }

    /// Runs until a shutdown is done, or until there is no handle left.
    pub(super) async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        loop {
            let deadline = self.runner.deadline();
            let event = tokio::select! {
                Some(event) = self.inbox.recv() => event,
                call = calls.recv() => match call {
                    Some(call) => self.admit(call),
                    None => break,
                },
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    warn!("not everything ended within `task.shutdown.graceful.timeout.ms`; the rest is given up");
                    break;
                }
                Some(()) = self.runner.tidy() => continue,
            };
            if self.handle(event).is_break() {
                break;
            }
        }
        self.give_up();
    }

    fn admit(&mut self, call: Call) -> Event {
        self.calls += 1;
        self.replies.insert(self.calls, call.reply);
        if call.request == Request::Shutdown {
            self.runner.shut_down();
        }
        Event::Called { call: self.calls, name: call.name, request: call.request }
    }

    fn handle(&mut self, event: Event) -> ControlFlow<()> {
        self.runner.heed(&event);
        let now = Now { now_ms: elapsed_ms(self.began), wall_ms: now_ms() };
        let actions = self.state.step(now, event);
        // Readers see what was done before whoever asked for it is answered.
        for (name, view) in self.state.take_changed() {
            self.snapshot.publish(name, view);
        }
        actions.into_iter().try_for_each(|action| self.perform(action))
    }

    fn perform(&mut self, action: Action) -> ControlFlow<()> {
        match self.runner.perform(action) {
            Some(Action::Reply { call, outcome }) => self.reply(call, outcome),
            Some(Action::Exit) => return ControlFlow::Break(()),
            Some(_) | None => {}
        }
        ControlFlow::Continue(())
    }

    fn reply(&mut self, call: CallId, outcome: Outcome) {
        if let Some(reply) = self.replies.remove(&call) {
            // Whoever asked may have gone away.
            let _ = reply.send(outcome);
        }
    }

    /// Answers whoever still waits; what still runs is given up as it is dropped.
    fn give_up(mut self) {
        let shutting_down = self.runner.deadline().is_some();
        for reply in std::mem::take(&mut self.replies).into_values() {
            let _ = reply.send(if shutting_down { Ok(Reply::Done) } else { Err(closing()) });
        }
    }
}

/// The time since then, for a state that has no clock.
fn elapsed_ms(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}
