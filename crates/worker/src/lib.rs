//! The worker: the herder that keeps connectors and tasks as users want them, the loops of tasks, and the
//! stores of configuration, offsets and status.

pub mod cluster;
pub mod config;
pub mod herder;
pub mod plugins;
pub mod provider;
pub mod restart;
pub mod status;
pub mod store;
pub mod task;
pub mod validate;

pub use config::Config;
pub use herder::{Herder, HerderError};
