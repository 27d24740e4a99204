//! The connectors, one folder per system.

mod file;
mod jdbc;

/// Adds every connector to the plugins of a worker.
pub fn register(registry: &mut api::Registry) {
    file::register(registry);
    jdbc::register(registry);
}
