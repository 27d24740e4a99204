//! States of connectors and tasks: the one that a user wants and the one that is.

use serde::{Deserialize, Serialize};

use crate::restart::Restart;

/// What a user wants a connector and its tasks to do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TargetState {
    /// They run.
    #[default]
    Started,
    /// They keep what they hold, but move nothing.
    Paused,
    /// There are no tasks, and the connector holds nothing.
    Stopped,
}

/// What a connector or a task does, in the words of Kafka's REST API.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// It does not run here, or not yet.
    Unassigned,
    /// It runs.
    Running,
    /// It is paused.
    Paused,
    /// It has ended with an error, which the trace tells.
    Failed,
    /// A user has asked for a restart that has not begun.
    Restarting,
    /// It is stopped; connectors only.
    Stopped,
}

/// A state and, for a failure, what happened and whether it is started anew.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// The error and its causes, a line each.
    pub trace: Option<String>,
    /// The restarts that there were by themselves, or are to be.
    pub restart: Option<Restart>,
}

impl Status {
    /// A state that needs no trace.
    pub fn of(state: State) -> Self {
        Self { state, trace: None, restart: None }
    }

    /// FAILED, and why.
    pub fn failed(trace: impl Into<String>) -> Self {
        Self { state: State::Failed, trace: Some(trace.into()), restart: None }
    }

    /// The same with what is told of restarts.
    #[must_use]
    pub(crate) fn with_restart(self, restart: Option<Restart>) -> Self {
        Self { restart, ..self }
    }
}

impl From<TargetState> for State {
    /// The state of a connector that does what a user wants.
    fn from(target: TargetState) -> Self {
        match target {
            TargetState::Started => Self::Running,
            TargetState::Paused => Self::Paused,
            TargetState::Stopped => Self::Stopped,
        }
    }
}
