//! From requests to operations: what is refused, and the steps of what is not.

use std::sync::Arc;

use super::connector::Connector;
use super::event::{Action, CallId, Failure};
use super::operation::{Operation, Purpose, Step};
use crate::herder::HerderError;
use crate::herder::call::{OffsetChange, Reply, Request};
use crate::herder::entities::{ConnectorStateInfo, RawConfig};
use crate::restart::Restarts;
use crate::status::{State, Status, TargetState};

/// Kafka's words for what only workers of a cluster ask of each other.
const NO_CLUSTER: &str =
    "Kafka Connect in standalone mode does not support externally setting task configurations.";

/// What a request comes to: steps, or an answer at once.
pub(super) type Plan = Result<Operation, HerderError>;

/// The operation for a request to a connector that may not be there. May answer the request already.
pub(super) fn plan(
    connector: Option<&mut Connector>,
    name: &Arc<str>,
    worker_id: &str,
    call: CallId,
    request: Request,
    actions: &mut Vec<Action>,
) -> Plan {
    let absent = |words: &str| HerderError::NotFound(format!("{words} {name}"));
    let missing = || HerderError::NotFound(format!("Connector {name} not found"));
    match (request, connector) {
        (Request::Create { config, target }, _) => Ok(validate(call, config, Purpose::Create(target))),
        (Request::Put { config }, _) => Ok(validate(call, config, Purpose::Put)),
        (Request::Patch { patch }, Some(connector)) => {
            Ok(validate(call, patched(connector, patch), Purpose::Patch))
        }
        (Request::Delete, Some(connector)) => Ok(Operation::new(Some(call), delete(connector))),
        (Request::RestartConnector, Some(connector)) => {
            connector.restarts = Restarts::default();
            Ok(Operation::new(Some(call), restart_connector()))
        }
        (Request::Restart { include_tasks, only_failed }, Some(connector)) => {
            Ok(restart(connector, worker_id, include_tasks, only_failed, call, actions))
        }
        (Request::RestartTask(task), Some(connector)) => restart_task(connector, task, call),
        (Request::SetTarget(target), Some(connector)) => Ok(set_target(connector, target, call)),
        (Request::Stop, Some(connector)) => Ok(Operation::new(Some(call), stop(connector))),
        (Request::ChangeOffsets(change), Some(connector)) => change_offsets(connector, change, call),
        (Request::ResetTopics, connector) => {
            if let Some(connector) = connector {
                connector.topics.clear();
            }
            Ok(Operation::new(Some(call), [Step::ReplyDone]))
        }
        (Request::Ping | Request::Shutdown, _) => Ok(Operation::new(Some(call), [Step::ReplyDone])),
        (Request::PutTasks(_) | Request::Fence | Request::SetLevel(_), _) => {
            Err(HerderError::Internal(NO_CLUSTER.to_owned()))
        }
        (Request::Patch { .. } | Request::Delete | Request::ChangeOffsets(_), None) => Err(missing()),
        (Request::SetTarget(_) | Request::Stop, None) => Err(absent("Unknown connector")),
        (Request::RestartConnector | Request::Restart { .. } | Request::RestartTask(_), None) => {
            Err(absent("Unknown connector:"))
        }
    }
}

/// The steps that give a connector a validated configuration.
pub(super) fn reconfigure(created: bool) -> [Step; 5] {
    [
        Step::StopConnector,
        Step::Show(State::Unassigned),
        Step::StartConnector,
        Step::Split,
        Step::ReplyInfo { created },
    ]
}

/// The steps of a lane of a worker that shuts down: connector and tasks end side by side.
pub(super) fn shut_down(connector: &Connector) -> Vec<Step> {
    vec![
        Step::BeginStop,
        Step::StopTasks(all_tasks(connector)),
        Step::StopConnector,
        Step::ShowUnlessFailed(State::Unassigned),
    ]
}

/// What to do about configurations of tasks that a connector has answered: the steps, or why it has failed.
pub(super) fn apply_split(
    connector: &Connector,
    configs: Vec<api::config::Properties>,
) -> Result<Vec<Step>, Failure> {
    if let Some(max) = connector.exceeded(configs.len()) {
        return Err(too_many_tasks(&connector.name, configs.len(), max));
    }
    let changed = connector.changed(&configs);
    Ok(vec![Step::StopTasks(changed.clone()), Step::AlignTasks, Step::ReplaceTasks { configs, changed }])
}

fn validate(call: CallId, config: RawConfig, purpose: Purpose) -> Operation {
    Operation::new(Some(call), [Step::Validate { config, purpose }])
}

/// The configuration with the changes of a patch, whose null values remove keys.
fn patched(connector: &Connector, patch: RawConfig) -> RawConfig {
    let mut config: RawConfig =
        connector.config.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
    for (key, value) in patch {
        match value {
            Some(value) => config.insert(key, Some(value)),
            None => config.remove(&key),
        };
    }
    config
}

fn delete(connector: &Connector) -> Vec<Step> {
    vec![Step::StopTasks(all_tasks(connector)), Step::StopConnector, Step::Remove, Step::ReplyDone]
}

