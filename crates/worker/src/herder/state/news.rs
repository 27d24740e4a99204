//! What a lane makes of the events that answer its actions.

use std::sync::Arc;

use api::config::Properties;

use super::Work;
use super::connector::{Connector, Instance, Phase};
use super::event::{Action, Failure, Generation};
use super::lane::Lane;
use super::operation::{Awaited, Job, Operation, Purpose, Step, conflict};
use super::request;
use crate::herder::HerderError;
use crate::herder::call::Reply;
use crate::herder::view::Class;
use crate::restart::Restarts;
use crate::status::TargetState;

impl Lane {
    /// Ends the waiting of the step under way if it waits for this.
    fn arrived(&mut self, matches: impl FnOnce(&Awaited) -> bool) -> Option<Awaited> {
        let operation = self.operation.as_mut()?;
        operation.awaited.take_if(|awaited| matches(awaited))
    }

    fn instance(&mut self, generation: Generation) -> Option<&mut Instance> {
        self.connector.as_mut()?.instance(generation)
    }

    pub(super) fn validated(
        &mut self,
        token: Generation,
        outcome: Result<(Properties, Class), HerderError>,
        work: &mut Work<'_>,
    ) {
        let expected =
            |awaited: &Awaited| matches!(awaited, Awaited::Validation { token: t, .. } if *t == token);
        let Some(Awaited::Validation { purpose, .. }) = self.arrived(expected) else { return };
        let created = self.connector.is_none();
        let (config, class) = match outcome {
            Ok(validated) => validated,
            Err(error) => return self.give_up(error, work),
        };
        match (&mut self.connector, purpose) {
            (Some(_), Purpose::Create(_)) => {
                let words = format!("Connector {} already exists", work.name);
                return self.give_up(HerderError::AlreadyExists(words), work);
            }
            (Some(connector), Purpose::Put | Purpose::Patch) => {
                connector.config = Arc::new(config);
                connector.restarts = Restarts::default();
                connector.class = class;
            }
            (none, purpose) => {
                let target = match purpose {
                    Purpose::Create(target) => target,
                    Purpose::Put | Purpose::Patch => TargetState::Started,
                };
                *none = Some(Connector::new(work.name.clone(), config, class, target));
            }
        }
        if let Some(operation) = &mut self.operation {
            operation.prepend(request::reconfigure(created));
        }
    }

    pub(super) fn started(
        &mut self,
        generation: Generation,
        outcome: Result<(), Failure>,
        work: &mut Work<'_>,
    ) {
        let Some(connector) = &mut self.connector else { return };
        let Some(phase) = connector.instance(generation).map(|instance| instance.phase) else { return };
        // What the connector has raised while it started counts for more than how its start ended.
        let outcome = match (&connector.status.trace, phase) {
            (Some(trace), Phase::Failed) => {
                Err(Failure { message: first_line(trace), trace: trace.clone(), transient: false })
            }
            _ => outcome,
        };
        if phase != Phase::Stopping {
            connector.take_start(generation, &outcome, work);
        }
        if self.arrived(|awaited| *awaited == Awaited::Start { instance: generation }).is_some()
            && let Err(failure) = outcome
        {
            self.give_up(HerderError::Internal(failure.message), work);
        }
    }

