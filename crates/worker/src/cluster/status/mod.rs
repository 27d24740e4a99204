//! The topic of statuses: its records, and what they come to.

mod record;
mod state;
mod store;

pub use record::{Key, Report, TopicUse, Value};
pub use state::Statuses;
pub use store::{Listener, StatusStore};

#[cfg(test)]
mod tests;
