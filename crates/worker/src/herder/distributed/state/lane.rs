//! What the leader does for users to one connector: one thing after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use api::config::Properties;

use super::desk::Desk;
use super::event::{Action, Write};
use super::fencing::{After, Fence, Next};
use super::{State, World};
use crate::cluster::config::Configs;
use crate::herder::HerderError;
use crate::herder::call::{OffsetChange, Reply, Request};
use crate::herder::state::{Action as Local, CallId, Generation, closing, conflict};
use crate::herder::view::Class;
use crate::status::TargetState;

/// How many requests may wait for one connector (invariant 6).
const WAITING_MAX: usize = 128;

/// What is being done to a connector, and what waits.
#[derive(Debug, Default)]
pub(super) struct Lane {
    doing: Option<Doing>,
    waiting: VecDeque<(CallId, Request)>,
}

/// Something under way.
#[derive(Debug)]
struct Doing {
    call: CallId,
    token: Generation,
    then: Then,
}

/// What follows what is under way.
#[derive(Debug)]
pub(super) enum Then {
    /// A valid configuration is written, for a new connector that does this at first.
    Create(TargetState),
    /// A valid configuration is written.
    Put,
    /// The request is answered with the connector.
    ReplyInfo { created: bool },
    /// The request is answered.
    ReplyDone,
    /// The request is answered with what is going to restart.
    ReplyRestart { include_tasks: bool, only_failed: bool },
    /// The request is answered with words.
    ReplyWords,
    /// A round of fencing goes on.
    Fence(Fence, After),
}

impl Lane {
    pub(super) fn refuse_all(self, desk: &mut Desk) {
        let calls = self.doing.map(|doing| doing.call).into_iter();
        for call in calls.chain(self.waiting.into_iter().map(|(call, _)| call)) {
            desk.refuse(call, closing());
        }
    }
}

impl State {
    /// Does something to a connector as the leader, when it is its turn.
    pub(super) fn enqueue(&mut self, world: World<'_>, call: CallId, name: Arc<str>, request: Request) {
        let lane = self.lanes.entry(name.clone()).or_default();
        if lane.waiting.len() >= WAITING_MAX {
            return self.desk.refuse(call, conflict());
        }
        lane.waiting.push_back((call, request));
        self.advance(world, &name);
    }

    /// Begins what waits, as far as nothing is under way.
    fn advance(&mut self, world: World<'_>, name: &Arc<str>) {
        while let Some(lane) = self.lanes.get_mut(name).filter(|lane| lane.doing.is_none()) {
            let Some((call, request)) = lane.waiting.pop_front() else {
                self.lanes.remove(name);
                return;
            };
            if !self.group.leads() {
                // The leader has changed while it waited.
                self.request(world, call, name.clone(), request);
                continue;
            }
            match self.begin(name, call, request) {
                Ok(doing) => {
                    if let Some(lane) = self.lanes.get_mut(name) {
                        lane.doing = Some(doing);
                    }
                }
                Err(error) => self.desk.refuse(call, error),
            }
        }
    }

    fn begin(&mut self, name: &Arc<str>, call: CallId, request: Request) -> Result<Doing, HerderError> {
        let configs = self.configs.clone();
        let known = configs.connectors.get(name);
        let missing = || HerderError::NotFound(format!("Connector {name} not found"));
        let unknown = |words: &str| HerderError::NotFound(format!("{words} {name}"));
        let token = self.desk.generation();
        let doing = |then| Doing { call, token, then };
        let write = |write| Action::Write { token, name: name.clone(), write };
        let validate = |config| Action::Local(Local::Validate { name: name.clone(), token, config });
        let (action, then) = match request {
            Request::Create { .. } if known.is_some() => {
                return Err(HerderError::AlreadyExists(format!("Connector {name} already exists")));
            }
            Request::Create { config, target } => (validate(config), Then::Create(target)),
            Request::Put { config } => (validate(config), Then::Put),
            Request::Patch { patch } => {
                let mut config = known.ok_or_else(missing)?.config.as_ref().clone();
                for (key, value) in patch {
                    match value {
                        Some(value) => config.insert(key, Some(value)),
                        None => config.remove(&key),
                    };
                }
                (validate(config), Then::Put)
            }
            Request::Delete => {
                known.ok_or_else(missing)?;
                (write(Write::Remove), Then::ReplyDone)
            }
            Request::PutTasks(tasks) => {
                known.ok_or_else(missing)?;
                if !tasks.is_empty() && configs.target(name) == TargetState::Stopped {
                    return Err(HerderError::BadRequest(format!(
                        "Cannot submit non-empty set of task configs for stopped connector {name}"
                    )));
                }
                (write(Write::Tasks(tasks)), Then::ReplyDone)
            }
            Request::Fence => {
                known.ok_or_else(missing)?;
                if !self.is_source(name) {
                    return Err(Self::not_a_source(name));
                }
                (Action::Read { token }, Then::Fence(Fence::Read, After::Reply))
            }
            Request::Stop => {
                known.ok_or_else(|| unknown("Unknown connector"))?;
                (write(Write::Stop), Then::ReplyDone)
            }
            Request::Restart { include_tasks, only_failed } => {
                known.ok_or_else(|| unknown("Unknown connector:"))?;
                let then = Then::ReplyRestart { include_tasks, only_failed };
                (write(Write::Restart { include_tasks, only_failed }), then)
            }
            Request::ChangeOffsets(change) => {
                let change = self.change_offsets(name, token, change)?;
                match change {
                    // Former tasks may be writing what is to be changed.
                    Action::Local(Local::ChangeOffsets { change, .. })
                        if self.settings.exactly_once && self.is_source(name) =>
                    {
                        (Action::Read { token }, Then::Fence(Fence::Read, After::Change(change)))
                    }
                    action => (action, Then::ReplyWords),
                }
            }
            // Those are no requests for the leader.
            _ => return Err(conflict()),
        };
        self.desk.act(action);
        Ok(doing(then))
    }

