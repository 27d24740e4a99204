//! What a step works with: it gathers actions and knows who speaks.

use std::sync::Arc;

use super::event::Action;
use crate::cluster::status::{Key, Report, Value};
use crate::herder::HerderError;
use crate::herder::call::{Outcome, Reply};
use crate::herder::state::{Action as Local, CallId, Generation};
use crate::status::{State, Status};
use crate::task::TaskId;

/// What a step works with.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) actions: Vec<Action>,
    generations: Generation,
    worker_id: Box<str>,
    /// The generation of the group, which statuses carry.
    pub(super) group: i32,
}

impl Desk {
    pub(super) fn new(worker_id: &str) -> Self {
        Self { actions: Vec::new(), generations: 0, worker_id: worker_id.into(), group: -1 }
    }

    /// A name for one start or one step.
    pub(super) fn generation(&mut self) -> Generation {
        self.generations += 1;
        self.generations
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(super) fn local(&mut self, action: Local) {
        self.actions.push(Action::Local(action));
    }

    pub(super) fn reply(&mut self, call: CallId, outcome: Outcome) {
        self.act(Action::reply(call, outcome));
    }

    pub(super) fn refuse(&mut self, call: CallId, error: HerderError) {
        self.reply(call, Err(error));
    }

    pub(super) fn done(&mut self, call: CallId) {
        self.reply(call, Ok(Reply::Done));
    }

    /// Tells how a connector is.
    pub(super) fn tell_connector(&mut self, name: &Arc<str>, status: Status) {
        self.tell(Key::Connector(name.clone()), status);
    }

    /// Tells how a task is.
    pub(super) fn tell_task(&mut self, id: TaskId, status: Status) {
        self.tell(Key::Task(id), status);
    }

    /// A failure and the giving up of something are not told over what another worker says later.
    fn tell(&mut self, key: Key, Status { state, trace, restart }: Status) {
        let safe = matches!(state, State::Failed | State::Unassigned);
        let (worker_id, generation) = (self.worker_id.clone(), self.group);
        let report = Report { state, trace, worker_id, generation, version: None, restart };
        self.act(Action::Tell { safe, values: vec![(key, Some(Value::Report(report)))] });
    }
}
