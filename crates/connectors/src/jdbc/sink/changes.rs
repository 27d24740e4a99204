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

/// The statements for changes of one table and plan; `sortable`: whether rows of different keys may change places.
pub(super) fn work<'a>(
    mode: InsertMode,
    target: &Target,
    sortable: bool,
    changes: &[Change<'a>],
) -> Vec<Work<'a>> {
    if mode == InsertMode::Insert || target.plan.keys.is_empty() {
        return in_order(changes);
    }
    let (deleted, written) = last_wins(mode, target, sortable, changes);
    let works = [Work::Delete(deleted), Work::Write(written)];
    works.into_iter().filter(|work| !work.is_empty()).collect()
}

impl Work<'_> {
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
fn last_wins<'a>(
    mode: InsertMode,
    target: &Target,
    sortable: bool,
    changes: &[Change<'a>],
) -> (Vec<Row<'a>>, Vec<Row<'a>>) {
    let mut order: Vec<usize> = (0..changes.len()).collect();
    // Stable: changes of one key stay in their order. Sorted rows cannot deadlock with those of other tasks.
    order.sort_by(|a, b| compare(target, changes[*a].0, changes[*b].0));
    let same = |a: &usize, b: &usize| compare(target, changes[*a].0, changes[*b].0) == Ordering::Equal;
    let (mut deleted, mut written) = (Vec::new(), Vec::new());
    for group in order.chunk_by(same) {
        let last = *group.last().expect("a group has a member");
        let delete = group.iter().copied().find(|index| changes[*index].1 == Action::Delete);
        deleted.extend(delete);
        let absent = mode == InsertMode::Update && delete.is_some();
        if changes[last].1 == Action::Write && !absent {
            written.push(last);
        }
    }
    if !sortable {
        deleted.sort_unstable();
        written.sort_unstable();
    }
    let rows = |indices: Vec<usize>| indices.into_iter().map(|index| changes[index].0).collect();
    (rows(deleted), rows(written))
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
