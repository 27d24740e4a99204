//! The herder: it takes what users want, starts and stops connectors and tasks, and tells how they are.
//!
//! [`Herder`] is the handle. `state` decides, without any I/O; `driver` is the loop that carries out what it
//! decides; everything a plugin supplies runs outside that loop (invariant 5).

mod about;
mod call;
mod cluster;
mod configure;
mod distributed;
mod driver;
mod entities;
mod error;
mod handle;
mod hidden;
mod instance;
mod offsets;
mod overview;
mod reload;
mod runner;
mod state;
mod view;

pub use about::{About, Identity};
pub use distributed::{Cluster, Leader, Levels, SignedRequest, Unsent};
pub use entities::{
    ConnectorInfo, ConnectorOffset, ConnectorOffsets, ConnectorState, ConnectorStateInfo, ConnectorTaskId,
    ConnectorType, Health, InitialState, KAFKA_VERSION, RawConfig, ServerInfo, TaskInfo, TaskState,
    UnknownInitialState,
};
pub use error::HerderError;
pub use handle::Herder;
pub use overview::{
    ClusterInfo, DelayInfo, GroupState, LeaderInfo, PlacedConnector, PlacedTask, UnassignedInfo, WorkerInfo,
    WorkerKind,
};
