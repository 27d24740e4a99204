//! The endpoints, one function each.

pub(crate) mod cluster;
pub(crate) mod connectors;
pub(crate) mod loggers;
pub(crate) mod offsets;
pub(crate) mod path;
pub(crate) mod plugins;
pub(crate) mod query;
pub(crate) mod root;
pub(crate) mod states;