    pub(super) fn split(
        &mut self,
        generation: Generation,
        outcome: Result<Vec<Properties>, Failure>,
        work: &mut Work<'_>,
    ) {
        let expected = |awaited: &Awaited| *awaited == Awaited::Split { instance: generation };
        if self.arrived(expected).is_none() {
            return;
        }
        let Some(connector) = &mut self.connector else { return };
        match outcome.and_then(|configs| request::apply_split(connector, configs)) {
            Ok(steps) => {
                connector.failed_splits = 0;
                if let Some(operation) = &mut self.operation {
                    operation.prepend(steps);
                }
            }
            Err(failure) if failure.transient => {
                let delay_ms = connector.split_backoff_ms();
                work.act(Action::SplitLater { name: work.name.clone(), instance: generation, delay_ms });
            }
            Err(failure) => {
                connector.fail(&failure, work);
                if let Some(instance) = connector.instance(generation) {
                    instance.phase = Phase::Failed;
                }
                // Tasks of an earlier configuration go on, unless they are more than this one allows.
                let surplus = connector.exceeded(connector.tasks.len()).is_some();
                let tasks = connector.tasks.keys().copied().collect();
                self.give_up(HerderError::Internal(failure.message), work);
                if surplus {
                    let end = [Step::StopTasks(tasks), Step::RemoveTasks];
                    self.operation = Some(Operation::new(None, end));
                }
            }
        }
    }

    pub(super) fn stopped(&mut self, generation: Generation) {
        if self.instance(generation).is_none() {
            return;
        }
        if let Some(connector) = &mut self.connector {
            connector.instance = None;
        }
        // What waited for the instance goes on without it.
        self.arrived(|awaited| match awaited {
            Awaited::Stop { instance } | Awaited::Start { instance } | Awaited::Split { instance } => {
                *instance == generation
            }
            _ => false,
        });
    }

    pub(super) fn failed(&mut self, generation: Generation, failure: &Failure, work: &mut Work<'_>) {
        let running = |instance: &&mut Instance| matches!(instance.phase, Phase::Starting | Phase::Started);
        let Some(instance) = self.instance(generation).filter(running) else { return };
        instance.phase = Phase::Failed;
        if let Some(connector) = &mut self.connector {
            connector.fail(failure, work);
        }
    }

    /// The time has come to start something anew that has failed.
    pub(super) fn restart_due(&mut self, task: Option<u32>, token: Generation) {
        let closing = self.operation.as_ref().is_some_and(|operation| operation.closing);
        let due = self.connector.as_mut().is_some_and(|connector| connector.restart_due(task, token));
        if due && !closing {
            self.waiting.push_back(Job::Restart { task });
        }
    }

    /// Takes note of what a connector that runs has asked for; once is enough.
    pub(super) fn wanted(&mut self, job: Job, generation: Generation) {
        let started = self.instance(generation).is_some_and(|instance| instance.phase == Phase::Started);
        let closing = self.operation.as_ref().is_some_and(|operation| operation.closing);
        if started && !closing && !self.waiting.contains(&job) {
            self.waiting.push_back(job);
        }
    }

    pub(super) fn resolved(&mut self, generation: Generation, mark: u64) {
        if self.instance(generation).is_some()
            && let Some(connector) = &mut self.connector
        {
            connector.mark = mark;
        }
    }

    pub(super) fn tasks_stopped(&mut self, token: Generation) {
        let expected = |awaited: &Awaited| matches!(awaited, Awaited::Tasks { token: t, .. } if *t == token);
        if let Some(Awaited::Tasks { tasks, .. }) = self.arrived(expected)
            && let Some(connector) = &mut self.connector
        {
            connector.tasks_ended(&tasks);
        }
    }

    pub(super) fn offsets_changed(
        &mut self,
        token: Generation,
        outcome: Result<String, HerderError>,
        work: &mut Work<'_>,
    ) {
        if self.arrived(|awaited| *awaited == Awaited::Offsets { token }).is_some() {
            self.answer(outcome.map(Reply::Message), work);
        }
    }

    pub(super) fn overdue(&mut self, token: Generation, work: &mut Work<'_>) {
        let awaited = self.operation.as_ref().and_then(|operation| operation.awaited.as_ref());
        let overdue = awaited.and_then(Awaited::abandonable) == Some(token);
        if overdue && self.waiting.iter().any(Job::ends_instance) {
            if let Some(instance) = self.instance(token) {
                instance.overdue = true;
            }
            self.give_up(conflict(), work);
        }
    }
}

fn first_line(trace: &str) -> String {
    trace.lines().next().unwrap_or_default().to_owned()
}
