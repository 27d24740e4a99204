//! The herder of a worker in a cluster.
//!
//! `state` decides, without any I/O; `driver` is the loop around it, with the group and the topics of the cluster.
//! What runs connectors and tasks is that of the standalone herder.

mod driver;
mod guard;
mod leader;
mod levels;
mod membership;
mod reach;
mod rotation;
mod sending;
mod shared;
mod state;
mod writer;

pub(in crate::herder) use driver::Driver;
pub(in crate::herder) use leader::Signatures;
pub use leader::{Leader, SignedRequest, Unsent};
pub use levels::Levels;
pub use shared::Cluster;
pub(in crate::herder) use shared::Group;
