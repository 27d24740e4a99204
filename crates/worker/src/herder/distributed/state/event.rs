//! What the state of a cluster's herder is told, and what it wants done.

use std::sync::Arc;

use api::config::Properties;

use super::super::super::state::{Action as Local, CallId, Event as News, Generation};
use crate::cluster::config::{Change, Configs};
use crate::cluster::protocol::{Assignment, Metadata, Protocol};
use crate::cluster::status::{Key, Value};
use crate::herder::RawConfig;
use crate::herder::call::Outcome;
use crate::status::TargetState;

/// What happened.
#[derive(Clone, Debug)]
pub(in crate::herder) enum Event {
    /// A user wants something, or something that runs here tells of itself.
    News(News),
    /// The topic of configurations was read on.
    Configs { configs: Arc<Configs>, changes: Vec<Change> },
    /// The topic of configurations has been read to its end, or could not be.
    Refreshed { configs: Option<Arc<Configs>> },
    /// The same, for what the topics do not agree on.
    Verified { configs: Option<Arc<Configs>> },
    /// These keys of the topic of statuses have changed.
    Statuses(Vec<Key>),
    /// The group wants to know what this worker joins with; answered by `Action::Join`.
    Prepare,
    /// This worker leads, and the group waits for `Action::Assign`.
    Elected { me: Arc<str>, generation: i32, protocol: Protocol, members: Vec<(Arc<str>, Metadata)> },
    /// A generation of the group has begun.
    Assigned { me: Arc<str>, generation: i32, protocol: Protocol, assignment: Assignment },
    /// The group has gone on without this worker.
    Lost,
    /// A write was done, and read back into these configurations, or may not have been done.
    Written { token: Generation, outcome: Result<Arc<Configs>, String> },
    /// The time has come that was asked for.
    Tick,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::herder) enum Action {
    /// Something is to be run here, or a request is answered.
    Local(Local),
    /// Joins the group with this.
    Join(Metadata),
    /// Tells the members of the group what to do.
    Assign { protocol: Protocol, assignments: Vec<(Arc<str>, Assignment)> },
    /// Has the group share out again.
    Rejoin(&'static str),
    /// Leaves the group in good order.
    Leave,
    /// Has the group ask often whether another round has begun, which is about to.
    WatchOut,
    /// Gives up offsets of sources that are being committed.
    Abandon,
    /// Reads the topic of configurations to its end; answered by `Event::Refreshed`.
    Refresh,
    /// The same, answered by `Event::Verified`.
    Verify,
    /// Writes to the topic of configurations; answered by `Event::Written`.
    Write { token: Generation, name: Arc<str>, write: Write },
    /// Reads the topic of configurations to its end; answered by `Event::Written`.
    Read { token: Generation },
    /// Fences off the producers of so many former tasks of a source, of which the configuration is this; answered by
    /// `Event::Written`.
    FenceOff { token: Generation, name: Arc<str>, tasks: u32, config: Arc<Properties> },
    /// Deletes what the topic of configurations has of the tasks of connectors that are gone.
    RemoveStrangers,
    /// Has the leader write the tasks of a connector; answered by `Event::Written`.
    Send { token: Generation, name: Arc<str>, leader: Arc<str>, tasks: Vec<RawConfig> },
    /// Writes statuses; `safe`: unless another worker knows better.
    Tell { safe: bool, values: Vec<(Key, Option<Value>)> },
    /// Tells of a worker that is not in the group and runs what runs here.
    TellStranger(Box<str>),
    /// Sets what is logged.
    SetLevel { namespace: Arc<str>, level: Box<str> },
}

/// A change of the topic of configurations.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::herder) enum Write {
    /// The configuration of a connector, and what it does at first.
    Connector { config: RawConfig, target: Option<TargetState> },
    /// No connector any more.
    Remove,
    /// The tasks of a connector.
    Tasks(Vec<RawConfig>),
    /// Former tasks of a connector were fenced off, and it has so many now.
    Fencing(u32),
    /// What a connector is to do.
    Target(TargetState),
    /// No tasks, and nothing to do.
    Stop,
    /// The level of the logger that stands in the place of the connector.
    Level(Box<str>),
    /// A restart of what is affected.
    Restart { include_tasks: bool, only_failed: bool },
}

impl Action {
    /// An answer to a request.
    pub(super) fn reply(call: CallId, outcome: Outcome) -> Self {
        Self::Local(Local::Reply { call, outcome })
    }
}
