//! The services the testkit starts do what tests rely on.

#![expect(clippy::unwrap_used, reason = "the whole binary is tests")]

mod broker;
mod child;
mod database;
mod judge;
mod proxy;
mod worker;
