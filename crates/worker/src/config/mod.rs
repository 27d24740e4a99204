//! Configuration of the worker and files of connectors.

use api::config::Properties;

/// The configuration of a worker in standalone mode.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything that the worker properties say, for clients, converters and extensions.
    pub originals: Properties,
    /// `bootstrap.servers`.
    pub bootstrap_servers: Vec<String>,
    /// `task.shutdown.graceful.timeout.ms`: the time that all tasks together have to end.
    pub task_shutdown_graceful_timeout_ms: u64,
    /// `offset.flush.interval.ms`: the time between commits of offsets.
    pub offset_flush_interval_ms: u64,
    /// `offset.flush.timeout.ms`: the time that a commit of offsets may take.
    pub offset_flush_timeout_ms: u64,
    /// `topic.creation.enable`: whether source tasks create missing topics.
    pub topic_creation_enable: bool,
    /// `topic.tracking.enable`: whether the topics that connectors use are tracked.
    pub topic_tracking_enable: bool,
    /// `topic.tracking.allow.reset`: whether users may reset the tracked topics.
    pub topic_tracking_allow_reset: bool,
}
