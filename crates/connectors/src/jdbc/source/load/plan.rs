//! What the owner of a table has fixed about its first load, and keeps among the offsets.

use api::{SourceOffset, SourcePartition};
use serde_json::{Map, Value as Json};

use super::grid::Grid;
use crate::jdbc::dialect::TableId;
use crate::jdbc::source::offset;

const FIRST: &str = "first";
const LAST: &str = "last";
const SIZE: &str = "size";
const OVER: &str = "over";

/// Which ranges the load has, by their numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Plan {
    pub(super) grid: Grid,
    pub(super) first: i64,
    pub(super) last: i64,
    /// Whether all were read, or there are none.
    pub(super) over: bool,
}

/// Where it is kept.
pub(super) fn partition(table: &TableId) -> SourcePartition {
    let mut partition = offset::table_partition(table);
    partition.0.insert(offset::LOAD.to_owned(), "plan".into());
    partition
}

impl Plan {
    /// As it is kept.
    pub(super) fn store(self) -> SourceOffset {
        let entries = [
            (FIRST.to_owned(), Json::from(self.first)),
            (LAST.to_owned(), self.last.into()),
            (SIZE.to_owned(), self.grid.size().into()),
            (OVER.to_owned(), self.over.into()),
        ];
        SourceOffset(Map::from_iter(entries))
    }

    /// What was kept; `None`: it is none.
    pub(super) fn of(stored: &SourceOffset) -> Option<Self> {
        let number = |key| stored.0.get(key).and_then(Json::as_i64);
        Some(Self {
            grid: Grid::new(number(SIZE)?),
            first: number(FIRST)?,
            last: number(LAST)?,
            over: stored.0.get(OVER)?.as_bool()?,
        })
    }

    /// The last value of its last range.
    pub(super) fn last_value(self) -> Option<i64> {
        self.grid.range(self.last).map(|range| range.last)
    }

    /// Whether the offset of the table is one that the load leaves: none, or the end of one of its ranges.
    pub(super) fn reaches(self, reached: Option<i64>) -> bool {
        let Some(reached) = reached else { return true };
        let number = self.grid.number(reached);
        (self.first..=self.last).contains(&number)
            && self.grid.range(number).is_some_and(|range| range.last == reached)
    }

    /// The first range behind the offset of the table.
    pub(super) fn after(self, reached: Option<i64>) -> i64 {
        reached.map_or(self.first, |reached| self.grid.number(reached).saturating_add(1)).max(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::{Grid, Plan};

    #[test]
    fn a_plan_is_kept_and_knows_which_offsets_are_its_own() {
        let plan = Plan { grid: Grid::new(10), first: -1, last: 2, over: false };
        assert_eq!(Plan::of(&plan.store()), Some(plan));
        assert_eq!(plan.last_value(), Some(29));
        for own in [None, Some(-1), Some(9), Some(29)] {
            assert!(plan.reaches(own), "{own:?}");
        }
        for foreign in [5, 28, 30, 39, -11] {
            assert!(!plan.reaches(Some(foreign)), "{foreign}");
        }
        assert_eq!((plan.after(None), plan.after(Some(-1)), plan.after(Some(29))), (-1, 0, 3));
    }
}
