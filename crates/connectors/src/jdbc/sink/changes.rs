//! What rows do to a table, in an order that gives the same as one by one, with as few statements as can be.

use std::cmp::Ordering;

use super::cell::{Cell, Row};
use super::check::Action;
use super::config::InsertMode;
use super::writer::Target;

/// A record and what it does.
pub(super) type Change<'a> = (Row<'a>, Action);

/// A statement for many rows.
pub(super) enum Work<'a> {
    Write(Vec<Row<'a>>),
    Delete(Vec<Row<'a>>),
}

/// The statements for changes of one table and plan. Rows of different keys change places where they are `sortable`:
/// where no two keys are the same for the database that are not the same here.
pub(super) fn work<'a>(
    mode: InsertMode,
    target: &Target,
    sortable: bool,
    changes: &[Change<'a>],
) -> Vec<Work<'a>> {
    if mode == InsertMode::Insert || target.plan.keys.is_empty() {
        return in_order(changes);
    }
    if !sortable {
        return in_order(changes).into_iter().map(|work| work.without_repeats(target)).collect();
    }
    let (deleted, written) = last_wins(mode, target, changes);
    let works = [Work::Delete(deleted), Work::Write(written)];
    works.into_iter().filter(|work| !work.is_empty()).collect()
}

impl Work<'_> {
    /// Leaves out rows whose key comes again.
    fn without_repeats(self, target: &Target) -> Self {
        match self {
            Self::Write(rows) => Self::Write(last_of_each(target, rows)),
            Self::Delete(rows) => Self::Delete(last_of_each(target, rows)),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Write(rows) | Self::Delete(rows) => rows.is_empty(),
        }
    }
}

/// Rows that are inserted may violate a key: nothing may be left out or moved.
fn in_order<'a>(changes: &[Change<'a>]) -> Vec<Work<'a>> {
    let mut works: Vec<Work<'a>> = Vec::new();
    for (row, action) in changes {
        match (action, works.last_mut()) {
            (Action::Write, Some(Work::Write(rows))) | (Action::Delete, Some(Work::Delete(rows))) => {
                rows.push(*row);
            }
            (Action::Write, _) => works.push(Work::Write(vec![*row])),
            (Action::Delete, _) => works.push(Work::Delete(vec![*row])),
        }
    }
    works
}

/// The last change of each key counts. A row that was deleted before it is written again is deleted first, so that
/// columns which no record names have their defaults; an update behind a delete finds no row.
fn last_wins<'a>(mode: InsertMode, target: &Target, changes: &[Change<'a>]) -> (Vec<Row<'a>>, Vec<Row<'a>>) {
    let mut sorted: Vec<&Change<'a>> = changes.iter().collect();
    // Stable: changes of one key stay in their order. Sorted rows cannot deadlock with those of other tasks.
    sorted.sort_by(|a, b| compare(target, a.0, b.0));
    let (mut deleted, mut written) = (Vec::new(), Vec::new());
    for group in sorted.chunk_by(|a, b| compare(target, a.0, b.0) == Ordering::Equal) {
        let (row, action) = group.last().expect("a group has a member");
        let delete = group.iter().find(|(_, action)| *action == Action::Delete);
        deleted.extend(delete.map(|(row, _)| *row));
        let absent = mode == InsertMode::Update && delete.is_some();
        if *action == Action::Write && !absent {
            written.push(*row);
        }
    }
    (deleted, written)
}

/// The last row of each key, where it stands.
fn last_of_each<'a>(target: &Target, rows: Vec<Row<'a>>) -> Vec<Row<'a>> {
    let mut sorted: Vec<usize> = (0..rows.len()).collect();
    sorted.sort_by(|a, b| compare(target, rows[*a], rows[*b]));
    let groups = sorted.chunk_by(|a, b| compare(target, rows[*a], rows[*b]) == Ordering::Equal);
    let mut last: Vec<usize> = groups.map(|group| *group.last().expect("a group has a member")).collect();
    last.sort_unstable();
    last.into_iter().map(|index| rows[index]).collect()
}

fn compare(target: &Target, left: Row<'_>, right: Row<'_>) -> Ordering {
    let mut fields = target.plan.key_fields();
    let unequal = fields.find_map(|field| {
        let ordering = order(field.cell(left), field.cell(right));
        (ordering != Ordering::Equal).then_some(ordering)
    });
    unequal.unwrap_or(Ordering::Equal)
}

/// An order of all values, in which only those are equal that are the same.
fn order(left: Cell<'_>, right: Cell<'_>) -> Ordering {
    match (left, right) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Bool(left), Cell::Bool(right)) => left.cmp(&right),
        (Cell::Int(left), Cell::Int(right)) => left.cmp(&right),
        (Cell::Float(left), Cell::Float(right)) => left.total_cmp(&right),
        (Cell::Text(left), Cell::Text(right)) => left.cmp(right),
        (Cell::Bytes(left), Cell::Bytes(right)) => left.cmp(right),
        (Cell::Decimal(left), Cell::Decimal(right)) => {
            left.scale.cmp(&right.scale).then_with(|| left.unscaled.cmp(&right.unscaled))
        }
        (Cell::Nested(left), Cell::Nested(right)) if left == right => Ordering::Equal,
        (Cell::Nested(left), Cell::Nested(right)) => format!("{left:?}").cmp(&format!("{right:?}")),
        (left, right) => rank(left).cmp(&rank(right)),
    }
}

fn rank(cell: Cell<'_>) -> u8 {
    match cell {
        Cell::Null => 0,
        Cell::Bool(_) => 1,
        Cell::Int(_) => 2,
        Cell::Float(_) => 3,
        Cell::Decimal(_) => 4,
        Cell::Text(_) => 5,
        Cell::Bytes(_) => 6,
        Cell::Nested(_) => 7,
    }
}

#[cfg(test)]
mod tests;
