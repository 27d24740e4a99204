//! Ending tasks: in good order where they do, given up where they do not.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::status::TargetState;
use crate::task::{Activities, Activity, Task, TaskId};

/// A task that is to start, or was started and is not known to have ended. It is given up when this is dropped before.
pub(super) struct Held {
    pub(super) id: TaskId,
    /// What is wanted of it.
    pub(super) target: TargetState,
    /// The task; none before its configuration is known.
    pub(super) task: Option<Task>,
    /// What it has done last, where readers find it as long as this is held.
    pub(super) shown: Option<Shown>,
}

/// What a task has done last, among that of all.
pub(super) struct Shown {
    id: TaskId,
    activity: Arc<Activity>,
    all: Arc<Activities>,
}

impl Shown {
    /// Begins anew for a task that starts.
    pub(super) fn begin(id: &TaskId, all: &Arc<Activities>) -> Self {
        Self { id: id.clone(), activity: all.begin(id), all: all.clone() }
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.all.end(&self.id, &self.activity);
    }
}

impl Held {
    /// Pauses or resumes the task, from its start on if it has not started.
    pub(super) fn set_target(&mut self, target: TargetState) {
        self.target = target;
        if let Some(task) = &self.task {
            task.set_target(target);
        }
    }

    /// Waits until the task has ended.
    async fn ended(&mut self) {
        if let Some(task) = &mut self.task {
            task.stopped().await;
        }
        self.task = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            warn!(id = %self.id, "task did not stop in time and is given up");
            task.cancel();
        }
    }
}

/// Ends tasks side by side; those that have not ended by the deadline are given up.
pub(super) async fn end_tasks(tasks: Vec<Held>, deadline: Instant) {
    for task in tasks.iter().filter_map(|held| held.task.as_ref()) {
        task.stop();
    }
    for mut held in tasks {
        // Those behind one that hangs have ended meanwhile, so no task is cut short by another.
        let _ = timeout_at(deadline, held.ended()).await;
    }
}
