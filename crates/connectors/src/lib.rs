//! The connectors, one folder per system.

mod file;
#[allow(dead_code, unused_imports, reason = "registered once it works end to end")]
mod jdbc;

/// Adds every connector to the plugins of a worker.
pub fn register(registry: &mut api::Registry) {
    file::register(registry);
}
