//! The steps of an operation that concern a connector that is there.

use super::Work;
use super::connector::{Connector, Instance, Phase};
use super::event::Action;
use super::operation::{Awaited, Step};
use crate::status::{State, Status, TargetState};

/// What a step came to.
pub(super) enum Progress {
    /// The next step may follow.
    Done,
    /// An event is awaited.
    Waits(Awaited),
}

/// Does a step of a connector.
pub(super) fn perform(connector: &mut Connector, step: Step, work: &mut Work<'_>) -> Progress {
    match step {
        Step::BeginStop => begin_stop(connector, work),
        Step::StopConnector => {
            begin_stop(connector, work);
            if let Some(instance) = connector.instance {
                return Progress::Waits(Awaited::Stop { instance: instance.generation });
            }
        }
        Step::StartConnector => return start(connector, work),
        Step::Split => {
            if let Some(instance) = connector.started() {
                let (tasks_max, _) = connector.tasks_max();
                work.act(Action::SplitConnector { name: work.name.clone(), instance, tasks_max });
                return Progress::Waits(Awaited::Split { instance });
            }
        }
        Step::StopTasks(tasks) => return stop_tasks(connector, tasks, work),
        Step::ReplaceTasks { configs, changed } => {
            let new = connector.replace_tasks(configs, &changed);
            start_tasks(connector, &new, work);
        }
        Step::StartTasks(tasks) => start_tasks(connector, &tasks, work),
        Step::AlignTasks => work.actions.extend(connector.align_tasks()),
        Step::RemoveTasks => {
            connector.tasks.clear();
            connector.applied = None;
        }
        Step::Show(state) => connector.status = Status::of(state),
        Step::ShowUnlessFailed(state) => {
            if connector.status.state != State::Failed {
                connector.status = Status::of(state);
            }
        }
        Step::ChangeOffsets(change) => {
            let token = work.generation();
            let config = connector.config.clone();
            work.act(Action::ChangeOffsets { name: work.name.clone(), token, config, change });
            return Progress::Waits(Awaited::Offsets { token });
        }
        Step::Validate { .. } | Step::Remove | Step::ReplyInfo { .. } | Step::ReplyDone => {}
    }
    Progress::Done
}

/// Asks the instance to end, if there is one that was not asked yet.
fn begin_stop(connector: &mut Connector, work: &mut Work<'_>) {
    if let Some(instance) = connector.instance.as_mut().filter(|instance| instance.phase != Phase::Stopping) {
        instance.phase = Phase::Stopping;
        work.act(Action::StopConnector {
            name: work.name.clone(),
            instance: instance.generation,
            patient: !instance.overdue,
        });
    }
}

/// Starts the connector if it is to run, or shows what it does instead.
fn start(connector: &mut Connector, work: &mut Work<'_>) -> Progress {
    if connector.target != TargetState::Started {
        connector.status = Status::of(connector.target.into());
        return Progress::Done;
    }
    assert!(connector.instance.is_none(), "a connector runs once at a time");
    let generation = work.generation();
    connector.instance = Some(Instance { generation, phase: Phase::Starting, overdue: false });
    let config = connector.config.clone();
    work.act(Action::StartConnector { name: work.name.clone(), instance: generation, config });
    Progress::Waits(Awaited::Start { instance: generation })
}

/// Ends tasks; those that do not live need no wait.
fn stop_tasks(connector: &mut Connector, tasks: Vec<u32>, work: &mut Work<'_>) -> Progress {
    let live = connector.live(&tasks);
    if live.is_empty() {
        return Progress::Done;
    }
    let token = work.generation();
    work.act(Action::StopTasks { name: work.name.clone(), token, tasks: live });
    Progress::Waits(Awaited::Tasks { token, tasks })
}

fn start_tasks(connector: &mut Connector, tasks: &[u32], work: &mut Work<'_>) {
    for &task in tasks {
        let generation = work.generation();
        work.actions.extend(connector.start_task(task, generation));
    }
}