    pub(super) fn change_offsets(
        &self,
        name: &Arc<str>,
        token: Generation,
        change: OffsetChange,
    ) -> Result<Action, HerderError> {
        let missing = || HerderError::NotFound(format!("Connector {name} not found"));
        let connector = self.configs.connectors.get(name).ok_or_else(missing)?;
        let (config, tasks) = (super::unit::properties(&connector.config), connector.tasks().len());
        if self.configs.target(name) != TargetState::Stopped || tasks > 0 {
            return Err(HerderError::BadRequest(format!(
                "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for \
                 the specified connector by issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint"
            )));
        }
        Ok(Action::Local(Local::ChangeOffsets { name: name.clone(), token, config, change }))
    }

    /// What is under way for a connector, if it is what this token names.
    fn arrived(&mut self, name: &Arc<str>, token: Generation) -> Option<Doing> {
        self.lanes.get_mut(name)?.doing.take_if(|doing| doing.token == token)
    }

    pub(super) fn validated(
        &mut self,
        world: World<'_>,
        name: &Arc<str>,
        token: Generation,
        outcome: Result<(Properties, Class), HerderError>,
    ) {
        let Some(doing) = self.arrived(name, token) else { return };
        let target = match doing.then {
            Then::Create(target) => Some(target),
            _ => None,
        };
        match outcome {
            Ok((config, _)) => {
                let config = config.into_iter().map(|(key, value)| (key, Some(value))).collect();
                let token = self.desk.generation();
                let then = Then::ReplyInfo { created: !self.configs.connectors.contains_key(name) };
                if let Some(lane) = self.lanes.get_mut(name) {
                    lane.doing = Some(Doing { call: doing.call, token, then });
                }
                let write = Write::Connector { config, target };
                self.desk.act(Action::Write { token, name: name.clone(), write });
            }
            Err(error) => self.desk.refuse(doing.call, error),
        }
        self.advance(world, name);
    }

    pub(super) fn offsets_changed(
        &mut self,
        world: World<'_>,
        name: &Arc<str>,
        token: Generation,
        outcome: Result<String, HerderError>,
    ) {
        let Some(doing) = self.arrived(name, token) else { return };
        self.desk.reply(doing.call, outcome.map(Reply::Message));
        self.advance(world, name);
    }

    /// A write was done and read back, or may not have been done.
    pub(super) fn written(
        &mut self,
        world: World<'_>,
        token: Generation,
        outcome: Result<Arc<Configs>, String>,
    ) {
        if let Ok(configs) = &outcome {
            self.take_configs(configs.clone());
        }
        let error = outcome.err();
        if let Some((name, instance)) = self.publishing.remove(&token) {
            if error.is_some() {
                self.split_later(&name, instance);
            }
            return;
        }
        if let Some(call) = self.target_calls.remove(&token) {
            return self.desk.reply(
                call,
                match error {
                    Some(words) => Err(HerderError::Internal(words)),
                    None => Ok(Reply::Done),
                },
            );
        }
        let named =
            self.lanes.iter().find(|(_, lane)| lane.doing.as_ref().is_some_and(|doing| doing.token == token));
        let Some(name) = named.map(|(name, _)| name.clone()) else { return };
        let Some(doing) = self.arrived(&name, token) else { return };
        let outcome = match (error, doing.then) {
            (Some(words), _) => Err(HerderError::Internal(words)),
            (None, Then::Fence(fence, after)) => match self.go_on_fencing(&name, fence, after) {
                Ok(Next::Wait(token, then)) => {
                    if let Some(lane) = self.lanes.get_mut(&name) {
                        lane.doing = Some(Doing { call: doing.call, token, then });
                    }
                    return;
                }
                Ok(Next::Done) => Ok(Reply::Done),
                Err(error) => Err(error),
            },
            (None, then) => self.reply_of(world, &name, then),
        };
        self.desk.reply(doing.call, outcome);
        self.advance(world, &name);
    }

    fn reply_of(&self, world: World<'_>, name: &Arc<str>, then: Then) -> Result<Reply, HerderError> {
        let gone = || HerderError::NotFound(format!("Connector {name} not found"));
        match then {
            Then::ReplyInfo { created } => {
                let view = self.view(name, world.statuses).ok_or_else(gone)?;
                Ok(Reply::Put(created, view.info(name)))
            }
            Then::ReplyRestart { include_tasks, only_failed } => {
                let view = self.view(name, world.statuses).ok_or_else(gone)?;
                let mut state = view.state_info(name, &self.settings.worker_id).into_kafkas_shape();
                state.mark_restarting(include_tasks, only_failed);
                Ok(Reply::State(state))
            }
            _ => Ok(Reply::Done),
        }
    }
}
