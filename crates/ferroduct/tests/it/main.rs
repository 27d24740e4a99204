//! Tests of the whole program against real servers.

mod delivery;
mod edges;
mod pipeline;
mod rest_cases;
mod takeover;