fn stop(connector: &mut Connector) -> Vec<Step> {
    connector.target = TargetState::Stopped;
    vec![
        Step::StopTasks(all_tasks(connector)),
        Step::RemoveTasks,
        Step::StopConnector,
        Step::Show(State::Stopped),
        Step::ReplyDone,
    ]
}

/// The steps that start a connector anew, which starts those of its tasks anew that are to be other ones.
pub(super) fn restart_connector() -> Vec<Step> {
    vec![
        Step::StopConnector,
        Step::Show(State::Unassigned),
        Step::StartConnector,
        Step::Split,
        Step::ReplyDone,
    ]
}

/// The steps that start a task that has failed anew, or the connector.
pub(super) fn restart_failed(task: Option<u32>) -> Vec<Step> {
    match task {
        Some(task) => vec![Step::StartTasks(vec![task])],
        None => vec![Step::StopConnector, Step::StartConnector, Step::Split],
    }
}

/// Answers what is going to restart (KIP-745), and does it.
fn restart(
    connector: &mut Connector,
    worker_id: &str,
    include_tasks: bool,
    only_failed: bool,
    call: CallId,
    actions: &mut Vec<Action>,
) -> Operation {
    let affected = |status: &Status| !only_failed || status.state == State::Failed;
    let connector_affected = affected(&connector.status);
    let tasks: Vec<u32> = match include_tasks {
        true => {
            connector.tasks.iter().filter(|(_, slot)| affected(&slot.status)).map(|(&task, _)| task).collect()
        }
        false => Vec::new(),
    };
    let planned = planned(connector, worker_id, connector_affected, &tasks);
    actions.push(Action::Reply { call, outcome: Ok(Reply::State(planned)) });
    mark_restarting(connector, connector_affected, &tasks);
    let mut steps = vec![Step::StopTasks(tasks.clone())];
    if connector_affected {
        steps.push(Step::StopConnector);
    }
    steps.push(Step::StartTasks(tasks));
    if connector_affected {
        steps.extend([Step::StartConnector, Step::Split]);
    }
    Operation::new(None, steps)
}

fn planned(connector: &Connector, worker_id: &str, affected: bool, tasks: &[u32]) -> ConnectorStateInfo {
    let mut info = connector.view().state_info(&connector.name, worker_id).into_kafkas_shape();
    if affected {
        info.connector.state = State::Restarting;
    }
    for task in info.tasks.iter_mut().filter(|task| tasks.contains(&task.id)) {
        task.state = State::Restarting;
    }
    info
}

fn mark_restarting(connector: &mut Connector, affected: bool, tasks: &[u32]) {
    if affected {
        connector.restarts = Restarts::default();
        connector.status = Status::of(State::Restarting);
    }
    for task in tasks {
        if let Some(slot) = connector.tasks.get_mut(task) {
            slot.restarts = Restarts::default();
            slot.status = Status::of(State::Restarting);
        }
    }
}

fn restart_task(connector: &mut Connector, task: u32, call: CallId) -> Plan {
    let Some(slot) = connector.tasks.get_mut(&task) else {
        return Err(HerderError::NotFound(format!("Task {}-{task} not found", connector.name)));
    };
    slot.restarts = Restarts::default();
    let steps = [Step::StopTasks(vec![task]), Step::StartTasks(vec![task]), Step::ReplyDone];
    Ok(Operation::new(Some(call), steps))
}

/// Answers at once, as Kafka does; what is wanted comes about behind the answer.
fn set_target(connector: &mut Connector, target: TargetState, call: CallId) -> Operation {
    connector.target = target;
    let mut steps = vec![Step::ReplyDone];
    match target {
        TargetState::Started => {
            // Tasks of an earlier configuration wait for the new one.
            if !connector.stale() {
                steps.push(Step::AlignTasks);
            }
            if connector.instance.is_none() && connector.status.state != State::Failed {
                steps.extend([Step::StartConnector, Step::Split]);
            }
        }
        TargetState::Paused | TargetState::Stopped => {
            steps.extend([Step::AlignTasks, Step::StopConnector, Step::ShowUnlessFailed(target.into())]);
        }
    }
    Operation::new(Some(call), steps)
}

fn change_offsets(connector: &Connector, change: OffsetChange, call: CallId) -> Plan {
    if connector.target != TargetState::Stopped || !connector.tasks.is_empty() {
        return Err(HerderError::BadRequest(format!(
            "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for \
             the specified connector by issuing a 'PUT' request to the '/connectors/{}/stop' endpoint",
            connector.name
        )));
    }
    Ok(Operation::new(Some(call), [Step::ChangeOffsets(change)]))
}

fn all_tasks(connector: &Connector) -> Vec<u32> {
    connector.tasks.keys().copied().collect()
}

/// Kafka's words for a connector that does not keep to its `tasks.max`.
pub(in crate::herder) fn too_many_tasks(name: &str, count: usize, max: usize) -> Failure {
    let message = format!(
        "The connector {name} has generated {count} tasks, which is greater than {max}, the maximum number of tasks \
         it is configured to create. This behaviour should be considered a bug and is disallowed. If necessary, it \
         can be permitted by reconfiguring the connector with 'tasks.max.enforce' set to false; however, this \
         option will be removed in a future release of Kafka Connect."
    );
    Failure { trace: message.clone(), message, transient: false }
}
