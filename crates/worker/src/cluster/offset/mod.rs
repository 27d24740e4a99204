//! The topic of the offsets of sources.

mod index;
mod store;

pub use store::TopicStore;

#[cfg(test)]
mod tests;
