//! The levels of logs that are set for the whole cluster.

/// The levels of the worker's logs, as far as the cluster sets them.
pub trait Levels: Send + Sync {
    /// Sets the level of a logger and of those below it; a level that is none has no effect, but is told.
    fn set(&self, logger: &str, level: &str);
}
