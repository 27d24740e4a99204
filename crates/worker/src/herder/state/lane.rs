//! A lane: one connector, what is being done to it, and what waits.

use std::collections::VecDeque;

use super::Work;
use super::connector::Connector;
use super::event::Action;
use super::operation::{Awaited, Job, Operation, Step, closing};
use super::request;
use super::steps::{self, Progress};
use crate::herder::HerderError;
use crate::herder::call::{Outcome, Reply};

/// How many requests may wait for one connector.
pub(super) const WAITING_MAX: usize = 128;

/// One connector, what is being done to it, and what waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    pub(super) connector: Option<Connector>,
    pub(super) operation: Option<Operation>,
    pub(super) waiting: VecDeque<Job>,
}

impl Lane {
    /// Does steps and begins operations until one waits or nothing is left to do.
    pub(super) fn advance(&mut self, work: &mut Work<'_>) {
        loop {
            let Some(operation) = &mut self.operation else {
                let Some(job) = self.waiting.pop_front() else { return };
                self.begin(job, work);
                continue;
            };
            if operation.awaited.is_some() {
                return;
            }
            let Some(step) = operation.steps.pop_front() else {
                self.operation = None;
                continue;
            };
            if let Progress::Waits(awaited) = self.perform(step, work) {
                if let Some(operation) = &mut self.operation {
                    operation.awaited = Some(awaited);
                }
                self.watch(work);
            }
        }
    }

    fn begin(&mut self, job: Job, work: &mut Work<'_>) {
        let (call, request) = match job {
            Job::Call { call, request } => (call, request),
            Job::Reconfigure => return self.operation = Some(Operation::new(None, [Step::Split])),
            Job::Reload => return self.operation = Some(Operation::new(None, request::restart_connector())),
            Job::Restart { task } => {
                if self.connector.as_mut().is_some_and(|connector| connector.begin_restart(task)) {
                    self.operation = Some(Operation::new(None, request::restart_failed(task)));
                }
                return;
            }
        };
        let planned =
            request::plan(self.connector.as_mut(), work.name, work.worker_id, call, request, work.actions);
        match planned {
            Ok(operation) => self.operation = Some(operation),
            Err(error) => work.reply(Some(call), Err(error)),
        }
    }

    fn perform(&mut self, step: Step, work: &mut Work<'_>) -> Progress {
        match (step, &mut self.connector) {
            (Step::Validate { config, purpose }, _) => {
                let token = work.generation();
                work.act(Action::Validate { name: work.name.clone(), token, config });
                return Progress::Waits(Awaited::Validation { token, purpose });
            }
            (Step::Remove, _) => self.connector = None,
            (Step::ReplyDone, _) => self.answer(Ok(Reply::Done), work),
            (Step::ReplyInfo { created }, Some(connector)) => {
                let info = connector.view().info(&connector.name);
                self.answer(Ok(Reply::Put(created, info)), work);
            }
            (step, Some(connector)) => return steps::perform(connector, step, work),
            (_, None) => {}
        }
        Progress::Done
    }

    /// Answers the request of the operation under way, once.
    pub(super) fn answer(&mut self, outcome: Outcome, work: &mut Work<'_>) {
        let call = self.operation.as_mut().and_then(|operation| operation.call.take());
        work.reply(call, outcome);
    }

    /// Has a step watched that others wait for but that may be abandoned.
    pub(super) fn watch(&mut self, work: &mut Work<'_>) {
        let awaited = self.operation.as_ref().and_then(|operation| operation.awaited.as_ref());
        let Some(token) = awaited.and_then(Awaited::abandonable) else { return };
        if self.waiting.iter().any(Job::ends_instance) {
            work.act(Action::Watch { name: work.name.clone(), token });
        }
    }

    /// Gives up what is left of the operation under way.
    pub(super) fn give_up(&mut self, error: HerderError, work: &mut Work<'_>) {
        self.answer(Err(error), work);
        self.operation = None;
    }

    pub(super) fn shut_down(&mut self, work: &mut Work<'_>) {
        for job in self.waiting.drain(..) {
            if let Job::Call { call, .. } = job {
                work.reply(Some(call), Err(closing()));
            }
        }
        self.answer(Err(closing()), work);
        let steps = self.connector.as_ref().map(request::shut_down).unwrap_or_default();
        let operation = self.operation.get_or_insert_with(|| Operation::new(None, []));
        operation.closing = true;
        operation.steps = steps.into();
        // A step that ends something is waited for; the others are overtaken.
        if !matches!(operation.awaited, Some(Awaited::Stop { .. } | Awaited::Tasks { .. })) {
            operation.awaited = None;
        }
    }
}
