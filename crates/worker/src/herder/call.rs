//! The requests of users that change something, and the answers to them.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::HerderError;
use super::entities::{ConnectorInfo, ConnectorOffset, ConnectorStateInfo, RawConfig};
use crate::status::TargetState;

/// What a user wants done to a connector.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Request {
    /// Answers once the herder has seen it.
    Ping,
    /// Ends everything, and answers then.
    Shutdown,
    /// Makes a connector that is not there yet.
    Create {
        /// Its configuration.
        config: RawConfig,
        /// What it does at first.
        target: TargetState,
    },
    /// Makes a connector or gives it another configuration.
    Put {
        /// Its configuration.
        config: RawConfig,
    },
    /// Changes some keys of a configuration; null removes a key.
    Patch {
        /// The keys.
        patch: RawConfig,
    },
    /// Takes the tasks of a connector that runs on another worker of the cluster.
    PutTasks(Vec<RawConfig>),
    /// Ends what former tasks of a source connector still do, for a worker that is about to start new ones.
    Fence,
    /// Sets the level of a logger, which stands in the place of the connector, on all workers of the cluster.
    SetLevel(Box<str>),
    /// Removes a connector.
    Delete,
    /// Starts the connector anew, without its tasks.
    RestartConnector,
    /// Starts the connector and its tasks anew, or those of them that failed.
    Restart {
        /// The tasks too.
        include_tasks: bool,
        /// Only what failed.
        only_failed: bool,
    },
    /// Starts a task anew.
    RestartTask(u32),
    /// Pauses or resumes a connector and its tasks.
    SetTarget(TargetState),
    /// Ends a connector and its tasks, but keeps the configuration.
    Stop,
    /// Sets or forgets committed offsets.
    ChangeOffsets(OffsetChange),
    /// Forgets the topics that a connector has used.
    ResetTopics,
}

impl Request {
    /// What the worker does about it, in words.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Ping => "answering a health check",
            Self::Shutdown => "shutting down",
            Self::Create { .. } => "creating the connector",
            Self::Put { .. } | Self::Patch { .. } => "changing the configuration of the connector",
            Self::PutTasks(_) => "writing the tasks of the connector",
            Self::Fence => "fencing out former tasks of the connector",
            Self::SetLevel(_) => "setting the level of the logger",
            Self::Delete => "deleting the connector",
            Self::RestartConnector | Self::Restart { .. } => "restarting the connector",
            Self::RestartTask(_) => "restarting the task",
            Self::SetTarget(_) => "pausing or resuming the connector",
            Self::Stop => "stopping the connector",
            Self::ChangeOffsets(_) => "changing the offsets of the connector",
            Self::ResetTopics => "resetting the topics of the connector",
        }
    }
}

/// What a user wants done to the committed offsets of a connector.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OffsetChange {
    /// Sets these.
    Alter(Vec<ConnectorOffset>),
    /// Forgets all.
    Reset,
}

/// What a request was answered with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    /// It is done.
    Done,
    /// The connector as it is now, and whether it was not there before.
    Put(bool, ConnectorInfo),
    /// The connector and its tasks, with what is about to restart.
    State(ConnectorStateInfo),
    /// Words for the user.
    Message(String),
}

/// The outcome of a request.
pub(super) type Outcome = Result<Reply, HerderError>;

/// A request on its way to the herder's loop.
#[derive(Debug)]
pub(super) struct Call {
    /// The connector.
    pub(super) name: Arc<str>,
    /// What is to be done.
    pub(super) request: Request,
    /// Where the answer goes.
    pub(super) reply: oneshot::Sender<Outcome>,
}
