//! Tests of the whole program against real servers.

mod edges;
