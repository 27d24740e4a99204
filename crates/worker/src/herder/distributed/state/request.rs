//! What users want: who does it, and what anybody may do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event::{Action, Write};
use super::unit::properties;
use super::{State, World};
use crate::cluster::status::{Report, Statuses};
use crate::herder::HerderError;
use crate::herder::call::Request;
use crate::herder::entities::ConnectorType;
use crate::herder::state::{CallId, conflict};
use crate::herder::view::{Class, ConnectorView, TaskView, Worker};
use crate::status::{State as Shown, Status, TargetState};
use crate::task::TaskId;

/// How many requests may wait until a leader is known (invariant 6).
const WAITING_MAX: usize = 1024;

impl State {
    pub(super) fn request(&mut self, world: World<'_>, call: CallId, name: Arc<str>, request: Request) {
        if self.closing.is_some() && !matches!(request, Request::Ping | Request::Shutdown) {
            return self.desk.refuse(call, super::super::super::state::closing());
        }
        match request {
            Request::Ping => self.desk.done(call),
            Request::Shutdown => self.shut_down(call),
            Request::SetTarget(target) => self.set_target(call, name, target),
            Request::ResetTopics => self.reset_topics(world, call, &name),
            Request::SetLevel(level) => self.write_for(call, name, Write::Level(level)),
            request => self.at_leader_or_owner(world, call, name, request),
        }
    }

    /// Anybody may write what a connector is to do.
    fn set_target(&mut self, call: CallId, name: Arc<str>, target: TargetState) {
        if !self.configs.connectors.contains_key(&name) {
            return self.desk.refuse(call, HerderError::NotFound(format!("Unknown connector {name}")));
        }
        self.write_for(call, name, Write::Target(target));
    }

    /// Writes what any worker may write, and answers once that is done.
    fn write_for(&mut self, call: CallId, name: Arc<str>, write: Write) {
        let token = self.desk.generation();
        self.target_calls.insert(token, call);
        self.desk.act(Action::Write { token, name, write });
    }

    fn reset_topics(&mut self, world: World<'_>, call: CallId, name: &Arc<str>) {
        self.forget_topics(world, name);
        self.desk.done(call);
    }

    fn at_leader_or_owner(&mut self, world: World<'_>, call: CallId, name: Arc<str>, request: Request) {
        let Some(leader) = self.group.leader_url().cloned() else {
            if self.settings.rejects_conflicts || self.waiting.len() >= WAITING_MAX {
                return self.desk.refuse(call, self.group.conflict());
            }
            return self.waiting.push_back((call, name, request));
        };
        match request {
            Request::RestartConnector => self.restart_here(call, &name, None, leader),
            Request::RestartTask(task) => self.restart_here(call, &name, Some(task), leader),
            request if self.group.leads() => self.enqueue(world, call, name, request),
            _ => self.desk.refuse(call, HerderError::Elsewhere(leader)),
        }
    }

    /// The owner starts a connector, or one of its tasks, anew; the leader knows who that is.
    fn restart_here(&mut self, call: CallId, name: &Arc<str>, task: Option<u32>, leader: Arc<str>) {
        let Some(connector) = self.configs.connectors.get(name) else {
            return self.desk.refuse(call, HerderError::NotFound(format!("Unknown connector: {name}")));
        };
        if let Some(task) = task
            && !connector.tasks().any(|(known, _)| known == task)
        {
            return self.desk.refuse(call, HerderError::NotFound(format!("Unknown task: {name}-{task}")));
        }
        let mine = match task {
            Some(task) => self.group.mine.tasks.contains(&TaskId { connector: name.clone(), task }),
            None => self.group.mine.connectors.contains(name),
        };
        if !mine {
            let owner = if self.group.leads() { self.group.owner(name, task).cloned() } else { Some(leader) };
            return self.desk.refuse(call, owner.map_or_else(conflict, HerderError::Elsewhere));
        }
        if let Some(unit) = self.units.get_mut(name) {
            match task {
                Some(task) => unit.restart_tasks(name, &BTreeSet::from([task]), &mut self.desk),
                None => unit.restart_connector(name, &mut self.desk),
            }
        }
        self.dirty.insert(name.clone());
        self.desk.done(call);
    }

    /// What readers see of a connector.
    pub(in crate::herder) fn view(&self, name: &Arc<str>, statuses: &Statuses) -> Option<ConnectorView> {
        let connector = self.configs.connectors.get(name)?;
        let config = properties(&connector.config);
        let class = config.get("connector.class").and_then(|class| (self.settings.describe)(class.trim()));
        let class = class.unwrap_or(Class { kind: ConnectorType::Unknown, version: "".into() });
        let mut tasks: BTreeMap<u32, TaskView> = BTreeMap::new();
        for (task, config) in connector.tasks() {
            let report = statuses.task(&TaskId { connector: name.clone(), task });
            let (status, worker) = shown(report);
            tasks.insert(task, TaskView { config: properties(config), status, worker });
        }
        let (status, worker) = shown(statuses.connector(name));
        let topics = statuses.topics(name).map(|used| (&*used.name).into()).collect();
        Some(ConnectorView {
            config,
            class,
            target: self.configs.target(name),
            status,
            worker,
            tasks,
            topics,
        })
    }
}

fn shown(report: Option<&Report>) -> (Status, Worker) {
    match report {
        Some(report) => {
            let status =
                Status { state: report.state, trace: report.trace.clone(), restart: report.restart.clone() };
            (status, Worker::At((&*report.worker_id).into()))
        }
        None => (Status::of(Shown::Unassigned), Worker::Nowhere),
    }
}

#[cfg(test)]
mod tests;
