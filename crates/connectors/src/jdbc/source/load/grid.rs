//! The ranges that a table is read in: the same for every task and after every restart, whatever the table holds.

use std::ops::RangeInclusive;

/// Values of the incrementing column, cut at the multiples of a size.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Grid {
    size: i64,
}

/// Some values of the incrementing column, first and last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Range {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Grid {
    /// A grid of ranges of so many values.
    pub(super) fn new(size: i64) -> Self {
        Self { size: size.max(1) }
    }

    /// How many values a range has.
    pub(super) fn size(self) -> i64 {
        self.size
    }

    /// The number of the range that a value is in.
    pub(super) fn number(self, value: i64) -> i64 {
        value.div_euclid(self.size)
    }

    /// The range of a number; `None`: it goes beyond what a column can hold.
    pub(super) fn range(self, number: i64) -> Option<Range> {
        let first = number.checked_mul(self.size)?;
        Some(Range { first, last: first.checked_add(self.size - 1)? })
    }

    /// The numbers of the ranges from that of the first value on which end at or before the last one.
    pub(super) fn closed(self, first: i64, last: i64) -> RangeInclusive<i64> {
        let after_last = last.checked_add(1).map_or(self.number(last), |next| self.number(next));
        self.number(first)..=after_last - 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Grid, Range};

    #[test]
    fn ranges_touch_each_other_and_are_closed_once_their_last_value_is_there() {
        let grid = Grid::new(10);
        assert_eq!(grid.range(0), Some(Range { first: 0, last: 9 }));
        assert_eq!(grid.range(-1), Some(Range { first: -10, last: -1 }));
        assert_eq!(grid.closed(3, 29), 0..=2);
        assert_eq!(grid.closed(3, 28), 0..=1);
        assert_eq!(grid.closed(-3, 9), -1..=0);
        assert!(grid.closed(3, 8).is_empty());
        assert_eq!(grid.range(i64::MAX / 10), None);
        assert!(!grid.closed(i64::MAX - 100, i64::MAX).is_empty());
        assert_eq!(Grid::new(0).closed(1, 3), 1..=3);
    }
}
