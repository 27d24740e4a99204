//! One worker of a group, told by hand what happens.

use std::sync::Arc;

use super::cluster;
use crate::cluster::Share;
use crate::cluster::config::{Configs, Record};
use crate::cluster::protocol::{Assignment, Protocol};
use crate::cluster::status::Statuses;
use crate::herder::distributed::state::{Action, Event, State, World};

/// A worker that has read something of the topics.
pub(in super::super) struct Told {
    pub(in super::super) state: State,
    pub(in super::super) configs: Configs,
    pub(in super::super) statuses: Statuses,
}

impl Told {
    /// A worker in a group that `leader` leads, which has given it this; it is `me` itself.
    pub(in super::super) fn with(records: &[Record], leader: &str, assigned: Share) -> (Self, Vec<Action>) {
        Self::with_protocol(Protocol::Sessioned, records, leader, assigned)
    }

    /// The same in a group that has agreed on this protocol.
    pub(in super::super) fn with_protocol(
        protocol: Protocol,
        records: &[Record],
        leader: &str,
        assigned: Share,
    ) -> (Self, Vec<Action>) {
        let mut configs = Configs::default();
        cluster::read_records(&mut configs, records);
        let state = cluster::state(0, Arc::new(configs.clone()));
        let mut told = Self { state, configs, statuses: Statuses::default() };
        let assignment = Assignment {
            error: 0,
            leader: leader.into(),
            leader_url: "http://w1:8083/".into(),
            config_offset: told.configs.offset,
            assigned,
            revoked: Share::default(),
            delay_ms: 0,
        };
        let actions = told.step(Event::Assigned { me: "me".into(), generation: 1, protocol, assignment });
        (told, actions)
    }

    pub(in super::super) fn step(&mut self, event: Event) -> Vec<Action> {
        self.state.step(World { now_ms: 1, wall_ms: 1, statuses: &self.statuses }, event)
    }

    /// Reads on in the topic of configurations.
    pub(in super::super) fn read(&mut self, records: &[Record]) -> Vec<Action> {
        let changes = cluster::read_records(&mut self.configs, records);
        self.step(Event::Configs { configs: Arc::new(self.configs.clone()), changes })
    }
}
