//! What the herder decides: a pure step from an event to actions.
//!
//! Every connector has a lane: one operation at a time, a bounded queue behind it. An operation is a list of
//! steps; a step that has a plugin do something waits for the event that answers its action. So what users want
//! of one connector is done in order, and a connector that hangs holds up nothing but its own lane, and that
//! only until its time is over.

mod connector;
mod event;
mod lane;
mod news;
mod operation;
mod request;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use event::{Action, CallId, Event, Failure, Generation, StartTask};
pub(super) use operation::{closing, conflict};
pub(super) use request::too_many_tasks;

use super::call::{Outcome, Reply, Request};
use super::view::ConnectorView;
use crate::restart::{Now, Policy};
use crate::task::{TaskEvent, TaskId};
use connector::Connector;
use lane::{Lane, WAITING_MAX};
use operation::Job;

/// The state of the herder.
#[derive(Clone, Debug)]
pub(super) struct State {
    worker_id: Arc<str>,
    tracks_topics: bool,
    lanes: BTreeMap<Arc<str>, Lane>,
    changed: BTreeSet<Arc<str>>,
    generations: Generation,
    /// How often and when what has failed is started anew.
    policy: Policy,
    now: Now,
    /// The requests to shut down, once there is one.
    closing: Option<Vec<CallId>>,
}

impl State {
    /// A herder without connectors.
    pub(super) fn new(worker_id: impl Into<Arc<str>>, tracks_topics: bool, policy: Policy) -> Self {
        Self {
            worker_id: worker_id.into(),
            tracks_topics,
            lanes: BTreeMap::new(),
            changed: BTreeSet::new(),
            generations: 0,
            policy,
            now: Now::default(),
            closing: None,
        }
    }

