//! The topic of configurations: its records, and the state that they come to.

mod record;
mod state;
mod store;

pub use record::{Record, Unreadable};
pub use state::{Change, Configs, Connector};
pub use store::{ConfigStore, Listener};

#[cfg(test)]
mod tests;
