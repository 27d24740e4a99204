//! Operations: what a request comes to, as steps that are done one after the other.

use std::collections::VecDeque;

use api::config::Properties;

use super::event::{CallId, Generation};
use crate::herder::HerderError;
use crate::herder::call::{OffsetChange, Request};
use crate::herder::entities::RawConfig;
use crate::status::{State, TargetState};

/// What is waiting to be done to a connector.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Job {
    /// A user wants it.
    Call { call: CallId, request: Request },
    /// The connector wants to be split anew.
    Reconfigure,
    /// A value has changed that came from a provider.
    Reload,
    /// A task that has failed, or the connector, is to be started anew.
    Restart { task: Option<u32> },
}

impl Job {
    /// Whether the job ends the running instance of the connector: such a job does not wait for a hanging one.
    pub(super) fn ends_instance(&self) -> bool {
        let Self::Call { request, .. } = self else { return false };
        matches!(
            request,
            Request::Put { .. }
                | Request::Patch { .. }
                | Request::Delete
                | Request::RestartConnector
                | Request::Restart { .. }
                | Request::SetTarget(TargetState::Paused)
                | Request::Stop
        )
    }
}

/// A part of an operation. Those that wait for an event are marked so.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Has a configuration validated, and goes on with what it is for. Waits.
    Validate { config: RawConfig, purpose: Purpose },
    /// Asks the instance to end, without waiting for it.
    BeginStop,
    /// Ends the instance. Waits.
    StopConnector,
    /// Starts the connector if it is to run. Waits.
    StartConnector,
    /// Asks the connector for its tasks and goes on with what has changed. Waits.
    Split,
    /// Ends these tasks. Waits.
    StopTasks(Vec<u32>),
    /// Takes over configurations of tasks and starts the new ones: those named are not as wanted and have ended.
    ReplaceTasks { configs: Vec<Properties>, changed: Vec<u32> },
    /// Starts these tasks.
    StartTasks(Vec<u32>),
    /// Tells the tasks whether to run or to be paused.
    AlignTasks,
    /// Forgets all tasks.
    RemoveTasks,
    /// Shows a state of the connector.
    Show(State),
    /// Shows a state of the connector unless it has failed.
    ShowUnlessFailed(State),
    /// Changes committed offsets. Waits.
    ChangeOffsets(OffsetChange),
    /// Forgets the connector.
    Remove,
    /// Answers with the connector as it is now.
    ReplyInfo { created: bool },
    /// Answers that it is done.
    ReplyDone,
}

/// What a validated configuration is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// For a new connector, which does this at first.
    Create(TargetState),
    /// For a connector that may be there already.
    Put,
    /// For a connector that is there.
    Patch,
}

/// An operation under way.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// Who waits for the answer.
    pub(super) call: Option<CallId>,
    /// What is still to be done behind the step under way.
    pub(super) steps: VecDeque<Step>,
    /// The step that an event is awaited for.
    pub(super) awaited: Option<Awaited>,
    /// Whether it ends a lane of a worker that shuts down.
    pub(super) closing: bool,
}

/// An event that a step waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Awaited {
    Validation { token: Generation, purpose: Purpose },
    Start { instance: Generation },
    Split { instance: Generation },
    Stop { instance: Generation },
    Tasks { token: Generation, tasks: Vec<u32> },
    Offsets { token: Generation },
}

impl Awaited {
    /// Names the step for [`super::Action::Watch`] if it is one that others need not wait for: it runs code of a
    /// plugin for as long as that takes.
    pub(super) fn abandonable(&self) -> Option<Generation> {
        match *self {
            Self::Validation { token, .. } => Some(token),
            Self::Start { instance } | Self::Split { instance } => Some(instance),
            Self::Stop { .. } | Self::Tasks { .. } | Self::Offsets { .. } => None,
        }
    }
}

impl Operation {
    pub(super) fn new(call: Option<CallId>, steps: impl IntoIterator<Item = Step>) -> Self {
        Self { call, steps: steps.into_iter().collect(), awaited: None, closing: false }
    }

    /// Puts steps in front of those that are still to be done.
    pub(super) fn prepend(&mut self, steps: impl IntoIterator<Item = Step, IntoIter: DoubleEndedIterator>) {
        for step in steps.into_iter().rev() {
            self.steps.push_front(step);
        }
    }
}

/// Kafka's words for a request that another one has overtaken.
pub(in crate::herder) fn conflict() -> HerderError {
    let words = "Cannot complete request because of a conflicting operation (e.g. worker rebalance)";
    HerderError::Conflict(words.to_owned())
}

/// The answer to whoever asks a worker that shuts down.
pub(in crate::herder) fn closing() -> HerderError {
    HerderError::Internal("The worker is shutting down".to_owned())
}
