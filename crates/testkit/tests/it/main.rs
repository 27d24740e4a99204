//! The services the testkit starts do what tests rely on.

mod broker;
mod judge;
