//! What the state of the herder is told, and what it wants done.

use std::sync::Arc;

use api::config::Properties;

use super::super::HerderError;
use super::super::call::{OffsetChange, Outcome, Request};
use super::super::entities::RawConfig;
use super::super::view::Class;
use crate::status::TargetState;
use crate::task::{TaskEvent, TaskId};

/// Names a request, so that its answer finds it.
pub(in crate::herder) type CallId = u64;
/// Names one start of a connector, one start of a task, or one step of an operation: what is told of an
/// earlier one is ignored.
pub(in crate::herder) type Generation = u64;

/// What went wrong in a plugin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::herder) struct Failure {
    /// The error and its causes in one line, for the client.
    pub(in crate::herder) message: String,
    /// The error and its causes, a line each, for the status.
    pub(in crate::herder) trace: String,
    /// Whether the same call may succeed later.
    pub(in crate::herder) transient: bool,
}

impl Failure {
    /// A failure without causes, for which it is of no use to try again.
    pub(in crate::herder) fn of(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { trace: message.clone(), message, transient: false }
    }
}

/// What happened. The name is that of the connector.
#[derive(Clone, Debug)]
pub(in crate::herder) enum Event {
    /// A user wants something.
    Called { call: CallId, name: Arc<str>, request: Request },
    /// A configuration was validated: here it is, with its class.
    Validated { name: Arc<str>, token: Generation, outcome: Result<(Properties, Class), HerderError> },
    /// The configuration that a connector starts with, with values in place of variables, has this mark.
    ConnectorResolved { name: Arc<str>, instance: Generation, mark: u64 },
    /// A connector has started or failed to.
    ConnectorStarted { name: Arc<str>, instance: Generation, outcome: Result<(), Failure> },
    /// A connector has answered the configurations of its tasks.
    ConnectorSplit { name: Arc<str>, instance: Generation, outcome: Result<Vec<Properties>, Failure> },
    /// A connector has stopped, or was given up.
    ConnectorStopped { name: Arc<str>, instance: Generation },
    /// A connector tells by itself that it cannot go on.
    ConnectorFailed { name: Arc<str>, instance: Generation, failure: Failure },
    /// A connector wants to be split anew, or it is time to try again.
    ReconfigurationRequested { name: Arc<str>, instance: Generation },
    /// A value has changed that came from a provider.
    ReloadRequested { name: Arc<str>, instance: Generation },
    /// The tasks of a step have ended or were given up.
    TasksStopped { name: Arc<str>, token: Generation },
    /// A task tells how it is.
    TaskReported { id: TaskId, generation: Generation, event: TaskEvent },
    /// Committed offsets were changed: words for the user.
    OffsetsChanged { name: Arc<str>, token: Generation, outcome: Result<String, HerderError> },
    /// The time has come to start something anew that has failed: a task, or the connector.
    RestartDue { name: Arc<str>, task: Option<u32>, token: Generation },
    /// A step that others wait for has had its time.
    Overdue { name: Arc<str>, token: Generation },
}

/// What is to be done. Whatever runs code of a plugin or waits is answered by an event.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::herder) enum Action {
    /// Answers a request.
    Reply { call: CallId, outcome: Outcome },
    /// Validates a configuration; answered by `Validated`.
    Validate { name: Arc<str>, token: Generation, config: RawConfig },
    /// Starts a connector; answered by `ConnectorStarted`.
    StartConnector { name: Arc<str>, instance: Generation, config: Arc<Properties> },
    /// Asks a started connector for its tasks; answered by `ConnectorSplit`.
    SplitConnector { name: Arc<str>, instance: Generation, tasks_max: usize },
    /// Answers with `ReconfigurationRequested` after some time.
    SplitLater { name: Arc<str>, instance: Generation, delay_ms: u64 },
    /// Answers with `RestartDue` after some time.
    RestartLater { name: Arc<str>, task: Option<u32>, token: Generation, delay_ms: u64 },
    /// Ends a connector, at once if it is not to be waited for; answered by `ConnectorStopped` in any case.
    StopConnector { name: Arc<str>, instance: Generation, patient: bool },
    /// Starts a task, which reports from then on.
    StartTask(StartTask),
    /// Pauses or resumes a task.
    SetTaskTarget { id: TaskId, generation: Generation, target: TargetState },
    /// Ends tasks; answered by `TasksStopped` in any case.
    StopTasks { name: Arc<str>, token: Generation, tasks: Vec<(TaskId, Generation)> },
    /// Changes committed offsets; answered by `OffsetsChanged`.
    ChangeOffsets { name: Arc<str>, token: Generation, config: Arc<Properties>, change: OffsetChange },
    /// Answers with `Overdue` once a step has had the time that others have to wait for it.
    Watch { name: Arc<str>, token: Generation },
    /// Ends the loop: nothing runs any more.
    Exit,
}

/// A task to be started.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::herder) struct StartTask {
    /// Its name.
    pub(in crate::herder) id: TaskId,
    /// This start of it.
    pub(in crate::herder) generation: Generation,
    /// The configuration of the connector.
    pub(in crate::herder) connector: Arc<Properties>,
    /// The configuration of the task.
    pub(in crate::herder) task: Arc<Properties>,
    /// The generation of the connector's tasks, of a source that writes exactly once.
    pub(in crate::herder) set: u64,
    /// Whether it starts running or paused.
    pub(in crate::herder) target: TargetState,
}
