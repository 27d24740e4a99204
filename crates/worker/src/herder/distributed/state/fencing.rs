//! Rounds of fencing: before new tasks of a source write exactly once, those before them are kept from writing.

use std::sync::Arc;

use super::State;
use super::event::{Action, Write};
use super::lane::Then;
use crate::herder::HerderError;
use crate::herder::call::OffsetChange;
use crate::herder::entities::ConnectorType;
use crate::herder::state::Generation;

/// What a round of fencing is for.
#[derive(Debug)]
pub(super) enum After {
    /// The request is answered.
    Reply,
    /// Offsets are changed, which nobody writes any more.
    Change(OffsetChange),
}

impl State {
    /// Whether a connector is a source, as far as its class is known here.
    pub(super) fn is_source(&self, name: &str) -> bool {
        let connector = self.configs.connectors.get(name);
        let class = connector.and_then(|connector| connector.config.get("connector.class")?.as_deref());
        let class = class.and_then(|class| (self.settings.describe)(class.trim()));
        class.is_some_and(|class| class.kind == ConnectorType::Source)
    }

    pub(super) fn not_a_source(name: &Arc<str>) -> HerderError {
        HerderError::BadRequest(format!("Connector {name} is not a source connector"))
    }

    /// The topic of configurations was read to its end: what is to be done next; none if nothing is.
    pub(super) fn fence(&self, name: &Arc<str>, token: Generation) -> Option<(Action, Fence)> {
        if !self.configs.unfenced(name) {
            return None;
        }
        let connector = self.configs.connectors.get(name)?;
        let (tasks, generation) = (connector.tasks().len(), self.configs.generation(name));
        // A single task takes the place of a single one by itself.
        let former = self.configs.fenced(name).filter(|former| *former > 0 && (*former, tasks) != (1, 1));
        Some(match former {
            Some(former) => {
                let config = super::unit::properties(&connector.config);
                (
                    Action::FenceOff { token, name: name.clone(), tasks: former, config },
                    Fence::Off { generation },
                )
            }
            None => (self.fenced_off(name, token), Fence::Recorded),
        })
    }

    /// Nobody writes any more for tasks before the present ones: that is to be written down, so that they are fenced
    /// off themselves when there are others.
    pub(super) fn fenced_off(&self, name: &Arc<str>, token: Generation) -> Action {
        let tasks = self.configs.connectors.get(name).map_or(0, |connector| connector.tasks().len());
        let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        Action::Write { token, name: name.clone(), write: Write::Fencing(tasks) }
    }

    /// Goes on with a round of fencing; answers what follows, or that it is over.
    pub(super) fn go_on_fencing(
        &mut self,
        name: &Arc<str>,
        fence: Fence,
        after: After,
    ) -> Result<Next, HerderError> {
        if !self.configs.connectors.contains_key(name) {
            return Err(HerderError::NotFound(format!("Connector {name} not found")));
        }
        let token = self.desk.generation();
        let next = match fence {
            Fence::Read => self.fence(name, token),
            Fence::Off { generation } if generation == self.configs.generation(name) => {
                Some((self.fenced_off(name, token), Fence::Recorded))
            }
            Fence::Off { .. } => {
                let words =
                    "Failed to complete zombie fencing because a new set of task configs was generated";
                return Err(HerderError::Conflict(words.to_owned()));
            }
            Fence::Recorded => None,
        };
        Ok(match (next, after) {
            (Some((action, fence)), after) => {
                self.desk.act(action);
                Next::Wait(token, Then::Fence(fence, after))
            }
            (None, After::Reply) => Next::Done,
            (None, After::Change(change)) => {
                let action = self.change_offsets(name, token, change)?;
                self.desk.act(action);
                Next::Wait(token, Then::ReplyWords)
            }
        })
    }
}

/// How far a round of fencing has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fence {
    /// The topic of configurations is read to its end.
    Read,
    /// Producers are fenced off, for tasks of this generation.
    Off { generation: u64 },
    /// It is written down.
    Recorded,
}

/// What follows a step of a round.
pub(super) enum Next {
    /// What this names is waited for.
    Wait(Generation, Then),
    /// The request is answered.
    Done,
}

#[cfg(test)]
mod tests;