    /// Takes note of what happened and answers what is to be done about it, in order.
    pub(super) fn step(&mut self, now: Now, event: Event) -> Vec<Action> {
        self.now = now;
        let mut actions = Vec::new();
        match event {
            Event::Called { call, request: Request::Ping, .. } => {
                actions.push(Action::Reply { call, outcome: Ok(Reply::Done) });
            }
            Event::Called { call, request: Request::Shutdown, .. } => self.shut_down(call, &mut actions),
            Event::Called { call, name, request } => self.called(call, name, request, &mut actions),
            Event::TaskReported { id, generation, event } => {
                self.task_reported(&id, generation, event, &mut actions);
            }
            Event::Validated { name, token, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.validated(token, outcome, work));
            }
            Event::ConnectorResolved { name, instance, mark } => {
                self.on(&name, &mut actions, |lane, _| lane.resolved(instance, mark));
            }
            Event::ConnectorStarted { name, instance, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.started(instance, outcome, work));
            }
            Event::ConnectorSplit { name, instance, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.split(instance, outcome, work));
            }
            Event::ConnectorStopped { name, instance } => {
                self.on(&name, &mut actions, |lane, _| lane.stopped(instance));
            }
            Event::ConnectorFailed { name, instance, failure } => {
                self.on(&name, &mut actions, |lane, work| lane.failed(instance, &failure, work));
            }
            Event::RestartDue { name, task, token } => {
                self.on(&name, &mut actions, |lane, _| lane.restart_due(task, token));
            }
            Event::ReconfigurationRequested { name, instance } => {
                self.on(&name, &mut actions, |lane, _| lane.wanted(Job::Reconfigure, instance));
            }
            Event::ReloadRequested { name, instance } => {
                self.on(&name, &mut actions, |lane, _| lane.wanted(Job::Reload, instance));
            }
            Event::TasksStopped { name, token } => {
                self.on(&name, &mut actions, |lane, _| lane.tasks_stopped(token));
            }
            Event::OffsetsChanged { name, token, outcome } => {
                self.on(&name, &mut actions, |lane, work| lane.offsets_changed(token, outcome, work));
            }
            Event::Overdue { name, token } => {
                self.on(&name, &mut actions, |lane, work| lane.overdue(token, work));
            }
        }
        self.exit_once_quiet(&mut actions);
        actions
    }

    /// What readers see of the connectors that may have changed; `None`: the connector is gone.
    pub(super) fn take_changed(&mut self) -> Vec<(Arc<str>, Option<ConnectorView>)> {
        let changed = std::mem::take(&mut self.changed);
        let view = |name: Arc<str>| {
            let lane = self.lanes.get(&name);
            let view = lane.and_then(|lane| lane.connector.as_ref()).map(Connector::view);
            (name, view)
        };
        changed.into_iter().map(view).collect()
    }

    fn called(&mut self, call: CallId, name: Arc<str>, request: Request, actions: &mut Vec<Action>) {
        let mut reply = |error| actions.push(Action::Reply { call, outcome: Err(error) });
        if self.closing.is_some() {
            return reply(closing());
        }
        let lane = self.lanes.entry(name.clone()).or_default();
        if lane.waiting.len() >= WAITING_MAX {
            return reply(conflict());
        }
        lane.waiting.push_back(Job::Call { call, request });
        self.on(&name, actions, Lane::watch);
    }

    /// A report of a task does not wait for the operation under way.
    fn task_reported(
        &mut self,
        id: &TaskId,
        generation: Generation,
        event: TaskEvent,
        actions: &mut Vec<Action>,
    ) {
        if matches!(event, TaskEvent::Topic(_)) && !self.tracks_topics {
            return;
        }
        let lane = self.lanes.get_mut(&id.connector);
        let Some(connector) = lane.and_then(|lane| lane.connector.as_mut()) else { return };
        let mut work = Work {
            name: &id.connector,
            worker_id: &self.worker_id,
            generations: &mut self.generations,
            policy: self.policy,
            now: self.now,
            actions,
        };
        if connector.report(id.task, generation, event, &mut work) {
            self.changed.insert(id.connector.clone());
        }
    }

    /// Does something in a lane, if there is such a lane, and goes on with its operations as far as they get.
    fn on(
        &mut self,
        name: &Arc<str>,
        actions: &mut Vec<Action>,
        deed: impl FnOnce(&mut Lane, &mut Work<'_>),
    ) {
        let Some(lane) = self.lanes.get_mut(name) else { return };
        let mut work = Work {
            name,
            worker_id: &self.worker_id,
            generations: &mut self.generations,
            policy: self.policy,
            now: self.now,
            actions,
        };
        deed(lane, &mut work);
        lane.advance(&mut work);
        self.changed.insert(name.clone());
        if lane.connector.is_none() && lane.operation.is_none() && lane.waiting.is_empty() {
            self.lanes.remove(name);
        }
    }

    fn shut_down(&mut self, call: CallId, actions: &mut Vec<Action>) {
        if let Some(calls) = &mut self.closing {
            return calls.push(call);
        }
        self.closing = Some(vec![call]);
        let names: Vec<Arc<str>> = self.lanes.keys().cloned().collect();
        for name in names {
            self.on(&name, actions, |lane, work| lane.shut_down(work));
        }
    }

    fn exit_once_quiet(&mut self, actions: &mut Vec<Action>) {
        if self.closing.is_none() || self.lanes.values().any(|lane| lane.operation.is_some()) {
            return;
        }
        for call in self.closing.replace(Vec::new()).unwrap_or_default() {
            actions.push(Action::Reply { call, outcome: Ok(Reply::Done) });
            actions.push(Action::Exit);
        }
    }
}

/// What a lane works with.
struct Work<'a> {
    name: &'a Arc<str>,
    worker_id: &'a str,
    generations: &'a mut Generation,
    policy: Policy,
    now: Now,
    actions: &'a mut Vec<Action>,
}

impl Work<'_> {
    fn generation(&mut self) -> Generation {
        *self.generations += 1;
        *self.generations
    }

    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Has something that has failed started anew after a wait, if it is to be at all.
    fn restart_later(&mut self, task: Option<u32>, token: Generation, delay_ms: Option<u64>) {
        if let Some(delay_ms) = delay_ms {
            self.act(Action::RestartLater { name: self.name.clone(), task, token, delay_ms });
        }
    }

    fn reply(&mut self, call: Option<CallId>, outcome: Outcome) {
        if let Some(call) = call {
            self.act(Action::Reply { call, outcome });
        }
    }
}

#[cfg(test)]
mod tests;
