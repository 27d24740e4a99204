//! What tasks weigh, and who is to have which so that members weigh about the same.
//!
//! Loads are measured, so they are never quite the same twice: nothing moves between members that differ by no
//! more than a tenth, and what moves leaves less of a difference than there was. With loads that stay as they are,
//! the sum of the squares of what members weigh falls with every move, so the moves come to an end.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::load::Load;
use super::{Loads, Work};
use crate::task::TaskId;

/// What a task weighs beside its load, in thousandths of a processor: idle tasks are shared out by their number.
const TASK: u64 = 10;
/// Members that differ by no more than this part of what a member weighs on average are in balance.
const TOLERANCE: u64 = 10;

/// What tasks weigh, as far as it is known, and where those are to go that were taken from their members.
#[derive(Clone, Debug, Default)]
pub(super) struct Scales {
    /// The last load of each task, also of one whose member is gone.
    known: Loads,
    /// What is known on average, which stands for what is not.
    average: u64,
    /// By the last round.
    intended: BTreeMap<TaskId, Arc<str>>,
}

impl Scales {
    /// Takes note of loads, and forgets what does not run any more.
    pub(super) fn learn(&mut self, told: &Loads, configured: &Work) {
        self.known.extend(told.iter().map(|(task, load)| (task.clone(), *load)));
        self.known.retain(|task, _| configured.tasks.contains(task));
        let sum: u64 = self.known.values().map(|load| u64::from(*load)).sum();
        self.average = sum / self.known.len().max(1) as u64;
    }

    /// Where tasks are to go that are taken from their members in this round.
    pub(super) fn intend(&mut self, moves: Vec<(TaskId, Arc<str>)>) {
        self.intended = moves.into_iter().collect();
    }

    /// Gives tasks that were taken from others to whom they were meant for, and each other task, the heaviest first,
    /// to who then weighs least; answers the former.
    pub(super) fn deal(&mut self, loads: &mut [Load], tasks: Vec<TaskId>) -> Work {
        let mut moved = Work::default();
        let mut weighed = self.weighed(loads);
        for (task, place) in self.places(&mut weighed, tasks) {
            if self.intended.get(&task) == Some(&loads[place].id) {
                moved.tasks.insert(task.clone());
            }
            loads[place].give_task(task);
        }
        moved
    }

    /// What is to move, at most so many tasks or one, so that members weigh more alike once they also have the tasks
    /// that are to be dealt. Only what a member runs already moves.
    pub(super) fn moves(&self, loads: &[Load], new: &[TaskId], most: usize) -> Vec<(TaskId, Arc<str>)> {
        let mut weighed = self.weighed(loads);
        // Only for what they weigh then.
        self.places(&mut weighed, new.to_vec()).for_each(drop);
        let tolerance = weighed.iter().map(|member| member.weight).sum::<u64>()
            / (TOLERANCE * weighed.len().max(1) as u64);
        let held =
            |load: &Load| load.share.tasks.iter().map(|task| (task.clone(), self.weight(task))).collect();
        let mut held: Vec<Vec<(TaskId, u64)>> = loads.iter().map(held).collect();
        let mut moves = Vec::new();
        while moves.len() < most.max(1) {
            let Some(Move { from, index, to }) = best_move(&weighed, &held, tolerance) else { break };
            let (task, weight) = held[from].remove(index);
            weighed[from].take(weight);
            weighed[to].give(weight);
            moves.push((task, weighed[to].id.clone()));
        }
        moves
    }

    /// One of which nothing is known is taken for an average one.
    fn weight(&self, task: &TaskId) -> u64 {
        TASK + self.known.get(task).map_or(self.average, |load| u64::from(*load))
    }

    fn weighed(&self, loads: &[Load]) -> Vec<Weighed> {
        let weighed = |load: &Load| Weighed {
            id: load.id.clone(),
            weight: load.share.tasks.iter().map(|task| self.weight(task)).sum(),
            tasks: load.share.tasks.len(),
        };
        loads.iter().map(weighed).collect()
    }

    /// Where each of these tasks goes.
    fn places(
        &self,
        members: &mut [Weighed],
        tasks: Vec<TaskId>,
    ) -> impl Iterator<Item = (TaskId, usize)> + use<> {
        let mut tasks: Vec<(u64, TaskId)> =
            tasks.into_iter().map(|task| (self.weight(&task), task)).collect();
        let meant = |task: &TaskId, members: &[Weighed]| {
            let member = self.intended.get(task)?;
            members.iter().position(|other| other.id == *member)
        };
        tasks.sort_by_key(|(weight, task)| {
            (!self.intended.contains_key(task), Reverse(*weight), task.clone())
        });
        let mut placed = Vec::with_capacity(tasks.len());
        for (weight, task) in tasks {
            let Some(place) = meant(&task, members).or_else(|| lightest(members)) else { break };
            members[place].give(weight);
            placed.push((task, place));
        }
        placed.into_iter()
    }
}

/// A member and what it weighs.
struct Weighed {
    id: Arc<str>,
    weight: u64,
    tasks: usize,
}

impl Weighed {
    fn give(&mut self, weight: u64) {
        self.weight += weight;
        self.tasks += 1;
    }

    fn take(&mut self, weight: u64) {
        self.weight -= weight;
        self.tasks -= 1;
    }

    fn order(&self) -> (u64, usize, &Arc<str>) {
        (self.weight, self.tasks, &self.id)
    }
}

fn lightest(members: &[Weighed]) -> Option<usize> {
    (0..members.len()).min_by(|left, right| members[*left].order().cmp(&members[*right].order()))
}

/// A task of one member that is to go to another, all by their places.
struct Move {
    from: usize,
    index: usize,
    to: usize,
}

/// The move to the lightest member that leaves least of a difference between it and the heaviest of those that have
/// something to give.
fn best_move(members: &[Weighed], held: &[Vec<(TaskId, u64)>], tolerance: u64) -> Option<Move> {
    let to = lightest(members)?;
    let mut givers: Vec<usize> = (0..members.len()).collect();
    givers.sort_by(|left, right| members[*right].order().cmp(&members[*left].order()));
    givers.into_iter().find_map(|from| {
        let difference = members[from].weight.checked_sub(members[to].weight)?;
        if difference <= tolerance {
            return None;
        }
        let worth = |weight: u64| weight + tolerance / 2 < difference;
        let tasks = held[from].iter().enumerate().filter(|(_, (_, weight))| worth(*weight));
        let (index, _) = tasks.min_by_key(|(_, (_, weight))| difference.abs_diff(2 * weight))?;
        Some(Move { from, index, to })
    })
}
