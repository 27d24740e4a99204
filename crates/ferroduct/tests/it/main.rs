//! Tests of the whole program against real servers.

mod bad_input;
mod delivery;
mod distributed;
mod docs;
mod edges;
mod environment;
mod errors;
mod jdbc;
mod pipeline;
mod providers;
mod rest_cases;
mod restarts;
mod settings;
mod streams;
mod takeover;
